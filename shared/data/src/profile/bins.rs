//! Bins frozen from a baseline, and exact counts in them: what drift compares.
//!
//! The edges come from the baseline once and never move, so that merging two counts is addition
//! and the current side carries no sketch error.

use serde::{Deserialize, Serialize};

use super::RowSample;
use super::column_type::TypeCounts;
use super::segments::Segments;

/// The version of the [`Baseline`] document that this code writes.
pub const BASELINE_VERSION: u32 = 1;

/// How many categorical values of the baseline get a bin of their own.
pub const TOP_VALUES: usize = 50;

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
    /// The commonest values of the baseline, each a bin.
    Categorical {
        /// The top values (default [`TOP_VALUES`]), most frequent first; the baseline's other
        /// values are counted as [`BinCounts::other`].
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
