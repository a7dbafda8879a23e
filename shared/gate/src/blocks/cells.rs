//! GroupCounter of what both models said of whom: all that resampling, fairness and slices need, however
//! many the rows.

use crate::findings::Confusion;
use pawl_stats::mcnemar::Discordance;

/// GroupCounter by label, champion's prediction and challenger's prediction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Cells(pub(crate) [f64; 8]);

/// One model's confusion matrix, as sums that a resample may have weighted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Matrix {
    pub(crate) true_positives: f64,
    pub(crate) false_positives: f64,
    pub(crate) true_negatives: f64,
    pub(crate) false_negatives: f64,
}

/// What is added up for each value of a grouping.
pub(crate) trait Sums: Copy + Default {
    /// These and `times` the others.
    fn plus(self, other: &Self, times: f64) -> Self;
}

impl Cells {
    pub(crate) fn add(&mut self, positive: bool, champion: bool, challenger: bool) {
        let cell = usize::from(positive) << 2 | usize::from(champion) << 1 | usize::from(challenger);
        if let Some(count) = self.0.get_mut(cell) {
            *count += 1.0;
        }
    }

    pub(crate) fn challenger(&self) -> Matrix {
        let [n00, n01, n10, n11, p00, p01, p10, p11] = self.0;
        Matrix {
            true_positives: p01 + p11,
            false_negatives: p00 + p10,
            false_positives: n01 + n11,
            true_negatives: n00 + n10,
        }
    }

    pub(crate) fn champion(&self) -> Matrix {
        let [n00, n01, n10, n11, p00, p01, p10, p11] = self.0;
        Matrix {
            true_positives: p10 + p11,
            false_negatives: p00 + p01,
            false_positives: n10 + n11,
            true_negatives: n00 + n01,
        }
    }

    /// The sums of this list, as a resample weighs them.
    pub(crate) fn of(sums: &[f64]) -> Self {
        let mut cells = Self::default();
        cells.0.iter_mut().zip(sums).for_each(|(count, sum)| *count = *sum);
        cells
    }

    /// Who is right on how many rows.
    pub(crate) fn discordance(&self) -> Discordance {
        let [_, n01, n10, _, _, p01, p10, _] = self.0;
        Discordance {
            challenger_only: (n10 + p01) as u64,
            champion_only: (n01 + p10) as u64,
            rows: self.0.iter().sum::<f64>() as u64,
        }
    }
}

impl Sums for Cells {
    fn plus(mut self, other: &Self, times: f64) -> Self {
        for (count, other) in self.0.iter_mut().zip(&other.0) {
            *count += times * other;
        }
        self
    }
}

impl AsRef<[f64]> for Cells {
    fn as_ref(&self) -> &[f64] {
        &self.0
    }
}

impl Matrix {
    pub(crate) fn positives(&self) -> f64 {
        self.true_positives + self.false_negatives
    }

    pub(crate) fn negatives(&self) -> f64 {
        self.true_negatives + self.false_positives
    }

    pub(crate) fn rows(&self) -> f64 {
        self.positives() + self.negatives()
    }

    pub(crate) fn selected(&self) -> f64 {
        self.true_positives + self.false_positives
    }

    pub(crate) fn rejected(&self) -> f64 {
        self.true_negatives + self.false_negatives
    }
}

impl From<&Confusion> for Matrix {
    fn from(confusion: &Confusion) -> Self {
        Self {
            true_positives: confusion.true_positives as f64,
            false_positives: confusion.false_positives as f64,
            true_negatives: confusion.true_negatives as f64,
            false_negatives: confusion.false_negatives as f64,
        }
    }
}

pub(crate) fn sum<'a, C: Sums + 'a>(sums: impl IntoIterator<Item = &'a C>) -> C {
    sums.into_iter().fold(C::default(), |sum, one| sum.plus(one, 1.0))
}

/// The place of a list, which grows to it.
pub(crate) fn slot<T: Default>(list: &mut Vec<T>, place: usize) -> &mut T {
    if list.len() <= place {
        list.resize_with(place + 1, T::default);
    }
    &mut list[place]
}
