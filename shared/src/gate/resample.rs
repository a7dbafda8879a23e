//! Resamples of whole blocks, eight at a time, and what each says of a statistic.

use super::cells::{Block, Cells};
use super::rng::SplitMix64;
use super::stats::bca::{Bca, bca};
use super::stats::concordance::Concordance;

const LANES: usize = 8;

/// Fewer blocks than this say too little of how blocks vary.
pub(super) const LEAST_BLOCKS: usize = 10;

/// How often each block was drawn, in eight resamples side by side.
type Weights = Vec<[f64; LANES]>;

/// Seeded resamples over so many blocks.
pub(super) struct Resamples {
    blocks: usize,
    batches: Vec<Weights>,
}

impl Resamples {
    pub(super) fn new(blocks: usize, count: u32, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed);
        let batches = (0..count.div_ceil(LANES as u32)).map(|_| draw(&mut rng, blocks)).collect();
        Self { blocks, batches }
    }

    /// The BCa interval of a statistic of each block's sums `parts`; `statistic` turns sums into a value.
    pub(super) fn interval<const N: usize>(
        &self,
        parts: &[[f64; N]],
        statistic: impl Fn(&[f64; N]) -> f64,
        alpha: f64,
    ) -> Option<Bca> {
        if self.blocks < LEAST_BLOCKS {
            return None;
        }
        let mut total = [0.0; N];
        parts.iter().for_each(|part| add(&mut total, part, 1.0));
        let mut replicates = Vec::with_capacity(self.batches.len() * LANES);
        for weights in &self.batches {
            let mut sums = [[0.0; LANES]; N];
            for (part, weight) in parts.iter().zip(weights) {
                for (sum, value) in sums.iter_mut().zip(part) {
                    add(sum, weight, *value);
                }
            }
            for lane in 0..LANES {
                let lane = sums.map(|sum| sum.get(lane).copied().unwrap_or(f64::NAN));
                replicates.push(statistic(&lane));
            }
        }
        let none = [0.0; N];
        let jackknife: Vec<f64> = (0..self.blocks)
            .map(|block| {
                let mut rest = total;
                add(&mut rest, parts.get(block).unwrap_or(&none), -1.0);
                statistic(&rest)
            })
            .collect();
        bca(statistic(&total), &mut replicates, &jackknife, alpha)
    }

    /// The BCa interval of the difference of areas.
    pub(super) fn areas(&self, pairs: &Concordance, difference: f64, alpha: f64) -> Option<Bca> {
        if self.blocks < LEAST_BLOCKS {
            return None;
        }
        let mut replicates: Vec<f64> =
            self.batches.iter().flat_map(|weights| pairs.differences(weights)).collect();
        bca(difference, &mut replicates, &pairs.jackknife(), alpha)
    }
}

fn draw(rng: &mut SplitMix64, blocks: usize) -> Weights {
    let mut weights = vec![[0.0; LANES]; blocks];
    for lane in 0..LANES {
        for _ in 0..blocks {
            let drawn = weights.get_mut(rng.below(blocks as u64) as usize);
            if let Some(weight) = drawn.and_then(|w| w.get_mut(lane)) {
                *weight += 1.0;
            }
        }
    }
    weights
}

fn add<const N: usize>(sums: &mut [f64; N], values: &[f64; N], times: f64) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += times * value;
    }
}

/// Counts of all rows, then of one group of them, side by side for a statistic of both.
pub(super) fn with_group(blocks: &[Block], group: &[Cells]) -> Vec<[f64; 16]> {
    let none = Cells::default();
    let pair = |(place, block): (usize, &Block)| {
        let mut both = [0.0; 16];
        let group = group.get(place).unwrap_or(&none);
        for (sum, value) in both.iter_mut().zip(block.cells.0.iter().chain(&group.0)) {
            *sum = *value;
        }
        both
    };
    blocks.iter().enumerate().map(pair).collect()
}
