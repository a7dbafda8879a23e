//! Facts in time order: how long a column stood still, how long the data was silent.

use serde::{Deserialize, Serialize};

/// How many of the longest are kept.
const KEPT: usize = 8;

/// The longest stretches over which one number was repeated, longest first.
///
/// A stretch ends where a part of the data ends: one that crosses two objects is seen as two.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stretches(pub Vec<Stretch>);

/// A number repeated over rows that follow each other in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// How many rows.
    pub rows: u64,
    /// The number.
    pub value: f64,
    /// Seconds since 1970 of the first row.
    pub from: i64,
}

impl Stretches {
    /// Keeps a finished stretch if it is among the longest.
    pub fn add(&mut self, stretch: Stretch) {
        if stretch.rows >= 2 && (self.0.len() < KEPT || self.0.last().is_some_and(|l| l.rows < stretch.rows))
        {
            self.0.push(stretch);
            self.trim();
        }
    }

    /// Adds those of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
        self.trim();
    }

    fn trim(&mut self) {
        self.0.sort_by(|a, b| b.rows.cmp(&a.rows).then(a.from.cmp(&b.from)));
        self.0.truncate(KEPT);
    }
}

/// The longest silences in time order, longest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gaps(pub Vec<Gap>);

/// Time steps without a row, between two rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// How many steps are missing.
    pub steps: u64,
    /// Seconds since 1970 of the last row before the gap.
    pub after: i64,
    /// Seconds since 1970 of the first row after it.
    pub before: i64,
}

impl Gaps {
    /// Keeps a gap if it is among the longest.
    pub fn add(&mut self, gap: Gap) {
        self.0.push(gap);
        self.trim();
    }

    /// Adds those of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
        self.trim();
    }

    fn trim(&mut self) {
        self.0.sort_by(|a, b| b.steps.cmp(&a.steps).then(a.after.cmp(&b.after)));
        self.0.truncate(KEPT);
    }
}

/// What the time columns say of the data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TimeProfile {
    /// Seconds since 1970 of the earliest row.
    pub first: Option<i64>,
    /// Seconds since 1970 of the latest row.
    pub last: Option<i64>,
    /// Rows earlier than the row before them.
    pub out_of_order: u64,
    /// Rows whose time could not be read.
    pub unreadable: u64,
    /// Steps without a row, in all.
    pub missing_steps: u64,
    /// The longest gaps.
    pub gaps: Gaps,
}

impl TimeProfile {
    /// Adds that of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.into_iter().chain(other.last).max();
        self.out_of_order += other.out_of_order;
        self.unreadable += other.unreadable;
        self.missing_steps += other.missing_steps;
        self.gaps.merge(&other.gaps);
    }
}
