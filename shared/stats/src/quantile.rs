//! Quantiles with intervals that hold whatever the law of the values, from order statistics.
//!
//! The number of values below a quantile is binomial, so two ranks bound it exactly: H. A. David and H. N.
//! Nagaraja, *Order Statistics*, 3rd edition, 2003, section 7.1; scipy's `quantile_test`. Latencies have no
//! law that one could rely on.
//!
//! ```
//! use pawl_stats::quantile;
//!
//! let latencies: Vec<f64> = (1..=1000).map(f64::from).collect();
//! assert_eq!(quantile::quantile(&latencies, 0.99), Some(990.0));
//! let bounds = quantile::interval(&latencies, 0.99, 0.05).unwrap();
//! assert!(bounds.low < 990.0 && bounds.high > 990.0);
//! // With fewer values than this nothing bounds it.
//! assert_eq!(quantile::values_needed(0.99, 0.05), 368);
//! ```

use statrs::function::beta::beta_reg;

use super::Interval;

/// `P(X <= k)` of `n` trials with this chance, above 0 and below 1.
fn binomial_cdf(k: u64, n: u64, chance: f64) -> f64 {
    if k >= n { 1.0 } else { beta_reg((n - k) as f64, (k + 1) as f64, 1.0 - chance) }
}

/// The least number of values from 0 to `n` that holds; `n + 1` where none does. Once it holds it must go
/// on to.
fn least(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, n + 1);
    while low < high {
        let middle = u64::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// The value that this share of the sorted values does not exceed (numpy's `inverted_cdf`); `None` without
/// values.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil().max(1.0);
    sorted.get(rank as usize - 1).copied()
}

/// The interval of a quantile at two-sided level `alpha`; `None` where the values are too few to bound it.
pub fn interval(sorted: &[f64], share: f64, alpha: f64) -> Option<Interval> {
    let n = sorted.len() as u64;
    let lower = least(n, |k| binomial_cdf(k, n, share) >= alpha / 2.0);
    let upper = least(n, |k| 1.0 - binomial_cdf(k, n, share) <= alpha / 2.0);
    let at = |place: u64| sorted.get(usize::try_from(place).ok()?).copied();
    Some(Interval { low: at(lower.checked_sub(1)?)?, high: at(upper)? })
}

/// So many values bound a quantile from above at two-sided level `alpha`: below it [`interval`] has no
/// answer.
pub fn values_needed(share: f64, alpha: f64) -> u64 {
    let rarer = share.max(1.0 - share);
    ((alpha / 2.0).ln() / rarer.ln()).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_values_that_bound_a_quantile() {
        let values = |n: u64| (0..n).map(|value| value as f64).collect::<Vec<_>>();
        for (share, alpha) in [(0.5, 0.05), (0.99, 0.05), (0.99, 0.025), (0.9, 0.1), (0.1, 0.1)] {
            let n = values_needed(share, alpha);
            assert!(interval(&values(n), share, alpha).is_some(), "{share} {alpha} {n}");
            assert_eq!(interval(&values(n - 1), share, alpha), None, "{share} {alpha} {n}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(interval(&[], 0.5, 0.05), None);
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.5), Some(2.0));
    }
}
