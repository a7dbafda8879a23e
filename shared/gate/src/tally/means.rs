//! Student's test of a mean.

use crate::findings::{Test, TestName};
use crate::policy::Metric;
use crate::row::Against;
use pawl_stats::Interval;
use pawl_stats::moments::Moments;

/// Student's test of a mean: of paired differences against a champion, else the interval of a first model's
/// loss.
pub(super) fn mean_test(metric: Metric, against: Against, values: &Moments, alpha: f64) -> Test {
    let found = values.t_test(alpha);
    let compared = found.filter(|_| against == Against::Champion);
    let same = against == Against::Champion && all_zero(values);
    let name = match against {
        Against::Champion => TestName::PairedT,
        Against::Nobody => TestName::TInterval,
    };
    Test {
        estimate: values.mean(),
        statistic: compared.map(|t| t.statistic),
        p_value: compared.map(|t| t.p_value).or(same.then_some(1.0)),
        interval: found.map(|t| t.interval).or(same.then_some(NO_DIFFERENCE)),
        ..Test::new(name, metric, values.count())
    }
}

/// The interval of a difference that is nothing.
pub(super) const NO_DIFFERENCE: Interval = Interval { low: 0.0, high: 0.0 };

/// Whether all of many differences are nothing: two models that are one.
fn all_zero(differences: &Moments) -> bool {
    differences.mean() == Some(0.0) && differences.variance() == Some(0.0)
}
