//! Measures from sums for each class.

use crate::policy::Metric;

/// Sums for each class: rows; then hits and predictions of champion and challenger.
pub(super) const OF_CLASS: usize = 5;

pub(super) const CHAMPION: usize = 1;

pub(super) const CHALLENGER: usize = 3;

/// A measure of the model whose sums stand at `from` in each class's. As in scikit-learn, the classes are
/// those among labels or predictions, and a class that is never predicted has precision 0.
pub(super) fn of_classes(metric: Metric, from: usize) -> impl Fn(&[f64]) -> f64 {
    move |sums| {
        let (mut rows, mut classes, mut sum) = (0.0, 0.0, 0.0);
        for class in sums.chunks_exact(OF_CLASS) {
            let at = |place: usize| class.get(place).copied().unwrap_or(f64::NAN);
            let (labels, hits, predictions) = (at(0), at(from), at(from + 1));
            if labels + predictions <= 0.0 {
                continue;
            }
            let f1 = 2.0 * hits / (labels + predictions);
            rows += labels;
            classes += 1.0;
            sum += match metric {
                Metric::Accuracy => hits,
                Metric::MacroF1 => f1,
                Metric::WeightedF1 => labels * f1,
                Metric::WeightedPrecision if predictions > 0.0 => labels * hits / predictions,
                Metric::WeightedPrecision => 0.0,
                _ => f64::NAN,
            };
        }
        sum / if metric == Metric::MacroF1 { classes } else { rows }
    }
}
