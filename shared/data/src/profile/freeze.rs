//! Freezing bins from a profile, and counting in them.

use std::collections::{HashMap, HashSet};

use super::Profile;
use super::bins::{
    BASELINE_VERSION, BUCKETS, Baseline, BaselineColumn, BinCounts, BinPlace, Bins, TOP_VALUES,
    bucket_of_hash, place,
};
use super::column::ColumnProfile;
use super::column_type::ColumnType;
use super::hash::{self, TableState};
use super::kll::quantiles_of;
use super::value::FieldValue;
use super::values::{CountedValue, text_key};

/// Up to this many different numbers are values, each counted by itself, as texts are: the same event is
/// then judged the same, however it is spelled.
const SINGLE_VALUES: usize = 32;

/// A numeric column is cut at its twentieths, and beyond them at these shares of either end: what happens in
/// a tail would drown in a wider bin.
const TAILS: [f64; 2] = [0.005, 0.01];

/// How many of the values that are counted in buckets are named.
const EXAMPLES: usize = 64;

impl Baseline {
    /// Freezes the bins of a baseline: twentieths and tails for a numeric column of many values, one bin a
    /// value for few, the top values and buckets for the rest. Timestamps have no bins, since time moves by
    /// itself; nor have columns without any value.
    ///
    /// The counts are exact where the values were few enough to be counted; beyond that those of numbers
    /// come from the quantile sketch, within its rank error, and those of texts are exact by bucket.
    pub fn freeze(profile: &Profile) -> Self {
        let columns = profile.columns.iter().map(freeze_column).collect();
        let segments = profile.segments.as_ref().map(|_, _, part| Self::freeze(part));
        let (version, rows, sample) = (BASELINE_VERSION, profile.rows, profile.sample.clone());
        Self { version, rows, columns, segments, sample }
    }
}

/// The bins of a column and what is known beside them.
struct Frozen {
    bins: Bins,
    counts: BinCounts,
    known: Option<Vec<u64>>,
    rank_error: f64,
    examples: Vec<(usize, String)>,
}

fn freeze_column(column: &ColumnProfile) -> BaselineColumn {
    let numbers = column.kind().is_numeric() && column.numbers.count > 0;
    let few = column.values.is_exact() && column.values.distinct() <= SINGLE_VALUES as u64;
    let mut frozen = match column.kind() {
        ColumnType::Timestamp | ColumnType::Unknown => unbinned(column),
        _ if numbers && !few => numeric_bins(column),
        _ => top_values(column),
    };
    frozen.counts.missing = column.missing;
    frozen.counts.types = column.types;
    BaselineColumn {
        name: column.name.clone(),
        bins: frozen.bins,
        counts: frozen.counts,
        known: frozen.known,
        mean: column.numbers.mean(),
        std_dev: column.numbers.std_dev(),
        rank_error: frozen.rank_error,
        examples: frozen.examples,
    }
}

/// The counts beside the bins.
fn odd_counts(column: &ColumnProfile) -> BinCounts {
    BinCounts { nan: column.nan, pos_inf: column.pos_inf, neg_inf: column.neg_inf, ..BinCounts::default() }
}

/// Values that are neither NaN nor infinite.
fn plain_values(column: &ColumnProfile) -> u64 {
    column.present().saturating_sub(column.nan + column.pos_inf + column.neg_inf)
}

fn unbinned(column: &ColumnProfile) -> Frozen {
    let counts = BinCounts { other: plain_values(column), ..odd_counts(column) };
    let bins = Bins::Categorical { values: Vec::new() };
    Frozen { bins, counts, known: None, rank_error: 0.0, examples: Vec::new() }
}

fn numeric_bins(column: &ColumnProfile) -> Frozen {
    let weighted = column.values.weighted_numbers();
    let (min, max) = (column.numbers.min, column.numbers.max);
    let twentieths = (1..20).map(|part| f64::from(part) / 20.0);
    let upper = TAILS.iter().rev().map(|share| 1.0 - share);
    let ranks: Vec<f64> = TAILS.into_iter().chain(twentieths).chain(upper).collect();
    let inner = quantiles_of(&weighted, &ranks);
    let mut edges: Vec<f64> = std::iter::once(min).chain(inner).chain([max]).collect();
    edges.dedup_by(|later, earlier| *later <= *earlier);
    if edges.len() == 1 {
        edges.push(max.next_up());
    }
    let mut counts = BinCounts { bins: vec![0; edges.len() - 1], ..odd_counts(column) };
    for (number, weight) in weighted {
        if let BinPlace::Bin(index) = place(&edges, number) {
            counts.bins[index] += weight;
        }
    }
    counts.unseen = column.types.boolean + column.types.timestamp + column.types.string;
    let rank_error = column.values.rank_error();
    Frozen { bins: Bins::Numeric { edges }, counts, known: None, rank_error, examples: Vec::new() }
}

/// The top values, and the buckets of the rest. Beyond the values that a profile counts, the counts of the
/// commonest are too low by an unknown part, so all are counted by bucket alone.
fn top_values(column: &ColumnProfile) -> Frozen {
    let frequent = column.values.frequent();
    let sketched = column.values.buckets().map(<[u64]>::to_vec);
    let top = if sketched.is_some() { 0 } else { frequent.len().min(TOP_VALUES) };
    let (top, rest) = frequent.split_at(top);
    let bins: Vec<u64> = top.iter().map(|counted| counted.count).collect();
    let other = plain_values(column).saturating_sub(bins.iter().sum());
    let exact = column.values.is_exact();
    let known = exact.then(|| rest.iter().map(|counted| hash::bytes(counted.value.as_bytes())).collect());
    let counted = || {
        let mut buckets = vec![0; BUCKETS];
        rest.iter().for_each(|value| buckets[bucket_of_hash(value.hash)] += value.count);
        buckets
    };
    let buckets = sketched.or_else(|| (exact && other > 0).then(counted)).unwrap_or_default();
    let name = |counted: &CountedValue| (bucket_of_hash(counted.hash), counted.value.clone());
    let examples =
        if buckets.is_empty() { Vec::new() } else { rest.iter().take(EXAMPLES).map(name).collect() };
    Frozen {
        bins: Bins::Categorical { values: top.iter().map(|counted| counted.value.clone()).collect() },
        counts: BinCounts { bins, other, buckets, ..odd_counts(column) },
        known,
        rank_error: 0.0,
        examples,
    }
}

/// Counts one column in frozen bins while rows stream by.
#[derive(Debug, Clone)]
pub struct BinCounter {
    look: Look,
    /// What was counted so far.
    pub counts: BinCounts,
}

#[derive(Debug, Clone)]
enum Look {
    Numeric(Vec<f64>),
    Categorical {
        top: HashMap<String, usize, TableState>,
        /// The top values that are numbers, by their bits: a number need not be written out to be found.
        numbers: HashMap<u64, usize, TableState>,
        known: Option<HashSet<u64, TableState>>,
    },
}

impl Look {
    fn new(column: &BaselineColumn) -> Self {
        let values = match &column.bins {
            Bins::Numeric { edges } => return Self::Numeric(edges.clone()),
            Bins::Categorical { values } => values,
        };
        let indexed = || values.iter().enumerate();
        let bits = |(index, value): (usize, &String)| {
            let number: f64 = value.parse().ok()?;
            (number.to_string() == *value).then_some((number.to_bits(), index))
        };
        Self::Categorical {
            top: indexed().map(|(index, value)| (value.clone(), index)).collect(),
            numbers: indexed().filter_map(bits).collect(),
            known: column.known.as_ref().map(|known| known.iter().copied().collect()),
        }
    }
}

impl BinCounter {
    /// Counts nothing yet.
    pub fn new(column: &BaselineColumn) -> Self {
        let mut counts = column.bins.empty_counts();
        if !column.counts.buckets.is_empty() {
            counts.buckets = vec![0; BUCKETS];
        }
        Self { look: Look::new(column), counts }
    }

    /// Counts a field that `count` rows hold.
    pub fn add(&mut self, field: &[u8], value: FieldValue, count: u64) {
        match value {
            FieldValue::Missing => {
                self.counts.missing += count;
                return;
            }
            FieldValue::Integral(_) => self.counts.types.integral += count,
            FieldValue::Fractional(_) => self.counts.types.fractional += count,
            FieldValue::Boolean => self.counts.types.boolean += count,
            FieldValue::Timestamp => self.counts.types.timestamp += count,
            FieldValue::Text => self.counts.types.string += count,
        }
        match (&self.look, value.number()) {
            (Look::Numeric(edges), Some(number)) => self.counts.add_number(place(edges, number), count),
            (Look::Numeric(_), None) => self.counts.unseen += count,
            (Look::Categorical { .. }, Some(number)) if !number.is_finite() => {
                self.counts.add_number(place(&[], number), count);
            }
            (Look::Categorical { .. }, Some(number)) => self.add_value_number(number, count),
            (Look::Categorical { .. }, None) => {
                self.add_text(&text_key(&String::from_utf8_lossy(field)), count);
            }
        }
    }

    /// Counts a finite number as a value.
    fn add_value_number(&mut self, number: f64, count: u64) {
        let Look::Categorical { numbers, known, .. } = &self.look else { return };
        let number = if number == 0.0 { 0.0 } else { number };
        if let Some(&index) = numbers.get(&number.to_bits()) {
            self.counts.bins[index] += count;
            return;
        }
        let met = |known: &HashSet<u64, TableState>| {
            !known.is_empty() && known.contains(&hash::bytes(number.to_string().as_bytes()))
        };
        let unseen = known.as_ref().is_some_and(|known| !met(known));
        self.add_beyond(hash::number(number), unseen, count);
    }

    fn add_text(&mut self, text: &str, count: u64) {
        let Look::Categorical { top, known, .. } = &self.look else { return };
        if let Some(&index) = top.get(text) {
            self.counts.bins[index] += count;
            return;
        }
        let hashed = hash::bytes(text.as_bytes());
        let unseen = known.as_ref().is_some_and(|known| !known.contains(&hashed));
        self.add_beyond(hashed, unseen, count);
    }

    /// Counts a value that is none of the top ones.
    fn add_beyond(&mut self, hashed: u64, unseen: bool, count: u64) {
        if unseen {
            self.counts.unseen += count;
        } else {
            self.counts.other += count;
        }
        if let Some(bucket) = self.counts.buckets.get_mut(bucket_of_hash(hashed)) {
            *bucket += count;
        }
    }

    /// Counts a block of finite numbers of which `integral` are whole.
    pub fn add_numbers(&mut self, block: &[f64], integral: u64) {
        self.counts.types.integral += integral;
        self.counts.types.fractional += block.len() as u64 - integral;
        for &number in block {
            match &self.look {
                Look::Numeric(edges) => self.counts.add_number(place(edges, number), 1),
                Look::Categorical { .. } => self.add_value_number(number, 1),
            }
        }
    }
}
