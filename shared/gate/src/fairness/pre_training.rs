//! Clarify's measures of labels alone, from counts; `a` is the advantaged side, `d` the disadvantaged group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measures::finite;
use crate::blocks::Cells;

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
