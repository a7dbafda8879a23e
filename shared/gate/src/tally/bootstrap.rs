//! The bootstrap, as a test that a judgement lists.

use super::means::NO_DIFFERENCE;
use crate::blocks::{Resampled, Resamples};
use crate::findings::{Test, TestName};
use crate::policy::{Metric, Policy};
use crate::row::Against;
use pawl_stats::bca::Bca;

/// What is resampled, and against whom.
pub(super) struct Bootstrap<'a> {
    pub(super) policy: &'a Policy,
    pub(super) against: Against,
    pub(super) rows: u64,
    /// Whether both models are right and wrong on the same rows.
    pub(super) alike: bool,
    pub(super) resamples: Resamples,
}

impl Bootstrap<'_> {
    /// The metrics that are resampled.
    pub(super) fn metrics(&self) -> impl Iterator<Item = Metric> {
        self.policy.task.metrics().iter().copied().filter(|metric| self.wants(*metric))
    }

    /// Whether this metric is resampled: over clusters, where the policy names them, all but the costly;
    /// else those that the policy names and that have no test of their own.
    pub(super) fn wants(&self, metric: Metric) -> bool {
        let costly = matches!(metric, Metric::AveragePrecision | Metric::CalibrationError);
        self.policy.cluster.is_some() && !costly || metric.by_bootstrap() && self.policy.rests_on(metric)
    }

    /// The test by sums of blocks; `value` takes sums to the change, or to a first model's own value.
    pub(super) fn test(&self, metric: Metric, sums: &Resampled, value: impl Fn(&[f64]) -> f64) -> Test {
        let found = sums.interval(&value, self.policy.alpha);
        self.as_test(metric, Some(sums.value(value)), found, self.rows)
    }

    /// What a bootstrap found, as a test over `n` rows.
    pub(super) fn as_test(&self, metric: Metric, estimate: Option<f64>, found: Option<Bca>, n: u64) -> Test {
        let name = match (self.against, &self.policy.cluster) {
            (Against::Nobody, _) => TestName::BootstrapInterval,
            (Against::Champion, Some(_)) => TestName::ClusterBootstrap,
            (Against::Champion, None) => TestName::Bootstrap,
        };
        let compared = self.against == Against::Champion;
        // Where nothing varies at all the two models are one, and differ by nothing.
        let same = compared && estimate == Some(0.0) && found.is_none() && self.alike;
        Test {
            estimate: estimate.filter(|e| e.is_finite()),
            p_value: found.filter(|_| compared).map(|b| b.p_value).or(same.then_some(1.0)),
            interval: found.map(|b| b.interval).or(same.then_some(NO_DIFFERENCE)),
            ..Test::new(name, metric, n)
        }
    }
}
