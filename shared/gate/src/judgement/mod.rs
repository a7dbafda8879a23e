//! The judgement: the verdict with everything it rests on, and how a person overrides it.

mod force;
mod forced;
mod record;

pub use force::{ForceError, MIN_REASON};
pub use forced::Forced;
pub use record::{JudgedInput, Judgement, RULES_VERSION};
