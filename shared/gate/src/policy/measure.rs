//! Clarify's measures of fairness by their names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Clarify's post-training measures. Differences are fair at 0, the ratio `DI` at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Measure {
    /// Difference in positive proportions in predicted labels: q̂a − q̂d.
    #[serde(rename = "DPPL")]
    Dppl,
    /// Disparate impact, the selection ratio: q̂d / q̂a.
    #[serde(rename = "DI")]
    Di,
    /// Difference in conditional acceptance: labels per selection, a − d.
    #[serde(rename = "DCAcc")]
    Dcacc,
    /// Difference in conditional rejection: negative labels per rejection, d − a.
    #[serde(rename = "DCR")]
    Dcr,
    /// Specificity difference, d − a.
    #[serde(rename = "SD")]
    Sd,
    /// Recall difference, a − d.
    #[serde(rename = "RD")]
    Rd,
    /// Difference in acceptance rates (precision), a − d.
    #[serde(rename = "DAR")]
    Dar,
    /// Difference in rejection rates (true share of rejections), d − a.
    #[serde(rename = "DRR")]
    Drr,
    /// Accuracy difference, a − d.
    #[serde(rename = "AD")]
    Ad,
    /// Treatment equality: false negatives per false positive, d − a.
    #[serde(rename = "TE")]
    Te,
    /// Generalized entropy of benefits over all rows, α = 2.
    #[serde(rename = "GE")]
    Ge,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Dppl,
        Self::Di,
        Self::Dcacc,
        Self::Dcr,
        Self::Sd,
        Self::Rd,
        Self::Dar,
        Self::Drr,
        Self::Ad,
        Self::Te,
        Self::Ge,
    ];

    /// Clarify's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dppl => "DPPL",
            Self::Di => "DI",
            Self::Dcacc => "DCAcc",
            Self::Dcr => "DCR",
            Self::Sd => "SD",
            Self::Rd => "RD",
            Self::Dar => "DAR",
            Self::Drr => "DRR",
            Self::Ad => "AD",
            Self::Te => "TE",
            Self::Ge => "GE",
        }
    }

    /// The measure of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == name)
    }

    /// How far a value is from fair: 0 is fair. For the ratio, 1 − the smaller of it and its inverse.
    pub fn unfairness(self, value: f64) -> f64 {
        match self {
            Self::Di => 1.0 - value.min(1.0 / value),
            _ => value.abs(),
        }
    }

    /// How far an acceptable value may be from fair, where a rule names one.
    pub fn allowance(self, acceptable: f64) -> f64 {
        match self {
            Self::Di => 1.0 - acceptable,
            _ => acceptable,
        }
    }
}
