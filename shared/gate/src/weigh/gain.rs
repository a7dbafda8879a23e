//! What the deciding test of a metric says, as a gain.

use crate::findings::{BothMetrics, Check, Code, Reason, Test, TestName};
use crate::policy::{Better, Metric, Policy};
use pawl_stats::Interval;

/// What the deciding test says, as a gain: above zero is better, whatever the metric.
pub(super) struct Gain {
    pub(super) estimate: f64,
    pub(super) interval: Interval,
    pub(super) p_value: f64,
    /// What margins and minimum effects are counted in.
    pub(super) unit: f64,
}

/// The test that decides a metric under this policy.
pub(super) fn deciding(policy: &Policy, metric: Metric) -> TestName {
    match metric {
        _ if policy.cluster.is_some() => TestName::ClusterJackknife,
        Metric::Auc => TestName::Delong,
        Metric::Accuracy => TestName::McnemarMidP,
        Metric::Mae | Metric::Mse if policy.horizon.is_some() => TestName::DieboldMariano,
        Metric::LogLoss | Metric::Brier | Metric::Mae | Metric::Mse => TestName::PairedT,
        _ => TestName::Jackknife,
    }
}

pub(super) fn gain(policy: &Policy, metric: Metric, metrics: &BothMetrics, tests: &[Test]) -> Option<Gain> {
    let test = tests.iter().find(|t| t.metric == metric && t.name == deciding(policy, metric))?;
    let (estimate, interval, p_value) = (test.estimate?, test.interval?, test.p_value?);
    let unit = metric.unit(metrics.champion.as_ref().and_then(|m| m.value(metric)))?;
    let all_finite = [estimate, interval.low, interval.high, p_value, unit].iter().all(|v| v.is_finite());
    let gain = match metric.better() {
        Better::Higher => Gain { estimate, interval, p_value, unit },
        Better::Lower => Gain {
            estimate: -estimate,
            interval: Interval { low: -interval.high, high: -interval.low },
            p_value,
            unit,
        },
    };
    all_finite.then_some(gain)
}

pub(super) fn undefined(check: Check, metric: Metric) -> Reason {
    let text = format!("the test of {metric} has no answer on these rows");
    Reason::new(check, Code::Undefined, text)
}
