//! The `gate` section of pipeline.yaml: what a challenger must show to replace the champion.
//!
//! ```
//! use pawl_gate::Policy;
//!
//! let policy = Policy::from_yaml("{task: regression, guards: [{metric: mae, margin: 0.02}]}")?;
//! policy.check()?;
//! let wrong = Policy::from_yaml("{alpha: 0.9}")?.check().unwrap_err();
//! assert_eq!(wrong.field, "alpha");
//! # Ok::<(), pawl_gate::PolicyError>(())
//! ```

mod action;
mod balance;
mod behaviour;
mod bounds;
mod check;
mod check_task;
mod copies;
mod error;
mod fairness;
mod leakage;
mod measure;
mod metric;
mod section;
mod service;
mod slices;
mod task;
mod thresholds;

pub use action::Consequence;
pub use balance::Balance;
pub(crate) use balance::ClassShares;
pub use behaviour::{BehaviourCase, BehaviourPolicy, Expectation, RowChange};
pub use bounds::{Floor, Guard, Superiority, TrainingBound};
pub use copies::CopiesPolicy;
pub use error::PolicyError;
pub use fairness::{AND, FairnessPolicy, FairnessRule, Favourable, Groups};
pub use leakage::LeakagePolicy;
pub use measure::Measure;
pub use metric::{Better, Metric};
pub use section::Policy;
pub(crate) use service::default_error_margin;
pub use service::{ErrorGuard, LatencyGuard, ServicePolicy};
pub use slices::{NamedSlice, SlicePolicy};
pub use task::Task;
pub use thresholds::{Thresholds, is_threshold};
