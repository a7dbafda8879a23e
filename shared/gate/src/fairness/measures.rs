//! Clarify's measures from counts; `a` is the advantaged side, `d` the disadvantaged group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::{Cells, Matrix};

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
    pub fn named(name: &str) -> Option<Self> {
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
    pub(super) fn allowance(self, acceptable: f64) -> f64 {
        match self {
            Self::Di => 1.0 - acceptable,
            _ => acceptable,
        }
    }

    /// The value; NaN where a group lacks what the measure divides by.
    pub(crate) fn of(self, a: &Matrix, d: &Matrix) -> f64 {
        match self {
            Self::Dppl => a.selected() / a.rows() - d.selected() / d.rows(),
            Self::Di => finite((d.selected() / d.rows()) / (a.selected() / a.rows())),
            Self::Dcacc => a.positives() / a.selected() - d.positives() / d.selected(),
            Self::Dcr => d.negatives() / d.rejected() - a.negatives() / a.rejected(),
            Self::Sd => d.true_negatives / d.negatives() - a.true_negatives / a.negatives(),
            Self::Rd => a.true_positives / a.positives() - d.true_positives / d.positives(),
            Self::Dar => a.true_positives / a.selected() - d.true_positives / d.selected(),
            Self::Drr => d.true_negatives / d.rejected() - a.true_negatives / a.rejected(),
            Self::Ad => right(a) - right(d),
            Self::Te => finite(d.false_negatives / d.false_positives - a.false_negatives / a.false_positives),
            Self::Ge => {
                // Benefit 2 of a false positive, 1 of a right prediction, 0 of a false negative.
                let rows = a.rows() + d.rows();
                let false_positives = a.false_positives + d.false_positives;
                let right = rows - false_positives - a.false_negatives - d.false_negatives;
                let mean = (2.0 * false_positives + right) / rows;
                ((4.0 * false_positives + right) / (mean * mean) / rows - 1.0) / 2.0
            }
        }
    }
}

fn right(m: &Matrix) -> f64 {
    (m.true_positives + m.true_negatives) / m.rows()
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// Clarify's pre-training measures of a binary label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PreTraining {
    /// Class imbalance: (na − nd) / (na + nd).
    #[serde(rename = "CI")]
    Ci,
    /// Difference in positive proportions of labels: qa − qd.
    #[serde(rename = "DPL")]
    Dpl,
    /// Kullback–Leibler divergence of the labels, a from d, in nats.
    #[serde(rename = "KL")]
    Kl,
    /// Jensen–Shannon divergence of the labels, in nats.
    #[serde(rename = "JS")]
    Js,
    /// L2 norm of the difference of label distributions.
    #[serde(rename = "LP")]
    Lp,
    /// Total variation distance of the labels.
    #[serde(rename = "TVD")]
    Tvd,
    /// Kolmogorov–Smirnov distance of the labels.
    #[serde(rename = "KS")]
    Ks,
}

impl PreTraining {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Ci, Self::Dpl, Self::Kl, Self::Js, Self::Lp, Self::Tvd, Self::Ks];

    /// The value; NaN where a side is empty or a divergence has no finite value.
    pub(super) fn of(self, a: &Cells, d: &Cells) -> f64 {
        let (a, d) = (a.challenger(), d.challenger());
        let (p, q) = (a.positives() / a.rows(), d.positives() / d.rows());
        let divergence = |p: f64, q: f64| {
            let part = |p: f64, q: f64| if p == 0.0 { 0.0 } else { p * (p / q).ln() };
            part(p, q) + part(1.0 - p, 1.0 - q)
        };
        let middle = f64::midpoint(p, q);
        match self {
            Self::Ci => (a.rows() - d.rows()) / (a.rows() + d.rows()),
            Self::Dpl => p - q,
            Self::Kl => finite(divergence(p, q)),
            Self::Js => f64::midpoint(divergence(p, middle), divergence(q, middle)),
            Self::Lp => std::f64::consts::SQRT_2 * (p - q).abs(),
            Self::Tvd | Self::Ks => (p - q).abs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// a: 100 rows, 50 positive; d: 80 rows, 20 positive. Values by the formulas of Clarify's documentation.
    #[test]
    fn measures_follow_clarify() {
        let a = Matrix {
            true_positives: 40.0,
            false_positives: 20.0,
            true_negatives: 30.0,
            false_negatives: 10.0,
        };
        let d = Matrix {
            true_positives: 10.0,
            false_positives: 6.0,
            true_negatives: 54.0,
            false_negatives: 10.0,
        };
        let expected = [
            0.6 - 0.2,
            0.2 / 0.6,
            50.0 / 60.0 - 20.0 / 16.0,
            60.0 / 64.0 - 50.0 / 40.0,
            0.9 - 0.6,
            0.8 - 0.5,
            40.0 / 60.0 - 10.0 / 16.0,
            54.0 / 64.0 - 0.75,
            0.7 - 0.8,
            10.0 / 6.0 - 0.5,
            // 180 rows, 26 benefits of 2, 20 of 0: mean 186/180.
            ((4.0 * 26.0 + 134.0) / (186.0_f64 / 180.0).powi(2) / 180.0 - 1.0) / 2.0,
        ];
        for (measure, expected) in Measure::ALL.into_iter().zip(expected) {
            assert!((measure.of(&a, &d) - expected).abs() < 1e-15, "{measure:?}");
        }
        assert!((Measure::Di.unfairness(0.5) - Measure::Di.unfairness(2.0)).abs() < 1e-15);
    }

    #[test]
    fn nothing_to_divide_by_is_undefined() {
        let a = Matrix { true_negatives: 30.0, false_negatives: 10.0, ..Matrix::default() };
        let d = Matrix { true_positives: 5.0, true_negatives: 5.0, ..Matrix::default() };
        assert!(Measure::Di.of(&a, &d).is_nan());
        assert!(Measure::Te.of(&a, &d).is_nan());
        assert!(Measure::Dar.of(&a, &d).is_nan());
    }
}
