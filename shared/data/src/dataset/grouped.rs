//! The accepted rows counted group by group: which group a row belongs to, and its values in frozen bins.

use std::collections::BTreeMap;

use super::record::Record;
use crate::profile::bins::{Baseline, BinCounts};
use crate::profile::value::{FieldValue, timestamp_seconds};
use crate::profile::{BinCounter, GroupedColumn, GroupedCounts, Grouping, hash};

/// Groups are bounded whenever this many rows were counted.
const BOUND_EVERY: u64 = 256;

/// Counts rows group by group.
pub(super) struct Grouper {
    grouping: Grouping,
    counts: GroupedCounts,
    /// By column of the table: the place of its counts, and how they are counted. None where the baseline has
    /// no bins of it.
    counters: Vec<Option<(usize, BinCounter)>>,
    rows: u64,
}

impl Grouper {
    pub(super) fn new(grouping: &Grouping) -> Self {
        let counts = GroupedCounts::new(grouping);
        Self { grouping: grouping.clone(), counts, counters: Vec::new(), rows: 0 }
    }

    /// Counts an accepted row in the bins of the baseline. Its group; none where it cannot be told.
    pub(super) fn count(&mut self, record: &Record<'_>, baseline: Option<&Baseline>) -> Option<u64> {
        self.know(record.names, baseline);
        let Some(group) = self.group(record) else {
            self.counts.ungrouped += 1;
            return None;
        };
        let place = self.counts.place(group);
        for (index, counter) in self.counters.iter_mut().enumerate() {
            let Some((column, counter)) = counter else { continue };
            let Some(column) = self.counts.columns.get_mut(*column) else { continue };
            let bins = counter.counts.bins.len();
            let fresh = || BinCounts { bins: vec![0; bins], ..BinCounts::default() };
            let counts = column.groups.entry(place).or_insert_with(fresh);
            // The counter adds to what it holds: for this row, the counts of its group.
            std::mem::swap(counts, &mut counter.counts);
            let field = record.field(index).unwrap_or_default();
            counter.add(&field, record.value(index).unwrap_or(FieldValue::Missing), 1);
            std::mem::swap(counts, &mut counter.counts);
        }
        self.rows += 1;
        if self.rows.is_multiple_of(BOUND_EVERY) {
            self.counts.bound();
        }
        Some(group)
    }

    fn group(&mut self, record: &Record<'_>) -> Option<u64> {
        let place = |name: &String| record.names.iter().position(|it| it == name);
        match &mut self.grouping {
            Grouping::Cluster(column) => Some(hash::bytes(record.spelled(place(column)?).as_bytes())),
            Grouping::Block { date, hour, seconds } => {
                if date.is_none() {
                    let dated = |&at: &usize| record.value(at) == Some(FieldValue::Timestamp);
                    *date = record.names.get((0..record.len()).find(dated)?).cloned();
                }
                let day = timestamp_seconds(record.field(place(date.as_ref()?)?)?.trim_ascii())?;
                let hours = match hour {
                    Some(hour) => record.number(place(hour)?)?,
                    None => 0.0,
                };
                // From the year 0 on, so that blocks are numbered from below.
                let since = day.checked_add((hours * 3600.0) as i64)?.checked_add(YEAR_ZERO)?;
                Some(u64::try_from(since).ok()? / (*seconds).max(1))
            }
        }
    }

    /// Makes counters for the columns that came since the last row.
    fn know(&mut self, names: &[String], baseline: Option<&Baseline>) {
        for name in names.iter().skip(self.counters.len()) {
            let column = baseline.and_then(|baseline| baseline.column(name));
            self.counters.push(column.map(|column| {
                self.counts.columns.push(GroupedColumn { name: name.clone(), groups: BTreeMap::new() });
                (self.counts.columns.len() - 1, BinCounter::new(column))
            }));
        }
    }

    /// The counts; none where there was nothing to count in.
    pub(super) fn finish(mut self) -> Option<GroupedCounts> {
        self.counts.bound();
        Some(self.counts).filter(|counts| !counts.columns.is_empty())
    }
}

/// Seconds from the year 0 to 1970.
const YEAR_ZERO: i64 = 62_167_219_200;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::{Format, Scan, Scanner, Schema};
    use crate::profile::{GroupOrder, MOST_GROUPS};

    fn rows(range: std::ops::Range<u32>) -> String {
        let line = |row: u32| {
            let (day, hour) = (row / 24 % 28 + 1, row % 24);
            let town = ["Rome", "Oslo", ""][(row % 3) as usize];
            format!("u{},2012-{:02}-{day:02},{hour},{town},{}\n", row % 90, row / 672 + 1, row * 37 % 101)
        };
        std::iter::once("user,day,hour,town,sales\n".to_owned()).chain(range.map(line)).collect()
    }

    fn scan(text: &str, grouping: &Grouping, baseline: Option<&Baseline>) -> Scan {
        let mut scanner = Scanner::of(Format::Csv, &Schema::default()).with_groups(Some(grouping));
        if let Some(baseline) = baseline {
            scanner = scanner.with_baseline(baseline);
        }
        scanner.feed(text.as_bytes(), &mut ()).unwrap();
        scanner.finish(&mut ()).unwrap()
    }

    fn cluster() -> Grouping {
        Grouping::Cluster("user".to_owned())
    }

    fn day() -> Grouping {
        Grouping::Block { date: None, hour: Some("hour".to_owned()), seconds: 86_400 }
    }

    #[test]
    fn the_groups_of_a_column_add_up_to_its_counts() {
        let baseline = Baseline::freeze(&scan(&rows(0..3000), &cluster(), None).profile);
        for grouping in [cluster(), day()] {
            let scan = scan(&rows(100..2500), &grouping, Some(&baseline));
            let groups = scan.groups.unwrap();
            assert_eq!(groups.columns.len(), scan.binned.len());
            for binned in &scan.binned {
                let column = groups.column(&binned.name).unwrap();
                assert!((20..=MOST_GROUPS).contains(&column.groups.len()), "{}", column.groups.len());
                let mut all = BinCounts::default();
                column.groups.values().for_each(|counts| all.merge(counts));
                // Groups hold no buckets of the other values: there are many groups, and what rows of one
                // weigh is told by the bins.
                let whole = BinCounts { buckets: Vec::new(), ..binned.counts.clone() };
                assert_eq!(all, whole, "{}", binned.name);
            }
        }
    }

    #[test]
    fn parts_yield_the_groups_of_the_whole() {
        let baseline = Baseline::freeze(&scan(&rows(0..3000), &cluster(), None).profile);
        for grouping in [cluster(), day()] {
            let whole = scan(&rows(0..2600), &grouping, Some(&baseline));
            let mut parts = scan(&rows(0..900), &grouping, Some(&baseline));
            parts.merge(&scan(&rows(900..2600), &grouping, Some(&baseline)));
            assert_eq!(parts.groups, whole.groups);
        }
    }

    #[test]
    fn a_day_is_one_group_and_without_a_time_there_is_none() {
        let baseline = Baseline::freeze(&scan(&rows(0..3000), &cluster(), None).profile);
        let two_days = scan(&rows(0..48), &day(), Some(&baseline)).groups.unwrap();
        assert_eq!((two_days.order, two_days.ungrouped), (GroupOrder::Blocks { level: 0 }, 0));
        assert_eq!(two_days.column("sales").unwrap().groups.len(), 2);
        let nowhere = Grouping::Cluster("nowhere".to_owned());
        let none = scan(&rows(0..48), &nowhere, Some(&baseline)).groups.unwrap();
        assert_eq!((none.ungrouped, none.column("sales").unwrap().groups.len()), (48, 0));
        // Without bins there is nothing to count in.
        assert_eq!(scan(&rows(0..48), &day(), None).groups, None);
    }
}
