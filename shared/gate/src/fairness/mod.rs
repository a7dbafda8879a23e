//! Is one group treated worse than the rest, and worse by the challenger than by the champion?
//!
//! SageMaker Clarify's measures by Clarify's names, from counts alone. Two differences on purpose: a
//! ratio with nothing below its line is undefined here, where Clarify writes 0 or infinity; and the
//! verdict rests on the change from champion to challenger with its interval.

mod assess;
mod finding;
mod measures;
mod pre_training;

pub(crate) use assess::{Assessment, Favoured};
pub use finding::{GroupCounts, GroupFairness, MeasureChange};
pub use pre_training::PreTraining;
