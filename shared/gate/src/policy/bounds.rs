//! What a challenger is held to: where it must win, what it may not lose, and the worst that is acceptable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::Metric;

/// A way to win: the challenger must be significantly better in at least one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Superiority {
    /// What must improve.
    pub metric: Metric,
    /// The least improvement worth a deployment, beside significance; in the metric's own unit, for `mae`,
    /// `mse` and `rmse` as a share of the champion's.
    #[serde(default)]
    pub minimum_effect: f64,
}

/// What must not get worse: the interval of the gain must lie above `-margin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// What is guarded.
    pub metric: Metric,
    /// The largest loss that would not matter, above 0; in the metric's own unit, for `mae`, `mse` and
    /// `rmse` as a share of the champion's: 0.02 lets an error grow by 2 %.
    pub margin: f64,
}

/// A bound on the challenger's own value: with or without a champion, it must hold. For a metric
/// where higher is better it is the least value, for a loss the greatest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// What is bounded.
    pub metric: Metric,
    /// The worst acceptable value.
    pub worst: f64,
}

/// A training metric that must be present, finite and in bounds when training ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingBound {
    /// The name the container reports, for example `validation:auc`.
    pub metric: String,
    /// The least value, if there is one.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// The greatest value, if there is one.
    #[serde(default)]
    pub at_most: Option<f64>,
}
