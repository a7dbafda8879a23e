//! What counts as drift: the thresholds a team may change, with their defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The section `drift` of `pipeline.yaml`: when data has moved enough to say so.
///
/// A column drifts on an axis only if all three hold: enough data, significant, material.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
// Long: it is a section of pipeline.yaml, field by field.
pub struct Policy {
    /// Decide by another tool's own default rule instead, for a like-for-like move (none).
    pub compat: Option<Compat>,
    /// The false discovery rate of Benjamini–Hochberg over columns, axes and segments (0.05).
    pub false_discovery_rate: f64,
    /// The least rows of the batch that carry evidence on an axis (200); fewer is `insufficient_data`.
    pub min_rows: u64,
    /// The least effective rows nm/(n+m) of baseline and batch together (100).
    pub min_effective_rows: f64,
    /// De-biased PSI from which a moved shape is a warning (0.1).
    pub psi_warn: f64,
    /// De-biased PSI from which a moved shape is drift (0.25).
    pub psi_drift: f64,
    /// Lower bound of the KS distance from which a moved shape is drift (0.1). Numeric columns only.
    pub ks_drift: f64,
    /// Wasserstein-1 distance, in standard deviations of the baseline, from which numbers drift (0.12).
    pub wasserstein_drift: f64,
    /// De-biased Jensen–Shannon distance from which values drift that are counted each by itself: texts,
    /// booleans, numbers of few values (0.08, as of a normal column that moves by 0.19 deviations).
    pub jensen_shannon_drift: f64,
    /// Added share of unseen or out of range values that is drift (0.01).
    pub unseen_drift: f64,
    /// The least change of a share that matters (0.01): of missing values, a type, a value, a tail. It is
    /// drift where the share became `ratio_drift` times larger or smaller, and else, of missing
    /// values and types, a warning where its lower bound is as large.
    pub share_warn: f64,
    /// Lower bound of the change of a share that is drift whatever its ratio, also of a bin (0.05).
    pub share_drift: f64,
    /// How many times larger or smaller a share must become that moved by less than `share_drift` (2).
    pub ratio_drift: f64,
    /// Lower bound of the change of a correlation of two columns that is a warning (0.1).
    pub correlation_warn: f64,
    /// Lower bound of the change of a correlation of two columns that is drift (0.2).
    pub correlation_drift: f64,
    /// In how many windows in a row a column must drift before it counts; until then it is a
    /// warning (1: at once).
    pub persist_windows: u32,
    /// The least share of the champion's feature importance that must sit in drifted features for
    /// the features to drift; below it they are a warning (0: any). Only where every feature
    /// reports its importance.
    pub importance_drift: f64,
}

/// Another tool whose default rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// Evidently: KS, chi-square or Z at 0.05 up to 1000 rows of baseline, distances of 0.1 beyond.
    Evidently,
    /// SageMaker Model Monitor: Robust L-infinity distance above 0.1.
    Sagemaker,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            compat: None,
            false_discovery_rate: 0.05,
            min_rows: 200,
            min_effective_rows: 100.0,
            psi_warn: 0.1,
            psi_drift: 0.25,
            ks_drift: 0.1,
            wasserstein_drift: 0.12,
            jensen_shannon_drift: 0.08,
            unseen_drift: 0.01,
            share_warn: 0.01,
            share_drift: 0.05,
            ratio_drift: 2.0,
            correlation_warn: 0.1,
            correlation_drift: 0.2,
            persist_windows: 1,
            importance_drift: 0.0,
        }
    }
}

/// A threshold of the policy that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("drift.{field} is {value}: {fix}")]
pub struct PolicyError {
    /// The field's name in `pipeline.yaml`.
    pub field: &'static str,
    /// Its value.
    pub value: f64,
    /// What would be right.
    pub fix: &'static str,
}

impl Policy {
    /// Checks that each threshold is a number in its range and that warnings come before drift.
    pub fn check(&self) -> Result<(), PolicyError> {
        let share = |field, value: f64| {
            if value > 0.0 && value < 1.0 {
                Ok(())
            } else {
                Err(PolicyError { field, value, fix: "give a fraction above 0 and below 1" })
            }
        };
        share("false_discovery_rate", self.false_discovery_rate)?;
        share("ks_drift", self.ks_drift)?;
        share("unseen_drift", self.unseen_drift)?;
        share("jensen_shannon_drift", self.jensen_shannon_drift)?;
        share("share_warn", self.share_warn)?;
        share("share_drift", self.share_drift)?;
        share("correlation_warn", self.correlation_warn)?;
        share("correlation_drift", self.correlation_drift)?;
        if !(0.0..=1.0).contains(&self.importance_drift) {
            let (field, value) = ("importance_drift", self.importance_drift);
            return Err(PolicyError { field, value, fix: "give a fraction from 0 to 1" });
        }
        let positive = |field, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(PolicyError { field, value, fix: "give a number above 0" })
            }
        };
        positive("persist_windows", f64::from(self.persist_windows))?;
        positive("min_rows", self.min_rows as f64)?;
        positive("min_effective_rows", self.min_effective_rows)?;
        positive("wasserstein_drift", self.wasserstein_drift)?;
        positive("psi_warn", self.psi_warn)?;
        positive("psi_drift", self.psi_drift)?;
        let order = |field, value: f64, warn: f64| {
            if warn <= value {
                Ok(())
            } else {
                Err(PolicyError { field, value, fix: "must not be below the threshold of the warning" })
            }
        };
        if !(self.ratio_drift > 1.0 && self.ratio_drift.is_finite()) {
            let (field, value) = ("ratio_drift", self.ratio_drift);
            return Err(PolicyError { field, value, fix: "give a number above 1" });
        }
        order("psi_drift", self.psi_drift, self.psi_warn)?;
        order("correlation_drift", self.correlation_drift, self.correlation_warn)?;
        order("share_drift", self.share_drift, self.share_warn)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_bad_thresholds_are_named() {
        Policy::default().check().unwrap();
        let nan = Policy { psi_warn: f64::NAN, ..Policy::default() };
        assert_eq!(nan.check().unwrap_err().field, "psi_warn");
        let inverted = Policy { psi_drift: 0.05, ..Policy::default() };
        assert_eq!(
            inverted.check().unwrap_err().to_string(),
            "drift.psi_drift is 0.05: must not be below the threshold of the warning"
        );
        assert_eq!(Policy { ks_drift: 1.0, ..Policy::default() }.check().unwrap_err().field, "ks_drift");
        assert_eq!(
            Policy { ratio_drift: 1.0, ..Policy::default() }.check().unwrap_err().field,
            "ratio_drift"
        );
        assert_eq!(Policy { min_rows: 0, ..Policy::default() }.check().unwrap_err().field, "min_rows");
    }
}
