//! McNemar's test: do two models make errors on different rows equally often?
//!
//! `b` rows only the challenger gets right, `c` rows only the champion gets right; rows on which
//! both agree carry no information about the difference.
//!
//! ```
//! use pawl_stats::mcnemar::Discordance;
//!
//! let table = Discordance { challenger_only: 1, champion_only: 7, rows: 21 };
//! assert_eq!(table.discordant(), 8);
//! assert!((table.exact() - 0.0703125).abs() < 1e-15);
//! assert!((table.mid_p() - 0.0390625).abs() < 1e-15);
//! ```

use serde::{Deserialize, Serialize};

use super::binomial::{half_cdf, half_pmf};

/// The paired table of two models' correctness over the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Discordance {
    /// Rows only the challenger gets right (`b`).
    pub challenger_only: u64,
    /// Rows only the champion gets right (`c`).
    pub champion_only: u64,
    /// All rows, those on which both agree among them.
    pub rows: u64,
}

impl Discordance {
    /// Counts one row, by which of the two models are right on it.
    pub fn push(&mut self, challenger: bool, champion: bool) {
        self.rows += 1;
        self.challenger_only += u64::from(challenger && !champion);
        self.champion_only += u64::from(champion && !challenger);
    }

    /// Challenger's accuracy minus champion's; `None` without rows.
    pub fn difference(&self) -> Option<f64> {
        (self.rows > 0).then(|| (self.challenger_only as f64 - self.champion_only as f64) / self.rows as f64)
    }

    /// The exact two-sided p-value; 1 when no row is discordant.
    pub fn exact(&self) -> f64 {
        (2.0 * half_cdf(self.smaller(), self.discordant())).min(1.0)
    }

    /// The mid-p two-sided p-value: nearly exact size without the exact test's conservatism
    /// (Fagerland, Lydersen, Laake 2013); 1 when no row is discordant.
    pub fn mid_p(&self) -> f64 {
        let (small, all) = (self.smaller(), self.discordant());
        if all == 0 {
            return 1.0;
        }
        if self.challenger_only == self.champion_only {
            return 1.0 - 0.5 * half_pmf(small, all);
        }
        2.0 * half_cdf(small, all) - half_pmf(small, all)
    }

    /// The asymptotic statistic χ², 1 degree of freedom; `None` when no row is discordant.
    pub fn chi_squared(&self) -> Option<f64> {
        let (difference, all) = (self.challenger_only.abs_diff(self.champion_only) as f64, self.discordant());
        (all > 0).then(|| difference * difference / all as f64)
    }

    fn smaller(&self) -> u64 {
        self.challenger_only.min(self.champion_only)
    }

    /// Rows on which exactly one model is right (`m = b + c`).
    pub fn discordant(&self) -> u64 {
        self.challenger_only + self.champion_only
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::two_sided;

    fn table(challenger_only: u64, champion_only: u64, rows: u64) -> Discordance {
        Discordance { challenger_only, champion_only, rows }
    }

    fn close(value: f64, expected: f64, digits: f64) {
        assert!((value - expected).abs() <= digits, "{value} is not {expected}");
    }

    /// statistics.md: 1,7 of 21.
    #[test]
    fn small_table_to_printed_digits() {
        let t = table(1, 7, 21);
        close(two_sided(t.chi_squared().unwrap_or(f64::NAN).sqrt()), 0.0338949, 5e-8);
        close(t.exact(), 0.0703125, 1e-15);
        close(t.mid_p(), 0.0390625, 1e-15);
    }

    /// statistics.md: 150/86. Its exact p-value there, 3.71614e-5, does not hold: the sum of binomial
    /// coefficients over 2²³⁶ is 3.715936e-5 (tests/oracles/gate_exact.py), and the mid-p beside it agrees.
    #[test]
    fn larger_table_to_printed_digits() {
        let t = table(150, 86, 1000);
        close(t.chi_squared().unwrap_or(f64::NAN), 17.35593, 5e-6);
        close(t.exact(), 3.715_936_139_571_442e-5, 1e-18);
        close(t.mid_p(), 2.893_389_517_615_49e-5, 1e-18);
    }

    #[test]
    fn agreement_everywhere_shows_nothing() {
        let t = table(0, 0, 500);
        assert_eq!((t.exact(), t.mid_p()), (1.0, 1.0));
        assert_eq!((t.chi_squared(), t.difference()), (None, Some(0.0)));
        assert_eq!(table(0, 0, 0).difference(), None);
    }
}
