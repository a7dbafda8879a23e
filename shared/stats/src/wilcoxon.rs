//! Wilcoxon's signed-rank test of paired differences: does the challenger's loss tend to be lower,
//! whatever the shape of the losses?
//!
//! ```
//! use pawl_stats::wilcoxon::{hodges_lehmann, signed_rank};
//!
//! let mut differences = vec![1.1, 2.2, -0.4, 3.1, 2.0, 1.7, 0.9, 2.6];
//! assert!(signed_rank(&mut differences).unwrap().p_value < 0.05);
//! let (median, interval) = hodges_lehmann(&mut differences, 0.05).unwrap();
//! assert!(interval.low < median && median < interval.high);
//! ```

use super::{Interval, normal_upper, two_sided};

/// Up to this many differences without ties the p-value is exact.
const EXACT_UP_TO: usize = 50;

/// What the test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// The smaller of the two rank sums.
    pub statistic: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Differences that are not zero.
    pub used: u64,
}

/// The test over these differences; zeros are left out (Wilcoxon's own rule). Ties share their mean
/// rank. `None` when no difference is left. Sorts in place.
pub fn signed_rank(differences: &mut Vec<f64>) -> Option<SignedRank> {
    differences.retain(|d| *d != 0.0);
    differences.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = differences.len();
    let (mut before, mut ties_cubed, mut positive) = (0_usize, 0.0, 0.0);
    for tied in differences.chunk_by(|a, b| a.abs() == b.abs()) {
        let size = tied.len() as f64;
        let rank = before as f64 + (size + 1.0) / 2.0;
        positive += rank * tied.iter().filter(|d| **d > 0.0).count() as f64;
        ties_cubed += size.powi(3) - size;
        before += tied.len();
    }
    if n == 0 {
        return None;
    }
    let count = n as f64;
    let all = count * (count + 1.0) / 2.0;
    let statistic = positive.min(all - positive);
    let p_value = if n <= EXACT_UP_TO && ties_cubed == 0.0 {
        (2.0 * exact_tail(n, statistic as usize)).min(1.0)
    } else {
        let variance = count * (count + 1.0) * (2.0 * count + 1.0) / 24.0 - ties_cubed / 48.0;
        two_sided((statistic - all / 2.0) / variance.sqrt())
    };
    Some(SignedRank { statistic, p_value, used: n as u64 })
}

/// `P(W <= w)` for `n` ranks with fair signs: subsets of 1..=n by their sum.
fn exact_tail(n: usize, w: usize) -> f64 {
    let mut ways = vec![0.0_f64; w + 1];
    if let Some(empty) = ways.first_mut() {
        *empty = 1.0;
    }
    for rank in 1..=n {
        for sum in (rank..=w).rev() {
            let with = ways.get(sum - rank).copied().unwrap_or(0.0);
            if let Some(slot) = ways.get_mut(sum) {
                *slot += with;
            }
        }
    }
    ways.iter().sum::<f64>() / 2_f64.powi(i32::try_from(n).unwrap_or(i32::MAX))
}

/// Hodges and Lehmann's shift, the median of the means of all pairs of differences, and its interval at
/// two-sided level `alpha`: what the signed ranks say in the differences' own unit. `None` without
/// differences. Sorts in place.
pub fn hodges_lehmann(differences: &mut [f64], alpha: f64) -> Option<(f64, Interval)> {
    differences.sort_unstable_by(f64::total_cmp);
    let n = differences.len();
    let pairs = n as u64 * (n as u64 + 1) / 2;
    let median =
        f64::midpoint(pair_mean(differences, pairs.div_ceil(2))?, pair_mean(differences, pairs / 2 + 1)?);
    let count = n as f64;
    let outside = if n <= EXACT_UP_TO {
        (0..pairs).find(|&rank| exact_tail(n, rank as usize) >= alpha / 2.0).unwrap_or(0)
    } else {
        let spread = (count * (count + 1.0) * (2.0 * count + 1.0) / 24.0).sqrt();
        (pairs as f64 / 2.0 - normal_upper(alpha / 2.0) * spread).max(0.0) as u64
    }
    .max(1);
    let interval = Interval {
        low: pair_mean(differences, outside)?,
        high: pair_mean(differences, pairs + 1 - outside)?,
    };
    Some((median, interval))
}

/// The mean of a pair (a value with itself among them) that so many are no greater than, from rising
/// values: found by halving the stretch in which it lies.
fn pair_mean(rising: &[f64], rank: u64) -> Option<f64> {
    let (mut low, mut high) = (*rising.first()?, *rising.last()?);
    let no_greater = |mean: f64| {
        let (mut partners, mut pairs) = (rising.len(), 0_u64);
        for (place, value) in rising.iter().enumerate() {
            while partners > place
                && rising.get(partners - 1).is_some_and(|other| f64::midpoint(*value, *other) > mean)
            {
                partners -= 1;
            }
            if partners <= place {
                break;
            }
            pairs += (partners - place) as u64;
        }
        pairs
    };
    if no_greater(low) >= rank {
        return Some(low);
    }
    let close = 1e-13 * low.abs().max(high.abs());
    while high - low > close {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if no_greater(middle) >= rank { high = middle } else { low = middle }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// statistics.md: the example of scipy's documentation.
    #[test]
    fn documented_example_to_printed_digits() {
        let mut differences = vec![6., 8., 14., 16., 23., 24., 28., 29., 41., -48., 49., 56., 60., -67., 75.];
        let found = signed_rank(&mut differences).unwrap();
        assert_eq!((found.statistic, found.p_value), (24.0, 0.041259765625));
    }

    /// Means of pairs of 1, 2, 4 by hand: 1, 1.5, 2, 2.5, 3, 4.
    #[test]
    fn the_shift_is_the_median_of_the_means_of_pairs() {
        let (median, interval) = hodges_lehmann(&mut [4.0, 1.0, 2.0], 0.05).unwrap();
        assert!((median - 2.25).abs() < 1e-12, "{median}");
        assert!((interval.low - 1.0).abs() < 1e-12 && (interval.high - 4.0).abs() < 1e-12, "{interval:?}");
        assert_eq!(hodges_lehmann(&mut [], 0.05), None);
        assert_eq!(hodges_lehmann(&mut [3.0; 5], 0.05).unwrap(), (3.0, Interval { low: 3.0, high: 3.0 }));
    }

    #[test]
    fn zeros_carry_nothing() {
        assert_eq!(signed_rank(&mut vec![0.0; 9]), None);
        assert_eq!(signed_rank(&mut vec![0.0, 1.0]).unwrap().p_value, 1.0);
    }
}
