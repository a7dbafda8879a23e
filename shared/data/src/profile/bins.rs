//! Bins frozen from a baseline, and exact counts in them: what drift compares.
//!
//! The edges come from the baseline once and never move, so that merging two counts is addition
//! and the current side carries no sketch error.

use serde::{Deserialize, Serialize};

use super::RowSample;
use super::column_type::TypeCounts;
use super::hash;
use super::segments::{SegmentValues, Segments};

/// The version of the [`Baseline`] document that this code writes.
pub const BASELINE_VERSION: u32 = 1;

/// How many values of a discrete column get a bin of their own.
pub const TOP_VALUES: usize = 50;

/// Into how many buckets all other values are hashed: enough that a few hundred values part, few enough to
/// keep for each column.
pub const BUCKETS: usize = 256;

/// The bins of one column, frozen from its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bins {
    /// Ranges of numbers.
    Numeric {
        /// Strictly increasing and finite; the first is the baseline's minimum, the last its
        /// maximum. Bin i is `[edges[i], edges[i + 1])`, the last one closed.
        edges: Vec<f64>,
    },
    /// The commonest values of the baseline, each a bin: of texts, booleans, and numbers of few values.
    Categorical {
        /// The top values (default [`TOP_VALUES`]), most frequent first; the baseline's other
        /// values are counted as [`BinCounts::other`] and in [`BinCounts::buckets`]. None where the baseline
        /// held too many values to count each.
        values: Vec<String>,
    },
}

impl Bins {
    /// How many bins there are, leaving out the counters beside them (missing, other, above, ...).
    pub fn count(&self) -> usize {
        match self {
            Self::Numeric { edges } => edges.len().saturating_sub(1),
            Self::Categorical { values } => values.len(),
        }
    }

    /// A count of zero for each bin.
    pub fn empty_counts(&self) -> BinCounts {
        BinCounts { bins: vec![0; self.count()], ..BinCounts::default() }
    }
}

/// Where a number falls among frozen edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinPlace {
    /// In the bin of this index.
    Bin(usize),
    /// Below the first edge.
    Below,
    /// Above the last edge.
    Above,
    /// Not a number.
    Nan,
    /// Positive infinity.
    PosInf,
    /// Negative infinity.
    NegInf,
}

/// Finds the bin of a number among strictly increasing edges.
///
/// ```
/// use pawl_data::profile::bins::{BinPlace, place};
/// let edges = [0.0, 1.0, 5.0];
/// assert_eq!(place(&edges, 1.0), BinPlace::Bin(1));
/// assert_eq!(place(&edges, 5.0), BinPlace::Bin(1));
/// assert_eq!(place(&edges, 5.1), BinPlace::Above);
/// ```
pub fn place(edges: &[f64], number: f64) -> BinPlace {
    if number.is_nan() {
        return BinPlace::Nan;
    }
    if number.is_infinite() {
        return if number > 0.0 { BinPlace::PosInf } else { BinPlace::NegInf };
    }
    let (Some(&last), 2..) = (edges.last(), edges.len()) else { return BinPlace::Above };
    if number > last {
        return BinPlace::Above;
    }
    match edges.partition_point(|&edge| edge <= number) {
        0 => BinPlace::Below,
        upper => BinPlace::Bin((upper - 1).min(edges.len() - 2)),
    }
}

/// Exact counts of one column in frozen [`Bins`]. Merging is addition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BinCounts {
    /// One count a bin, in the order of the bins.
    pub bins: Vec<u64>,
    /// Finite numbers below the first edge.
    pub below: u64,
    /// Finite numbers above the last edge.
    pub above: u64,
    /// Values that read NaN.
    pub nan: u64,
    /// Positive infinities.
    pub pos_inf: u64,
    /// Negative infinities.
    pub neg_inf: u64,
    /// Categorical: not among the top values, but seen in the baseline, or the baseline held too
    /// many values to tell.
    pub other: u64,
    /// Categorical: a value that the baseline never saw. Numeric: a value that is no number.
    pub unseen: u64,
    /// Null or empty.
    pub missing: u64,
    /// What the values that are there read as.
    pub types: TypeCounts,
    /// Categorical: the values counted as `other` and `unseen` once more, by their [`bucket`]. Empty where
    /// they are not counted so: all values have bins, or an older version counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<u64>,
}

impl BinCounts {
    /// All rows counted, the missing ones too.
    pub fn rows(&self) -> u64 {
        self.bins.iter().sum::<u64>()
            + self.below
            + self.above
            + self.nan
            + self.pos_inf
            + self.neg_inf
            + self.other
            + self.unseen
            + self.missing
    }

    /// Adds the counts of another part of the data, counted in the same bins.
    pub fn merge(&mut self, other: &Self) {
        self.merge_buckets(other);
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), 0);
        }
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            *mine += theirs;
        }
        self.below += other.below;
        self.above += other.above;
        self.nan += other.nan;
        self.pos_inf += other.pos_inf;
        self.neg_inf += other.neg_inf;
        self.other += other.other;
        self.unseen += other.unseen;
        self.missing += other.missing;
        self.types.merge(&other.types);
    }

    /// Buckets that only one of two parts has say nothing of the whole.
    fn merge_buckets(&mut self, other: &Self) {
        if self.rows() == 0 {
            self.buckets.clone_from(&other.buckets);
        } else if self.buckets.len() == other.buckets.len() {
            self.buckets.iter_mut().zip(&other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        } else if other.rows() > 0 {
            self.buckets.clear();
        }
    }

    /// Counts `count` numbers at their place.
    pub fn add_number(&mut self, place: BinPlace, count: u64) {
        match place {
            BinPlace::Bin(index) => {
                if let Some(bin) = self.bins.get_mut(index) {
                    *bin += count;
                }
            }
            BinPlace::Below => self.below += count,
            BinPlace::Above => self.above += count,
            BinPlace::Nan => self.nan += count,
            BinPlace::PosInf => self.pos_inf += count,
            BinPlace::NegInf => self.neg_inf += count,
        }
    }
}

/// The bucket of a value as documents write it; `number` where the column reads such texts as numbers.
pub fn bucket(value: &str, number: bool) -> usize {
    match value.parse::<f64>() {
        Ok(parsed) if number && parsed.is_finite() => bucket_of_hash(hash::number(parsed)),
        _ => bucket_of_hash(hash::bytes(value.as_bytes())),
    }
}

/// The bucket of a value that was hashed.
pub(crate) fn bucket_of_hash(hash: u64) -> usize {
    hash as usize % BUCKETS
}

/// The frozen bins of every column of a baseline, with the baseline's own counts in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// [`BASELINE_VERSION`] when it was written.
    pub version: u32,
    /// The rows of the baseline.
    pub rows: u64,
    /// One entry a column, in the order of the data.
    pub columns: Vec<BaselineColumn>,
    /// The same of each part of the rows, where parts were asked for.
    #[serde(default, skip_serializing_if = "Segments::is_empty")]
    pub segments: Segments<Baseline>,
    /// A sample of its rows; none where it was not sampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<RowSample>,
}

impl Baseline {
    /// The baseline of no row.
    pub const NOTHING: Self = Self {
        version: BASELINE_VERSION,
        rows: 0,
        columns: Vec::new(),
        segments: Segments::NONE,
        sample: None,
    };

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&BaselineColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether any counts come from a sketch, so that a second pass over the rows would make them exact.
    pub fn is_sketched(&self) -> bool {
        let part = |(_, parts): (&str, &SegmentValues<Self>)| match parts {
            SegmentValues::Of(parts) => parts.values().any(Self::is_sketched),
            SegmentValues::TooMany => false,
        };
        self.columns.iter().any(|column| column.rank_error > 0.0) || self.segments.iter().any(part)
    }
}

/// One column of a [`Baseline`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineColumn {
    /// The column's name in the data.
    pub name: String,
    /// Its frozen bins.
    pub bins: Bins,
    /// The baseline's own counts in these bins.
    pub counts: BinCounts,
    /// Categorical: hashes of the values beyond the top ones. None when they were too many to
    /// count: then a value outside the top is [`BinCounts::other`], never unseen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Vec<u64>>,
    /// The mean of the baseline's finite numbers; none without one.
    #[serde(default)]
    pub mean: Option<f64>,
    /// Their population standard deviation.
    #[serde(default)]
    pub std_dev: Option<f64>,
    /// How far the rank of an edge may be off, 0 to 1, where the baseline's counts come from a quantile
    /// sketch; 0 where they were counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rank_error: f64,
    /// The commonest values that are counted in buckets, each with its bucket, so that people can tell what
    /// lies there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<(usize, String)>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl BaselineColumn {
    /// Whether texts that look like numbers are numbers here, and not texts by a fixed type.
    pub fn has_numbers(&self) -> bool {
        self.counts.types.integral + self.counts.types.fractional > 0
    }

    /// The same with every value counted by its bucket and none by itself: for a side that knows no more.
    /// None where the buckets are not known.
    #[must_use]
    pub fn in_buckets(&self) -> Option<Self> {
        let Bins::Categorical { values } = &self.bins else { return None };
        let mut counts = self.counts.clone();
        if counts.buckets.is_empty() {
            if counts.other > 0 {
                return None;
            }
            counts.buckets = vec![0; BUCKETS];
        }
        for (value, count) in values.iter().zip(std::mem::take(&mut counts.bins)) {
            if let Some(bucket) = counts.buckets.get_mut(bucket(value, self.has_numbers())) {
                *bucket += count;
            }
            counts.other += count;
        }
        Some(Self { bins: Bins::Categorical { values: Vec::new() }, counts, known: None, ..self.clone() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_fall_into_half_open_bins_and_the_last_is_closed() {
        let edges = [-1.0, 0.0, 2.5];
        let cases = [
            (-1.0, BinPlace::Bin(0)),
            (-1.1, BinPlace::Below),
            (-0.0, BinPlace::Bin(1)),
            (2.5, BinPlace::Bin(1)),
            (2.6, BinPlace::Above),
            (f64::NAN, BinPlace::Nan),
            (f64::INFINITY, BinPlace::PosInf),
            (f64::NEG_INFINITY, BinPlace::NegInf),
        ];
        for (number, expected) in cases {
            assert_eq!(place(&edges, number), expected, "{number}");
        }
        assert_eq!(place(&[], 1.0), BinPlace::Above);
    }

    #[test]
    fn bins_read_back_from_json() {
        let bins = Bins::Numeric { edges: vec![0.1, 0.30000000000000004] };
        let text = serde_json::to_string(&bins).unwrap();
        assert_eq!(text, r#"{"numeric":{"edges":[0.1,0.30000000000000004]}}"#);
        assert_eq!(serde_json::from_str::<Bins>(&text).unwrap(), bins);
    }

    proptest! {
        #[test]
        fn every_number_lands_once_and_merging_is_addition(
            numbers in prop::collection::vec(any::<f64>(), 0..80), cut in 0usize..80,
        ) {
            let bins = Bins::Numeric { edges: vec![-1e300, -1.0, 0.0, 1e-9, 1e300] };
            let Bins::Numeric { edges } = &bins else { unreachable!() };
            let count = |part: &[f64]| {
                let mut counts = bins.empty_counts();
                part.iter().for_each(|&number| counts.add_number(place(edges, number), 1));
                counts
            };
            let (left, right) = numbers.split_at(cut.min(numbers.len()));
            let mut merged = count(left);
            merged.merge(&count(right));
            prop_assert_eq!(merged.rows(), numbers.len() as u64);
            prop_assert_eq!(merged, count(&numbers));
        }
    }
}
