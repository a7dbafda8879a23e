//! The binomial distribution with probability ½, to full precision for millions of trials.
//!
//! Loader's saddle-point form (C. Loader, "Fast and accurate computation of binomial
//! probabilities", 2000): log-gamma differences lose eight digits at ten million trials, this does not.
//!
//! ```
//! use pawl_stats::binomial::half_cdf;
//!
//! // At most one head of eight fair coins.
//! assert!((half_cdf(1, 8) - 9.0 / 256.0).abs() < 1e-16);
//! ```

use std::f64::consts::PI;

/// `P(X = k)` for `n` fair coins.
pub fn half_pmf(k: u64, n: u64) -> f64 {
    ln_half_pmf(k, n).exp()
}

/// The natural logarithm of [`half_pmf`], for what underflows.
pub fn ln_half_pmf(k: u64, n: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    if k == 0 || k == n {
        return -(n as f64) * std::f64::consts::LN_2;
    }
    let (x, y, m) = (k as f64, (n - k) as f64, n as f64);
    stirling_error(m) - stirling_error(x) - stirling_error(y) - deviance(x, m / 2.0) - deviance(y, m / 2.0)
        + 0.5 * (m / (2.0 * PI * x * y)).ln()
}

/// `P(X <= k)` for `n` fair coins. Sums outwards from `k` until terms vanish: about `20 √n` steps at most.
pub fn half_cdf(k: u64, n: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    // The smaller tail is summed, so that no cancellation occurs.
    if 2 * k >= n { 1.0 - lower_tail(n - k - 1, n) } else { lower_tail(k, n) }
}

fn lower_tail(k: u64, n: u64) -> f64 {
    let mut term = half_pmf(k, n);
    let (mut sum, mut i) = (term, k);
    while i > 0 && term > sum * f64::EPSILON / 8.0 {
        term *= i as f64 / (n - i + 1) as f64;
        sum += term;
        i -= 1;
    }
    sum
}

/// `ln(n!) − ln(√(2πn) (n/e)^n)`: the error of Stirling's formula.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let log_factorial: f64 = (2..=(n as u64)).map(|i| (i as f64).ln()).sum();
        return log_factorial - 0.5 * (2.0 * PI * n).ln() - n * n.ln() + n;
    }
    let squared = n * n;
    let series = 1.0 / 1188.0 / squared;
    let series = (1.0 / 1680.0 - series) / squared;
    let series = (1.0 / 1260.0 - series) / squared;
    let series = (1.0 / 360.0 - series) / squared;
    (1.0 / 12.0 - series) / n
}

/// `x ln(x/mean) + mean − x`, without cancellation where `x` is near the mean.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let ratio = difference / (x + mean);
    let mut sum = difference * ratio;
    let mut term = 2.0 * x * ratio;
    let squared = ratio * ratio;
    for j in 1_u32.. {
        term *= squared;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_exact_fractions() {
        assert!((half_pmf(1, 8) - 8.0 / 256.0).abs() < 1e-15);
        assert!((half_cdf(1, 8) - 9.0 / 256.0).abs() < 1e-16);
        assert!((half_cdf(4, 8) - 163.0 / 256.0).abs() < 1e-15);
        assert_eq!(half_cdf(8, 8), 1.0);
        assert_eq!(half_pmf(9, 8), 0.0);
        assert!((half_pmf(0, 3) - 0.125).abs() < 1e-15);
    }

    #[test]
    fn the_whole_distribution_adds_up() {
        for n in [1_u64, 2, 15, 16, 17, 100, 1001] {
            let total: f64 = (0..=n).map(|k| half_pmf(k, n)).sum();
            assert!((total - 1.0).abs() < 1e-13, "{n}: {total}");
        }
    }
}
