//! What fairness is assessed from.

use crate::blocks::{Cells, GroupCounter, Resamples, Sums};
use crate::policy::Policy;
use crate::row::Against;

/// Sums that tell whom labels and models favour.
pub(crate) trait Favoured: Sums {
    /// The counts in which the favourable outcome is positive.
    fn favoured(&self) -> Cells;
}

impl Favoured for Cells {
    fn favoured(&self) -> Cells {
        *self
    }
}

/// What fairness is assessed from.
pub(crate) struct Assessment<'a, C> {
    pub(crate) policy: &'a Policy,
    pub(crate) against: Against,
    /// Counts by grouping, value and block.
    pub(crate) counts: &'a GroupCounter<C>,
    /// Counts of all rows, by block.
    pub(crate) blocks: &'a [Cells],
    pub(crate) resamples: &'a Resamples,
}

/// One value of a grouping: its counts by block, and their sum.
pub(super) struct Group<'a> {
    pub(super) value: &'a str,
    pub(super) blocks: Vec<Cells>,
    pub(super) cells: Cells,
}

impl Group<'_> {
    pub(super) fn label_rate(&self) -> f64 {
        let matrix = self.cells.challenger();
        matrix.positives() / matrix.rows()
    }
}
