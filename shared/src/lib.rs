//! Pawl turns new data into a better model in production, or says exactly why not, and never
//! leaves production worse than it was.
//!
//! This crate is the common core of the Lambda functions and the `pawl` command. Everything
//! outside `aws` is pure: it takes bytes, values and a clock, and returns values.
//! Dependencies point one way: functions and command, then `aws`, then the core.

#[cfg(feature = "aws")]
pub mod aws;
pub mod constraints;
pub mod dataset;
pub mod drift;
pub mod events;
pub mod fault;
pub mod gate;
pub mod ledger;
pub mod model_monitor;
pub mod names;
pub mod pipeline;
pub mod profile;
pub mod release;
pub mod report;
pub mod run;
