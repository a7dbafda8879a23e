//! Mean and variance of a stream of values, by Welford's update.
//!
//! ```
//! use pawl_stats::moments::Moments;
//!
//! let mut moments = Moments::default();
//! [1.0, 2.0, 3.0].into_iter().for_each(|value| moments.push(value));
//! assert_eq!((moments.mean(), moments.variance()), (Some(2.0), Some(1.0)));
//! assert!(moments.t_test(0.05).unwrap().interval.high > 2.0);
//! ```

use serde::{Deserialize, Serialize};
use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};

use super::{Interval, normal_upper, two_sided};

/// Beyond this many degrees of freedom Student's t is the normal to nine digits.
const NORMAL_FROM: f64 = 1e7;

/// Running mean and sum of squared deviations.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes one value in.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let step = value - self.mean;
        self.mean += step / self.count as f64;
        self.squares += step * (value - self.mean);
    }

    /// How many values came.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean; `None` before the first value.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The sample variance (divided by n − 1); `None` below two values.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// The standard error of the mean; `None` below two values.
    pub fn standard_error(&self) -> Option<f64> {
        self.variance().map(|v| (v / self.count as f64).sqrt())
    }

    /// Student's t-test of "the mean is zero" with the interval of the mean at two-sided level
    /// `alpha`: over paired differences, the paired t-test. `None` below two values or when all are equal.
    pub fn t_test(&self, alpha: f64) -> Option<TTest> {
        t_test(self.count, self.mean, self.variance()?, alpha)
    }
}

/// The same from what a sample amounts to; `variance` is divided by n − 1.
pub fn t_test(count: u64, mean: f64, variance: f64, alpha: f64) -> Option<TTest> {
    let error = (variance / count as f64).sqrt();
    if count < 2 || !(error > 0.0 && error.is_finite()) {
        return None;
    }
    let freedom = (count - 1) as f64;
    let statistic = mean / error;
    let (p_value, critical) = if freedom > NORMAL_FROM {
        (two_sided(statistic), normal_upper(alpha / 2.0))
    } else {
        let law = StudentsT::new(0.0, 1.0, freedom).ok()?;
        ((2.0 * law.sf(statistic.abs())).min(1.0), student_upper(&law, alpha / 2.0))
    };
    Some(TTest { statistic, p_value, interval: Interval::around(mean, critical * error) })
}

/// Student's quantile that leaves `tail` (below ½) above it. Newton's steps from the normal quantile climb
/// a convex tail and cannot overshoot; the library's own inverse is good to six digits only.
pub(super) fn student_upper(law: &StudentsT, tail: f64) -> f64 {
    let mut at = normal_upper(tail);
    for _ in 0..100 {
        let step = (law.sf(at) - tail) / law.pdf(at);
        at += step;
        if step.abs() <= 1e-15 * at.abs() {
            break;
        }
    }
    at
}

/// What a t-test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// Student's t.
    pub statistic: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Interval of the mean.
    pub interval: Interval,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// statistics.md: R's `sleep` data.
    #[test]
    fn paired_t_to_printed_digits() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let mut moments = Moments::default();
        for (a, b) in first.iter().zip(second) {
            moments.push(a - b);
        }
        let found = moments.t_test(0.05).unwrap();
        assert!((found.statistic + 4.0621277).abs() < 5e-8, "{found:?}");
        assert!((found.p_value - 0.00283289).abs() < 5e-9, "{found:?}");
        assert!((found.interval.low + 2.4598858).abs() < 5e-8, "{found:?}");
        assert!((found.interval.high + 0.7001142).abs() < 5e-8, "{found:?}");
    }

    #[test]
    fn equal_values_prove_nothing() {
        let mut moments = Moments::default();
        assert_eq!(moments.mean(), None);
        for _ in 0..5 {
            moments.push(0.25);
        }
        assert_eq!((moments.mean(), moments.variance()), (Some(0.25), Some(0.0)));
        assert_eq!(moments.t_test(0.05), None);
    }
}
