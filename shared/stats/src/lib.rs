//! Paired tests: each a pure function from counts or scores to an effect, an interval and a p-value.
//!
//! Formulas and worked numbers come from the sources named beside each function; every one is
//! checked against printed values and against scipy, statsmodels or scikit-learn.
//!
//! ```
//! let interval = pawl_stats::wilson(7, 10, 0.05).unwrap();
//! assert!(interval.low > 0.39 && interval.high < 0.9);
//! ```

pub mod autocovariance;
pub mod average_precision;
pub mod bca;
pub mod binomial;
pub mod concordance;
pub mod delong;
pub mod diebold_mariano;
pub mod jackknife;
pub mod mcnemar;
pub mod moments;
pub mod newcombe;
pub mod power;
pub mod quantile;
pub mod sequential;
pub mod sorted;
pub mod tail;
pub mod tango;
pub mod wilcoxon;

#[cfg(test)]
mod golden;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// An interval of values, both ends inside. Serialises as `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// The interval `centre ± half_width`.
    pub fn around(centre: f64, half_width: f64) -> Self {
        Self { low: centre - half_width, high: centre + half_width }
    }
}

impl From<[f64; 2]> for Interval {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

impl From<Interval> for [f64; 2] {
    fn from(interval: Interval) -> Self {
        [interval.low, interval.high]
    }
}

/// The probability that a standard normal value exceeds `z`; precise in the far tail.
pub fn normal_sf(z: f64) -> f64 {
    Normal::standard().sf(z)
}

/// The standard normal quantile that leaves `tail` (0 to 1, exclusive) above it.
pub fn normal_upper(tail: f64) -> f64 {
    -Normal::standard().inverse_cdf(tail)
}

/// The two-sided p-value of a standard normal statistic.
pub fn two_sided(z: f64) -> f64 {
    (2.0 * normal_sf(z.abs())).min(1.0)
}

/// Holm's step-down adjustment of a family of p-values, in the order given.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let at = |i: usize| p_values.get(i).copied().unwrap_or(1.0);
    order.sort_by(|&a, &b| at(a).total_cmp(&at(b)));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max(at(i) * (p_values.len() - rank) as f64).min(1.0);
        if let Some(slot) = adjusted.get_mut(i) {
            *slot = largest;
        }
    }
    adjusted
}

/// Wilson's score interval of a proportion at two-sided level `alpha`; `None` without trials.
pub fn wilson(hits: u64, trials: u64, alpha: f64) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let (n, p, z) = (trials as f64, hits as f64 / trials as f64, normal_upper(alpha / 2.0));
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Some(Interval::around(centre, half))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// statistics.md: Holm on .01 .04 .03 .005.
    #[test]
    fn holm_to_printed_digits() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (value, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((value - expected).abs() < 1e-15, "{found:?}");
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    /// statistics.md: Newcombe 56/70 − 48/80.
    #[test]
    fn newcombe_to_printed_digits() {
        let found = newcombe::newcombe(48, 80, 56, 70, normal_upper(0.025));
        assert!(
            found
                .is_some_and(|(low, high)| (low - 0.0524315).abs() < 5e-8 && (high - 0.3338727).abs() < 5e-8)
        );
    }

    #[test]
    fn normal_tails_are_precise() {
        assert!((normal_upper(0.025) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((normal_sf(10.0) / 7.619_853_024_160_527e-24 - 1.0).abs() < 1e-10);
        assert_eq!(two_sided(0.0), 1.0);
    }
}
