//! Clarify's measures of predictions from counts; `a` is the advantaged side, `d` the disadvantaged group.

use crate::blocks::Matrix;
use crate::policy::Measure;

impl Measure {
    /// The value; NaN where a group lacks what the measure divides by.
    pub(crate) fn of(self, a: &Matrix, d: &Matrix) -> f64 {
        match self {
            Self::Dppl => a.selected() / a.rows() - d.selected() / d.rows(),
            Self::Di => finite((d.selected() / d.rows()) / (a.selected() / a.rows())),
            Self::Dcacc => a.positives() / a.selected() - d.positives() / d.selected(),
            Self::Dcr => d.negatives() / d.rejected() - a.negatives() / a.rejected(),
            Self::Sd => d.true_negatives / d.negatives() - a.true_negatives / a.negatives(),
            Self::Rd => a.true_positives / a.positives() - d.true_positives / d.positives(),
            Self::Dar => a.true_positives / a.selected() - d.true_positives / d.selected(),
            Self::Drr => d.true_negatives / d.rejected() - a.true_negatives / a.rejected(),
            Self::Ad => right(a) - right(d),
            Self::Te => finite(d.false_negatives / d.false_positives - a.false_negatives / a.false_positives),
            Self::Ge => {
                // Benefit 2 of a false positive, 1 of a right prediction, 0 of a false negative.
                let rows = a.rows() + d.rows();
                let false_positives = a.false_positives + d.false_positives;
                let right = rows - false_positives - a.false_negatives - d.false_negatives;
                let mean = (2.0 * false_positives + right) / rows;
                ((4.0 * false_positives + right) / (mean * mean) / rows - 1.0) / 2.0
            }
        }
    }
}

fn right(m: &Matrix) -> f64 {
    (m.true_positives + m.true_negatives) / m.rows()
}

pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// a: 100 rows, 50 positive; d: 80 rows, 20 positive. Values by the formulas of Clarify's documentation.
    #[test]
    fn measures_follow_clarify() {
        let a = Matrix {
            true_positives: 40.0,
            false_positives: 20.0,
            true_negatives: 30.0,
            false_negatives: 10.0,
        };
        let d = Matrix {
            true_positives: 10.0,
            false_positives: 6.0,
            true_negatives: 54.0,
            false_negatives: 10.0,
        };
        let expected = [
            0.6 - 0.2,
            0.2 / 0.6,
            50.0 / 60.0 - 20.0 / 16.0,
            60.0 / 64.0 - 50.0 / 40.0,
            0.9 - 0.6,
            0.8 - 0.5,
            40.0 / 60.0 - 10.0 / 16.0,
            54.0 / 64.0 - 0.75,
            0.7 - 0.8,
            10.0 / 6.0 - 0.5,
            // 180 rows, 26 benefits of 2, 20 of 0: mean 186/180.
            ((4.0 * 26.0 + 134.0) / (186.0_f64 / 180.0).powi(2) / 180.0 - 1.0) / 2.0,
        ];
        for (measure, expected) in Measure::ALL.into_iter().zip(expected) {
            assert!((measure.of(&a, &d) - expected).abs() < 1e-15, "{measure:?}");
        }
        assert!((Measure::Di.unfairness(0.5) - Measure::Di.unfairness(2.0)).abs() < 1e-15);
    }

    #[test]
    fn nothing_to_divide_by_is_undefined() {
        let a = Matrix { true_negatives: 30.0, false_negatives: 10.0, ..Matrix::default() };
        let d = Matrix { true_positives: 5.0, true_negatives: 5.0, ..Matrix::default() };
        assert!(Measure::Di.of(&a, &d).is_nan());
        assert!(Measure::Te.of(&a, &d).is_nan());
        assert!(Measure::Dar.of(&a, &d).is_nan());
    }
}
