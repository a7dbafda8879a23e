//! What a model predicts: the tasks, each with its measures and its defaults.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::balance::Balance;
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

const fn by(metric: Metric, margin: f64) -> Guard {
    Guard { metric, margin }
}

/// Where the classes are balanced.
const ACCURACY: Guard = by(Metric::Accuracy, 0.02);

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

    /// Where a challenger can win when the policy names nothing. A binary task knows scores, which say more
    /// than who is right at one threshold; classes may come by name alone.
    pub fn superiority(self, balance: Balance) -> &'static [Superiority] {
        match (self, balance) {
            (Self::Binary, _) => const { &[win(Metric::Auc), win(Metric::LogLoss)] },
            (Self::Multiclass, Balance::Balanced) => const { &[win(Metric::Accuracy), win(Metric::MacroF1)] },
            (Self::Multiclass, Balance::Imbalanced) => const { &[win(Metric::MacroF1)] },
            (Self::Regression, _) => const { &[win(Metric::Mae), win(Metric::Mse)] },
        }
    }

    /// Where a challenger may not lose when the policy names nothing: accuracy only where the classes are
    /// balanced.
    pub fn guards(self, balance: Balance) -> &'static [Guard] {
        match (self, balance) {
            (Self::Binary, Balance::Balanced) => {
                const { &[by(Metric::Auc, 0.01), by(Metric::BalancedAccuracy, 0.02), ACCURACY] }
            }
            (Self::Binary, Balance::Imbalanced) => {
                const { &[by(Metric::Auc, 0.01), by(Metric::BalancedAccuracy, 0.02)] }
            }
            (Self::Multiclass, Balance::Balanced) => const { &[ACCURACY, by(Metric::MacroF1, 0.02)] },
            (Self::Multiclass, Balance::Imbalanced) => const { &[by(Metric::MacroF1, 0.02)] },
            (Self::Regression, _) => const { &[by(Metric::Mae, 0.02), by(Metric::Mse, 0.04)] },
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
