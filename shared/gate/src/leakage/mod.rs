//! Too good to be true: a challenger that saw the answer looks like one that learnt it.
//!
//! Four alarms: a holdout score near perfection; one far above what earlier challengers reached; a single
//! feature that tells the label; holdout rows that the training saw. What an alarm does is the policy's
//! choice.

mod alarm;
mod feature;
mod rows;
mod score;
#[cfg(test)]
mod tests;

pub use rows::Leaks;
pub use score::against_history;
pub(crate) use score::check_ceiling;
