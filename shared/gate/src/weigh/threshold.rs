//! Did only the threshold move?

use super::gain::gain;
use crate::findings::{BothMetrics, Check, Code, Reason, Test};
use crate::policy::{Consequence, Metric, Policy};

/// An alarm where both models rank the rows alike as far as can be told, but are right on different shares of
/// them: another threshold would give the champion the same, without a new model.
pub(super) fn check(policy: &Policy, metrics: &BothMetrics, tests: &[Test]) -> Option<Reason> {
    let accuracy = gain(policy, Metric::Accuracy, metrics, tests)?;
    let ranking = gain(policy, Metric::Auc, metrics, tests)?;
    if accuracy.p_value > policy.alpha || ranking.p_value <= policy.alpha {
        return None;
    }
    let code = match policy.threshold_moved {
        Consequence::Block => Code::ThresholdBlocks,
        Consequence::Ask => Code::ThresholdAsks,
        Consequence::Warn => Code::ThresholdWarning,
    };
    let text = format!(
        "only the threshold seems to have moved: accuracy changes by {:+.4} (p {:.3e}), but the ranking is \
         not shown to differ (auc {:+.4}, p {:.3})",
        accuracy.estimate, accuracy.p_value, ranking.estimate, ranking.p_value
    );
    Some(Reason::new(Check::Threshold, code, text))
}
