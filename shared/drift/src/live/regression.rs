//! Numbers, answered by numbers: how far off they are.

use serde::{Deserialize, Serialize};

use super::{LiveQuality, QualityPolicy, Side, Standing};
use pawl_data::profile::Moments;
use pawl_stats::sequential::{TUNED_FOR, confidence_half_width};

/// The absolute errors of the answers whose truth came, in the label's unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Errors(Moments);

impl Errors {
    pub(super) fn add(&mut self, answer: f64, truth: f64) {
        self.0.add((answer - truth).abs(), 1);
    }

    /// The mean absolute error; none without rows.
    pub(super) fn mean(&self) -> Option<f64> {
        self.0.mean()
    }

    /// Fills in what is known, and holds it against the expected mean absolute error.
    pub(super) fn judge(
        &self,
        expected: f64,
        policy: &QualityPolicy,
        quality: &mut LiveQuality,
    ) -> Option<Standing> {
        quality.mae = self.0.mean();
        quality.mae_interval = self.always_valid(expected, policy.alpha);
        let ((low, high), most) = (quality.mae_interval?, expected * (1.0 + policy.error_margin));
        let words = format!(
            "mean absolute error {low:.4} to {high:.4} at every look, expected {expected:.4} and at most \
             {most:.4}"
        );
        let side = match (high <= most, low > most) {
            (_, true) => Side::Bad,
            (true, false) => Side::Good,
            (false, false) => Side::Both,
        };
        Some(Standing { side, words })
    }

    /// The interval of the mean error, valid at every look at once. It takes rows as independent and their
    /// errors as of finite variance, which is estimated: an error has no bound that a bet could use.
    /// Asymptotic confidence sequence (Waudby-Smith and others), tightest at 5000 rows.
    fn always_valid(&self, expected: f64, alpha: f64) -> Option<(f64, f64)> {
        let mean = self.0.mean()?;
        // One answer more that is off by twice what is expected: a perfect record is not certainty.
        let mut smoothed = self.0;
        smoothed.add(2.0 * expected, 1);
        let half = confidence_half_width(self.0.count, smoothed.std_dev()?, alpha, TUNED_FOR)?;
        Some(((mean - half).max(0.0), mean + half))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::live::{Calibration, Join, QualityVerdict};
    use pawl_gate::Task;

    fn judged(errors: impl Iterator<Item = f64>, expected: f64, inputs: Verdict) -> LiveQuality {
        let policy = QualityPolicy::default();
        let mut join = Join::new(Task::Regression, &policy, 1_000_000);
        for (row, error) in errors.enumerate() {
            join.predicted(&row.to_string(), 250.0 + error);
            join.truth(&row.to_string(), 250.0);
        }
        join.judge(Some(expected), &Calibration::default(), inputs, &policy)
    }

    /// Errors of 10 and 20 in turn, now too high, now too low.
    fn turns(rows: u32) -> impl Iterator<Item = f64> {
        (0..rows).map(|row| [10.0, -20.0][(row % 2) as usize])
    }

    #[test]
    fn an_error_that_grew_is_degraded_or_concept_drift() {
        let grown = judged(turns(5000), 10.0, Verdict::None);
        assert_eq!((grown.verdict, grown.mae), (QualityVerdict::ConceptDrift, Some(15.0)));
        // Deviation 5, and one row of 20 more; the worked half-width at 5000 rows is 0.0429243 deviations.
        let (low, high) = grown.mae_interval.unwrap();
        assert!((high - low - 2.0 * 5.0 * 0.042_924_3).abs() < 1e-3, "{low} {high}");
        assert_eq!((grown.accuracy, grown.log_loss, grown.auc), (None, None, None));
        assert!((grown.level().unwrap() - 10.0 / 15.0).abs() < 1e-12);
        assert_eq!(judged(turns(5000), 10.0, Verdict::Drift).verdict, QualityVerdict::Degraded);
    }

    #[test]
    fn only_what_is_sure_is_healthy() {
        let verdict = |rows, expected| judged(turns(rows), expected, Verdict::None).verdict;
        assert_eq!(verdict(5000, 15.0), QualityVerdict::Healthy);
        assert_eq!(verdict(250, 15.0), QualityVerdict::Undecided);
        assert_eq!(verdict(199, 15.0), QualityVerdict::InsufficientData);
        assert_eq!(verdict(5000, f64::NAN), QualityVerdict::InsufficientData);
        assert_eq!(verdict(5000, -1.0), QualityVerdict::InsufficientData);
        assert_eq!(judged(turns(5000), 20.0, Verdict::None).level(), Some(1.0));
        // Never off so far: at 200 rows that is no certainty of an error below 0.01.
        let perfect = judged((0..200).map(|_| 0.0), 0.01, Verdict::None);
        assert_eq!((perfect.verdict, perfect.mae), (QualityVerdict::Healthy, Some(0.0)));
        assert!(perfect.mae_interval.unwrap().1 > 0.0);
    }

    #[test]
    fn an_answer_that_is_no_number_is_lost() {
        let errors = turns(900).chain((0..100).map(|_| f64::NAN));
        assert_eq!(judged(errors, 15.0, Verdict::None).reason, "100 of 1000 answers were lost.");
    }

    /// Skewed errors (squared uniform numbers, mean 1/3) looked at after every hundred rows, from 200 on:
    /// the interval leaves the mean out at any look in at most about `alpha` of the runs.
    #[test]
    fn the_interval_holds_at_every_look() {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (runs, mut missed) = (400, 0);
        for _ in 0..runs {
            let mut errors = Errors::default();
            let misses = (1..=5_000).any(|row| {
                errors.add(uniform().powi(2), 0.0);
                let look = row >= 200 && row % 100 == 0;
                let interval = if look { errors.always_valid(1.0 / 3.0, 0.05) } else { None };
                interval.is_some_and(|(low, high)| !(low..=high).contains(&(1.0 / 3.0)))
            });
            missed += u32::from(misses);
        }
        assert!(f64::from(missed) <= 0.05 * f64::from(runs), "{missed} of {runs}");
    }
}
