//! Which scores are too good to be true.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Consequence;
use super::error::PolicyError;

/// The alarms on answers that leaked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeakagePolicy {
    /// What follows. Default: ask a person.
    pub action: Consequence,
    /// A holdout score at or above it is too good: `auc`, of several classes `accuracy`, of numbers `r2`.
    /// Default 0.999.
    pub ceiling: f64,
    /// So many robust standard deviations above the median of at least 5 earlier judgements, the score is
    /// too good. Default 6.
    pub above_history: f64,
    /// A single feature that reaches this alone has the answer in it: the area under the curve, of numbers
    /// the squared correlation, of several classes the share of errors that it saves. Default 0.995.
    pub feature: f64,
    /// When more than this share of the holdout's rows is also in the training data (beyond the share that
    /// is in the holdout twice by itself), the training has seen the answers. Default 0.1.
    pub seen_rows: f64,
}

impl Default for LeakagePolicy {
    fn default() -> Self {
        Self { action: Consequence::Ask, ceiling: 0.999, above_history: 6.0, feature: 0.995, seen_rows: 0.1 }
    }
}

impl LeakagePolicy {
    /// Checks what the types cannot.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let limits = [
            ("ceiling", self.ceiling),
            ("above_history", self.above_history),
            ("feature", self.feature),
            ("seen_rows", self.seen_rows),
        ];
        match limits.into_iter().find(|(_, value)| !(*value > 0.0 && value.is_finite())) {
            Some((field, value)) => PolicyError::refuse(
                format!("leakage.{field}"),
                value,
                "write a number above 0; one that nothing reaches, such as 2, turns an alarm off",
            ),
            None => Ok(()),
        }
    }
}
