//! The share of right answers, whatever the classes.

use super::{LiveQuality, QualityPolicy, Side, Standing};
use pawl_stats::sequential::always_valid;

/// The smallest probability whose logarithm is taken.
pub(super) const TINY: f64 = 1e-15;

/// Notes the accuracy of `rows` rows, and holds it against the expected one.
pub(super) fn judge(
    right: u64,
    rows: u64,
    expected: f64,
    policy: &QualityPolicy,
    quality: &mut LiveQuality,
) -> Option<Standing> {
    let accuracy = (rows > 0).then(|| right as f64 / rows as f64);
    let interval = accuracy.and_then(|accuracy| always_valid(accuracy, rows, policy.alpha));
    quality.accuracy = accuracy;
    quality.accuracy_interval = interval;
    let ((low, high), least) = (interval?, expected - policy.margin);
    let words = format!(
        "accuracy {low:.3} to {high:.3} at every look, expected {expected:.3} less {:.3}",
        policy.margin
    );
    let side = match (low >= least, high < least) {
        (_, true) => Side::Bad,
        (true, false) => Side::Good,
        (false, false) => Side::Both,
    };
    Some(Standing { side, words })
}
