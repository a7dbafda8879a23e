//! Has the data moved, for sure and by enough to matter?
//!
//! A column drifts only if all three hold: enough data, significant, material. Each column is
//! compared on four axes ([`Axis`]); Benjamini–Hochberg corrects over all of them. The batch is
//! counted exactly in bins frozen from the baseline, so no sketch error enters.
//!
//! ```
//! use pawl::drift::{Policy, Verdict, compare, inputs};
//! use pawl::profile::bins::{Baseline, BaselineColumn, BinCounts, Bins, TypeCounts};
//!
//! let counts = |bins: [u64; 4]| BinCounts {
//!     types: TypeCounts { fractional: bins.iter().sum(), ..Default::default() },
//!     bins: bins.to_vec(),
//!     ..BinCounts::default()
//! };
//! let baseline = Baseline {
//!     version: 1,
//!     rows: 4000,
//!     columns: vec![BaselineColumn {
//!         name: "temp".into(),
//!         bins: Bins::Numeric { edges: vec![0.0, 0.2, 0.4, 0.6, 1.0] },
//!         counts: counts([1000, 1000, 1000, 1000]),
//!         known: None,
//!         mean: None,
//!         std_dev: None,
//!     }],
//! };
//! let batch = [("temp".to_owned(), counts([20, 150, 300, 270]))];
//! let drift = compare(&inputs(&baseline, &batch, &["temp".to_owned()], None), &Policy::default());
//! assert_eq!(drift.verdict, Verdict::Drift);
//! println!("{}", drift.reasons.join("\n"));
//! ```

mod axes;
mod compare;
mod document;
mod policy;
mod power;
pub mod scores;
pub mod table;
mod words;

pub use compare::{Input, compare, inputs};
pub use document::{
    Axis, CountedBin, DRIFT_VERSION, Drift, EffectUnit, Finding, Formula, Role, Segment, TestName, Verdict,
};
pub use policy::{Policy, PolicyError};
pub use power::newcombe;
pub use table::benjamini_hochberg;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
