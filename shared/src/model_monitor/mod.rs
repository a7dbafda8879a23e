//! SageMaker Model Monitor's data-quality files, both ways: a team that leaves it keeps its baselines,
//! what reads its files keeps working, and the model registry's drift baselines are real files.
//!
//! - [`Statistics`] is `statistics.json`: [from](Statistics::of) a profile and [back](Statistics::profile).
//! - [`Rules`] is `constraints.json`: [suggested](Rules::suggest) from statistics, [to](Rules::constraints)
//!   Pawl's own constraints and [from](Rules::of) them.
//! - [`Violations`] is `constraint_violations.json`: what [`check`] finds in a profile.
//! - [`DeequSketch`] is the quantile sketch inside.
//!
//! ```
//! use pawl::dataset::{Scanner, Schema};
//! use pawl::model_monitor::{CheckType, Rules, Statistics, check};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let profile = |csv: &str| -> Result<_, pawl::dataset::ScanError> {
//!     let mut scanner = Scanner::new(&Schema::default());
//!     scanner.feed(csv.as_bytes(), &mut ())?;
//!     Ok(scanner.finish(&mut ())?.profile)
//! };
//! let baseline = Statistics::of(&profile("temp\n1\n2\n3\n")?);
//! let rules = Rules::suggest(&baseline);
//! let found = check(&profile("temp\n1\nhot\n\"\"\n")?, &rules, Some(&baseline))?;
//! let kinds: Vec<CheckType> = found.violations.iter().map(|it| it.constraint_check_type).collect();
//! assert_eq!(kinds, [CheckType::DataTypeCheck, CheckType::CompletenessCheck]);
//! # Ok(())
//! # }
//! ```

mod check;
mod convert;
mod distance;
mod numbers;
mod rules;
mod sketch;
mod statistics;
#[cfg(test)]
mod tests;
mod translate;
mod violations;

pub use check::{CheckError, check};
pub use convert::{ImportNote, Imported};
pub use rules::{
    CategoricalMethod, Comparison, ComparisonMethod, ComparisonOverrides, FeatureRules, Monitoring,
    NumberRules, Overrides, Rules, Switch, TextRules,
};
pub use sketch::{DeequSketch, SketchDocument, SketchParameters};
pub use statistics::{
    Bucket, Categories, Common, DatasetStatistics, Feature, InferredType, KllDistribution,
    NumberDistribution, NumberStatistics, Statistics, TextDistribution, TextStatistics, ValueCount,
};
pub use violations::{CheckType, Violation, Violations};
