//! One holdout row with both models' predictions.

use super::value::Value;

/// One holdout row with both models' predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The label: 0 or 1, a class, or a number.
    pub label: Value<'a>,
    /// What the challenger predicts: the probability of the positive class, a class or scores of all classes, or a
    /// number.
    pub challenger: Value<'a>,
    /// What the champion predicts; `None` for a first model.
    pub champion: Option<Value<'a>>,
    /// Values of the columns that [`Judge::columns`](crate::Judge::columns) lists, in that order.
    pub columns: &'a [&'a str],
}
