//! The jackknife over blocks of rows, as a test that a judgement lists.

use super::means::NO_DIFFERENCE;
use crate::blocks::{BlockSums, LEAST_BLOCKS};
use crate::findings::{Test, TestName};
use crate::policy::{Metric, Policy};
use crate::row::Against;
use pawl_stats::jackknife::{Jackknife, jackknife};

/// What is judged block by block, and against whom.
pub(super) struct Blockwise<'a> {
    pub(super) policy: &'a Policy,
    pub(super) against: Against,
    pub(super) rows: u64,
    /// Whether both models are right and wrong on the same rows.
    pub(super) alike: bool,
    pub(super) seed: u64,
    /// Rows of each block.
    pub(super) sizes: Vec<f64>,
}

impl Blockwise<'_> {
    /// The metrics that are judged so.
    pub(super) fn metrics(&self) -> impl Iterator<Item = Metric> {
        self.policy.task.metrics().iter().copied().filter(|metric| self.wants(*metric))
    }

    /// Whether this metric is judged so: over clusters, where the policy names them, all but the costly;
    /// else those that the policy names and that have no test of their own.
    pub(super) fn wants(&self, metric: Metric) -> bool {
        let costly = matches!(metric, Metric::AveragePrecision | Metric::CalibrationError);
        self.policy.cluster.is_some() && !costly || metric.by_jackknife() && self.policy.rests_on(metric)
    }

    /// The test by sums of blocks; `value` takes sums to the change, or to a first model's own value.
    pub(super) fn test(&self, metric: Metric, sums: &BlockSums, value: impl Fn(&[f64]) -> f64) -> Test {
        let found = self.leave_out(value(&sums.total()), &sums.without_each(&value));
        self.as_test(metric, Some(value(&sums.total())), found, self.rows)
    }

    /// The jackknife of a value over all blocks and without each; none over too few blocks.
    pub(super) fn leave_out(&self, estimate: f64, without: &[f64]) -> Option<Jackknife> {
        let enough = without.len() >= LEAST_BLOCKS;
        jackknife(estimate, without, &self.sizes, self.policy.alpha).filter(|_| enough)
    }

    /// What a jackknife found, as a test over `n` rows.
    pub(super) fn as_test(
        &self,
        metric: Metric,
        estimate: Option<f64>,
        found: Option<Jackknife>,
        n: u64,
    ) -> Test {
        let name = match (self.against, &self.policy.cluster) {
            (Against::Nobody, _) => TestName::JackknifeInterval,
            (Against::Champion, Some(_)) => TestName::ClusterJackknife,
            (Against::Champion, None) => TestName::Jackknife,
        };
        let compared = self.against == Against::Champion;
        // Where nothing varies at all the two models are one, and differ by nothing.
        let same = compared && estimate == Some(0.0) && found.is_none() && self.alike;
        Test {
            estimate: estimate.filter(|e| e.is_finite()),
            statistic: found.filter(|_| compared).map(|it| it.statistic),
            p_value: found.filter(|_| compared).map(|it| it.p_value).or(same.then_some(1.0)),
            interval: found.map(|it| it.interval).or(same.then_some(NO_DIFFERENCE)),
            ..Test::new(name, metric, n)
        }
    }
}
