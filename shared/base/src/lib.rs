//! What every floor of Pawl shares: names, lengths of time, names of metrics, random numbers, and faults.

pub mod duration;
pub mod fault;
pub mod metrics;
pub mod names;
pub mod random;
