//! What was found of fairness, as a judgement lists it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pre_training::PreTraining;
use crate::policy::Measure;
use pawl_stats::Interval;

/// What was found for one grouping: Clarify's measures of one group against all other rows, and every group
/// held to the policy's rules.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GroupFairness {
    /// The value whose measures by Clarify's names stand here: the one that the policy names, else the one
    /// whose labels are positive least often. `None` when it has too few rows.
    pub disadvantaged: Option<String>,
    /// Measures of the labels alone, by Clarify's names.
    pub pre_training: BTreeMap<PreTraining, Option<f64>>,
    /// Every value by itself.
    pub groups: BTreeMap<String, GroupCounts>,
    /// Every group with enough rows under every rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<GroupComparison>,
    /// Measures of both models' predictions, by Clarify's names.
    #[serde(flatten)]
    pub measures: BTreeMap<Measure, MeasureChange>,
}

/// One group under one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupComparison {
    /// What is measured.
    pub measure: Measure,
    /// The group.
    pub group: String,
    /// What it is held against: the other group that the challenger selects most of. `None`: all other rows.
    pub against: Option<String>,
    /// The champion's value, `DI` and `DPPL` against the group that the champion selects most of.
    pub champion: Option<f64>,
    /// The challenger's value.
    pub challenger: Option<f64>,
    /// Bootstrap interval of the challenger's value, at half of the policy's level where there is a champion.
    pub interval: Option<Interval>,
    /// Bootstrap interval of how much further from fair the challenger is (above 0 is less fair), likewise.
    pub less_fair: Option<Interval>,
    /// Two-sided p-value of being as fair as the champion.
    pub p_value: Option<f64>,
    /// Holm over every group under every rule.
    pub adjusted_p_value: Option<f64>,
}

/// One measure of both models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeasureChange {
    /// The champion's; `None` for a first model or where it is undefined.
    pub champion: Option<f64>,
    /// The challenger's.
    pub challenger: Option<f64>,
    /// Challenger's − champion's.
    pub change: Option<f64>,
    /// Bootstrap interval of the change at the policy's two-sided level.
    pub interval: Option<Interval>,
    /// Bootstrap interval of how much further from fair the challenger is (above 0 is less fair).
    pub less_fair: Option<Interval>,
}

/// One value of a grouping.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GroupCounts {
    /// Rows.
    pub rows: u64,
    /// Rows whose label is positive.
    pub positives: u64,
    /// Share the champion selects.
    pub champion_selects: Option<f64>,
    /// Share the challenger selects.
    pub challenger_selects: Option<f64>,
}
