//! What was found of fairness, as a judgement lists it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pre_training::PreTraining;
use crate::policy::Measure;
use pawl_stats::Interval;

/// What was found for one grouping: the disadvantaged group against all other rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GroupFairness {
    /// The value that stands for the disadvantaged group; `None` when no group has enough rows.
    pub disadvantaged: Option<String>,
    /// Measures of the labels alone, by Clarify's names.
    pub pre_training: BTreeMap<PreTraining, Option<f64>>,
    /// Every value by itself.
    pub groups: BTreeMap<String, GroupCounts>,
    /// Measures of both models' predictions, by Clarify's names.
    #[serde(flatten)]
    pub measures: BTreeMap<Measure, MeasureChange>,
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
