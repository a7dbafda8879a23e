//! What a task's rows amount to.

use std::collections::BTreeMap;

use super::blockwise::Blockwise;
use crate::blocks::{Cells, GroupCounter, Resamples};
use crate::fairness::{Assessment, Favoured, GroupFairness};
use crate::findings::{BothMetrics, Reason, Sample, Test};
use crate::row::Against;
use crate::slices::{self, Comparable, SliceFinding};

/// Tail indices of both models' absolute errors, of which the challenger's is below the champion's and not
/// shown to be above 4.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeavyTail {
    pub(crate) challenger: f64,
    pub(crate) champion: f64,
}

/// What a task's rows amount to, for the algebra to weigh.
#[derive(Debug, Default)]
pub(crate) struct RowEvidence {
    pub(crate) rows: u64,
    /// Rows of the second most frequent class; `None` where there are no classes.
    pub(crate) second_class: Option<u64>,
    pub(crate) positives: Option<u64>,
    /// Clusters that have rows; `None` where the policy names no cluster column.
    pub(crate) clusters: Option<u64>,
    pub(crate) metrics: BothMetrics,
    pub(crate) tests: Vec<Test>,
    pub(crate) slices: Vec<SliceFinding>,
    pub(crate) fairness: BTreeMap<String, GroupFairness>,
    /// Set where the challenger's squared errors have a heavier tail than an average of them can bear.
    pub(crate) heavy_tail: Option<HeavyTail>,
    /// Of fairness and slices.
    pub(crate) reasons: Vec<Reason>,
    pub(crate) sample: Option<Sample>,
}

impl RowEvidence {
    /// Adds what parts of the rows show: slices that lose, and groups of people; `blocks` count the
    /// favourable outcome over all rows.
    pub(super) fn add_parts<C: Comparable + Favoured>(
        &mut self,
        blockwise: &Blockwise<'_>,
        counts: &GroupCounter<C>,
        blocks: &[Cells],
    ) {
        let Blockwise { policy, against, seed, .. } = blockwise;
        self.clusters = policy.cluster.as_ref().map(|_| blocks.len() as u64);
        if *against == Against::Champion {
            (self.slices, self.reasons) = slices::search(policy, counts);
        }
        let resamples = &Resamples::new(blocks.len(), policy.resamples_needed(), *seed);
        let assessment = Assessment { policy, against: *against, counts, blocks, resamples };
        let (found, reasons) = assessment.assess();
        self.fairness = found;
        self.reasons.extend(reasons);
    }
}
