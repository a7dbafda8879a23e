//! What a model predicts: the tasks, each with its measures and its defaults.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::{Guard, Superiority};
use super::metric::Metric;

/// What the model predicts. It chooses the measures, the tests and the defaults of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// The probability of the positive class.
    #[default]
    Binary,
    /// One of several classes, by name or as one probability for each.
    Multiclass,
    /// A number.
    Regression,
}

const fn win(metric: Metric) -> Superiority {
    Superiority { metric, minimum_effect: 0.0 }
}

impl Task {
    /// Its measures, the leading one first.
    pub fn metrics(self) -> &'static [Metric] {
        use Metric::*;
        match self {
            Self::Binary => &[
                Auc,
                AveragePrecision,
                Accuracy,
                BalancedAccuracy,
                Precision,
                Recall,
                F1,
                Mcc,
                LogLoss,
                Brier,
                CalibrationError,
            ],
            Self::Multiclass => &[Accuracy, MacroF1, WeightedF1, WeightedPrecision, LogLoss],
            Self::Regression => &[R2, Mae, Mse, Rmse],
        }
    }

    /// The measure that runs from useless to perfect: what is compared with history.
    pub fn leading(self) -> Metric {
        match self {
            Self::Binary => Metric::Auc,
            Self::Multiclass => Metric::Accuracy,
            Self::Regression => Metric::R2,
        }
    }

    /// Where a challenger can win when the policy names nothing.
    pub fn superiority(self) -> &'static [Superiority] {
        match self {
            Self::Binary => const { &[win(Metric::Auc), win(Metric::Accuracy)] },
            Self::Multiclass => const { &[win(Metric::Accuracy), win(Metric::MacroF1)] },
            Self::Regression => const { &[win(Metric::Mae), win(Metric::Mse)] },
        }
    }

    /// Where a challenger may not lose when the policy names nothing.
    pub fn guards(self) -> &'static [Guard] {
        match self {
            Self::Binary => &[
                Guard { metric: Metric::Auc, margin: 0.01 },
                Guard { metric: Metric::Accuracy, margin: 0.02 },
            ],
            Self::Multiclass => &[
                Guard { metric: Metric::Accuracy, margin: 0.02 },
                Guard { metric: Metric::MacroF1, margin: 0.02 },
            ],
            Self::Regression => {
                &[Guard { metric: Metric::Mae, margin: 0.02 }, Guard { metric: Metric::Mse, margin: 0.04 }]
            }
        }
    }

    /// The name as written in pipeline.yaml.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
