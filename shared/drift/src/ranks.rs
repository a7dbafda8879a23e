//! The area under the ROC curve of a stream: scores counted in narrow bins, so that memory does not grow.

use serde::{Deserialize, Serialize};

/// Scores are told apart in steps of a thousandth; scores within one step count as ties.
const STEPS: usize = 1_000;

/// Positives and negatives by score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ranks {
    positives: Vec<u64>,
    negatives: Vec<u64>,
}

impl Default for Ranks {
    fn default() -> Self {
        Self { positives: vec![0; STEPS], negatives: vec![0; STEPS] }
    }
}

impl Ranks {
    /// Adds a score from 0 to 1 and its truth; any other score is left out.
    pub(super) fn add(&mut self, score: f64, positive: bool) {
        if !(0.0..=1.0).contains(&score) {
            return;
        }
        let step = ((score * STEPS as f64) as usize).min(STEPS - 1);
        let side = if positive { &mut self.positives } else { &mut self.negatives };
        if let Some(count) = side.get_mut(step) {
            *count += 1;
        }
    }

    /// The probability that a positive scores higher than a negative, a tie counted half (Mann–Whitney). None
    /// without both.
    pub(super) fn auc(&self) -> Option<f64> {
        let (mut below, mut wins) = (0.0, 0.0);
        for (&positives, &negatives) in self.positives.iter().zip(&self.negatives) {
            let (positives, negatives) = (positives as f64, negatives as f64);
            wins += positives * (below + negatives / 2.0);
            below += negatives;
        }
        let positives = self.positives.iter().sum::<u64>() as f64;
        let pairs = positives * below;
        (pairs > 0.0).then(|| wins / pairs)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against every pair, counted one by one, on scores that the steps tell apart.
        #[test]
        fn every_pair_counted_gives_the_same(
            rows in prop::collection::vec((0u32..1_000, any::<bool>()), 2..60),
        ) {
            let mut ranks = Ranks::default();
            let (mut wins, mut pairs) = (0.0, 0u32);
            for &(score, truth) in &rows {
                ranks.add(f64::from(score) / 1_000.0 + 0.0005, truth);
                for &(other, _) in rows.iter().filter(|row| truth && !row.1) {
                    pairs += 1;
                    wins += if score > other { 1.0 } else if score == other { 0.5 } else { 0.0 };
                }
            }
            match ranks.auc() {
                Some(auc) => prop_assert!((auc - wins / f64::from(pairs)).abs() < 1e-12),
                None => prop_assert_eq!(pairs, 0),
            }
        }
    }

    #[test]
    fn a_score_that_is_none_counts_for_nothing() {
        let mut ranks = Ranks::default();
        for (score, truth) in [(f64::NAN, true), (1.5, true), (1.0, true), (0.0, false)] {
            ranks.add(score, truth);
        }
        assert_eq!(ranks.auc().unwrap(), 1.0);
    }
}
