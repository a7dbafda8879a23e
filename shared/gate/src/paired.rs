//! The tests that several tasks share, as a judgement lists them.

use super::judgement::{Test, TestName};
use super::metric::Metric;
use super::pairs::Against;
use super::policy::Policy;
use super::resample::Resampled;
use pawl_stats::bca::Bca;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;
use pawl_stats::{Interval, tango, wilson};

impl Test {
    pub(super) fn new(name: TestName, metric: Metric, n: u64) -> Self {
        Self {
            name,
            metric,
            estimate: None,
            statistic: None,
            p_value: None,
            adjusted_p_value: None,
            interval: None,
            margin: None,
            n,
        }
    }
}

/// McNemar's and Tango's tests of who is right on which rows.
pub(super) fn accuracy_tests(policy: &Policy, table: &Discordance) -> Vec<Test> {
    let root = table.chi_squared().map(f64::sqrt);
    let signed = match table.difference() {
        Some(d) if d < 0.0 => root.map(|z| -z),
        _ => root,
    };
    let margin = policy.guards().iter().find(|g| g.metric == Metric::Accuracy).map(|g| g.margin);
    let non_inferiority = margin.and_then(|m| tango::non_inferiority(table, m));
    let interval = tango::interval(table, policy.alpha);
    let accuracy = |name, statistic, p_value, margin| Test {
        estimate: table.difference(),
        statistic,
        p_value,
        interval,
        margin,
        ..Test::new(name, Metric::Accuracy, table.rows)
    };
    let some = |p: f64| (table.rows > 0).then_some(p);
    let (z, p) = non_inferiority.unzip();
    vec![
        accuracy(TestName::McnemarMidP, signed, some(table.mid_p()), None),
        accuracy(TestName::McnemarExact, signed, some(table.exact()), None),
        accuracy(TestName::Tango, z, p, margin),
    ]
}

/// Wilson's interval of a first model's accuracy.
pub(super) fn accuracy_interval(right: u64, rows: u64, alpha: f64) -> Test {
    Test {
        estimate: (rows > 0).then(|| right as f64 / rows as f64),
        interval: wilson(right, rows, alpha),
        ..Test::new(TestName::WilsonInterval, Metric::Accuracy, rows)
    }
}

/// Student's test of a mean: of paired differences against a champion, else the interval of a first model's loss.
pub(super) fn mean_test(metric: Metric, against: Against, values: &Moments, alpha: f64) -> Test {
    let found = values.t_test(alpha);
    let compared = found.filter(|_| against == Against::Champion);
    let same = against == Against::Champion && unmoved(values);
    let name = match against {
        Against::Champion => TestName::PairedT,
        Against::Nobody => TestName::TInterval,
    };
    Test {
        estimate: values.mean(),
        statistic: compared.map(|t| t.statistic),
        p_value: compared.map(|t| t.p_value).or(same.then_some(1.0)),
        interval: found.map(|t| t.interval).or(same.then_some(NOTHING)),
        ..Test::new(name, metric, values.count())
    }
}

/// The interval of a difference that is nothing.
pub(super) const NOTHING: Interval = Interval { low: 0.0, high: 0.0 };

/// Whether all of many differences are nothing: two models that are one.
pub(super) fn unmoved(differences: &Moments) -> bool {
    differences.mean() == Some(0.0) && differences.variance() == Some(0.0)
}

/// What is resampled, and against whom.
pub(super) struct Bootstrap<'a> {
    pub(super) policy: &'a Policy,
    pub(super) against: Against,
    pub(super) rows: u64,
    /// Whether both models are right and wrong on the same rows.
    pub(super) alike: bool,
}

impl Bootstrap<'_> {
    /// Whether this metric is resampled: over clusters, where the policy names them, all but the costly; else those that
    /// the policy names and that have no test of their own.
    pub(super) fn wants(&self, metric: Metric) -> bool {
        let costly = matches!(metric, Metric::AveragePrecision | Metric::CalibrationError);
        self.policy.cluster.is_some() && !costly || metric.by_bootstrap() && self.policy.names(metric)
    }

    /// The test by sums of blocks; `value` takes sums to the change, or to a first model's own value.
    pub(super) fn test(&self, metric: Metric, sums: &Resampled, value: impl Fn(&[f64]) -> f64) -> Test {
        let found = sums.interval(&value, self.policy.alpha);
        self.told(metric, Some(sums.value(value)), found, self.rows)
    }

    /// What a bootstrap found, as a test over `n` rows.
    pub(super) fn told(&self, metric: Metric, estimate: Option<f64>, found: Option<Bca>, n: u64) -> Test {
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
            interval: found.map(|b| b.interval).or(same.then_some(NOTHING)),
            ..Test::new(name, metric, n)
        }
    }
}
