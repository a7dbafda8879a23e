//! Tango's score test and interval for the difference of paired proportions
//! (T. Tango, Statistics in Medicine 17, 1998): non-inferiority of accuracy with a margin.
//!
//! ```
//! use pawl_stats::mcnemar::Discordance;
//! use pawl_stats::tango;
//!
//! let table = Discordance { challenger_only: 30, champion_only: 40, rows: 2000 };
//! // Not worse by more than two points of accuracy.
//! let (_, p_value) = tango::non_inferiority(&table, 0.02).unwrap();
//! assert!(p_value < 0.001);
//! ```

use super::mcnemar::Discordance;
use super::{Interval, normal_sf, normal_upper};

/// The score statistic of the hypothesis "challenger's accuracy − champion's = `delta`".
///
/// `delta` lies strictly within −1 and 1. At `delta` 0 it equals McNemar's z. `None` without rows,
/// or where the score's variance is zero (no discordant row and `delta` 0).
pub fn score(table: &Discordance, delta: f64) -> Option<f64> {
    if table.rows == 0 || delta.abs() >= 1.0 {
        return None;
    }
    let (n, b, c) = (table.rows as f64, table.challenger_only as f64, table.champion_only as f64);
    let first = 2.0 * n;
    let second = -b - c + (2.0 * n - b + c) * delta;
    let third = -c * delta * (1.0 - delta);
    // Of the two forms of the root, the one that adds numbers of one sign.
    let root = (second * second - 4.0 * first * third).max(0.0).sqrt();
    let q = if second > 0.0 { -2.0 * third / (root + second) } else { (root - second) / (2.0 * first) };
    let variance = n * (2.0 * q + delta * (1.0 - delta));
    let z = (b - c - n * delta) / variance.sqrt();
    (variance > 0.0 && z.is_finite()).then_some(z)
}

/// The one-sided p-value for "not worse than the champion by `margin`" (a positive number).
pub fn non_inferiority(table: &Discordance, margin: f64) -> Option<(f64, f64)> {
    score(table, -margin).map(|z| (z, normal_sf(z)))
}

/// The score interval of the difference at two-sided level `alpha`; `None` without rows.
pub fn interval(table: &Discordance, alpha: f64) -> Option<Interval> {
    let estimate = table.difference()?;
    let critical = normal_upper(alpha / 2.0);
    // The score falls as delta grows: the ends are where it crosses ±critical.
    let below = |delta: f64| score(table, delta).is_some_and(|z| z > critical);
    let above = |delta: f64| score(table, delta).is_some_and(|z| z < -critical);
    Some(Interval { low: bisect(-1.0, estimate, below), high: bisect(1.0, estimate, above) })
}

/// The boundary between `outside` (where `excluded` holds) and `inside` (where it does not).
fn bisect(outside: f64, inside: f64, excluded: impl Fn(f64) -> bool) -> f64 {
    let (mut outside, mut inside) = (outside, inside);
    for _ in 0..200 {
        let middle = f64::midpoint(outside, inside);
        if middle == outside || middle == inside {
            break;
        }
        if excluded(middle) { outside = middle } else { inside = middle }
    }
    outside
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn table(challenger_only: u64, champion_only: u64, rows: u64) -> Discordance {
        Discordance { challenger_only, champion_only, rows }
    }

    /// statistics.md: 95 % interval of 1,7 of 21.
    #[test]
    fn interval_to_printed_digits() {
        let found = interval(&table(1, 7, 21), 0.05).unwrap();
        assert!((found.low + 0.51723).abs() < 5e-6, "{found:?}");
        assert!((found.high + 0.02600).abs() < 5e-6, "{found:?}");
    }

    /// statistics.md: b=30 c=40 n=2000.
    #[test]
    fn non_inferiority_to_printed_digits() {
        let (z, p) = non_inferiority(&table(30, 40, 2000), 0.01).unwrap();
        assert!((z - 1.17477).abs() < 5e-6 && (p - 0.12004).abs() < 5e-6, "{z} {p}");
        let (z, p) = non_inferiority(&table(30, 40, 2000), 0.02).unwrap();
        assert!((z - 3.29205).abs() < 5e-6 && (p - 0.000497).abs() < 5e-7, "{z} {p}");
    }

    #[test]
    fn nothing_discordant_still_has_an_interval() {
        let found = interval(&table(0, 0, 100), 0.05).unwrap();
        assert!(found.low < 0.0 && found.high > 0.0 && (found.low + found.high).abs() < 1e-12, "{found:?}");
        assert_eq!(interval(&table(0, 0, 0), 0.05), None);
    }

    proptest! {
        #[test]
        fn at_zero_it_is_mcnemar(b in 0_u64..400, c in 0_u64..400, rest in 0_u64..1000) {
            prop_assume!(b + c > 0);
            let t = table(b, c, b + c + rest);
            let z = score(&t, 0.0).unwrap();
            prop_assert!((z * z - t.chi_squared().unwrap()).abs() < 1e-9 * (1.0 + z * z));
        }

        #[test]
        fn the_interval_holds_the_estimate_and_turns_with_the_roles(
            b in 0_u64..400, c in 0_u64..400, rest in 0_u64..1000
        ) {
            prop_assume!(b + c + rest > 0);
            let t = table(b, c, b + c + rest);
            let found = interval(&t, 0.05).unwrap();
            let turned = interval(&table(c, b, t.rows), 0.05).unwrap();
            let estimate = t.difference().unwrap();
            prop_assert!(found.low <= estimate && estimate <= found.high);
            prop_assert!((found.low + turned.high).abs() < 1e-9 && (found.high + turned.low).abs() < 1e-9);
        }
    }
}
