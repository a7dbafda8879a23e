//! Did the training job end with a model worth scoring?
//!
//! ```
//! use pawl_gate::convergence::{Convergence, FinalMetric, check};
//! use pawl_gate::policy::TrainingBound;
//!
//! let bound = TrainingBound { metric: "validation:auc".into(), at_least: Some(0.7), at_most: None };
//! let metric = FinalMetric { name: "validation:auc".into(), value: Some(0.64) };
//! assert_eq!(check(&[bound], &[metric]).verdict, Convergence::Failed);
//! ```

use serde::{Deserialize, Serialize};

use crate::policy::TrainingBound;

/// A metric as the training job reported it last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalMetric {
    /// The container's name for it.
    pub name: String,
    /// Its value; `None` where the service gave none.
    pub value: Option<f64>,
}

/// Whether training converged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Convergence {
    /// Every required metric is there and in bounds, every reported one finite.
    Converged,
    /// Something is missing, not finite or out of bounds: the challenger goes no further.
    Failed,
}

/// What is wrong with one training metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum TrainingFault {
    /// The policy asks for a metric the job did not report.
    #[error("the training reported no {metric}, which gate.convergence asks for")]
    Absent {
        /// Its name.
        metric: String,
    },
    /// A metric is NaN, infinite or without a value: training diverged.
    #[error("{metric} is not finite: the training diverged")]
    NotFinite {
        /// Its name.
        metric: String,
    },
    /// A metric is outside its bounds.
    #[error("{metric} is {value}, outside of gate.convergence")]
    OutOfBounds {
        /// Its name.
        metric: String,
        /// Its value.
        value: f64,
        /// The least it may be.
        at_least: Option<f64>,
        /// The greatest it may be.
        at_most: Option<f64>,
    },
}

/// The finding on one training job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConvergenceCheck {
    /// Whether it may go on.
    pub verdict: Convergence,
    /// Why not; empty when it may.
    pub faults: Vec<TrainingFault>,
}

/// The document `convergence.json` of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Converged {
    /// The finding.
    pub check: ConvergenceCheck,
    /// SageMaker's `FinalMetricDataList` as it came; null where there was none.
    #[serde(default)]
    pub metrics: serde_json::Value,
    /// What was trained; older evidence does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<TrainedModel>,
}

/// The challenger of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedModel {
    /// The name of the job that trained it, or searched.
    pub job: String,
    /// Where its artefact lies, as an S3 URI.
    pub artifact: String,
}

/// Checks a training job's final metrics. A required metric that is absent fails.
pub fn check(bounds: &[TrainingBound], metrics: &[FinalMetric]) -> ConvergenceCheck {
    let finite = |m: &FinalMetric| m.value.is_some_and(f64::is_finite);
    let mut faults: Vec<TrainingFault> = metrics
        .iter()
        .filter(|m| !finite(m))
        .map(|m| TrainingFault::NotFinite { metric: m.name.clone() })
        .collect();
    for bound in bounds {
        let metric = bound.metric.clone();
        let Some(found) = metrics.iter().find(|m| m.name == metric) else {
            faults.push(TrainingFault::Absent { metric });
            continue;
        };
        let Some(value) = found.value.filter(|v| v.is_finite()) else { continue };
        let (at_least, at_most) = (bound.at_least, bound.at_most);
        if at_least.is_some_and(|least| value < least) || at_most.is_some_and(|most| value > most) {
            faults.push(TrainingFault::OutOfBounds { metric, value, at_least, at_most });
        }
    }
    let verdict = if faults.is_empty() { Convergence::Converged } else { Convergence::Failed };
    ConvergenceCheck { verdict, faults }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, value: f64) -> FinalMetric {
        FinalMetric { name: name.into(), value: Some(value) }
    }

    #[test]
    fn finite_and_in_bounds_converges() {
        let bound =
            TrainingBound { metric: "validation:auc".into(), at_least: Some(0.6), at_most: Some(0.999) };
        let bounds = [bound];
        let of = |metrics: &[FinalMetric]| check(&bounds, metrics);
        assert_eq!(of(&[metric("validation:auc", 0.9)]).verdict, Convergence::Converged);
        assert_eq!(of(&[]).faults, [TrainingFault::Absent { metric: "validation:auc".into() }]);
        assert_eq!(of(&[metric("validation:auc", 0.5)]).verdict, Convergence::Failed);
        assert_eq!(of(&[metric("validation:auc", 1.0)]).verdict, Convergence::Failed);
        let diverged = [metric("validation:auc", 0.9), metric("train:loss", f64::NAN)];
        assert_eq!(of(&diverged).faults, [TrainingFault::NotFinite { metric: "train:loss".into() }]);
        let empty = [FinalMetric { name: "validation:auc".into(), value: None }];
        assert_eq!(of(&empty).verdict, Convergence::Failed);
        assert_eq!(check(&[], &[]).verdict, Convergence::Converged);
    }
}
