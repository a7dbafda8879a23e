//! Tests that may be looked at after every request: their error holds over all looks together.
//!
//! ```
//! use pawl_stats::mcnemar::Discordance;
//! use pawl_stats::sequential::{PRIOR, ln_evidence};
//!
//! let table = Discordance { challenger_only: 70, champion_only: 30, rows: 1000 };
//! // Beyond ln(1/0.025): the challenger is better, however often one looked before.
//! assert!(ln_evidence(&table, PRIOR) > (1.0_f64 / 0.025).ln());
//! ```

use statrs::function::gamma::ln_gamma;

use super::binomial::{half_cdf, ln_half_pmf};
use super::mcnemar::Discordance;

/// The default prior strength of [`ln_evidence`]: tuned to gains of a percentage point.
pub const PRIOR: u64 = 20;

/// The e-value that the challenger is the better one: a bet that starts at 1 and, were both models
/// equally good, would exceed `1/α` at any look with probability at most α.
///
/// Beta-binomial mixture over discordant rows, prior Beta(k, k) cut to "the challenger wins more often":
/// `E = 2^(m+1) · B(b+k, c+k) / B(k, k) · I_½(c+k, b+k)`. Swap the counts for the bet on the champion.
/// Natural logarithm, since a clear case overflows.
pub fn ln_evidence(table: &Discordance, prior: u64) -> f64 {
    let (b, c, k) = (table.challenger_only, table.champion_only, prior.max(1));
    let all = b + c + 2 * k - 2;
    // 2^m · B(b+k, c+k) through the binomial probability, which is exact for large counts.
    let ln_beta = (2.0 - 2.0 * k as f64) * std::f64::consts::LN_2
        - ((all + 1) as f64).ln()
        - ln_half_pmf(b + k - 1, all);
    let ln_prior = 2.0 * ln_gamma(k as f64) - ln_gamma(2.0 * k as f64);
    // I_½(c+k, b+k) = P(Bin(m+2k−1, ½) ≤ b+k−1).
    std::f64::consts::LN_2 + ln_beta - ln_prior + half_cdf(b + k - 1, all + 1).ln()
}

/// The half-width of the asymptotic confidence sequence (Waudby-Smith and others 2021) of a mean after `n`
/// values with standard deviation `deviation`: it holds at every look at once at two-sided level `alpha`
/// and is tightest near `tuned_for` values. `None` before the first value, and where a number is none or
/// out of its range.
pub fn confidence_half_width(n: u64, deviation: f64, alpha: f64, tuned_for: f64) -> Option<f64> {
    if n == 0 || !(alpha > 0.0 && alpha < 1.0 && tuned_for > 0.0) {
        return None;
    }
    let ln_alpha = alpha.ln();
    let rho_squared = (-2.0 * ln_alpha + (1.0 - 2.0 * ln_alpha).ln()) / tuned_for;
    let spread = n as f64 * rho_squared;
    let inside = 2.0 * (spread + 1.0) * ((spread + 1.0).sqrt() / alpha).ln() / (n as f64 * spread);
    Some(deviation * inside.sqrt()).filter(|half| half.is_finite())
}

/// The number of values at which the intervals of live quality are tightest.
pub const TUNED_FOR: f64 = 5000.0;

/// The always-valid interval of a share: valid at every look at once, so that a monitor may look each hour.
/// It takes rows as independent. Asymptotic confidence sequence (Waudby-Smith and others), tightest at 5000
/// rows.
pub fn always_valid(share: f64, rows: u64, alpha: f64) -> Option<(f64, f64)> {
    // One right and one wrong answer more: a perfect record is not certainty.
    let smoothed = (share * rows as f64 + 1.0) / (rows as f64 + 2.0);
    let half = confidence_half_width(rows, (smoothed * (1.0 - smoothed)).sqrt(), alpha, TUNED_FOR)?;
    Some(((share - half).max(0.0), (share + half).min(1.0)))
}

/// The natural logarithm of a bet against `share` being the share of hits: it starts at 1, and were `share`
/// the right one, it would exceed `1/α` at any look with probability at most α, however small the share is
/// (Ville).
///
/// Beta-binomial mixture (Robbins 1970) under Jeffreys' prior:
/// `M(p) = B(h + ½, n − h + ½) / B(½, ½) / (p^h (1 − p)^(n − h))`. Rows are independent, or each has the
/// share `p` whatever was seen before.
pub fn ln_share_evidence(hits: u64, rows: u64, share: f64) -> f64 {
    Bet::on(hits, rows).against(share)
}

/// The bet's counts, with all of it that does not depend on the share.
struct Bet {
    hits: f64,
    misses: f64,
    ln_mixture: f64,
}

impl Bet {
    fn on(hits: u64, rows: u64) -> Self {
        let (hits, misses) = (hits as f64, rows.saturating_sub(hits) as f64);
        let ln_beta = ln_gamma(hits + 0.5) + ln_gamma(misses + 0.5) - ln_gamma(hits + misses + 1.0);
        Self { hits, misses, ln_mixture: ln_beta - std::f64::consts::PI.ln() }
    }

    fn against(&self, share: f64) -> f64 {
        // 0 ln 0 is 0: no hits say nothing against a share of 0.
        let part = |count: f64, ln_share: f64| if count == 0.0 { 0.0 } else { count * ln_share };
        self.ln_mixture - part(self.hits, share.ln()) - part(self.misses, (-share).ln_1p())
    }
}

/// The shares that [`ln_share_evidence`] has nothing against: an interval that is valid at every look at once
/// at two-sided level `alpha`, however rare the hits and few the rows, unlike [`always_valid`], which holds
/// for many rows. `None` before the first row, and for a level that is none.
pub fn share_interval(hits: u64, rows: u64, alpha: f64) -> Option<(f64, f64)> {
    if rows == 0 || hits > rows || !(alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let bet = Bet::on(hits, rows);
    let is_out = |share: f64| bet.against(share) >= -alpha.ln();
    let end = |mut outside: f64| {
        let mut inside = hits as f64 / rows as f64;
        if !is_out(outside) {
            return outside;
        }
        // The bet is convex in the share, and least at the one seen. Ends on the outer side of what doubles
        // can tell.
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (inside + outside);
            *if is_out(middle) { &mut outside } else { &mut inside } = middle;
        }
        outside
    };
    Some((end(0.0), end(1.0)))
}

/// Halvings of an interval of at most 1: beyond them an end of 1e-17 moves no more.
const BISECTIONS: u32 = 60;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn evidence(b: u64, c: u64, prior: u64) -> f64 {
        let table = Discordance { challenger_only: b, champion_only: c, rows: b + c };
        ln_evidence(&table, prior).exp()
    }

    /// statistics.md: sequential McNemar, k = 1.
    #[test]
    fn evidence_to_printed_digits() {
        assert!((evidence(70, 30, 1) - 854.5897).abs() < 5e-5);
        assert!((evidence(60, 40, 1) - 1.78406).abs() < 5e-6);
        assert!((evidence(7, 1, 1) - 6.97222).abs() < 5e-6);
    }

    #[test]
    fn nothing_seen_is_worth_a_bet_of_one() {
        assert!((evidence(0, 0, 1) - 1.0).abs() < 1e-14);
        assert!((evidence(0, 0, PRIOR) - 1.0).abs() < 1e-13);
    }

    /// Over one more discordant row, fair coin: the bet's mean stays what it was (a martingale under
    /// the boundary of the hypothesis).
    #[test]
    fn a_fair_coin_earns_nothing_on_average() {
        for (b, c) in [(0, 0), (5, 3), (40, 60), (1000, 900)] {
            let now = evidence(b, c, PRIOR);
            let next = 0.5 * (evidence(b + 1, c, PRIOR) + evidence(b, c + 1, PRIOR));
            assert!((next / now - 1.0).abs() < 1e-9, "{b} {c}: {now} {next}");
        }
    }

    #[test]
    fn a_share_of_nothing_or_at_no_level_has_no_interval() {
        for (hits, rows, alpha) in [(0, 0, 0.05), (3, 2, 0.05), (1, 2, 0.0), (1, 2, 1.0), (1, 2, f64::NAN)] {
            assert_eq!(share_interval(hits, rows, alpha), None);
        }
    }

    /// Over one more row the bet's mean stays what it was, were the share the right one.
    #[test]
    fn a_bet_on_the_right_share_earns_nothing_on_average() {
        assert!(ln_share_evidence(0, 0, 0.3).abs() < 1e-14);
        for (hits, rows) in [(0, 0), (0, 50), (3, 10), (700, 1000), (1000, 1000)] {
            for share in [0.001, 0.3, 0.95] {
                let of = |hits, rows| ln_share_evidence(hits, rows, share);
                let now = of(hits, rows);
                let mean = share * (of(hits + 1, rows + 1) - now).exp()
                    + (1.0 - share) * (of(hits, rows + 1) - now).exp();
                assert!((mean - 1.0).abs() < 1e-9, "{hits} {rows} {share}: {mean}");
            }
        }
    }

    #[test]
    fn an_interval_narrows_with_rows_and_holds_its_share() {
        for rows in [1u64, 10, 1000, 100_000, 10_000_000] {
            for tenth in 0..=10 {
                let hits = rows * tenth / 10;
                let (low, high) = share_interval(hits, rows, 0.01).unwrap();
                let share = hits as f64 / rows as f64;
                assert!(0.0 <= low && low <= share && share <= high && high <= 1.0, "{hits} of {rows}");
                let (closer, higher) = share_interval(hits * 10, rows * 10, 0.01).unwrap();
                assert!(low <= closer && higher <= high && higher - closer < high - low, "{hits} of {rows}");
            }
        }
    }

    /// statistics.md: asymptotic CS, σ = 1, α = .05, N* = 5000.
    #[test]
    fn confidence_sequence_to_printed_digits() {
        assert!((confidence_half_width(1000, 1.0, 0.05, 5000.0).unwrap() - 0.1063755).abs() < 5e-8);
        assert!((confidence_half_width(5000, 1.0, 0.05, 5000.0).unwrap() - 0.0429243).abs() < 5e-8);
        for (n, deviation, alpha) in [(0, 1.0, 0.05), (9, 1.0, f64::NAN), (9, 1.0, 1.0), (9, f64::NAN, 0.05)]
        {
            assert_eq!(confidence_half_width(n, deviation, alpha, 5000.0), None);
        }
    }
}
