//! Yes or no, answered by a probability: right answers, ranks, log loss, calibration.

use serde::{Deserialize, Serialize};

use super::accuracy::{self, TINY};
use super::{Calibration, LiveQuality, QualityPolicy, Standing};
use crate::ranks::Ranks;

/// Answers whose truth came, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Answers {
    pub(super) threshold: f64,
    right: u64,
    log_loss: f64,
    pub(super) calibration: Calibration,
    ranks: Ranks,
}

impl Answers {
    /// No answers yet; a score from `threshold` on answers yes.
    pub(super) fn new(threshold: f64) -> Self {
        Self {
            threshold,
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
        quality.auc = self.ranks.auc();
        quality.log_loss = (rows > 0).then(|| self.log_loss / rows as f64);
        quality.calibration_error = self.calibration.error();
        accuracy::judge(self.right, rows, expected, policy, quality)
    }
}
