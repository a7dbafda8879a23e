//! Yes or no, answered by a probability: right answers, ranks, log loss, calibration.

use serde::{Deserialize, Serialize};

use super::{Calibration, LiveQuality, QualityPolicy, Side, Standing, TUNED_FOR};
use crate::drift::ranks::Ranks;
use crate::gate::stats::sequential::confidence_half_width;

/// The smallest probability whose logarithm is taken.
const TINY: f64 = 1e-15;

/// Answers whose truth came, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Answers {
    threshold: f64,
    right: u64,
    log_loss: f64,
    calibration: Calibration,
    ranks: Ranks,
}

impl Answers {
    pub(super) fn new(policy: &QualityPolicy) -> Self {
        Self {
            threshold: policy.threshold,
            right: 0,
            log_loss: 0.0,
            calibration: Calibration::default(),
            ranks: Ranks::default(),
        }
    }

    /// A score from 0 to 1 and its truth.
    pub(super) fn add(&mut self, score: f64, positive: bool) {
        self.right += u64::from((score >= self.threshold) == positive);
        self.log_loss -= if positive { score } else { 1.0 - score }.max(TINY).ln();
        self.calibration.add(score, positive);
        self.ranks.add(score, positive);
    }

    /// The probability that an answer with this score is right, as the champion's holdout had it.
    pub(super) fn sure(&self, score: f64, champion: &Calibration) -> Option<f64> {
        let yes = champion.rate(score)?;
        Some(if score >= self.threshold { yes } else { 1.0 - yes })
    }

    /// Fills in what is known of `rows` rows, and holds it against the expected accuracy.
    pub(super) fn judge(
        &self,
        rows: u64,
        expected: f64,
        policy: &QualityPolicy,
        quality: &mut LiveQuality,
    ) -> Option<Standing> {
        let accuracy = (rows > 0).then(|| self.right as f64 / rows as f64);
        let interval = accuracy.and_then(|accuracy| always_valid(accuracy, rows, policy.alpha));
        quality.accuracy = accuracy;
        quality.accuracy_interval = interval;
        quality.auc = self.ranks.auc();
        quality.log_loss = (rows > 0).then(|| self.log_loss / rows as f64);
        quality.calibration_error = self.calibration.error();
        let ((low, high), least) = (interval?, expected - policy.margin);
        let words = format!(
            "accuracy {low:.3} to {high:.3} at every look, expected {expected:.3} less {:.3}",
            policy.margin
        );
        let side = match (low >= least, high < least) {
            (_, true) => Side::Bad,
            (true, false) => Side::Good,
            (false, false) => Side::Both,
        };
        Some(Standing { side, words })
    }
}

/// The always-valid interval of a share: valid at every look at once, so that a monitor may look
/// each hour. It takes rows as independent. Asymptotic confidence sequence (Waudby-Smith and others), tightest at 5000 rows.
pub(crate) fn always_valid(share: f64, rows: u64, alpha: f64) -> Option<(f64, f64)> {
    // One right and one wrong answer more: a perfect record is not certainty.
    let smoothed = (share * rows as f64 + 1.0) / (rows as f64 + 2.0);
    let half = confidence_half_width(rows, (smoothed * (1.0 - smoothed)).sqrt(), alpha, TUNED_FOR)?;
    Some(((share - half).max(0.0), (share + half).min(1.0)))
}
