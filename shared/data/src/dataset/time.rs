//! The order of rows in time: when a row is, and what is missing before it.

use super::field::Row;
use super::schema::TimeOrder;
use super::table::Table;
use crate::profile::value::{FieldValue, timestamp_seconds};
use crate::profile::{Gap, TimeProfile};

/// The order of rows in time.
pub(super) struct Order {
    date: usize,
    hour: Option<usize>,
    every: i64,
    limit: Option<u64>,
    last: Option<i64>,
    pub(super) profile: TimeProfile,
}

/// Whether a row follows the one before it.
#[derive(PartialEq, Eq)]
pub(super) enum Flow {
    Steady,
    Broken,
}

impl Order {
    pub(super) fn new(time: &TimeOrder, names: &[String], limit: Option<u64>) -> Option<Self> {
        let at = |wanted: &String| names.iter().position(|name| name == wanted);
        let hour = match &time.hour {
            Some(hour) => Some(at(hour)?),
            None => None,
        };
        let every = i64::try_from(time.every).unwrap_or(i64::MAX).max(1);
        Some(Self { date: at(&time.date)?, hour, every, limit, last: None, profile: TimeProfile::default() })
    }

    /// When the row is, in seconds since 1970.
    pub(super) fn read(&mut self, row: Row<'_>, values: &[FieldValue]) -> Option<i64> {
        let date =
            row.fields.get(self.date).and_then(|span| timestamp_seconds(span.field(row.bytes).trim_ascii()));
        let hours = match self.hour {
            None => Some(0),
            Some(index) => values
                .get(index)
                .and_then(|value| value.number())
                .filter(|hour| (0.0..=24.0).contains(hour))
                .map(|hour| (hour * 3600.0) as i64),
        };
        let time = date.zip(hours).map(|(date, seconds)| date + seconds);
        self.profile.unreadable += u64::from(time.is_none());
        time
    }

    pub(super) fn step(&mut self, time: i64, table: &mut Table) -> Flow {
        self.profile.first = Some(self.profile.first.map_or(time, |first| first.min(time)));
        self.profile.last = Some(self.profile.last.map_or(time, |last| last.max(time)));
        let Some(before) = self.last.replace(time) else { return Flow::Steady };
        if time < before {
            self.profile.out_of_order += 1;
            return Flow::Broken;
        }
        let steps = u64::try_from((time - before) / self.every - 1).unwrap_or(0);
        if steps > 0 {
            let gap = Gap { steps, after: before, before: time };
            self.profile.missing_steps += steps;
            if self.limit.is_some_and(|limit| steps > limit) {
                table.tally.missing_steps += steps;
                table.tally.gaps.add(gap.clone());
            }
            self.profile.gaps.add(gap);
        }
        Flow::Steady
    }
}
