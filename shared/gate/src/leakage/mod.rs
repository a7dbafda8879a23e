//! Too good to be true: a challenger that saw the answer looks like one that learnt it.
//!
//! Four alarms: a holdout score near perfection; one far above what earlier challengers reached; a single
//! feature that tells the label; holdout rows that the training saw. What an alarm does is the policy's
//! choice.
//!
//! ```
//! use pawl_gate::leakage::Leaks;
//! use pawl_gate::{Code, Policy};
//!
//! let row = |row: u32| format!(r#"{{"columns":{{}},"features":{{"x":{row}}},"label":1,"row":"a:{row}"}}"#);
//! let mut leaks = Leaks::new(&Policy::default(), 7);
//! (0..100).for_each(|place| leaks.add_holdout(row(place).as_bytes()));
//! // Half of them trained as well.
//! (0..50).for_each(|place| leaks.add_training(row(place).as_bytes()));
//! let reasons = leaks.finish("the training data");
//! assert_eq!(reasons.last().map(|reason| reason.code), Some(Code::LeakAsks));
//! ```

mod alarm;
mod feature;
mod rows;
mod score;
#[cfg(test)]
mod tests;

pub use rows::Leaks;
pub use score::against_history;
pub(crate) use score::check_ceiling;
