//! Average precision, the area under the precision-recall curve as a step function: Σ (Rₖ − Rₖ₋₁) Pₖ over
//! falling scores, rows of one score together, as scikit-learn has it.
//!
//! ```
//! use pawl_stats::average_precision::Precisions;
//! use pawl_stats::sorted::Tag;
//!
//! // A first model that ranks the one positive row second.
//! let tags = [Tag::new(false, 0), Tag::new(true, 1), Tag::new(false, 2)];
//! let precisions = Precisions::new(&[0.9, 0.8, 0.1], &[], &tags, 7);
//! assert_eq!(precisions.values(&[[1.0; 8]; 3])[0], 0.5);
//! ```

use super::sorted::{Entry, Tag, by_score};
use pawl_base::random::SplitMix64;

/// The most rows that are gone through anew for each resample.
const ROWS: usize = 100_000;

/// Average precision of resamples side by side, from rows by rising score; `weight` says how often a row was
/// drawn in each. NaN without a positive.
fn weighed<const LANES: usize>(rows: &[Entry], weight: impl Fn(&Entry) -> [f64; LANES]) -> [f64; LANES] {
    let (mut hits, mut all, mut area) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for ties in rows.chunk_by(Entry::ties).rev() {
        let mut more = [0.0; LANES];
        for entry in ties {
            let weight = weight(entry);
            let positive = f64::from(u8::from(entry.tag.positive()));
            for ((all, more), weight) in all.iter_mut().zip(&mut more).zip(weight) {
                *all += weight;
                *more += weight * positive;
            }
        }
        for (((hits, area), all), more) in hits.iter_mut().zip(&mut area).zip(&all).zip(more) {
            *hits += more;
            // A score that no drawn row has adds nothing, not even to an empty sum.
            *area += if more > 0.0 { more * *hits / all } else { 0.0 };
        }
    }
    for (area, hits) in area.iter_mut().zip(hits) {
        *area /= hits;
    }
    area
}

/// The rows of both models by score, or a random sample of them, to be weighed again and again.
pub struct Precisions {
    challenger: Vec<Entry>,
    /// Empty for a first model.
    champion: Vec<Entry>,
}

impl Precisions {
    /// Of these rows, or of a seeded sample of 100,000; `champion` is empty for a first model.
    pub fn new(challenger: &[f64], champion: &[f64], tags: &[Tag], seed: u64) -> Self {
        // Selection sampling (Knuth 3.4.2 S): each row with the chance that fills the sample.
        let mut rng = SplitMix64::new(seed);
        let (mut left, mut wanted) = (tags.len(), tags.len().min(ROWS));
        let mut chosen = Vec::with_capacity(wanted);
        for row in 0..tags.len() {
            if rng.below(left as u64) < wanted as u64 {
                chosen.push(row);
                wanted -= 1;
            }
            left -= 1;
        }
        let tags: Vec<Tag> = chosen.iter().filter_map(|&row| tags.get(row).copied()).collect();
        let sorted = |scores: &[f64]| {
            let scores: Vec<f64> = chosen.iter().filter_map(|&row| scores.get(row).copied()).collect();
            by_score(&scores, &tags).unwrap_or_default()
        };
        Self { challenger: sorted(challenger), champion: sorted(champion) }
    }

    /// How many rows are weighed.
    pub fn rows(&self) -> u64 {
        self.challenger.len() as u64
    }

    /// Challenger's − champion's, or a first model's own, in each of `LANES` resamples; `weights[block]`
    /// says how often the block was drawn in each.
    pub fn values<const LANES: usize>(&self, weights: &[[f64; LANES]]) -> [f64; LANES] {
        let weight = |entry: &Entry| weights.get(entry.tag.block()).copied().unwrap_or([0.0; LANES]);
        let mut values = weighed(&self.challenger, weight);
        if !self.champion.is_empty() {
            for (value, old) in values.iter_mut().zip(weighed(&self.champion, weight)) {
                *value -= old;
            }
        }
        values
    }
}
