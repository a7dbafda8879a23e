//! How often rows of a block outrank other rows: from it the area under the curve without each block
//! follows, by one pass over the rows in the order of their scores and a few numbers a block.
//!
//! The pairs of a positive and a negative row that a block takes with it are those of its positives, those
//! of its negatives, and once less those of both (Obuchowski, Biometrics 53, 1997, has the same sums for
//! clusters).
//!
//! ```
//! use pawl_stats::concordance::Concordance;
//! use pawl_stats::delong;
//! use pawl_stats::sorted::Tag;
//!
//! // Three blocks, each with a positive and a negative row, all ranked rightly but for the last one's.
//! let tags = [(false, 0), (false, 1), (true, 0), (true, 1), (true, 2), (false, 2)];
//! let tags = tags.map(|(positive, block)| Tag::new(positive, block));
//! let mut pairs = Concordance::new(3);
//! delong::area(vec![0.1, 0.2, 0.7, 0.8, 0.3, 0.9], &tags, Some(&mut pairs));
//! assert_eq!(pairs.without_each(), [0.5, 0.5, 1.0]);
//! ```

use super::sorted::Entry;

/// The most blocks that are told apart.
pub const MAX_BLOCKS: usize = 2048;

/// By block, twice the pairs in which a positive outranks a negative (ties count one): challenger's minus
/// champion's, or a first model's alone.
#[derive(Debug, Clone)]
pub struct Concordance {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Block {
    positives: f64,
    negatives: f64,
    /// Pairs of its positives with any negative, then of its negatives with any positive, then of both.
    twice_pairs: [f64; 3],
    /// Twice its negatives that lie below the row that is looked at, those beside it once.
    twice_below: f64,
}

impl Concordance {
    /// So many blocks, at most [`MAX_BLOCKS`], without a pair.
    pub fn new(blocks: usize) -> Self {
        Self { blocks: vec![Block::default(); blocks.min(MAX_BLOCKS)] }
    }

    /// One more model, whose rows come by rising score.
    pub(super) fn begin(&mut self) {
        for block in &mut self.blocks {
            *block = Block { twice_pairs: block.twice_pairs, ..Block::default() };
        }
    }

    /// Adds the rows of one score with this sign: `twice_beaten` is twice the negatives that each positive of
    /// them outranks, `twice_above` twice the positives that outrank each negative.
    pub(super) fn add(&mut self, ties: &[Entry], sign: f64, twice_beaten: u64, twice_above: u64) {
        let Self { blocks } = self;
        let negatives = || ties.iter().filter(|entry| !entry.tag.positive());
        // A tie counts half: negatives are moved halfway, compared with, then moved the rest of the way.
        for entry in negatives() {
            if let Some(block) = blocks.get_mut(entry.tag.block()) {
                block.negatives += 1.0;
                block.twice_below += 1.0;
                block.twice_pairs[1] += sign * twice_above as f64;
            }
        }
        for entry in ties.iter().filter(|entry| entry.tag.positive()) {
            if let Some(block) = blocks.get_mut(entry.tag.block()) {
                block.positives += 1.0;
                block.twice_pairs[0] += sign * twice_beaten as f64;
                block.twice_pairs[2] += sign * block.twice_below;
            }
        }
        for entry in negatives() {
            if let Some(block) = blocks.get_mut(entry.tag.block()) {
                block.twice_below += 1.0;
            }
        }
    }

    /// The difference of areas, or a first model's area, without each block. NaN where the rest lacks a
    /// class.
    pub fn without_each(&self) -> Vec<f64> {
        let total = |of: fn(&Block) -> f64| self.blocks.iter().map(of).sum::<f64>();
        let (positives, negatives) = (total(|block| block.positives), total(|block| block.negatives));
        let pairs = total(|block| block.twice_pairs[0]);
        let without = self.blocks.iter().map(|block| {
            let [own_positives, own_negatives, both] = block.twice_pairs;
            let rest = pairs - own_positives - own_negatives + both;
            rest / (2.0 * (positives - block.positives) * (negatives - block.negatives))
        });
        without.collect()
    }
}
