//! How good a model is: the measures that the gate can test.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A measure of a model that the gate can test on paired rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the ROC curve; tested by DeLong.
    Auc,
    /// Area under the precision-recall curve, as average precision; tested by jackknife.
    AveragePrecision,
    /// Share of rows classified rightly (binary: at the threshold); tested by McNemar and Tango.
    Accuracy,
    /// Mean of the recalls of both classes; tested by jackknife.
    BalancedAccuracy,
    /// Share of predicted positives that are positive; tested by jackknife.
    Precision,
    /// Share of positives predicted positive; tested by jackknife.
    Recall,
    /// Harmonic mean of precision and recall; tested by jackknife.
    F1,
    /// Matthews' correlation of labels and predictions, −1 to 1; tested by jackknife.
    Mcc,
    /// Expected calibration error over 15 bins of equal width; lower is better; tested by jackknife.
    CalibrationError,
    /// Mean negative log-likelihood, in nats; lower is better; tested by a paired t-test.
    LogLoss,
    /// Mean squared error of the probability; lower is better; tested by a paired t-test.
    Brier,
    /// Mean of the classes' F1; tested by jackknife.
    MacroF1,
    /// Mean of the classes' precisions, weighted by their rows; tested by jackknife.
    WeightedPrecision,
    /// Mean of the classes' F1, weighted by their rows; tested by jackknife.
    WeightedF1,
    /// Mean absolute error; lower is better; tested by a paired t-test, or by Diebold–Mariano.
    Mae,
    /// Mean squared error; lower is better; tested by a paired t-test, or by Diebold–Mariano.
    Mse,
    /// Root of the mean squared error; lower is better; tested by jackknife.
    Rmse,
    /// Share of the label's variance that the model explains; tested by jackknife.
    R2,
}

/// The direction in which a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// As with accuracy.
    Higher,
    /// As with a loss.
    Lower,
}

impl Metric {
    const ALL: [Self; 18] = [
        Self::Auc,
        Self::AveragePrecision,
        Self::Accuracy,
        Self::BalancedAccuracy,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::Mcc,
        Self::CalibrationError,
        Self::LogLoss,
        Self::Brier,
        Self::MacroF1,
        Self::WeightedPrecision,
        Self::WeightedF1,
        Self::Mae,
        Self::Mse,
        Self::Rmse,
        Self::R2,
    ];

    /// The name as written in pipeline.yaml.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auc => "auc",
            Self::AveragePrecision => "average_precision",
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::Mcc => "mcc",
            Self::CalibrationError => "calibration_error",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::MacroF1 => "macro_f1",
            Self::WeightedPrecision => "weighted_precision",
            Self::WeightedF1 => "weighted_f1",
            Self::Mae => "mae",
            Self::Mse => "mse",
            Self::Rmse => "rmse",
            Self::R2 => "r2",
        }
    }

    /// The metric of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }

    /// Whether more of it is better or worse.
    pub fn better(self) -> Better {
        match self {
            Self::LogLoss | Self::Brier | Self::CalibrationError | Self::Mae | Self::Mse | Self::Rmse => {
                Better::Lower
            }
            Self::Auc
            | Self::AveragePrecision
            | Self::Accuracy
            | Self::BalancedAccuracy
            | Self::Precision
            | Self::Recall
            | Self::F1
            | Self::Mcc
            | Self::MacroF1
            | Self::WeightedPrecision
            | Self::WeightedF1
            | Self::R2 => Better::Higher,
        }
    }

    /// What margins and minimum effects of it are written in. An error of a number has the label's unit, of
    /// which a default can know nothing: there it is the champion's own error.
    pub(crate) fn unit(self, champion: Option<f64>) -> Option<f64> {
        match self {
            Self::Mae | Self::Mse | Self::Rmse => champion,
            _ => Some(1.0),
        }
    }

    /// Whether it rests on squared errors of a number.
    pub(crate) fn squares_errors(self) -> bool {
        matches!(self, Self::Mse | Self::Rmse | Self::R2)
    }

    /// Whether only the jackknife tests it, even where rows are independent.
    pub(crate) fn by_jackknife(self) -> bool {
        !matches!(self, Self::Auc | Self::Accuracy | Self::LogLoss | Self::Brier | Self::Mae | Self::Mse)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
