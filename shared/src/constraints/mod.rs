//! Constraints on data: suggested from a profile, completed by a team's own rules, checked on a
//! batch. A row that breaks a row rule is quarantined; a batch with too many is quarantined whole.

mod check;
mod policy;
mod suggest;

pub use check::{Effect, Validation, Verdict, Violation, check};
pub use policy::{Across, ColumnPolicy, Policy, Range};
use serde::{Deserialize, Serialize};
pub use suggest::suggest;

use crate::profile::ColumnType;

/// The version of the [`Constraints`] document that this code writes.
pub const CONSTRAINTS_VERSION: u32 = 1;

/// What data must hold to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constraints {
    /// [`CONSTRAINTS_VERSION`] when it was written.
    pub version: u32,
    /// The rows an object may have, smallest and largest; outside is a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<(u64, u64)>,
    /// The most time steps in a row that may be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<u64>,
    /// One entry a column.
    pub columns: Vec<ColumnConstraints>,
    /// Columns that belong together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<Across>,
}

/// What one column must hold to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnConstraints {
    /// The column's name; a header without it is a broken schema.
    pub name: String,
    /// The type of its values; none where the baseline was mixed.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnType>,
    /// The least share of rows with a value, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// Whether every row must have a value.
    #[serde(default)]
    pub required: bool,
    /// The numbers allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The values allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Vec<String>>,
    /// The most rows in time order that may repeat one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<u64>,
}

impl Constraints {
    /// The constraints of the column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnConstraints> {
        self.columns.iter().find(|column| column.name == name)
    }
}
