//! Measures of a model, as a judgement lists them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::Metric;

/// Both models' measures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BothMetrics {
    /// `None` for a first model.
    pub champion: Option<Metrics>,
    /// `None` only when nothing could be read.
    pub challenger: Option<Metrics>,
}

/// Measures of one model, by their names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// A measure with nothing below its line is `None`, never 0.
    #[serde(flatten)]
    pub values: BTreeMap<Metric, Option<f64>>,
    /// A score of a binary classifier at or above it predicts the positive class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// A binary classifier's counts at the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Confusion>,
    /// Rows by class, then by predicted class, of several classes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub confusion_matrix: BTreeMap<String, BTreeMap<String, u64>>,
    /// The bins of `calibration_error` that hold rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<CalibrationBin>,
}

impl Metrics {
    /// The value of a metric, where there is one.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        self.values.get(&metric).copied().flatten()
    }
}

impl FromIterator<(Metric, Option<f64>)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (Metric, Option<f64>)>>(values: I) -> Self {
        let finite = |(metric, value): (Metric, Option<f64>)| (metric, value.filter(|v| v.is_finite()));
        Self { values: values.into_iter().map(finite).collect(), ..Self::default() }
    }
}

/// Rows whose scores lie in one stretch, and how often they are positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The least score of the bin.
    pub from: f64,
    /// Scores up to here; the next bin begins with it.
    pub to: f64,
    /// Rows in it.
    pub rows: u64,
    /// Their mean score.
    pub score: f64,
    /// The share of them that is positive.
    pub positive: f64,
}

/// Predictions against labels at the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confusion {
    /// Positive, predicted positive.
    pub true_positives: u64,
    /// Negative, predicted positive.
    pub false_positives: u64,
    /// Negative, predicted negative.
    pub true_negatives: u64,
    /// Positive, predicted negative.
    pub false_negatives: u64,
}

impl Confusion {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.right() + self.false_positives + self.false_negatives
    }

    /// Rows classified rightly.
    pub fn right(&self) -> u64 {
        self.true_positives + self.true_negatives
    }

    /// Rows whose label is positive.
    pub fn positives(&self) -> u64 {
        self.true_positives + self.false_negatives
    }
}

/// A random sample of rows that the rank tests saw instead of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Rows in it.
    pub kept: u64,
    /// Rows it was drawn from, each with equal chance.
    pub of: u64,
    /// The seed that drew it.
    pub seed: u64,
}
