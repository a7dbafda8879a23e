//! The scores that rank tests need in memory: all rows up to a cap, above it a seeded sample.

use crate::findings::Sample;
use pawl_base::random::SplitMix64;
use pawl_stats::sorted::Tag;

/// Paired scores and tags, column by column: at most `cap` rows, 20 bytes each.
#[derive(Debug)]
pub(crate) struct Reservoir {
    pub(crate) challenger: Vec<f64>,
    /// Empty for a first model.
    pub(crate) champion: Vec<f64>,
    pub(crate) tags: Vec<Tag>,
    cap: usize,
    seen: u64,
    seed: u64,
    rng: SplitMix64,
}

impl Reservoir {
    pub(crate) fn new(cap: u64, seed: u64) -> Self {
        Self {
            challenger: Vec::new(),
            champion: Vec::new(),
            tags: Vec::new(),
            // PairedRow numbers are 32 bits wide when sorted.
            cap: usize::try_from(cap.min(u64::from(u32::MAX))).unwrap_or(u32::MAX as usize),
            seen: 0,
            seed,
            rng: SplitMix64::new(seed),
        }
    }

    /// Takes a row in; above the cap by reservoir sampling (Vitter's algorithm R).
    pub(crate) fn push(&mut self, tag: Tag, challenger: f64, champion: Option<f64>) {
        self.seen += 1;
        if self.tags.len() < self.cap {
            self.tags.push(tag);
            self.challenger.push(challenger);
            self.champion.extend(champion);
            return;
        }
        let slot = self.rng.below(self.seen) as usize;
        if let (Some(t), Some(s)) = (self.tags.get_mut(slot), self.challenger.get_mut(slot)) {
            *t = tag;
            *s = challenger;
            if let (Some(s), Some(champion)) = (self.champion.get_mut(slot), champion) {
                *s = champion;
            }
        }
    }

    pub(crate) fn sample(&self) -> Option<Sample> {
        let kept = self.tags.len() as u64;
        (kept < self.seen).then_some(Sample { kept, of: self.seen, seed: self.seed })
    }
}
