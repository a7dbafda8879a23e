//! Measures of counts at the threshold.

use crate::blocks::Matrix;
use crate::policy::Metric;

/// A measure of counts; `None` for one that needs more than counts.
pub(super) fn of_matrix(metric: Metric) -> Option<fn(&Matrix) -> f64> {
    match metric {
        Metric::Accuracy => Some(|m| (m.true_positives + m.true_negatives) / m.rows()),
        Metric::BalancedAccuracy => {
            Some(|m| f64::midpoint(m.true_positives / m.positives(), m.true_negatives / m.negatives()))
        }
        Metric::Precision => Some(|m| m.true_positives / m.selected()),
        Metric::Recall => Some(|m| m.true_positives / m.positives()),
        Metric::F1 => Some(|m| 2.0 * m.true_positives / (m.selected() + m.positives())),
        Metric::Mcc => Some(|m| {
            let agreement = m.true_positives * m.true_negatives - m.false_positives * m.false_negatives;
            agreement / (m.positives() * m.negatives() * m.selected() * m.rejected()).sqrt()
        }),
        _ => None,
    }
}
