//! Do scores mean what they say? Of the rows with score 0.7, are 70 % positive?

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

    /// The expected calibration error: by rows, the mean distance between a bin's mean score and its share
    /// of positives.
    pub(crate) fn error(&self) -> Option<f64> {
        let rows: u64 = self.0.iter().map(|bin| bin.rows).sum();
        let gaps: f64 = self.0.iter().map(|bin| (bin.score - bin.positive as f64).abs()).sum();
        (rows > 0).then(|| gaps / rows as f64)
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
