//! How both models served the same rows: how long each took for an answer, and how often it had none.
//!
//! Latencies and failures are measured elsewhere and come with the rows: from a container that times its
//! own answers, or from columns of a load test. What was not measured is never good: a guard that the
//! policy names asks a person then.

mod bound;
mod errors;
mod finding;
mod guards;
mod latency;
mod tally;
#[cfg(test)]
mod tests;

pub use finding::{Served, ServiceFinding};
pub(crate) use tally::ServiceTally;
