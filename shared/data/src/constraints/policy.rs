//! How strictly data is judged, and a team's own rules: the `constraints` section of pipeline.yaml.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use pawl_base::duration::Duration;

/// How data is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// A batch is quarantined whole when more than this share of its rows is bad, the missing
    /// time steps counted in. Default 0.05.
    pub quarantine_above: f64,
    /// How far beyond the baseline a number may lie, in widths of the baseline's range, once the
    /// baseline has 5,000 rows; a younger baseline allows more. Default 3: growth is drift, and
    /// only what no growth explains is corruption.
    pub range_slack: f64,
    /// How much longer than the second longest stretch or gap of the baseline one may be, once the
    /// baseline has 5,000 rows; a younger baseline allows more. Default 1.25. The second longest,
    /// because the longest may itself be a fault.
    pub stretch_slack: f64,
    /// How much lower than in the baseline the share of rows with a value may be. Default 0.02.
    pub completeness_slack: f64,
    /// Rules for columns, by name. They win over suggestions.
    pub columns: BTreeMap<String, ColumnPolicy>,
    /// Rules across two columns.
    pub across: Vec<Across>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            quarantine_above: 0.05,
            range_slack: 3.0,
            stretch_slack: 1.25,
            completeness_slack: 0.02,
            columns: BTreeMap::new(),
            across: Vec::new(),
        }
    }
}

/// A team's rules for one column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnPolicy {
    /// Every row must have a value.
    pub required: bool,
    /// The numbers allowed.
    pub range: Option<Range>,
    /// The values allowed.
    pub domain: Option<Vec<String>>,
    /// How many characters a value may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Range>,
    /// The shape of every value: digits are one 9, capital letters one A, other letters one a, and every
    /// other character stands for itself. `A-9` fits `AB-1234`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The least share of values that must differ from each other, 0..=1; fewer is a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<f64>,
    /// The values that are usual, in place of those of the baseline: where one is given any other is told,
    /// where several are, more than a tenth of others. An empty list for a column that may change freely,
    /// such as a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<Vec<String>>,
    /// How old the newest time may be when the batch is checked, such as `2d`; older is a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freshness: Option<Duration>,
    /// The most rows in time order that may repeat one number.
    pub stuck: Option<u64>,
}

/// Numbers from `min` to `max`, both allowed; either may be left open.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Range {
    /// The smallest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// `column` must lie within `within` of the column `of`, in every row where both are numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Across {
    /// The column that is judged.
    pub column: String,
    /// The largest distance allowed.
    pub within: f64,
    /// The column it is compared with.
    pub of: String,
}
