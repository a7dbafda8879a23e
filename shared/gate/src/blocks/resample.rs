//! Resamples of whole blocks, eight at a time, and what each says of a statistic.

use pawl_base::random::SplitMix64;
use pawl_stats::bca::{Bca, bca};

/// Resamples side by side.
pub(crate) const LANES: usize = 8;

/// Fewer blocks than this say too little of how blocks vary.
pub(crate) const LEAST_BLOCKS: usize = 10;

/// How often each block was drawn, in eight resamples side by side.
pub(crate) type Weights = Vec<[f64; LANES]>;

/// Seeded resamples over so many blocks.
pub(crate) struct Resamples {
    blocks: usize,
    batches: Vec<Weights>,
}

impl Resamples {
    pub(crate) fn new(blocks: usize, count: u32, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed);
        let batches = (0..count.div_ceil(LANES as u32)).map(|_| draw(&mut rng, blocks)).collect();
        Self { blocks, batches }
    }

    /// The sums of every resample, and of all blocks but each.
    pub(crate) fn sums(&self, parts: &BlockSums) -> Resampled {
        let width = parts.width;
        let total = parts.total();
        let mut drawn = Vec::new();
        let mut sums = vec![[0.0; LANES]; width];
        for weights in self.batches.iter().filter(|_| self.blocks >= LEAST_BLOCKS) {
            sums.fill([0.0; LANES]);
            for (part, weight) in parts.blocks().zip(weights) {
                for (sum, value) in sums.iter_mut().zip(part) {
                    for (sum, weight) in sum.iter_mut().zip(weight) {
                        *sum += weight * value;
                    }
                }
            }
            for lane in 0..LANES {
                drawn.extend(sums.iter().map(|sum| sum.get(lane).copied().unwrap_or(f64::NAN)));
            }
        }
        let rest = |part: &[f64]| total.iter().zip(part).map(|(all, own)| all - own).collect::<Vec<f64>>();
        let left = parts.blocks().flat_map(rest).collect();
        Resampled { width, total, drawn, left }
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

/// Sums that many statistics are taken of.
pub(crate) struct Resampled {
    width: usize,
    total: Vec<f64>,
    /// Of each resample, end to end.
    drawn: Vec<f64>,
    /// Of all blocks but one, end to end.
    left: Vec<f64>,
}

impl Resampled {
    /// The statistic of all blocks as they are.
    pub(crate) fn value(&self, statistic: impl Fn(&[f64]) -> f64) -> f64 {
        statistic(&self.total)
    }

    /// The BCa interval of a statistic; none with too few blocks.
    pub(crate) fn interval(&self, statistic: impl Fn(&[f64]) -> f64, alpha: f64) -> Option<Bca> {
        let each = |sums: &[f64]| sums.chunks_exact(self.width.max(1)).map(&statistic).collect::<Vec<f64>>();
        bca(statistic(&self.total), &mut each(&self.drawn), &each(&self.left), alpha)
    }
}

/// Sums of each block, all of one width, end to end.
pub(crate) struct BlockSums {
    width: usize,
    values: Vec<f64>,
}

impl BlockSums {
    /// The sums of these blocks; each is cut or filled with zeros to `width`.
    pub(crate) fn new<B: AsRef<[f64]>>(width: usize, blocks: impl IntoIterator<Item = B>) -> Self {
        let mut values = Vec::new();
        for (place, block) in blocks.into_iter().enumerate() {
            values.extend(block.as_ref().iter().take(width));
            values.resize((place + 1) * width, 0.0);
        }
        Self { width, values }
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// A statistic of all blocks but each.
    pub(crate) fn without_each(&self, statistic: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let total = self.total();
        let mut rest = total.clone();
        let without = self.blocks().map(|own| {
            for ((rest, all), own) in rest.iter_mut().zip(&total).zip(own) {
                *rest = all - own;
            }
            statistic(&rest)
        });
        without.collect()
    }

    /// All blocks together.
    pub(crate) fn total(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.width];
        for block in self.blocks() {
            for (sum, value) in total.iter_mut().zip(block) {
                *sum += value;
            }
        }
        total
    }
}
