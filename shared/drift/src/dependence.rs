//! Do the rows look as if they depended on one another? Then every test that takes them as independent
//! alarms too often, and a person should say which rows belong together.
//!
//! Looked for in the sampled rows of either side: neighbours that are alike (the correlation of a column's
//! ranks from one row to the next, which is near zero in rows that have nothing to do with each other), and a
//! column named as an identifier whose values come back.

use std::collections::HashMap;

use super::column_name;
use pawl_data::profile::{RowSample, SampledValue};
use statrs::distribution::{ContinuousCDF, Normal};

/// How often rows of one side that are independent are taken as dependent, over all columns together. Far
/// lower than a test of drift: the warning keeps the columns together from being tested.
const LEVEL: f64 = 0.001;

/// Neighbours that are so much alike depend on rows farther off too.
const STRONG: f64 = 0.25;

/// Fewer pairs say nothing.
const LEAST_PAIRS: usize = 50;

/// Where one value holds a larger share, a few pairs of rare values would decide.
const MOST_ALIKE: f64 = 0.9;

/// An identifier has at least so many values among the sampled rows.
const LEAST_VALUES: usize = 20;

/// Words in the name of a column that identifies what rows belong to.
const IDENTIFIERS: [&str; 22] = [
    "account",
    "client",
    "customer",
    "device",
    "guid",
    "household",
    "id",
    "ids",
    "key",
    "member",
    "passenger",
    "patient",
    "person",
    "player",
    "session",
    "student",
    "subject",
    "user",
    "users",
    "uuid",
    "vehicle",
    "visitor",
];

/// What makes rows look dependent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Dependence {
    /// Rows that follow one another are alike in this column.
    Neighbours {
        /// The column in which they are most alike.
        column: String,
        /// The correlation of its ranks from one row to the next.
        correlation: f64,
    },
    /// Rows with the same value of this column belong together.
    Repeated {
        /// The column.
        column: String,
    },
}

impl Dependence {
    /// Whether permutations of pairs of neighbours would take chance for change. Weaker dependence shows
    /// within the pairs only, which are permuted as one.
    pub(super) fn is_strong(&self) -> bool {
        matches!(self, Self::Neighbours { correlation, .. } if *correlation >= STRONG)
    }

    /// What it means and what to do, in plain words.
    pub(super) fn warning(&self) -> String {
        let advice = "the tests take rows as independent and alarm too often if they are not. Say which rows \
            belong together: compare.cluster (--cluster) names a column such as a user, compare.block \
            (--block) a stretch of time such as a day";
        match self {
            Self::Neighbours { column, correlation } => format!(
                "The rows depend on one another: neighbours are alike in {column} (correlation \
                 {correlation:.2}); {advice}."
            ),
            Self::Repeated { column } => format!(
                "The rows may depend on one another: values of {column} come back in several rows; {advice}."
            ),
        }
    }
}

/// What speaks against independent rows, if anything does. Only columns that are compared are looked at, and
/// any column that may identify what rows belong to.
pub(super) fn dependence(sample: &RowSample, compared: &[&str]) -> Option<Dependence> {
    neighbours(sample, compared).or_else(|| repeated(sample))
}

fn neighbours(sample: &RowSample, compared: &[&str]) -> Option<Dependence> {
    let places: Vec<(&str, usize)> =
        compared.iter().filter_map(|name| Some((*name, sample.place(name)?))).collect();
    let limit = Normal::standard().inverse_cdf(1.0 - LEVEL / places.len().max(1) as f64);
    let alike = places.iter().filter_map(|&(name, place)| {
        let (correlation, pairs) = serial_correlation(sample, place)?;
        (correlation * (pairs as f64).sqrt() > limit).then_some((name, correlation))
    });
    let (column, correlation) = alike.max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(Dependence::Neighbours { column: column.to_owned(), correlation })
}

/// The correlation of a column's ranks from one row to the next, and of how many pairs. None where it hardly
/// varies, or where its values only rise or fall: rows that were sorted are no less independent.
fn serial_correlation(sample: &RowSample, place: usize) -> Option<(f64, usize)> {
    let value = |values: &[SampledValue]| values.get(place).copied().and_then(order);
    let pairs: Vec<(f64, f64)> = sample
        .neighbours()
        .filter_map(|(first, second)| Some((value(&first.values)?, value(&second.values)?)))
        .collect();
    let count = pairs.len();
    let (rises, falls) = (
        pairs.iter().filter(|(first, second)| first < second).count(),
        pairs.iter().filter(|(first, second)| first > second).count(),
    );
    let sorted = rises.min(falls) == 0 && rises.max(falls) * 2 > count;
    if count < LEAST_PAIRS || sorted {
        return None;
    }
    let mut all: Vec<f64> = pairs.iter().flat_map(|&(first, second)| [first, second]).collect();
    all.sort_by(f64::total_cmp);
    let rank = |value: f64| {
        let (low, high) =
            (all.partition_point(|&other| other < value), all.partition_point(|&other| other <= value));
        (low + high) as f64 / (2 * all.len()) as f64 - 0.5
    };
    let commonest = all.chunk_by(|a, b| a == b).map(<[f64]>::len).max().unwrap_or(0);
    if commonest as f64 > MOST_ALIKE * all.len() as f64 {
        return None;
    }
    let (mut product, mut square) = (0.0, 0.0);
    for &(first, second) in &pairs {
        let (a, b) = (rank(first), rank(second));
        product += a * b;
        square += (a * a + b * b) / 2.0;
    }
    (square > 0.0).then(|| (product / square, count))
}

/// A number that orders values; of texts any order will do.
fn order(value: SampledValue) -> Option<f64> {
    match value {
        SampledValue::Number(number) => Some(f64::from(number)),
        SampledValue::Text(hash) => Some(f64::from(hash)),
        SampledValue::Missing => None,
    }
}

/// A column that is named as an identifier, and whose values come back.
fn repeated(sample: &RowSample) -> Option<Dependence> {
    let named = sample.columns.iter().enumerate().filter(|(_, name)| identifies(name));
    let back = |&(place, _): &(usize, &String)| {
        let mut values: HashMap<u64, usize> = HashMap::new();
        for value in sample.rows().filter_map(|row| row.values.get(place).copied().and_then(order)) {
            *values.entry(value.to_bits()).or_default() += 1;
        }
        let again = values.values().filter(|count| **count > 1).count();
        values.len() >= LEAST_VALUES && again >= 3
    };
    named.filter(back).map(|(_, name)| Dependence::Repeated { column: name.clone() }).next()
}

/// Whether a word of a name says that it identifies something: `user_id`, `userId`, `Customer`.
fn identifies(name: &str) -> bool {
    let words = column_name::words(name, char::is_alphabetic);
    words.iter().any(|word| IDENTIFIERS.contains(&word.as_str()))
}
