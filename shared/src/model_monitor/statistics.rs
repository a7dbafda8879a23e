//! `statistics.json`: what the data looked like.

use serde::{Deserialize, Serialize};

use super::numbers::{whole, whole_or_none};
use super::sketch::SketchDocument;

/// The document. Fields that are not known are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// 0.0 in every file seen.
    #[serde(default)]
    pub version: f64,
    /// The data as a whole.
    pub dataset: DatasetStatistics,
    /// One entry a column, in the order of the data.
    pub features: Vec<Feature>,
}

/// The data as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetStatistics {
    /// Its rows.
    #[serde(deserialize_with = "whole")]
    pub item_count: u64,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InferredType {
    /// Whole numbers.
    Integral,
    /// Numbers.
    Fractional,
    /// Anything else.
    String,
    /// No value was ever seen.
    Unknown,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Its type.
    pub inferred_type: InferredType,
    /// Of a column of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerical_statistics: Option<NumberStatistics>,
    /// Of a column of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_statistics: Option<TextStatistics>,
}

impl Feature {
    /// Rows with a value and rows without; none where the file does not say.
    pub fn common(&self) -> Option<Common> {
        let numbers = self.numerical_statistics.as_ref().map(|numbers| numbers.common);
        numbers.or(self.string_statistics.as_ref().map(|texts| texts.common))
    }
}

/// How many rows have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// Rows with one.
    #[serde(deserialize_with = "whole")]
    pub num_present: u64,
    /// Rows without.
    #[serde(deserialize_with = "whole")]
    pub num_missing: u64,
}

impl Common {
    /// The share of rows with a value, 0..=1; 1 without rows.
    pub fn completeness(self) -> f64 {
        match self.num_present + self.num_missing {
            0 => 1.0,
            rows => self.num_present as f64 / rows as f64,
        }
    }
}

/// Of a column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberStatistics {
    /// Rows with a value and without.
    pub common: Common,
    /// The mean.
    pub mean: f64,
    /// The sum.
    pub sum: f64,
    /// The population standard deviation.
    pub std_dev: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Different numbers, an estimate.
    #[serde(default, deserialize_with = "whole_or_none", skip_serializing_if = "Option::is_none")]
    pub approximate_num_distinct_values: Option<u64>,
    /// The share of rows with a value, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// How the numbers are spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<NumberDistribution>,
}

/// How numbers are spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberDistribution {
    /// By a sketch.
    pub kll: KllDistribution,
}

/// Bars, and the sketch that they were taken from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KllDistribution {
    /// Ten of equal width over the range: `[lower, upper)`, the last one closed.
    pub buckets: Vec<Bucket>,
    /// The sketch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch: Option<SketchDocument>,
}

/// A bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its lower edge.
    pub lower_bound: f64,
    /// Its upper edge.
    pub upper_bound: f64,
    /// Its numbers; written as `12.0`.
    pub count: f64,
}

/// Of a column of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextStatistics {
    /// Rows with a value and without.
    pub common: Common,
    /// Different values, an estimate.
    #[serde(deserialize_with = "whole")]
    pub distinct_count: u64,
    /// The share of rows with a value, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// How often each value occurs; left out where there are many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<TextDistribution>,
}

/// How texts are spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextDistribution {
    /// By value.
    pub categorical: Categories,
}

/// Values with their counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Categories {
    /// One entry a value.
    pub buckets: Vec<ValueCount>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueCount {
    /// The value.
    pub value: String,
    /// The rows that hold it.
    #[serde(deserialize_with = "whole")]
    pub count: u64,
}

impl TextStatistics {
    /// The values with their counts, where the file has them.
    pub fn values(&self) -> Option<&[ValueCount]> {
        self.distribution.as_ref().map(|distribution| distribution.categorical.buckets.as_slice())
    }
}
