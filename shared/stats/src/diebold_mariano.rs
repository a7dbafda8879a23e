//! The Diebold–Mariano test of equal forecast accuracy with the small-sample correction of Harvey,
//! Leybourne and Newbold (1997): losses of a time series are correlated, which a paired t-test ignores.
//!
//! ```
//! use pawl_stats::diebold_mariano::DieboldMariano;
//!
//! // Differences of two models' losses, one step ahead.
//! let mut test = DieboldMariano::new(1);
//! [0.1, -0.2, 0.3, 0.1, 0.2, -0.1, 0.2, 0.1].into_iter().for_each(|difference| test.push(difference));
//! let found = test.test(0.05).unwrap();
//! assert!(found.interval.low < found.estimate && found.estimate < found.interval.high);
//! ```

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Interval;
use super::autocovariance::{Autocovariance, Dependence};
use super::moments::student_upper;

/// What the test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecasts {
    /// Mean of the loss differences.
    pub estimate: f64,
    /// The corrected statistic, Student's t with n − 1 degrees of freedom.
    pub statistic: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Interval of the mean difference.
    pub interval: Interval,
}

/// Lags beyond the horizon that are looked at too: a day of hours.
const BEYOND: usize = 24;

/// The test over loss differences in the order of time, one by one: memory grows with the horizon, not with
/// the rows.
#[derive(Debug, Clone)]
pub struct DieboldMariano {
    /// Steps ahead, at least 1.
    horizon: usize,
    differences: Autocovariance,
}

impl DieboldMariano {
    /// A test of forecasts so many steps ahead, 1 or more.
    pub fn new(horizon: usize) -> Self {
        let horizon = horizon.max(1);
        Self { horizon, differences: Autocovariance::new(horizon - 1 + BEYOND) }
    }

    /// Takes the next difference in.
    pub fn push(&mut self, difference: f64) {
        self.differences.push(difference);
    }

    /// Whether differences depend on each other further apart than the horizon covers: those of forecasts so
    /// many steps ahead do so only within it, and the test takes the rest for independent.
    pub fn dependence(&self) -> Option<Dependence> {
        self.differences.dependence(self.horizon)
    }

    /// The test with its interval at two-sided level `alpha`. `None` where the long-run variance is not
    /// positive or there are no more rows than steps.
    pub fn test(&self, alpha: f64) -> Option<Forecasts> {
        let rows = self.differences.rows();
        if rows <= self.horizon as u64 {
            return None;
        }
        let (count, h) = (rows as f64, self.horizon as f64);
        let covariances = self.differences.values().take(self.horizon);
        let long_run: f64 = covariances.enumerate().map(|(lag, c)| if lag == 0 { c } else { 2.0 * c }).sum();
        let correction = (count + 1.0 - 2.0 * h + h * (h - 1.0) / count) / count;
        // The correction shrinks the statistic, so it widens the error.
        let error = (long_run / count / correction).sqrt();
        let estimate = self.differences.mean();
        // What rounding leaves of differences that are all alike is no variance.
        if !(error > 1e-12 * estimate.abs() && error.is_finite()) {
            return None;
        }
        let statistic = estimate / error;
        let law = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
        Some(Forecasts {
            estimate,
            statistic,
            p_value: (2.0 * law.sf(statistic.abs())).min(1.0),
            interval: Interval::around(estimate, student_upper(&law, alpha / 2.0) * error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diebold_mariano(differences: &[f64], horizon: usize, alpha: f64) -> Option<Forecasts> {
        let mut test = DieboldMariano::new(horizon);
        differences.iter().for_each(|difference| test.push(*difference));
        test.test(alpha)
    }

    #[test]
    fn nothing_to_test_is_no_answer() {
        assert_eq!(diebold_mariano(&[], 1, 0.05), None);
        assert_eq!(diebold_mariano(&[1.0, 1.0, 1.0], 1, 0.05), None);
        assert_eq!(diebold_mariano(&[0.1, 0.1, 0.1, 0.1], 2, 0.05), None);
        assert_eq!(diebold_mariano(&[1.0, 2.0], 2, 0.05), None);
    }
}
