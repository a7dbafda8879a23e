//! The column that a model learns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the model learns: a column of 0 and 1, or a number above or below a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The column.
    pub column: String,
    /// Positive from this value on. Without it the column itself is the label.
    #[serde(default)]
    pub at_least: Option<f64>,
}
