//! The Diebold–Mariano test of equal forecast accuracy with the small-sample correction of Harvey,
//! Leybourne and Newbold (1997): losses of a time series are correlated, which a paired t-test ignores.

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

/// The test over loss differences in the order of time, for forecasts `horizon` steps ahead (1 or
/// more), interval at two-sided level `alpha`. `None` where the long-run variance is not positive or
/// there are no more rows than steps.
pub fn diebold_mariano(differences: &[f64], horizon: usize, alpha: f64) -> Option<Forecasts> {
    let n = differences.len();
    if horizon == 0 || n <= horizon.max(1) {
        return None;
    }
    let (count, h) = (n as f64, horizon as f64);
    let mean = differences.iter().sum::<f64>() / count;
    let covariance = |lag: usize| {
        let later = differences.get(lag..).unwrap_or_default();
        differences.iter().zip(later).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / count
    };
    let long_run = covariance(0) + 2.0 * (1..horizon).map(covariance).sum::<f64>();
    let correction = (count + 1.0 - 2.0 * h + h * (h - 1.0) / count) / count;
    // The correction shrinks the statistic, so it widens the error.
    let error = (long_run / count / correction).sqrt();
    if !(error > 0.0 && error.is_finite()) {
        return None;
    }
    let statistic = mean / error;
    let law = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
    Some(Forecasts {
        estimate: mean,
        statistic,
        p_value: (2.0 * law.sf(statistic.abs())).min(1.0),
        interval: Interval::around(mean, student_upper(&law, alpha / 2.0) * error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_test_is_no_answer() {
        assert_eq!(diebold_mariano(&[], 1, 0.05), None);
        assert_eq!(diebold_mariano(&[1.0, 1.0, 1.0], 1, 0.05), None);
        assert_eq!(diebold_mariano(&[1.0, 2.0], 2, 0.05), None);
        assert_eq!(diebold_mariano(&[1.0, 2.0, 0.0], 0, 0.05), None);
    }
}
