//! Has the data moved, for sure and by enough to matter?
//!
//! A column drifts only if all three hold: enough data, significant, material. Each column is
//! compared on four axes ([`Axis`]); Benjamini–Hochberg corrects over all of them. The batch is
//! counted exactly in bins frozen from the baseline; where the baseline's own counts come from a sketch, the
//! tests carry its variance.
//!
//! ```
//! use pawl_drift::{Policy, Verdict, compare, inputs};
//! use pawl_data::profile::TypeCounts;
//! use pawl_data::profile::bins::{Baseline, BinCounts};
//!
//! let baseline: Baseline = serde_json::from_value(serde_json::json!({
//!     "version": 1,
//!     "rows": 4000,
//!     "columns": [{
//!         "name": "temp",
//!         "bins": {"numeric": {"edges": [0.0, 0.2, 0.4, 0.6, 1.0]}},
//!         "counts": {"bins": [1000, 1000, 1000, 1000], "types": {"fractional": 4000}},
//!     }],
//! }))?;
//! let counts = BinCounts {
//!     bins: vec![20, 150, 300, 270],
//!     types: TypeCounts { fractional: 740, ..Default::default() },
//!     ..BinCounts::default()
//! };
//! let batch = [("temp".to_owned(), counts)];
//! let drift = compare(&inputs(&baseline, &batch, &["temp".to_owned()], None), &Policy::default());
//! assert_eq!(drift.verdict, Verdict::Drift);
//! println!("{}", drift.reasons.join("\n"));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod axes;
mod baseline;
mod column_name;
mod compare;
mod compat;
mod decide;
mod dependence;
mod design;
mod document;
pub mod files;
mod history;
mod importance;
mod input;
pub mod live;
mod material;
mod measure;
pub mod monitor;
mod moved;
mod policy;
mod power;
mod ranks;
mod reason;
pub mod scores;
mod summary;
pub mod table;
mod together;
mod unjudged;
mod wasserstein;

pub use baseline::{BaselineError, BaselineRule, ComparedWith, NoEarlier, Period, Reference, select};
pub use compare::{compare, compare_rows};
pub use design::ColumnGroups;
pub use document::{
    Axis, CountedBin, DRIFT_VERSION, DecisionRule, DetectableEffect, Distances, Drift, DriftTest, EffectUnit,
    Finding, Formula, ImportanceMoved, NoVerdict, NotJudged, Past, Role, ShareChange, TestEvidence, Verdict,
};
pub use history::{History, MAX_RUNS, MIN_RUNS, Remembered, RememberedFinding, robust_z};
pub use importance::{IMPORTANCE, importances, weigh};
pub use input::{BinnedCounts, Input, group, in_segments, inputs};
pub use live::{
    BiasDrift, Calibration, GroundTruth, GroupStanding, HoldoutGroups, Join, LiveGroups, LiveQuality,
    LiveTally, Prediction, QualityPolicy, QualityVerdict,
};
pub use moved::{MovedPair, PairedColumn, PairedScore};
pub use policy::{Compat, Policy, PolicyError};
pub use table::benjamini_hochberg;
pub use together::{ALL_COLUMNS, SampledRows};
pub use wasserstein::wasserstein_sigma;

pub use pawl_data::profile::Segment;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
