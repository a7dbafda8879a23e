//! How both models served the same rows: how long each took for an answer, and how often it had none.
//!
//! Latencies and failures are measured elsewhere and come with the rows: from a container that times its own answers, or
//! from columns of a load test. What was not measured is never good: a guard that the policy names asks a person then.

mod tally;
#[cfg(test)]
mod tests;
mod weigh;

pub(super) use tally::Tally;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::given::{Part, Unfit, Value};
use super::policy::PolicyError;

/// What serving may cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServicePolicy {
    /// Quantiles of the latency that may not grow. Default: where latencies are measured, the median by 10 % and the 99th
    /// percentile by 20 %.
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
    #[serde(default = "a_tenth")]
    pub margin: f64,
    /// The most it may be, in milliseconds, with or without a champion. Default: no bound.
    #[serde(default)]
    pub at_most: Option<f64>,
}

/// The share of requests without an answer: the interval of the difference challenger − champion must lie below `margin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorGuard {
    /// How much greater it may be than the champion's. Default 0.005.
    #[serde(default = "half_a_percent")]
    pub margin: f64,
    /// The most it may be, with or without a champion. Default: no bound.
    #[serde(default)]
    pub at_most: Option<f64>,
}

fn a_tenth() -> f64 {
    0.1
}

fn half_a_percent() -> f64 {
    0.005
}

impl ServicePolicy {
    /// Checks what the types cannot.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        for guard in self.latency.iter().flatten() {
            let LatencyGuard { quantile, margin, at_most } = guard;
            if !(*quantile > 0.0 && *quantile < 1.0 && positive(*margin) && at_most.is_none_or(positive)) {
                return Err(PolicyError {
                    field: "service.latency".to_owned(),
                    found: format!("quantile {quantile}, margin {margin}, at_most {at_most:?}"),
                    fix: "write a quantile between 0 and 1 (0.99), a margin above 0, and milliseconds above 0",
                });
            }
        }
        let share = |value: f64| value > 0.0 && value < 1.0;
        match &self.errors {
            Some(ErrorGuard { margin, at_most }) if !(share(*margin) && at_most.is_none_or(share)) => {
                Err(PolicyError {
                    field: "service.errors".to_owned(),
                    found: format!("margin {margin}, at_most {at_most:?}"),
                    fix: "write shares of the requests between 0 and 1, such as 0.005",
                })
            }
            _ => Ok(()),
        }
    }
}

/// How one model served one row. `None` was not measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Answered {
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Whether there was none.
    pub failed: Option<bool>,
}

impl Answered {
    /// What a table says: milliseconds, and 0 or 1 for a failure. An empty latency was not measured, an empty mark is none.
    pub(super) fn read(latency: Option<Value<'_>>, failed: Option<Value<'_>>) -> Result<Self, Unfit> {
        let empty = |value: Value<'_>| matches!(value, Value::Null | Value::Text(""));
        let latency = latency.filter(|value| !empty(*value));
        let latency_ms =
            latency.map(|value| value.number().ok_or_else(|| Unfit::new(Part::Latency, value, LATENCY)));
        let failed = failed.map(|value| match value {
            value if empty(value) => Ok(false),
            value => value
                .truth()
                .ok_or_else(|| Unfit::new(Part::Failure, value, "0 or 1 says whether there was no answer")),
        });
        Ok(Self { latency_ms: latency_ms.transpose()?, failed: failed.transpose()? })
    }
}

const LATENCY: &str = "a latency is a number of milliseconds, 0 or more";

/// Whether both models answered a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Both did: the row tells which answers better.
    Both,
    /// One of them did not: the row counts among the failures alone.
    Missing,
}

/// How both models served, as far as it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// `None` for a first model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<Served>,
    /// The model that wants to serve.
    pub challenger: Served,
}

/// How one model served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Served {
    /// Rows it was asked.
    pub rows: u64,
    /// Rows without an answer; `None` where failures were not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
    /// Answers whose latency was measured.
    pub measured: u64,
    /// Their median, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// Their 99th percentile, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
}
