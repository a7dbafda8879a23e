//! The bias-corrected and accelerated bootstrap interval (Efron 1987), and the p-value that inverts it.
//!
//! ```
//! use pawl_stats::bca::bca;
//!
//! let mut replicates: Vec<f64> = (0..200).map(|i| f64::from(i) / 100.0).collect();
//! let found = bca(1.0, &mut replicates, &[0.9, 1.0, 1.1], 0.05).unwrap();
//! assert!(found.interval.low < 1.0 && found.interval.high > 1.0);
//! assert_eq!(bca(1.0, &mut [1.0; 10], &[0.9, 1.1], 0.05), None); // too few replicates
//! ```

use statrs::distribution::{ContinuousCDF, Normal};

use super::Interval;

/// A statistic, its interval and the p-value of "it is zero".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bca {
    /// At the two-sided level asked for.
    pub interval: Interval,
    /// Two-sided; at least `2 / (replicates + 1)`.
    pub p_value: f64,
}

/// The interval of a statistic at two-sided level `alpha`, from its value over the rows, over
/// resamples and with each unit left out. Sorts the replicates. `None` with fewer than 100 replicates
/// or 2 units, with a value that is not finite, or when nothing varies.
pub fn bca(estimate: f64, replicates: &mut [f64], jackknife: &[f64], alpha: f64) -> Option<Bca> {
    let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
    if replicates.len() < 100 || jackknife.len() < 2 || !estimate.is_finite() {
        return None;
    }
    if !finite(replicates) || !finite(jackknife) {
        return None;
    }
    replicates.sort_unstable_by(f64::total_cmp);
    let acceleration = acceleration(jackknife)?;
    let normal = Normal::standard();
    let bias = normal.inverse_cdf(share_below(replicates, estimate));
    let end = |z: f64| {
        let shifted = bias + z;
        let level = normal.cdf(bias + shifted / (1.0 - acceleration * shifted));
        quantile(replicates, level)
    };
    let z = normal.inverse_cdf(1.0 - alpha / 2.0);
    let interval = Interval { low: end(-z)?, high: end(z)? };
    // The level at which an end of the interval meets zero.
    let reach = normal.inverse_cdf(share_below(replicates, 0.0)) - bias;
    let z_zero = reach / (1.0 + acceleration * reach) - bias;
    let tail = normal.cdf(-z_zero.abs()).max(1.0 / (replicates.len() + 1) as f64);
    Some(Bca { interval, p_value: (2.0 * tail).min(1.0) })
}

/// Skewness of the leave-one-out values over 6; 0 where they are symmetric, `None` where nothing varies.
fn acceleration(jackknife: &[f64]) -> Option<f64> {
    let mean = jackknife.iter().sum::<f64>() / jackknife.len() as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in jackknife {
        let d = mean - value;
        squares += d * d;
        cubes += d * d * d;
    }
    (squares > 0.0).then(|| cubes / (6.0 * squares.powf(1.5)))
}

/// The share of sorted values below `at`, ties half, kept off 0 and 1 by half a value.
fn share_below(sorted: &[f64], at: f64) -> f64 {
    let below = sorted.partition_point(|v| *v < at) as f64;
    let tied = sorted.partition_point(|v| *v <= at) as f64 - below;
    let n = sorted.len() as f64;
    ((below + tied / 2.0).clamp(0.5, n - 0.5)) / n
}

/// The quantile at `level`, linear between the sorted values.
fn quantile(sorted: &[f64], level: f64) -> Option<f64> {
    let place = level.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{normal_upper, two_sided};

    /// Replicates at the quantiles of a normal: the interval and the p-value are the normal's.
    #[test]
    fn a_normal_statistic_has_a_normal_interval() {
        let n = 20_000;
        let quantile = |i: usize| normal_upper(1.0 - (i as f64 + 0.5) / f64::from(n));
        let mut replicates: Vec<f64> = (0..n as usize).map(|i| 2.5 + quantile(i)).collect();
        let jackknife = [1.0, -1.0, 2.0, -2.0];
        let found = bca(2.5, &mut replicates, &jackknife, 0.05).unwrap();
        assert!((found.interval.low - 0.540).abs() < 2e-3, "{found:?}");
        assert!((found.interval.high - 4.460).abs() < 2e-3, "{found:?}");
        assert!((found.p_value - two_sided(2.5)).abs() < 2e-4, "{found:?}");
        assert_eq!(bca(2.5, &mut replicates, &[1.0, 1.0], 0.05), None);
        assert_eq!(bca(f64::NAN, &mut replicates, &jackknife, 0.05), None);
    }

    /// The p-value is the level at which an end of the interval meets zero, skewed or not.
    #[test]
    fn p_value_and_interval_agree() {
        let mut replicates: Vec<f64> = (1..2000).map(|i| (f64::from(i) / 400.0).exp() - 3.0).collect();
        let jackknife = [0.1, 0.4, 0.2, 3.0, 0.3];
        let p = bca(9.0, &mut replicates, &jackknife, 0.05).unwrap().p_value;
        let at = |alpha: f64| bca(9.0, &mut replicates.clone(), &jackknife, alpha).unwrap().interval;
        assert!(at(p * 1.05).low > 0.0 && at(p * 0.95).low < 0.0, "{p} {:?}", at(p));
    }
}
