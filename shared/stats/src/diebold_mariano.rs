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

use std::collections::VecDeque;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Interval;
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

/// The test over loss differences in the order of time, one by one: memory grows with the horizon, not with
/// the rows.
#[derive(Debug, Clone)]
pub struct DieboldMariano {
    /// Steps ahead, at least 1.
    horizon: usize,
    rows: u64,
    /// The first difference: sums are taken of what lies beyond it, so that digits last.
    origin: f64,
    sum: f64,
    /// By lag: sums of products of differences so far apart.
    products: Vec<f64>,
    first: Vec<f64>,
    last: VecDeque<f64>,
}

impl DieboldMariano {
    /// A test of forecasts so many steps ahead, 1 or more.
    pub fn new(horizon: usize) -> Self {
        let horizon = horizon.max(1);
        Self {
            horizon,
            rows: 0,
            origin: 0.0,
            sum: 0.0,
            products: vec![0.0; horizon],
            first: Vec::new(),
            last: VecDeque::new(),
        }
    }

    /// Takes the next difference in.
    pub fn push(&mut self, difference: f64) {
        if self.rows == 0 {
            self.origin = difference;
        }
        let value = difference - self.origin;
        self.rows += 1;
        self.sum += value;
        if self.first.len() < self.horizon {
            self.first.push(value);
        }
        if self.last.len() == self.horizon {
            self.last.pop_back();
        }
        self.last.push_front(value);
        for (product, before) in self.products.iter_mut().zip(&self.last) {
            *product += value * before;
        }
    }

    /// The test with its interval at two-sided level `alpha`. `None` where the long-run variance is not
    /// positive or there are no more rows than steps.
    pub fn test(&self, alpha: f64) -> Option<Forecasts> {
        if self.rows <= self.horizon as u64 {
            return None;
        }
        let (count, h) = (self.rows as f64, self.horizon as f64);
        let mean = self.sum / count;
        // Sums of all but the first, and of all but the last, so many values.
        let (mut early, mut late) = (0.0, 0.0);
        let mut long_run = 0.0;
        for (lag, product) in self.products.iter().enumerate() {
            let apart = product - mean * (2.0 * self.sum - early - late) + (count - lag as f64) * mean * mean;
            long_run += if lag == 0 { apart / count } else { 2.0 * apart / count };
            early += self.first.get(lag).unwrap_or(&0.0);
            late += self.last.get(lag).unwrap_or(&0.0);
        }
        let correction = (count + 1.0 - 2.0 * h + h * (h - 1.0) / count) / count;
        // The correction shrinks the statistic, so it widens the error.
        let error = (long_run / count / correction).sqrt();
        let estimate = self.origin + mean;
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
