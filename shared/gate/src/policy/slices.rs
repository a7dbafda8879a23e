//! Which parts of the rows must not be lost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Consequence;

/// The slices part of the gate's policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SlicePolicy {
    /// Columns whose values, one by one and in pairs of columns, are searched for slices that lose.
    /// Default: none.
    pub columns: Vec<String>,
    /// Slices that must be there with enough rows. Default: none.
    pub named: Vec<NamedSlice>,
    /// Fewer rows than this are no slice. Default 100.
    pub minimum_rows: u64,
    /// What follows when a slice is shown to lose: accuracy by McNemar, for `regression` the mean absolute
    /// error by a paired t-test, and by the jackknife of clusters where the policy names a cluster column;
    /// Holm over all slices. Default: ask.
    pub action: Consequence,
}

impl Default for SlicePolicy {
    fn default() -> Self {
        Self { columns: Vec::new(), named: Vec::new(), minimum_rows: 100, action: Consequence::Ask }
    }
}

/// Rows whose column has this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedSlice {
    /// The column.
    pub column: String,
    /// Its value.
    pub value: String,
}

impl SlicePolicy {
    /// The groupings to count.
    pub(crate) fn groupings(&self) -> Vec<Vec<String>> {
        let mut columns = self.columns.clone();
        columns.extend(self.named.iter().map(|n| n.column.clone()).filter(|c| !self.columns.contains(c)));
        let mut groupings: Vec<Vec<String>> = columns.into_iter().map(|c| vec![c]).collect();
        for (place, first) in self.columns.iter().enumerate() {
            let pairs = self.columns.iter().skip(place + 1);
            groupings.extend(pairs.map(|second| vec![first.clone(), second.clone()]));
        }
        groupings
    }
}
