//! One holdout row with both models' predictions.

use super::value::RowValue;

/// One holdout row with both models' predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedRow<'a> {
    /// The label: 0 or 1, a class, or a number.
    pub label: RowValue<'a>,
    /// What the challenger predicts: the probability of the positive class, a class or scores of all
    /// classes, or a number.
    pub challenger: RowValue<'a>,
    /// What the champion predicts; `None` for a first model.
    pub champion: Option<RowValue<'a>>,
    /// Values of the columns that [`Judge::columns`](crate::Judge::columns) lists, in that order.
    pub columns: &'a [&'a str],
}
