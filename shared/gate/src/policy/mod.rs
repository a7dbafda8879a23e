//! The `gate` section of pipeline.yaml: what a challenger must show to replace the champion.

mod action;
mod behaviour;
mod bounds;
mod check;
mod check_task;
mod error;
mod fairness;
mod leakage;
mod measure;
mod metric;
mod section;
mod service;
mod slices;
mod task;

pub use action::Consequence;
pub use behaviour::{BehaviourCase, BehaviourPolicy, Expectation, RowChange};
pub use bounds::{Floor, Guard, Superiority, TrainingBound};
pub use error::PolicyError;
pub(crate) use fairness::AND;
pub use fairness::{FairnessPolicy, FairnessRule, Favourable, Groups};
pub use leakage::LeakagePolicy;
pub use measure::Measure;
pub use metric::{Better, Metric};
pub use section::Policy;
pub(crate) use service::default_error_margin;
pub use service::{ErrorGuard, LatencyGuard, ServicePolicy};
pub use slices::{NamedSlice, SlicePolicy};
pub use task::Task;
