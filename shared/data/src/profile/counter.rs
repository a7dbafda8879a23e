//! One column while rows stream by: counted texts while they are few, numbers in blocks when not.

use super::bins::{BaselineColumn, BinCounts};
use super::column::ColumnProfile;
use super::dictionary::{Dictionary, Found, LONGEST};
use super::freeze::BinCounter;
use super::room::Coarseness;
use super::value::{self, FieldValue};

/// Once a column has shown this many texts, its counts move into its profile.
const TEXTS: usize = 4096;

/// Tells what a field means and whether it breaks a rule of its column.
pub(crate) trait Judge {
    /// Reads a field.
    fn value(&self, field: &[u8]) -> FieldValue;
    /// Whether the column allows it.
    fn allows(&self, field: &[u8], value: FieldValue) -> bool;
    /// Whether the column allows a finite number that is written without a leading zero.
    fn allows_number(&self, number: f64, integral: bool) -> bool;
    /// Whether a number may be read without looking for null words and a fixed type.
    fn plain_numbers(&self) -> bool;
}

/// Counts one column.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    texts: Dictionary,
    limit: usize,
    /// Numbers of the current block; used once the column has too many different ones.
    block: Option<Vec<f64>>,
    integral: u64,
    profile: ColumnProfile,
    bins: Option<BinCounter>,
    /// Numbers are worked on in blocks of this many: cheaper, and rounding stays small.
    block_size: usize,
}

/// How many texts a column of so many gathers.
fn texts(columns: usize) -> usize {
    (TEXTS * 64 / columns.max(64)).max(16)
}

/// What a row must remember of a field, so that it can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Text,
    Integral,
    Fractional,
    /// Counted straight into the profile only when its row is good.
    Later,
}

impl Counter {
    /// A counter before its first row; `share` of the memory for texts is this column's.
    pub(crate) fn new(mut profile: ColumnProfile, bins: Option<&BaselineColumn>, columns: usize) -> Self {
        let coarseness = Coarseness::of(columns);
        profile.values.coarsen(coarseness);
        Self {
            block_size: coarseness.block(),
            texts: Dictionary::new(),
            limit: texts(columns),
            block: None,
            integral: 0,
            profile,
            bins: bins.map(BinCounter::new),
        }
    }

    /// Counts the field `bytes[start..end]`; false in the second place when it breaks a rule.
    #[inline]
    pub(crate) fn add(&mut self, bytes: &[u8], start: usize, end: usize, judge: &impl Judge) -> (Mark, bool) {
        if let Some(block) = &mut self.block
            && let Some((number, integral)) = value::plain_number(bytes, start, end)
        {
            block.push(number);
            self.integral += u64::from(integral);
            let mark = if integral { Mark::Integral } else { Mark::Fractional };
            return (mark, judge.allows_number(number, integral));
        }
        if end - start > LONGEST {
            let field = &bytes[start..end];
            let good = std::str::from_utf8(field).is_ok() && judge.allows(field, judge.value(field));
            return (Mark::Later, good);
        }
        let at = match self.texts.find(bytes, start, end) {
            Found::Old(at) => at,
            Found::New(at) => {
                let field = &bytes[start..end];
                if std::str::from_utf8(field).is_err() || !judge.allows(field, judge.value(field)) {
                    self.texts.set_bad(at);
                }
                at
            }
        };
        (Mark::Text, !self.texts.count(at))
    }

    /// Keeps no more than a column of so many has room for. Only between rows.
    pub(crate) fn coarsen(&mut self, columns: usize) {
        let coarseness = Coarseness::of(columns);
        self.profile.values.coarsen(coarseness);
        self.block_size = coarseness.block();
        self.limit = texts(columns);
    }

    /// Takes a field back: its row is bad.
    pub(crate) fn take_back(&mut self, mark: Mark, bytes: &[u8], start: usize, end: usize) {
        match mark {
            Mark::Text => self.texts.uncount(bytes, start, end),
            Mark::Integral | Mark::Fractional => {
                if let Some(block) = &mut self.block {
                    block.pop();
                }
                self.integral -= u64::from(mark == Mark::Integral);
            }
            Mark::Later => {}
        }
    }

    /// The counter of a column that this many rows before did not have.
    pub(crate) fn behind(mut self, rows: u64) -> Self {
        self.profile.rows += rows;
        self.profile.missing += rows;
        if let Some(bins) = &mut self.bins {
            bins.counts.missing += rows;
        }
        self
    }

    /// Counts a field that was read already, or that [`Counter::add`] left for later.
    pub(crate) fn add_value(&mut self, field: &[u8], value: FieldValue) {
        self.profile.add(field, value, 1);
        if let Some(bins) = &mut self.bins {
            bins.add(field, value, 1);
        }
    }

    /// Whether [`Counter::settle`] has work to do.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.texts.len() > self.limit
            || self.block.as_ref().is_some_and(|block| block.len() >= self.block_size)
    }

    /// Moves what has gathered into the profile. Only between rows.
    pub(crate) fn settle(&mut self, judge: &impl Judge) {
        if let Some(block) = &mut self.block
            && !block.is_empty()
        {
            if let Some(bins) = &mut self.bins {
                bins.add_numbers(block, self.integral);
            }
            self.profile.add_numbers(block, self.integral);
            self.integral = 0;
            block.clear();
        }
        let was_full = self.texts.len() > self.limit;
        let (profile, bins) = (&mut self.profile, &mut self.bins);
        let mut numbers = 0;
        self.texts.drain(|text, count| {
            let value = judge.value(text);
            profile.add(text, value, count);
            numbers += u64::from(value.number().is_some());
            if let Some(bins) = bins {
                bins.add(text, value, count);
            }
        });
        if was_full && numbers as usize * 2 > self.limit && judge.plain_numbers() && self.block.is_none() {
            self.block = Some(Vec::with_capacity(self.block_size + 1));
            // Few texts follow where nearly all were numbers.
            self.texts = Dictionary::new();
        }
    }

    /// The profile so far, for facts that are not counted field by field.
    pub(crate) fn profile_mut(&mut self) -> &mut ColumnProfile {
        &mut self.profile
    }

    /// Ends the column.
    pub(crate) fn finish(mut self, judge: &impl Judge) -> (ColumnProfile, Option<BinCounts>) {
        self.settle(judge);
        (self.profile, self.bins.map(|bins| bins.counts))
    }
}
