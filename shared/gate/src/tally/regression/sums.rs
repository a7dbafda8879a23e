//! What is added up: by model, by block, and by group.

use crate::blocks::{Cells, Sums};
use crate::fairness::Favoured;
use crate::policy::Metric;
use crate::slices::{Comparable, Compared};
use crate::tally::HeavyTail;
use pawl_stats::moments::{Moments, t_test};
use pawl_stats::tail::{Tail, TailIndex};

/// Absolute and squared errors, or differences of such.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Losses {
    pub(super) absolute: Moments,
    pub(super) squared: Moments,
}

impl Losses {
    pub(super) fn push(&mut self, absolute: f64, squared: f64) {
        self.absolute.push(absolute);
        self.squared.push(squared);
    }
}

/// The tail index of errors from which on their squares have a variance.
const VARIANCE_FROM: f64 = 4.0;

/// Whether a mean of squared errors says too little of the challenger's: their tail is heavier than the
/// champion's, and not shown, by one standard error, to be so light that squares have a variance. Such a mean
/// mostly comes out too low, its error with it.
pub(super) fn heavy_tail(challenger: &Tail, champion: &Tail) -> Option<HeavyTail> {
    let TailIndex { index, numbers } = challenger.index()?;
    let champion = champion.index().map_or(f64::INFINITY, |champion| champion.index);
    let shown_from = VARIANCE_FROM * (1.0 + 1.0 / (numbers as f64).sqrt());
    (index < shown_from && index < champion).then_some(HeavyTail { challenger: index, champion })
}

/// One block's sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    pub(super) sums: [f64; WIDTH],
    pub(super) favoured: Cells,
}

/// Rows, absolute and squared errors of champion and challenger, labels and their squares.
pub(super) const WIDTH: usize = 7;

impl AsRef<[f64]> for Block {
    fn as_ref(&self) -> &[f64] {
        &self.sums
    }
}

/// Where a model's errors stand among a block's sums.
pub(super) const CHAMPION: usize = 1;

pub(super) const CHALLENGER: usize = 3;

/// A measure of the model whose errors stand at `from`.
pub(super) fn of_sums(metric: Metric, from: usize) -> impl Fn(&[f64]) -> f64 {
    move |sums| {
        let at = |place: usize| sums.get(place).copied().unwrap_or(f64::NAN);
        let (rows, absolute, squared) = (at(0), at(from), at(from + 1));
        match metric {
            Metric::Mae => absolute / rows,
            Metric::Mse => squared / rows,
            Metric::Rmse => (squared / rows).sqrt(),
            Metric::R2 => 1.0 - squared / (at(6) - at(5) * at(5) / rows),
            _ => f64::NAN,
        }
    }
}

/// Differences of absolute errors in a group, and whom labels and models favour.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Errors {
    rows: f64,
    sum: f64,
    squares: f64,
    favoured: Cells,
}

impl Errors {
    pub(super) fn add(&mut self, difference: f64, favoured: &Cells) {
        let squares = difference * difference;
        *self = self.plus(&Self { rows: 1.0, sum: difference, squares, favoured: *favoured }, 1.0);
    }
}

impl Favoured for Errors {
    fn favoured(&self) -> Cells {
        self.favoured
    }
}

impl Sums for Errors {
    fn plus(self, other: &Self, times: f64) -> Self {
        Self {
            rows: self.rows + times * other.rows,
            sum: self.sum + times * other.sum,
            squares: self.squares + times * other.squares,
            favoured: self.favoured.plus(&other.favoured, times),
        }
    }
}

impl Comparable for Errors {
    fn compare(&self, alpha: f64) -> Option<Compared> {
        let change = Some(self.sum / self.rows).filter(|change| change.is_finite())?;
        let variance = (self.squares - self.rows * change * change).max(0.0) / (self.rows - 1.0);
        let found = t_test(self.rows as u64, change, variance, alpha);
        // Errors that change by the same everywhere have no test; no change is no loss.
        let p_value = found.map_or(1.0, |t| t.p_value);
        let interval = found.map(|t| t.interval);
        Some(Compared { metric: Metric::Mae, rows: self.rows as u64, change, interval, p_value })
    }

    fn change(&self) -> [f64; 2] {
        [self.sum, self.rows]
    }
}
