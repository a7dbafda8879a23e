//! How often rows of one block outrank rows of another: from it the area under the curve of any
//! resample of blocks follows without looking at a row again.

/// The most blocks a matrix is kept for: 2048² counts are 32 MiB.
pub const MAX_BLOCKS: usize = 2048;

/// Twice the pairs (ties count one) in which a positive of one block outranks a negative of another,
/// challenger's minus champion's.
#[derive(Debug, Clone)]
pub struct Concordance {
    blocks: usize,
    /// Row by row: the block of the rarer class, then that of the other.
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
    pub(super) fn add(&mut self, rows: &[super::sorted::Entry], sign: f64) {
        let positives = rows.iter().filter(|e| e.tag.positive()).count();
        // The work is one pass over the blocks for each row of the rarer class.
        let positive_is_rarer = 2 * positives <= rows.len();
        let rarer = |e: &super::sorted::Entry| e.tag.positive() == positive_is_rarer;
        self.positives.fill(0.0);
        self.negatives.fill(0.0);
        for entry in rows {
            let counts = if entry.tag.positive() { &mut self.positives } else { &mut self.negatives };
            if let Some(count) = counts.get_mut(entry.tag.block()) {
                *count += 1.0;
            }
        }
        // Rows of the other class that a rarer row outranks (it is positive) or that outrank it.
        let mut beaten = if positive_is_rarer { vec![0.0; self.blocks] } else { self.positives.clone() };
        let step = if positive_is_rarer { 1.0 } else { -1.0 };
        let blocks = self.blocks;
        for ties in rows.chunk_by(super::sorted::Entry::ties) {
            let alone = !ties.iter().any(|e| !rarer(e));
            let mut spread = |beaten: &[f64], weight: f64| {
                for entry in ties.iter().filter(|e| rarer(e)) {
                    let from = entry.tag.block() * blocks;
                    if let Some(pairs) = self.twice_pairs.get_mut(from..from + blocks) {
                        for (pair, count) in pairs.iter_mut().zip(beaten) {
                            *pair += weight * count;
                        }
                    }
                }
            };
            if alone {
                spread(&beaten, 2.0 * sign);
                continue;
            }
            // Half of what lies below the tie and half of what lies below its end: ties count half.
            spread(&beaten, sign);
            for entry in ties.iter().filter(|e| !rarer(e)) {
                if let Some(count) = beaten.get_mut(entry.tag.block()) {
                    *count += step;
                }
            }
            spread(&beaten, sign);
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
