//! Is one group treated worse than the rest, and worse by the challenger than by the champion?
//!
//! SageMaker Clarify's measures by Clarify's names, from counts alone. Two differences on purpose: a
//! ratio with nothing below its line is undefined here, where Clarify writes 0 or infinity; and the
//! verdict rests on the change from champion to challenger with its interval.
//!
//! ```
//! use pawl_gate::policy::{Groups, Measure};
//! use pawl_gate::{Against, Judge, PairedRow, Policy};
//!
//! let mut policy = Policy::default();
//! policy.fairness.groups.push(Groups { columns: vec!["sex".into()], disadvantaged: None });
//! let mut judge = Judge::new(&policy, Against::Nobody, 7)?;
//! for row in 0..400 {
//!     let (group, positive) = (["f", "m"][row % 2], row % 4 < 2);
//!     // The model selects women half as often.
//!     let score = if group == "f" && row % 8 < 4 { 0.1 } else { 0.9 };
//!     let columns = &[group];
//!     judge.push(&PairedRow { label: positive.into(), challenger: score.into(), champion: None, columns })?;
//! }
//! let found = &judge.finish().fairness["sex"];
//! assert_eq!(found.disadvantaged.as_deref(), Some("f"));
//! assert_eq!(found.measures[&Measure::Di].challenger, Some(0.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assess;
mod assessment;
mod compare;
mod finding;
mod measures;
mod pre_training;
mod verdict;

pub(crate) use assessment::{Assessment, Favoured};
pub use finding::{GroupComparison, GroupCounts, GroupFairness, MeasureChange};
pub use pre_training::PreTraining;
