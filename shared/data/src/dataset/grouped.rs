//! The accepted rows counted group by group: which group a row belongs to, and its values in frozen bins.

use super::field::Row;
use super::table::Table;
use crate::profile::bins::Baseline;
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

    /// The group of a row; none where it cannot be told.
    pub(super) fn group(&mut self, table: &Table, row: Row<'_>) -> Option<u64> {
        let place = |name: &String| table.names.iter().position(|it| it == name);
        match &mut self.grouping {
            Grouping::Cluster(column) => Some(hash::bytes(table.spelled(row, place(column)?).as_bytes())),
            Grouping::Block { date, hour, seconds } => {
                let record = row.record(&table.names, &table.judges);
                if date.is_none() {
                    let dated =
                        (0..row.fields.len()).find(|&at| record.value(at) == Some(FieldValue::Timestamp))?;
                    *date = table.names.get(dated).cloned();
                }
                let day = timestamp_seconds(record.field(place(date.as_ref()?)?)?.trim_ascii())?;
                let hours = match hour {
                    Some(hour) => record.number(place(hour)?)?,
                    None => 0.0,
                };
                let time = day.checked_add((hours * 3600.0) as i64)?;
                // From the year 0 on, so that blocks are numbered from below.
                let since = u64::try_from(time.checked_add(YEAR_ZERO)?).ok()?;
                Some(since / (*seconds).max(1))
            }
        }
    }

    /// Counts an accepted row of this group.
    pub(super) fn count(&mut self, table: &Table, row: Row<'_>, group: Option<u64>) {
        self.know(table);
        let Some(group) = group else {
            self.counts.ungrouped += 1;
            return;
        };
        let group = self.counts.place(group);
        let record = row.record(&table.names, &table.judges);
        for (index, counter) in self.counters.iter_mut().enumerate() {
            let Some((place, counter)) = counter else { continue };
            let Some(column) = self.counts.columns.get_mut(*place) else { continue };
            let field = record.field(index).unwrap_or_default();
            let counts = column.groups.entry(group).or_insert_with(|| {
                let bins = vec![0; counter.counts.bins.len()];
                crate::profile::bins::BinCounts { bins, ..Default::default() }
            });
            std::mem::swap(counts, &mut counter.counts);
            counter.add(&field, record.value(index).unwrap_or(FieldValue::Missing), 1);
            std::mem::swap(counts, &mut counter.counts);
        }
        self.rows += 1;
        if self.rows.is_multiple_of(BOUND_EVERY) {
            self.counts.bound();
        }
    }

    /// Makes counters for the columns that came since the last row.
    fn know(&mut self, table: &Table) {
        let baseline: Option<&Baseline> = table.known.baseline.as_ref();
        for name in table.names.iter().skip(self.counters.len()) {
            let column = baseline.and_then(|baseline| baseline.column(name));
            self.counters.push(column.map(|column| {
                self.counts.columns.push(GroupedColumn { name: name.clone(), groups: Default::default() });
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
