//! Before a comparison starts: can it find what it is meant to find?

use statrs::distribution::{Beta, Continuous, ContinuousCDF};

use super::normal_upper;

/// Rows a paired comparison needs to find an accuracy gain `gain` (above 0) with probability `power`
/// at one-sided level `alpha`, when the models disagree on a share `discordance` of rows
/// (at least `gain`). `None` for numbers that cannot be.
pub fn paired_rows(discordance: f64, gain: f64, alpha: f64, power: f64) -> Option<u64> {
    let share = |x: f64| x > 0.0 && x < 1.0;
    if !(share(gain) && discordance >= gain && discordance <= 1.0 && share(alpha) && share(power)) {
        return None;
    }
    let spread = (discordance - gain * gain).max(0.0).sqrt();
    let reach = normal_upper(alpha) * discordance.sqrt() + normal_upper(1.0 - power) * spread;
    Some((reach / gain).powi(2).ceil() as u64)
}

/// The Clopper–Pearson upper bound, one-sided level `alpha`, of a share seen `hits` times in
/// `trials`: what a latency or an error rate may still be. 1 without trials.
pub fn share_upper_bound(hits: u64, trials: u64, alpha: f64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    Beta::new(hits as f64 + 1.0, (trials - hits) as f64).map_or(1.0, |law| {
        let at = law.inverse_cdf(1.0 - alpha);
        // The library stops at nine digits; one step of Newton's gives the rest.
        at - (law.cdf(at) - (1.0 - alpha)) / law.pdf(at)
    })
}

/// The fewest requests that certify a share below `limit` at one-sided level `alpha` when `hits`
/// of them exceed. `None` for a limit or level outside 0 to 1.
pub fn requests_to_certify(limit: f64, hits: u64, alpha: f64) -> Option<u64> {
    let share = |x: f64| x > 0.0 && x < 1.0;
    if !(share(limit) && share(alpha)) {
        return None;
    }
    let (mut low, mut high) = (hits, hits + 1);
    let certified = |trials| at_most(hits, trials, limit) < alpha;
    while !certified(high) {
        (low, high) = (high, high.checked_mul(2)?);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if certified(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// `P(X <= hits)` for a binomial of `trials` at `share`.
fn at_most(hits: u64, trials: u64, share: f64) -> f64 {
    let odds = share / (1.0 - share);
    let mut ln_term = trials as f64 * (-share).ln_1p();
    let mut sum = 0.0;
    for k in 0..=hits.min(trials) {
        sum += ln_term.exp();
        ln_term += ((trials - k) as f64 / (k + 1) as f64 * odds).ln();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// statistics.md: p99 < 500 ms, certified with 0, 1, 2, 3 exceedances.
    #[test]
    fn requests_to_printed_digits() {
        let needed: Vec<_> = (0..4).filter_map(|hits| requests_to_certify(0.01, hits, 0.05)).collect();
        assert_eq!(needed, [299, 473, 628, 773]);
        for (hits, trials) in (0..4).zip(needed) {
            assert!(share_upper_bound(hits, trials, 0.05) < 0.01);
            assert!(share_upper_bound(hits, trials - 1, 0.05) >= 0.01);
        }
        assert_eq!(share_upper_bound(0, 0, 0.05), 1.0);
        assert_eq!(requests_to_certify(0.0, 1, 0.05), None);
    }

    /// statistics.md: one-sided 5 %, power 0.8.
    #[test]
    fn sample_sizes_to_printed_digits() {
        assert_eq!(paired_rows(0.05, 0.01, 0.05, 0.8), Some(3090));
        assert_eq!(paired_rows(0.10, 0.01, 0.05, 0.8), Some(6181));
        assert_eq!(paired_rows(0.005, 0.01, 0.05, 0.8), None);
        assert_eq!(paired_rows(0.1, 0.0, 0.05, 0.8), None);
    }
}
