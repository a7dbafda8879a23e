//! Pawl turns new data into a better model in production, or says exactly why not, and never
//! leaves production worse than it was.
//!
//! This crate is the face of the pure core: it takes bytes, values and a clock, and returns values. The core
//! is built as floors, each a crate below this folder, and arrows go down only: `base`, `data` (profile,
//! constraints, dataset), `gate`, `drift`; beside them `ledger` (events, ledger) and `release`; on top
//! `pipeline`, `run` and `report`, which stand here. The AWS SDK is known to `pawl-aws` and `pawl-sagemaker`
//! alone.

pub use pawl_base::{duration, fault, metrics, names, random};
pub use pawl_data::{constraints, dataset, profile};
pub use pawl_drift as drift;
pub use pawl_gate as gate;
pub use pawl_ledger::{edge, events, ledger, notice};
pub use pawl_release as release;
pub use pawl_stats as stats;

pub mod documents;
pub mod jobs;
pub mod model_monitor;
pub mod pipeline;
pub mod report;
pub mod requests;
pub mod run;
