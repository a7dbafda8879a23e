//! The share of right answers, whatever the classes.

use super::{LiveQuality, QualityPolicy, Side, Standing, TUNED_FOR};
use crate::gate::stats::sequential::confidence_half_width;

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

/// The always-valid interval of a share: valid at every look at once, so that a monitor may look
/// each hour. It takes rows as independent. Asymptotic confidence sequence (Waudby-Smith and others), tightest at 5000 rows.
pub(crate) fn always_valid(share: f64, rows: u64, alpha: f64) -> Option<(f64, f64)> {
    // One right and one wrong answer more: a perfect record is not certainty.
    let smoothed = (share * rows as f64 + 1.0) / (rows as f64 + 2.0);
    let half = confidence_half_width(rows, (smoothed * (1.0 - smoothed)).sqrt(), alpha, TUNED_FOR)?;
    Some(((share - half).max(0.0), (share + half).min(1.0)))
}
