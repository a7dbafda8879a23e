//! What serving may cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::PolicyError;

/// What serving may cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServicePolicy {
    /// Quantiles of the latency that may not grow. Default: where latencies are measured, the median by 10
    /// % and the 99th percentile by 20 %.
    pub latency: Option<Vec<LatencyGuard>>,
    /// How much more often the challenger may fail to answer. Default: where failures are measured, by 0.005.
    pub errors: Option<ErrorGuard>,
}

/// A quantile of the latency: the interval of the ratio challenger to champion must lie below `1 + margin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyGuard {
    /// Which quantile: 0.5 is the median, 0.99 the 99th percentile.
    pub quantile: f64,
    /// The share by which it may be slower than the champion's. Default 0.1.
    #[serde(default = "default_latency_margin")]
    pub margin: f64,
    /// The most it may be, in milliseconds, with or without a champion. Default: no bound.
    #[serde(default)]
    pub at_most: Option<f64>,
}

/// The share of requests without an answer: the interval of the difference challenger − champion must lie
/// below `margin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorGuard {
    /// How much greater it may be than the champion's. Default 0.005.
    #[serde(default = "default_error_margin")]
    pub margin: f64,
    /// The most it may be, with or without a champion. Default: no bound.
    #[serde(default)]
    pub at_most: Option<f64>,
}

fn default_latency_margin() -> f64 {
    0.1
}

pub(crate) fn default_error_margin() -> f64 {
    0.005
}

impl ServicePolicy {
    /// Checks what the types cannot.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        for LatencyGuard { quantile, margin, at_most } in self.latency.iter().flatten() {
            if !(*quantile > 0.0 && *quantile < 1.0 && positive(*margin) && at_most.is_none_or(positive)) {
                let found = format!("quantile {quantile}, margin {margin}, at_most {at_most:?}");
                let fix =
                    "write a quantile between 0 and 1 (0.99), a margin above 0, and milliseconds above 0";
                return PolicyError::refuse("service.latency", found, fix);
            }
        }
        let share = |value: f64| value > 0.0 && value < 1.0;
        match &self.errors {
            Some(ErrorGuard { margin, at_most }) if !(share(*margin) && at_most.is_none_or(share)) => {
                let found = format!("margin {margin}, at_most {at_most:?}");
                let fix = "write shares of the requests between 0 and 1, such as 0.005";
                PolicyError::refuse("service.errors", found, fix)
            }
            _ => Ok(()),
        }
    }
}
