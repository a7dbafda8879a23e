//! A bounded sample of rows: what a profile of single columns cannot tell, such as which columns move
//! together and whether a row depends on the one before it.
//!
//! Rows are drawn as pairs of neighbours, every pair with the same chance (bottom-k by a pseudo-random
//! priority, Cohen and Kaplan 2007). The pairs of lowest priority of two samples are a sample of both, so
//! samples of parts merge. The priorities of a part follow from its first row: the same data yields the same
//! sample.

use std::collections::BTreeMap;

use pawl_base::random::mix;
use serde::{Deserialize, Serialize};

use super::hash;
use super::value::FieldValue;

/// The most pairs of neighbouring rows that a sample holds.
pub const SAMPLED_PAIRS: usize = 512;

/// The most columns of which a sample holds values: the first of the data.
pub const SAMPLED_COLUMNS: usize = 256;

/// One value of a sampled row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SampledValue {
    /// A text, by its hash; a truth value is 0 or 1. Only equality means something.
    Text(u32),
    /// A number, to the seven digits that ranks need; an infinity is the largest number of its sign.
    Number(f32),
    /// Null, empty, NaN or a time.
    Missing,
}

/// One row of a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledRow {
    /// The group of rows that it belongs to, where groups were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u64>,
    /// Its values, in the order of [`RowSample::columns`]; those that come short are missing.
    pub values: Vec<SampledValue>,
}

/// Neighbouring rows; the last row of a part may stand alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RowPair {
    priority: u64,
    rows: Vec<SampledRow>,
}

/// A sample of the rows of a part of the data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RowSample {
    /// The columns that were sampled.
    pub columns: Vec<String>,
    /// How many further columns the data has: they are not sampled.
    #[serde(default)]
    pub further: usize,
    /// By rising priority.
    pairs: Vec<RowPair>,
}

impl RowSample {
    /// The sampled rows.
    pub fn rows(&self) -> impl Iterator<Item = &SampledRow> {
        self.pairs.iter().flat_map(|pair| &pair.rows)
    }

    /// For each of the sampled rows the number of its pair.
    pub fn pair_numbers(&self) -> impl Iterator<Item = u64> {
        (0..).zip(&self.pairs).flat_map(|(number, pair)| pair.rows.iter().map(move |_| number))
    }

    /// Two rows each that followed one another in the data.
    pub fn neighbours(&self) -> impl Iterator<Item = (&SampledRow, &SampledRow)> {
        self.pairs.iter().filter_map(|pair| match pair.rows.as_slice() {
            [first, second] => Some((first, second)),
            _ => None,
        })
    }

    /// The place of a column in the rows.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// Adds the sample of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        let limit = self.pairs.get(SAMPLED_PAIRS - 1).map(|last| last.priority);
        let wanted = other.pairs.iter().filter(|pair| limit.is_none_or(|limit| pair.priority < limit));
        // Thousands of small objects have the same columns.
        if self.columns == other.columns {
            self.pairs.extend(wanted.cloned());
            self.further = self.further.max(other.further);
        } else {
            let places = self.places(other);
            let beyond = places.iter().filter(|place| place.is_none()).count();
            self.further = self.further.max(other.further + beyond);
            let columns = self.columns.len();
            self.pairs.extend(wanted.map(|pair| pair.moved(&places, columns)));
        }
        self.pairs.sort_by_key(|pair| pair.priority);
        self.pairs.truncate(SAMPLED_PAIRS);
    }

    /// Where the columns of another sample are found in this one, to which new ones are added while there is
    /// room.
    fn places(&mut self, other: &Self) -> Vec<Option<usize>> {
        let mut places = Vec::with_capacity(other.columns.len());
        for name in &other.columns {
            let known = self.place(name);
            if known.is_none() && self.columns.len() < SAMPLED_COLUMNS {
                self.columns.push(name.clone());
            }
            places.push(known.or_else(|| self.place(name)));
        }
        places
    }
}

impl RowPair {
    /// The same rows with each value at its new place.
    fn moved(&self, places: &[Option<usize>], columns: usize) -> Self {
        let row = |row: &SampledRow| {
            let mut values = vec![SampledValue::Missing; columns];
            for (place, value) in places.iter().zip(&row.values) {
                if let Some(mine) = place.and_then(|place| values.get_mut(place)) {
                    *mine = *value;
                }
            }
            SampledRow { group: row.group, values }
        };
        Self { priority: self.priority, rows: self.rows.iter().map(row).collect() }
    }
}

impl SampledValue {
    /// A field as it is sampled.
    pub(crate) fn of(field: &[u8], value: FieldValue) -> Self {
        match value {
            FieldValue::Missing | FieldValue::Timestamp => Self::Missing,
            FieldValue::Integral(number) | FieldValue::Fractional(number) if number.is_nan() => Self::Missing,
            FieldValue::Integral(number) | FieldValue::Fractional(number) => {
                Self::Number((number as f32).clamp(f32::MIN, f32::MAX))
            }
            FieldValue::Boolean => {
                Self::Text(u32::from(matches!(field.trim_ascii().first(), Some(b't' | b'T'))))
            }
            FieldValue::Text => Self::Text(hash::bytes(field) as u32),
        }
    }
}

/// Draws the sample while rows stream by. Every row goes through [`Sampler::take`] or [`Sampler::skip`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Sampler {
    seed: u64,
    rows: u64,
    /// Whether the pair that the next row ends is in the sample.
    open: bool,
    /// The highest priority of a full sample.
    limit: Option<u64>,
    pairs: BTreeMap<u64, Vec<SampledRow>>,
}

impl Sampler {
    fn priority(&self) -> u64 {
        mix(self.seed.wrapping_add(self.rows / 2))
    }

    /// Whether the next row belongs to the sample as it stands.
    #[inline]
    pub(crate) fn wants(&self) -> bool {
        if self.rows % 2 == 1 {
            return self.open;
        }
        self.limit.is_none_or(|limit| self.priority() < limit)
    }

    /// Passes over a row that is not wanted.
    #[inline]
    pub(crate) fn skip(&mut self) {
        self.rows += 1;
        self.open = false;
    }

    /// Takes a row that is wanted; `raw` are its bytes.
    pub(crate) fn take(&mut self, raw: &[u8], row: SampledRow) {
        if self.rows == 0 {
            self.seed = hash::bytes(raw);
        }
        let first = self.rows.is_multiple_of(2);
        self.pairs.entry(self.priority()).or_default().push(row);
        if self.pairs.len() > SAMPLED_PAIRS {
            self.pairs.pop_last();
        }
        if self.pairs.len() == SAMPLED_PAIRS {
            self.limit = self.pairs.last_key_value().map(|(&last, _)| last);
        }
        self.rows += 1;
        self.open = first;
    }

    /// Ends the part, whose columns these are.
    pub(crate) fn finish(self, mut columns: Vec<String>) -> RowSample {
        let further = columns.len().saturating_sub(SAMPLED_COLUMNS);
        columns.truncate(SAMPLED_COLUMNS);
        let pairs = self.pairs.into_iter().map(|(priority, rows)| RowPair { priority, rows }).collect();
        RowSample { columns, further, pairs }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::dataset::{Scan, Scanner, Schema};

    fn scan(text: &str) -> Scan {
        let mut scanner = Scanner::new(&Schema::default()).with_row_sample();
        scanner.feed(text.as_bytes(), &mut ()).unwrap();
        scanner.finish(&mut ()).unwrap()
    }

    fn csv(rows: std::ops::Range<u32>) -> String {
        let row = |row: u32| format!("{row},{},c{}\n", f64::from(row) / 4.0, row % 3);
        std::iter::once("id,quarter,class\n".to_owned()).chain(rows.map(row)).collect()
    }

    fn number(row: &SampledRow, place: usize) -> f32 {
        match row.values[place] {
            SampledValue::Number(number) => number,
            other => panic!("{other:?}"),
        }
    }

    /// The mean of a uniform sample of 0..n lies near n/2: four standard errors on either side.
    fn looks_even(sample: &RowSample, rows: f32) {
        let ids: Vec<f32> = sample.rows().map(|row| number(row, 0)).collect();
        let mean = ids.iter().sum::<f32>() / ids.len() as f32;
        assert!((mean / rows - 0.5).abs() < 4.0 * 0.289 / (SAMPLED_PAIRS as f32).sqrt(), "{mean} of {rows}");
    }

    #[test]
    fn few_rows_are_all_in_the_sample_and_neighbours_stay_together() {
        let sample = scan(&csv(0..301)).profile.sample.unwrap();
        assert_eq!((sample.rows().count(), sample.neighbours().count()), (301, 150));
        for (first, second) in sample.neighbours() {
            assert_eq!(number(first, 0) + 1.0, number(second, 0));
            assert_eq!(number(first, 1), number(first, 0) / 4.0);
            assert!(matches!(first.values[2], SampledValue::Text(_)));
        }
    }

    #[test]
    fn many_rows_leave_an_even_sample_of_bounded_size_that_repeats() {
        let (one, other) = (scan(&csv(0..20_000)), scan(&csv(0..20_000)));
        let sample = one.profile.sample.unwrap();
        assert_eq!(sample.rows().count(), 2 * SAMPLED_PAIRS);
        assert_eq!(Some(&sample), other.profile.sample.as_ref());
        looks_even(&sample, 20_000.0);
    }

    #[test]
    fn samples_of_parts_merge_in_any_order_into_one_of_the_whole() {
        let (large, small) = (scan(&csv(0..12_000)).profile, scan(&csv(12_000..16_000)).profile);
        let (mut one, mut other) = (large.clone(), small.clone());
        one.merge(&small);
        other.merge(&large);
        let sample = one.sample.unwrap();
        assert_eq!(sample.pairs, other.sample.unwrap().pairs);
        assert_eq!(sample.rows().count(), 2 * SAMPLED_PAIRS);
        looks_even(&sample, 16_000.0);
    }

    /// A part without a sample would not be spoken for.
    #[test]
    fn a_part_that_was_not_sampled_leaves_no_sample_of_the_whole() {
        let mut bare = scan(&csv(0..10)).profile;
        bare.sample = None;
        let mut whole = scan(&csv(10..20)).profile;
        whole.merge(&bare);
        assert_eq!(whole.sample, None);
        bare.merge(&scan(&csv(10..20)).profile);
        assert_eq!(bare.sample, None);
    }

    #[test]
    fn columns_are_matched_by_name() {
        let mut one = scan("a,b\n1,x\n").profile.sample.unwrap();
        one.merge(&scan("b,c\nx,5\n").profile.sample.unwrap());
        assert_eq!(one.columns, ["a", "b", "c"]);
        let later = one.rows().find(|row| row.values.len() == 3).unwrap();
        assert_eq!((later.values[0], later.values[2]), (SampledValue::Missing, SampledValue::Number(5.0)));
        let texts: Vec<_> = one.rows().map(|row| row.values[1]).collect();
        assert_eq!(texts[0], texts[1]);
    }

    #[test]
    fn a_sample_reads_back_from_both_forms() {
        let profile = scan("a,b,c,d\n1,x,,true\n2.5,y,NaN,false\n-3,z,inf,2020-01-01\n").profile;
        let text = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<crate::profile::Profile>(&text).unwrap(), profile);
        let bytes = profile.to_bytes().unwrap();
        assert_eq!(crate::profile::Profile::from_bytes(&bytes).unwrap(), profile);
        // One from before has none.
        let before = serde_json::to_value(scan("a\n1\n").profile).unwrap();
        let mut before = before.as_object().unwrap().clone();
        before.remove("sample");
        let read: crate::profile::Profile = serde_json::from_value(before.into()).unwrap();
        assert_eq!(read.sample, None);
    }

    #[test]
    fn wide_data_is_sampled_in_its_first_columns_and_the_rest_is_told() {
        let columns = SAMPLED_COLUMNS + 7;
        let line = |cell: &str| vec![cell; columns].join(",");
        let header: Vec<String> = (0..columns).map(|index| format!("c{index}")).collect();
        let sample = scan(&format!("{}\n{}\n", header.join(","), line("1"))).profile.sample.unwrap();
        assert_eq!((sample.columns.len(), sample.further), (SAMPLED_COLUMNS, 7));
        assert!(sample.rows().all(|row| row.values.len() == SAMPLED_COLUMNS));
    }
}
