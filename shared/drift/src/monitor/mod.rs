//! Live monitoring: what the endpoint was asked and answered since the last look, against the champion's
//! baseline, and late truth against what was expected of it.

mod answer;
mod capture;
mod document;
mod metrics;
mod row;
mod truth;

pub use answer::{answered, usable};
pub use capture::{Captured, PREDICTION, Reader, answers};
pub use document::{Expected, Look, Monitor, Policy, Publish};
pub use metrics::{Datum, data};
pub use truth::truths;
