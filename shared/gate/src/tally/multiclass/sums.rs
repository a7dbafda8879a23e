//! What is added up: by model, by block, and by group.

use crate::blocks::{Cells, Sums, slot};
use crate::fairness::Favoured;
use crate::slices::{Comparable, Compared};
use pawl_stats::moments::Moments;

/// Who is right, and whom they favour.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Judged {
    pub(super) right: Cells,
    pub(super) favoured: Cells,
}

impl Sums for Judged {
    fn plus(self, other: &Self, times: f64) -> Self {
        Self {
            right: self.right.plus(&other.right, times),
            favoured: self.favoured.plus(&other.favoured, times),
        }
    }
}

impl Comparable for Judged {
    fn compare(&self, alpha: f64) -> Option<Compared> {
        self.right.compare(alpha)
    }

    fn change(&self) -> [f64; 2] {
        self.right.change()
    }
}

impl Favoured for Judged {
    fn favoured(&self) -> Cells {
        self.favoured
    }
}

/// One model's measures.
#[derive(Debug, Default)]
pub(super) struct ModelMeasures {
    /// By class, then by predicted class.
    pub(super) confusion: Vec<Vec<u64>>,
    pub(super) log_loss: Moments,
}

impl ModelMeasures {
    pub(super) fn push(&mut self, label: usize, predicted: &Predicted) {
        *slot(slot(&mut self.confusion, label), predicted.class) += 1;
        predicted.log_loss.into_iter().for_each(|loss| self.log_loss.push(loss));
    }
}

/// A prediction, read.
pub(super) struct Predicted {
    pub(super) class: usize,
    /// Minus the logarithm of the label's probability.
    pub(super) log_loss: Option<f64>,
}

/// One block's sums: for who is right, of losses, and [`OF_CLASS`](super::measures::OF_CLASS) for each class.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) judged: Judged,
    pub(super) log_loss: f64,
    pub(super) classes: Vec<f64>,
}
