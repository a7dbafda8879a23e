//! One column of values whose types a file states, profiled exactly as the text of each would be.
//!
//! A CSV file and a columnar one that hold the same table have the same profile: a text that reads
//! as a number counts as a number, an empty text and a null word count as missing.
//!
//! ```
//! use pawl_data::profile::typed::{Numbers, TypedColumn};
//!
//! let mut column = TypedColumn::new("temp", Numbers::Fractional, &[], None, 1);
//! column.numbers([1.5, 2.5]);
//! column.missing(1);
//! let (profile, _) = column.finish();
//! assert_eq!((profile.rows, profile.missing, profile.numbers.mean()), (3, 1, Some(2.0)));
//! ```

use super::bins::{BaselineColumn, BinCounts};
use super::column::ColumnProfile;
use super::counter::{Counter, Judge, Mark};
use super::freeze::BinCounter;
use super::room::Coarseness;
use super::value::{self, FieldValue};

/// A number seen at least this often is added with its count, a rarer one as often as it was seen:
/// blocks are cheaper.
const OFTEN: u64 = 8;

/// Whether the numbers of a column are whole by their type. A fraction type holds fractions, even
/// where each happens to be whole: its text would be `2.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Whole numbers.
    Whole,
    /// Numbers with a fraction.
    Fractional,
}

/// One column of typed values.
#[derive(Debug, Clone)]
pub struct TypedColumn {
    profile: ColumnProfile,
    bins: Option<BinCounter>,
    texts: Counter,
    judge: Words,
    numbers: Numbers,
    block: Vec<f64>,
    /// Numbers are worked on in blocks of this many, as in [`Counter`].
    block_size: usize,
}

/// Reads texts: only null words are special.
#[derive(Debug, Clone)]
struct Words {
    null: Vec<Vec<u8>>,
    /// Whether texts that begin with a digit are dates and times.
    times: bool,
}

/// Whether a field means "no value", blanks around it or not.
pub(crate) fn is_null_word(words: &[Vec<u8>], field: &[u8]) -> bool {
    let plain = field.trim_ascii();
    words.iter().any(|word| word == plain || word == field)
}

impl Judge for Words {
    fn value(&self, field: &[u8]) -> FieldValue {
        match field.first() {
            _ if is_null_word(&self.null, field) => FieldValue::Missing,
            Some(b'0'..=b'9') if self.times => FieldValue::Timestamp,
            _ => value::read(field),
        }
    }

    fn allows(&self, _field: &[u8], _value: FieldValue) -> bool {
        true
    }

    fn allows_number(&self, _number: f64, _integral: bool) -> bool {
        true
    }

    fn plain_numbers(&self) -> bool {
        !self.null.iter().any(|word| value::read(word).number().is_some())
    }
}

impl TypedColumn {
    /// A column before its first value, one of `columns`. `bins` are those of its baseline.
    pub fn new(
        name: &str,
        numbers: Numbers,
        null_words: &[String],
        bins: Option<&BaselineColumn>,
        columns: usize,
    ) -> Self {
        let coarseness = Coarseness::of(columns);
        let mut profile = ColumnProfile::new(name, None);
        profile.values.coarsen(coarseness);
        Self {
            profile,
            bins: bins.map(BinCounter::new),
            texts: Counter::new(ColumnProfile::new(name, None), bins, columns),
            judge: Words {
                null: null_words.iter().map(|word| word.clone().into_bytes()).collect(),
                times: false,
            },
            numbers,
            block: Vec::new(),
            block_size: coarseness.block(),
        }
    }

    /// The same column, of dates or timestamps written as ISO 8601 has them, which need not be read
    /// again. A year that is not of four digits begins with its sign, and is a text.
    #[must_use]
    pub fn of_times(mut self) -> Self {
        self.judge.times = true;
        self
    }

    /// Whether a number may be a null word: then numbers must come as texts.
    pub fn wants_texts(&self) -> bool {
        !self.judge.plain_numbers()
    }

    /// Adds rows without a value.
    pub fn missing(&mut self, rows: u64) {
        self.add(&[], FieldValue::Missing, rows);
    }

    /// Adds numbers, one a row.
    pub fn numbers(&mut self, numbers: impl IntoIterator<Item = f64>) {
        for number in numbers {
            if number.is_finite() {
                self.block.push(number);
                if self.block.len() >= self.block_size {
                    self.flush();
                }
            } else {
                self.add(&[], FieldValue::Fractional(number), 1);
            }
        }
    }

    /// Adds a number that `rows` rows hold.
    pub fn number(&mut self, number: f64, rows: u64) {
        if rows < OFTEN {
            return self.numbers((0..rows).map(|_| number));
        }
        let value = match self.numbers {
            Numbers::Whole => FieldValue::Integral(number),
            Numbers::Fractional => FieldValue::Fractional(number),
        };
        self.add(&[], value, rows);
    }

    /// Adds a text, of one row.
    #[inline]
    pub fn text(&mut self, text: &[u8]) {
        if let (Mark::Later, _) = self.texts.add(text, 0, text.len(), &self.judge) {
            self.texts.add_value(text, self.judge.value(text));
        }
        if self.texts.is_full() {
            self.texts.settle(&self.judge);
        }
    }

    /// Adds a text that `rows` rows hold.
    pub fn counted_text(&mut self, text: &[u8], rows: u64) {
        if rows > 0 {
            self.add(text, self.judge.value(text), rows);
        }
    }

    fn add(&mut self, text: &[u8], value: FieldValue, rows: u64) {
        self.profile.add(text, value, rows);
        if let Some(bins) = &mut self.bins {
            bins.add(text, value, rows);
        }
    }

    fn flush(&mut self) {
        if self.block.is_empty() {
            return;
        }
        let integral = if self.numbers == Numbers::Whole { self.block.len() as u64 } else { 0 };
        if let Some(bins) = &mut self.bins {
            bins.add_numbers(&self.block, integral);
        }
        self.profile.add_numbers(&mut self.block, integral);
        self.block.clear();
    }

    /// Ends the column: its profile, and its counts in the baseline's bins.
    pub fn finish(mut self) -> (ColumnProfile, Option<BinCounts>) {
        self.flush();
        let (texts, counted) = self.texts.finish(&self.judge);
        let mut profile = self.profile;
        profile.merge(&texts);
        let counts = self.bins.map(|bins| {
            let mut counts = bins.counts;
            counted.iter().for_each(|more| counts.merge(more));
            counts
        });
        (profile, counts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_texts(texts: &[String]) -> ColumnProfile {
        let mut column = ColumnProfile::new("x", None);
        let words = Words { null: vec![b"NA".to_vec()], times: false };
        for text in texts {
            column.add(text.as_bytes(), words.value(text.as_bytes()), 1);
        }
        column
    }

    fn typed(numbers: Numbers) -> TypedColumn {
        TypedColumn::new("x", numbers, &["NA".to_owned()], None, 1)
    }

    /// Means and deviations may differ in rounding, by the order of adding; all else is the same.
    fn same(mut left: ColumnProfile, mut right: ColumnProfile) {
        for (left, right) in
            [(&mut left.numbers, &mut right.numbers), (&mut left.lengths, &mut right.lengths)]
        {
            assert!((left.mean - right.mean).abs() <= 1e-9 * left.mean.abs().max(1.0));
            assert!((left.m2 - right.m2).abs() <= 1e-6 * left.m2.max(1.0), "{} {}", left.m2, right.m2);
            (left.mean, left.m2) = (right.mean, right.m2);
        }
        assert_eq!(left, right);
    }

    proptest! {
        #[test]
        fn numbers_count_as_their_texts_do(numbers in prop::collection::vec(-50i32..50, 0..300)) {
            let texts: Vec<String> = numbers.iter().map(i32::to_string).collect();
            let mut one_by_one = typed(Numbers::Whole);
            one_by_one.numbers(numbers.iter().map(|&number| f64::from(number)));
            let mut counted = typed(Numbers::Whole);
            for number in -50..50 {
                let rows = numbers.iter().filter(|&&other| other == number).count();
                counted.number(f64::from(number), rows as u64);
            }
            same(one_by_one.finish().0, of_texts(&texts));
            same(counted.finish().0, of_texts(&texts));
        }

        #[test]
        fn texts_count_as_in_csv(
            texts in prop::collection::vec("(NA||[0-9]{1,3}|[a-c]{1,20}|2011-01-0[1-9]|true)", 0..300),
        ) {
            let mut one_by_one = typed(Numbers::Whole);
            let mut counted = typed(Numbers::Whole);
            for text in &texts {
                one_by_one.text(text.as_bytes());
                counted.counted_text(text.as_bytes(), 1);
            }
            same(one_by_one.finish().0, of_texts(&texts));
            same(counted.finish().0, of_texts(&texts));
        }
    }

    #[test]
    fn times_are_known_beforehand() {
        let texts = ["2011-01-01", "2011-01-01 10:00:00.5+00", "+10000-01-01", "", "NA"].map(str::to_owned);
        let mut times = typed(Numbers::Whole).of_times();
        texts.iter().for_each(|text| times.text(text.as_bytes()));
        same(times.finish().0, of_texts(&texts));
    }

    #[test]
    fn odd_numbers_and_nulls_are_counted_apart() {
        let mut column = typed(Numbers::Fractional);
        column.numbers([1.0, f64::NAN, f64::INFINITY]);
        column.number(f64::NEG_INFINITY, 9);
        column.missing(2);
        let (profile, _) = column.finish();
        assert_eq!((profile.rows, profile.missing, profile.types.fractional), (14, 2, 12));
        assert_eq!((profile.nan, profile.pos_inf, profile.neg_inf), (1, 1, 9));
    }
}
