//! How often rows of one block outrank rows of another: from it the area under the curve of any
//! resample of blocks follows without looking at a row again.
//!
//! ```
//! use pawl_stats::concordance::Concordance;
//! use pawl_stats::delong;
//! use pawl_stats::sorted::Tag;
//!
//! // Two blocks, each with a positive and a negative row, all ranked rightly.
//! let tags = [(false, 0), (false, 1), (true, 0), (true, 1)];
//! let tags = tags.map(|(positive, block)| Tag::new(positive, block));
//! let mut pairs = Concordance::new(2);
//! delong::area(vec![0.1, 0.2, 0.8, 0.9], &tags, Some(&mut pairs));
//! // One resample with both blocks once, one with the first block twice.
//! assert_eq!(pairs.differences(&[[1.0, 2.0], [1.0, 0.0]]), [1.0, 1.0]);
//! ```

use std::ops::{AddAssign, SubAssign};

use super::sorted::Entry;

/// The most blocks a matrix is kept for: 2048² counts are 32 MiB.
pub const MAX_BLOCKS: usize = 2048;

/// Whole numbers wide enough to count pairs.
trait Pairs: Copy + AddAssign + SubAssign + From<u8> {
    fn into_f64(self) -> f64;
}

impl Pairs for u32 {
    fn into_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Pairs for u64 {
    fn into_f64(self) -> f64 {
        self as f64
    }
}

/// Twice the pairs (ties count one) in which a positive of one block outranks a negative of another,
/// challenger's minus champion's, or a first model's alone.
#[derive(Debug, Clone)]
pub struct Concordance {
    blocks: usize,
    /// Row by row: the block of the positives, then that of the negatives.
    twice_pairs: Vec<f64>,
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

impl Concordance {
    /// An empty matrix of so many blocks, at most [`MAX_BLOCKS`].
    pub fn new(blocks: usize) -> Self {
        let blocks = blocks.min(MAX_BLOCKS);
        Self {
            blocks,
            twice_pairs: vec![0.0; blocks * blocks],
            positives: vec![0.0; blocks],
            negatives: vec![0.0; blocks],
        }
    }

    /// Adds one model's pairs with this sign, from rows by rising score.
    pub(super) fn add(&mut self, rows: &[Entry], sign: f64) {
        let positives = rows.iter().filter(|e| e.tag.positive()).count();
        // The work is one pass over the blocks for each row of the rarer class.
        let positive_is_rarer = 2 * positives <= rows.len();
        self.positives.fill(0.0);
        self.negatives.fill(0.0);
        for entry in rows {
            let counts = if entry.tag.positive() { &mut self.positives } else { &mut self.negatives };
            if let Some(count) = counts.get_mut(entry.tag.block()) {
                *count += 1.0;
            }
        }
        let most = |counts: &[f64]| counts.iter().copied().fold(0.0, f64::max);
        // Whole numbers of 32 bits add twice as fast, where no pair of blocks can overflow them.
        if 2.0 * most(&self.positives) * most(&self.negatives) < f64::from(u32::MAX) {
            self.count::<u32>(rows, positive_is_rarer, sign);
        } else {
            self.count::<u64>(rows, positive_is_rarer, sign);
        }
    }

    fn count<T: Pairs>(&mut self, rows: &[Entry], positive_is_rarer: bool, sign: f64) {
        let blocks = self.blocks;
        let mut pairs = vec![T::from(0); blocks * blocks];
        // Twice the rows of the other class, by block, that a rarer row outranks (when it is positive) or
        // that outrank it (when it is negative).
        let mut twice: Vec<T> = vec![T::from(0); blocks];
        if !positive_is_rarer {
            for entry in rows.iter().filter(|e| e.tag.positive()) {
                if let Some(count) = twice.get_mut(entry.tag.block()) {
                    *count += T::from(2);
                }
            }
        }
        for ties in rows.chunk_by(Entry::ties) {
            let rarer = |e: &&Entry| e.tag.positive() == positive_is_rarer;
            // A tie counts half: others are moved halfway, compared with, then moved the rest of the way.
            let move_others = |twice: &mut Vec<T>| {
                for entry in ties.iter().filter(|e| !rarer(e)) {
                    if let Some(count) = twice.get_mut(entry.tag.block()) {
                        if positive_is_rarer { *count += T::from(1) } else { *count -= T::from(1) }
                    }
                }
            };
            move_others(&mut twice);
            for entry in ties.iter().filter(rarer) {
                let from = entry.tag.block() * blocks;
                if let Some(pairs) = pairs.get_mut(from..from + blocks) {
                    for (pair, count) in pairs.iter_mut().zip(&twice) {
                        *pair += *count;
                    }
                }
            }
            move_others(&mut twice);
        }
        for (place, pairs) in pairs.into_iter().enumerate() {
            // The matrix is kept by block of the positives, then of the negatives.
            let place = if positive_is_rarer { place } else { place % blocks * blocks + place / blocks };
            if let Some(sum) = self.twice_pairs.get_mut(place) {
                *sum += sign * pairs.into_f64();
            }
        }
    }

    /// The difference of areas for each of `LANES` resamples; `weights[block]` says how often the block
    /// was drawn in each. NaN where a resample lacks a class.
    pub fn differences<const LANES: usize>(&self, weights: &[[f64; LANES]]) -> [f64; LANES] {
        let (mut pairs, mut positives, mut negatives) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for (row, weight) in self.twice_pairs.chunks_exact(self.blocks.max(1)).zip(weights) {
            let mut sums = [0.0; LANES];
            for (pair, weight) in row.iter().zip(weights) {
                for (sum, weight) in sums.iter_mut().zip(weight) {
                    *sum += pair * weight;
                }
            }
            add_products(&mut pairs, &sums, weight);
        }
        for ((p, n), weight) in self.positives.iter().zip(&self.negatives).zip(weights) {
            add_products(&mut positives, &[*p; LANES], weight);
            add_products(&mut negatives, &[*n; LANES], weight);
        }
        let mut differences = [0.0; LANES];
        for (lane, difference) in differences.iter_mut().enumerate() {
            let at = |values: &[f64; LANES]| values.get(lane).copied().unwrap_or(f64::NAN);
            *difference = at(&pairs) / (2.0 * at(&positives) * at(&negatives));
        }
        differences
    }

    /// The difference of areas with each block left out once. NaN where the rest lacks a class.
    pub fn jackknife(&self) -> Vec<f64> {
        let blocks = self.blocks;
        let (mut rows, mut columns) = (vec![0.0; blocks], vec![0.0; blocks]);
        for (pairs, row) in self.twice_pairs.chunks_exact(blocks.max(1)).zip(&mut rows) {
            for (pair, column) in pairs.iter().zip(&mut columns) {
                *row += pair;
                *column += pair;
            }
        }
        let all: f64 = rows.iter().sum();
        let (positives, negatives): (f64, f64) = (self.positives.iter().sum(), self.negatives.iter().sum());
        let own = |block: usize| self.twice_pairs.get(block * blocks + block).copied().unwrap_or(0.0);
        let left = rows.iter().zip(&columns).zip(self.positives.iter().zip(&self.negatives)).enumerate();
        left.map(|(block, ((row, column), (p, n)))| {
            (all - row - column + own(block)) / (2.0 * (positives - p) * (negatives - n))
        })
        .collect()
    }
}

fn add_products<const LANES: usize>(sums: &mut [f64; LANES], a: &[f64; LANES], b: &[f64; LANES]) {
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum += a * b;
    }
}
