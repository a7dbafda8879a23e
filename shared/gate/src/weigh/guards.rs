//! What must not get worse.

use super::gain::{Gain, gain, undefined};
use crate::findings::{BothMetrics, Check, Code, Reason, Test};
use crate::policy::Policy;
use pawl_stats::Interval;

/// One reason for each guard of the policy.
pub(super) fn check<'a>(
    policy: &'a Policy,
    metrics: &'a BothMetrics,
    tests: &'a [Test],
) -> impl Iterator<Item = Reason> + 'a {
    policy.guards().iter().map(|guard| {
        let (check, metric) = (Check::Guard(guard.metric), guard.metric);
        let Some(Gain { estimate, interval: Interval { low, high }, unit, .. }) =
            gain(policy, metric, metrics, tests)
        else {
            return undefined(check, metric);
        };
        let margin = guard.margin * unit;
        let (code, means) = if low > -margin {
            (Code::NonInferior, "as good as the champion")
        } else if high < 0.0 {
            (Code::Harm, "worse than the champion")
        } else {
            (Code::GuardUndecided, "not shown to be as good as the champion")
        };
        // A share of an error has as many digits as the error itself; every margin is written with four.
        let margin = (1e4 * margin).round() / 1e4;
        let text = format!(
            "{means}: {metric} gain {estimate:+.4}, interval {low:+.4} to {high:+.4}, margin {margin}"
        );
        Reason::new(check, code, text)
    })
}
