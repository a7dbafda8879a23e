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
