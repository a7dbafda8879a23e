//! Did only the threshold move?

use super::gain::gain;
use crate::findings::{BothMetrics, Check, Code, Reason, Test};
use crate::policy::{Metric, Policy};
use pawl_stats::Interval;

/// A change of the area under the curve is a trifle below this part of the change of accuracy.
const TRIFLE: f64 = 0.2;

/// An alarm where both models rank the rows alike as far as can be told, but are right on different shares of
/// them: another threshold would give the champion the same, without a new model.
pub(super) fn check(policy: &Policy, metrics: &BothMetrics, tests: &[Test]) -> Option<Reason> {
    let accuracy = gain(policy, Metric::Accuracy, metrics, tests)?;
    let ranking = gain(policy, Metric::Auc, metrics, tests)?;
    // Over many rows even a trifle is significant.
    let (Interval { low, high }, trifle) = (ranking.interval, TRIFLE * accuracy.estimate.abs());
    let alike = ranking.p_value > policy.alpha || low > -trifle && high < trifle;
    if accuracy.p_value > policy.alpha || !alike {
        return None;
    }
    let (blocks, asks) = (Code::ThresholdBlocks, Code::ThresholdAsks);
    let code = Code::of(policy.threshold_moved, blocks, asks, Code::ThresholdWarning);
    let text = format!(
        "only the threshold seems to have moved: accuracy changes by {:+.4} (p {:.3e}), the ranking hardly \
         (auc {:+.4}, interval {low:+.4} to {high:+.4})",
        accuracy.estimate, accuracy.p_value, ranking.estimate
    );
    Some(Reason::new(Check::Threshold, code, text))
}
