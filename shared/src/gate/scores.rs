//! The scores that rank tests need in memory: all rows up to a cap, above it a seeded sample.

use super::judgement::Sample;
use super::rng::SplitMix64;

/// Paired scores and labels, column by column. At most `cap` rows, 17 bytes each, plus what sorting takes.
#[derive(Debug)]
pub(super) struct Scores {
    pub(super) challenger: Vec<f64>,
    /// Empty for a first model.
    pub(super) champion: Vec<f64>,
    pub(super) positive: Vec<bool>,
    cap: usize,
    seen: u64,
    seed: u64,
    rng: SplitMix64,
}

impl Scores {
    pub(super) fn new(cap: u64, seed: u64) -> Self {
        Self {
            challenger: Vec::new(),
            champion: Vec::new(),
            positive: Vec::new(),
            // Row numbers are 32 bits wide when sorted.
            cap: usize::try_from(cap.min(u64::from(u32::MAX))).unwrap_or(u32::MAX as usize),
            seen: 0,
            seed,
            rng: SplitMix64::new(seed),
        }
    }

    /// Takes a row in; above the cap by reservoir sampling (Vitter's algorithm R).
    pub(super) fn push(&mut self, positive: bool, challenger: f64, champion: Option<f64>) {
        self.seen += 1;
        if self.positive.len() < self.cap {
            self.positive.push(positive);
            self.challenger.push(challenger);
            self.champion.extend(champion);
            return;
        }
        let slot = self.rng.below(self.seen) as usize;
        if let (Some(p), Some(s)) = (self.positive.get_mut(slot), self.challenger.get_mut(slot)) {
            *p = positive;
            *s = challenger;
            if let (Some(s), Some(champion)) = (self.champion.get_mut(slot), champion) {
                *s = champion;
            }
        }
    }

    pub(super) fn sample(&self) -> Option<Sample> {
        let kept = self.positive.len() as u64;
        (kept < self.seen).then_some(Sample { kept, of: self.seen, seed: self.seed })
    }
}
