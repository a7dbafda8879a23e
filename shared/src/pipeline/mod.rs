//! The `pipeline.yaml` that a team writes: types, defaults and checks. The requests that follow from it are
//! made in [`crate::jobs`].
//!
//! ```
//! use pawl::pipeline::Pipeline;
//!
//! let yaml = "
//! model: bikes
//! data: {bucket: incoming, prefix: bikes/, label: {column: rented}, features: [hour, weather]}
//! train: {image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/bikes:1}
//! ";
//! let pipeline = Pipeline::parse(yaml.as_bytes())?;
//! assert!(pipeline.takes("incoming", "bikes/2026-11.csv"));
//! let refused = Pipeline::parse(yaml.replace("bikes/,", "bikes,").as_bytes()).unwrap_err();
//! assert!(refused.to_string().starts_with("pipeline.yaml: data.prefix is \"bikes\": end it with /"));
//! # Ok::<(), pawl::pipeline::PipelineError>(())
//! ```

pub mod catalog;
mod check;
mod code;
mod config;
mod environment;
mod error;
mod feedback;
mod hyperparameters;
mod load;
mod object_role;
mod parse;
mod scalar;
mod schedule;
#[cfg(test)]
mod tests;
mod tune;
mod yaml;

pub(crate) use check::{LONGEST_METRIC, LONGEST_REGEX, MOST_METRICS};
pub use config::{
    Approval, Ask, Block, Compare, Data, Decide, Metric, NewData, Pipeline, Settle, Split, Train,
};
pub(crate) use environment::environment;
pub use error::PipelineError;
pub use feedback::{Feedback, Selected, Treat, Treated, WEIGHT};
pub(crate) use hyperparameters::hyperparameters;
pub use load::load;
pub(crate) use load::load_from;
pub use object_role::ObjectRole;
pub use scalar::Scalar;
pub use schedule::{Schedule, ScheduleError};
pub use tune::{Goal, Range, Scale, Search, Tune};
