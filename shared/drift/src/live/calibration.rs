//! How often the truth was yes, by score.

use serde::{Deserialize, Serialize};

/// How many equal bins of the score a [`Calibration`] has.
pub const CALIBRATION_BINS: usize = 10;

/// How often the truth was yes, by score: from the champion's holdout.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Rows, sum of scores, positives of each bin.
    bins: [(u64, f64, u64); CALIBRATION_BINS],
}

impl Calibration {
    /// Adds one answer and its truth; a score outside 0 to 1 is left out.
    pub fn add(&mut self, score: f64, positive: bool) {
        if let Some(bin) = bin(score).and_then(|index| self.bins.get_mut(index)) {
            bin.0 += 1;
            bin.1 += score;
            bin.2 += u64::from(positive);
        }
    }

    /// Expected calibration error; none without rows.
    pub fn error(&self) -> Option<f64> {
        let rows: u64 = self.bins.iter().map(|bin| bin.0).sum();
        let gap: f64 =
            self.bins.iter().map(|&(_, scores, positives)| (scores - positives as f64).abs()).sum();
        (rows > 0).then(|| gap / rows as f64)
    }

    /// The share of yes among answers with a score like this; none where there were none.
    pub(super) fn rate(&self, score: f64) -> Option<f64> {
        let &(rows, _, positives) = self.bins.get(bin(score)?)?;
        (rows > 0).then(|| positives as f64 / rows as f64)
    }
}

fn bin(score: f64) -> Option<usize> {
    let inside = (0.0..=1.0).contains(&score);
    inside.then(|| ((score * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1))
}
