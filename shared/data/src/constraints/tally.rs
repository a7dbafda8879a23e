//! What one scan yields; scans of parts merge into that of the whole.

use serde::{Deserialize, Serialize};

use super::rule::{Reason, Rule};
use crate::profile::bins::BinCounts;
use crate::profile::{Gaps, GroupedCounts, Profile, Segments};

/// The outcome of one pass over a part of the data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Scan {
    /// The profile of the accepted rows.
    pub profile: Profile,
    /// The accepted rows counted in the baseline's frozen bins; empty without a baseline.
    pub binned: Vec<BinnedColumn>,
    /// The same of each part of the rows in its own frozen bins, where parts were asked for.
    #[serde(default, skip_serializing_if = "Segments::is_empty")]
    pub segments: Segments<Vec<BinnedColumn>>,
    /// The same group by group, where groups of rows were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupedCounts>,
    /// All rows, and the rules they broke.
    pub tally: Tally,
}

/// One column counted in frozen bins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinnedColumn {
    /// The column's name.
    pub name: String,
    /// Its exact counts.
    pub counts: BinCounts,
}

/// Rows read, and the rules they broke.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Rows read.
    pub rows: u64,
    /// Rows that broke no rule.
    pub accepted: u64,
    /// Rows that broke at least one.
    pub quarantined: u64,
    /// Each rule broken by rows, with how many.
    pub broken: Vec<Broken>,
    /// Gaps longer than the constraints allow: the steps missing in them, in all.
    pub missing_steps: u64,
    /// The longest of these gaps.
    pub gaps: Gaps,
    /// Columns that the constraints or the schema name and the header lacks.
    pub missing_columns: Vec<String>,
    /// Columns that the constraints do not know.
    pub extra_columns: Vec<String>,
    /// What was odd in the writing of rows, though it was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<Odd>,
    /// Lines behind records with a stray quote that their quotes would have swallowed, had reading not gone
    /// on behind the line of the quote. Where several quotes would have swallowed a line, it counts for each.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swallowed_lines: u64,
    /// What reading decided for the whole, such as new names for columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out a reference
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What is odd in the writing of a row that is read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// A quote within a field that does not begin with one; it is kept.
    QuoteInside,
    /// Blanks between a closing quote and the separator; they are dropped.
    BlankBehindQuote,
    /// Two values for one column in an object; the last is kept.
    RepeatedKey,
}

/// How many rows are odd in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd {
    /// In which way.
    pub oddity: Oddity,
    /// The line of the first.
    pub line: u64,
    /// How many.
    pub rows: u64,
}

impl Oddity {
    /// What it is and what was made of it, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::QuoteInside => "a quote within a field that does not begin with one: kept as it is",
            Self::BlankBehindQuote => "blanks behind a closing quote: dropped",
            Self::RepeatedKey => "two values for one column in an object: the last is kept",
        }
    }
}

/// A rule that rows broke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The first row's reason, as an example.
    pub first: Reason,
    /// The line of that row.
    pub line: u64,
    /// How many rows broke this rule in this column.
    pub rows: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, line: u64, reason: &Reason) {
        match self.find(reason.rule, reason.column.as_deref()) {
            Some(broken) => broken.rows += 1,
            None => self.broken.push(Broken { first: reason.clone(), line, rows: 1 }),
        }
    }

    /// Counts a row that is odd in its writing.
    pub(crate) fn note(&mut self, oddity: Oddity, line: u64) {
        self.add_odd(Odd { oddity, line, rows: 1 });
    }

    fn add_odd(&mut self, odd: Odd) {
        match self.oddities.iter_mut().find(|mine| mine.oddity == odd.oddity) {
            Some(mine) => mine.rows += odd.rows,
            None => self.oddities.push(odd),
        }
    }

    fn find(&mut self, rule: Rule, column: Option<&str>) -> Option<&mut Broken> {
        self.broken.iter_mut().find(|b| b.first.rule == rule && b.first.column.as_deref() == column)
    }

    /// Adds the tally of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.accepted += other.accepted;
        self.quarantined += other.quarantined;
        self.swallowed_lines += other.swallowed_lines;
        for theirs in &other.broken {
            match self.find(theirs.first.rule, theirs.first.column.as_deref()) {
                Some(mine) => mine.rows += theirs.rows,
                None => self.broken.push(theirs.clone()),
            }
        }
        other.oddities.iter().for_each(|odd| self.add_odd(*odd));
        for note in &other.notes {
            if !self.notes.contains(note) {
                self.notes.push(note.clone());
            }
        }
        self.missing_steps += other.missing_steps;
        self.gaps.merge(&other.gaps);
        for (mine, theirs) in [
            (&mut self.missing_columns, &other.missing_columns),
            (&mut self.extra_columns, &other.extra_columns),
        ] {
            for name in theirs {
                if !mine.contains(name) {
                    mine.push(name.clone());
                }
            }
        }
    }
}

impl Scan {
    /// Adds the outcome of the part that follows in the same object, `lines` behind its beginning.
    pub fn append(&mut self, mut next: Self, lines: u64) {
        next.tally.broken.iter_mut().for_each(|broken| broken.line += lines);
        next.tally.oddities.iter_mut().for_each(|odd| odd.line += lines);
        // A key of JSON that one range lacks is missing in its rows; the data lacks it only if all ranges do.
        let missing = std::mem::take(&mut next.tally.missing_columns);
        if self.profile.parts == 0 {
            self.tally.missing_columns = missing;
        } else {
            self.tally.missing_columns.retain(|name| missing.contains(name));
            self.pad(&next);
            next.pad(self);
        }
        self.merge(&next);
        // Ranges are no objects of their own.
        (self.profile.parts, self.profile.part_rows) = (1, (self.tally.rows, self.tally.rows));
    }

    /// Counts the columns that the other range lacks as missing in its rows.
    fn pad(&mut self, other: &Self) {
        pad_profile(&mut self.profile, &other.profile);
        pad_binned(&mut self.binned, &other.binned, other.profile.rows);
        for (column, parts) in self.segments.iter_mut() {
            for (value, mine) in parts.iter_mut() {
                let rows = other.profile.segments.get(column, value).map_or(0, |part| part.rows);
                let theirs = other.segments.get(column, value).map_or(&[][..], Vec::as_slice);
                pad_binned(mine, theirs, rows);
            }
        }
    }

    /// Adds the outcome of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.profile.merge(&other.profile);
        self.tally.merge(&other.tally);
        BinnedColumn::merge(&mut self.binned, &other.binned);
        self.segments.merge(&other.segments, |mine, theirs| BinnedColumn::merge(mine, theirs));
        GroupedCounts::join(&mut self.groups, other.groups.as_ref());
    }
}

impl BinnedColumn {
    /// Adds the counts of other rows, by the columns' names.
    pub fn merge(all: &mut Vec<Self>, more: &[Self]) {
        for theirs in more {
            match all.iter_mut().find(|mine| mine.name == theirs.name) {
                Some(mine) => mine.counts.merge(&theirs.counts),
                None => all.push(theirs.clone()),
            }
        }
    }
}

fn pad_profile(mine: &mut Profile, other: &Profile) {
    for column in &mut mine.columns {
        if other.column(&column.name).is_none() {
            column.rows += other.rows;
            column.missing += other.rows;
        }
    }
    for (column, parts) in mine.segments.iter_mut() {
        for (value, part) in parts.iter_mut() {
            if let Some(theirs) = other.segments.get(column, value) {
                pad_profile(part, theirs);
            }
        }
    }
}

fn pad_binned(mine: &mut [BinnedColumn], other: &[BinnedColumn], rows: u64) {
    for column in mine {
        if !other.iter().any(|theirs| theirs.name == column.name) {
            column.counts.missing += rows;
        }
    }
}
