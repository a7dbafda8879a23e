//! Do scores mean what they say? Of the rows with score 0.7, are 70 % positive?

use crate::blocks::BlockSums;
use crate::findings::CalibrationBin;

/// Bins of equal width (Guo and others 2017, On Calibration of Modern Neural Networks).
pub(crate) const BINS: usize = 15;

/// The bin of a score from 0 to 1.
pub(crate) fn bin(score: f64) -> usize {
    ((score * BINS as f64) as usize).min(BINS - 1)
}

/// One model's scores and labels by bin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reliability([Bin; BINS]);

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    rows: u64,
    positive: u64,
    score: f64,
}

impl Reliability {
    pub(crate) fn push(&mut self, positive: bool, score: f64) {
        if let Some(bin) = self.0.get_mut(bin(score)) {
            bin.rows += 1;
            bin.positive += u64::from(positive);
            bin.score += score;
        }
    }

    /// The bins that hold rows.
    pub(crate) fn bins(&self) -> Vec<CalibrationBin> {
        let edge = |place: usize| place as f64 / BINS as f64;
        let described = |(place, bin): (usize, &Bin)| CalibrationBin {
            from: edge(place),
            to: edge(place + 1),
            rows: bin.rows,
            score: bin.score / bin.rows as f64,
            positive: bin.positive as f64 / bin.rows as f64,
        };
        self.0.iter().enumerate().filter(|(_, bin)| bin.rows > 0).map(described).collect()
    }
}

/// By bin, champion's first: how far scores lie above labels, summed over a block's rows, and those rows.
pub(crate) type Gaps = [[f64; 2]; 2 * BINS];

/// No gaps yet.
pub(crate) const NO_GAPS: Gaps = [[0.0; 2]; 2 * BINS];

/// Where a model's bins stand among the gaps.
pub(crate) const CHAMPION: usize = 0;

/// The same of the challenger.
pub(crate) const CHALLENGER: usize = BINS;

/// Sums over blocks for each bin: gap, rows, and the squares of both by block.
const OF_BIN: usize = 4;

/// Gaps of blocks, as sums that [`squared`] takes.
pub(crate) fn sums<'a>(gaps: impl IntoIterator<Item = &'a Gaps>) -> BlockSums {
    let of_block = |gaps: &Gaps| gaps.map(|[gap, rows]| [gap, rows, gap * gap, rows * rows]).concat();
    BlockSums::new(OF_BIN * 2 * BINS, gaps.into_iter().map(of_block))
}

/// The mean squared calibration error, by rows, of the model whose bins begin at `from`: in each bin the
/// mean product of two rows' gaps from different blocks. A row times itself would add the labels' own
/// variance, which is the more the finer a model tells rows apart (Kumar, Liang and Ma 2019, Verified
/// Uncertainty Calibration); so would a row times one that depends on it. The error of perfectly calibrated
/// scores is zero on the average, so it may be below.
pub(crate) fn squared(sums: &[f64], from: usize) -> f64 {
    let (mut total, mut all) = (0.0, 0.0);
    for bin in sums.chunks_exact(OF_BIN).skip(from).take(BINS) {
        let &[gap, rows, own_gaps, own_rows] = bin else { continue };
        let pairs = rows * rows - own_rows;
        // A bin with rows of one block has no pair of them.
        if pairs > 0.5 {
            total += rows * (gap * gap - own_gaps) / pairs;
            all += rows;
        }
    }
    total / all
}

/// A squared error in the unit of scores.
pub(crate) fn root(squared: f64) -> f64 {
    if squared.is_nan() { squared } else { squared.max(0.0).sqrt() }
}
