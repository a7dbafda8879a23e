//! What a judgement lists: tests, measures, and reasons with the verdict that follows from them.

mod check;
mod code;
mod metrics;
mod reason;
mod test_result;

pub use check::{Check, Leak};
pub use code::{Code, Weight};
pub use metrics::{BothMetrics, CalibrationBin, Confusion, Metrics, Sample};
pub use reason::{Reason, Verdict, verdict};
pub use test_result::{Test, TestName};
