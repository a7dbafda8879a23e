//! Is one group treated worse than the rest, and worse by the challenger than by the champion?
//!
//! SageMaker Clarify's measures by Clarify's names, from counts alone. Two differences on purpose: a
//! ratio with nothing below its line is undefined here, where Clarify writes 0 or infinity; and the
//! verdict rests on the change from champion to challenger with its interval.

mod assess;
mod measures;

pub use measures::{Measure, PreTraining};

pub(super) use assess::{Favoured, assess};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use pawl_stats::Interval;

/// The fairness part of the gate's policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FairnessPolicy {
    /// Groups of people to compare. Default: none.
    pub groups: Vec<Groups>,
    /// Which outcome people are better off with, for `multiclass` and `regression`; of a `binary` label it is the positive
    /// class. Default: none, then there can be no groups.
    pub favourable: Option<Favourable>,
    /// What each group is held to. Default: the selection ratio `DI`, at least 0.8 or not worse than the
    /// champion's, else block.
    pub rules: Vec<FairnessRule>,
    /// Fewer rows of a group than this say nothing of it. Default 30.
    pub minimum_rows: u64,
    /// Fewer positive rows of a group than this say nothing of it. Default 30.
    pub minimum_positives: u64,
}

impl Default for FairnessPolicy {
    fn default() -> Self {
        let selection = FairnessRule {
            measure: Measure::Di,
            acceptable: Some(0.8),
            tolerance: 0.0,
            action: Action::Block,
        };
        Self {
            groups: Vec::new(),
            favourable: None,
            rules: vec![selection],
            minimum_rows: 30,
            minimum_positives: 30,
        }
    }
}

/// The outcome that people are better off with, as Clarify's `label_values_or_threshold` names it: every other one is
/// negative. Source: <https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Favourable {
    /// One of these classes.
    Classes(Vec<String>),
    /// A number above this one.
    Above(f64),
}

/// One way to tell people apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// One column, or several for their intersection.
    pub columns: Vec<String>,
    /// The value of the group that may be disadvantaged (values of an intersection joined by ` & `).
    /// Without it: the value with enough rows whose labels are positive least often.
    #[serde(default)]
    pub disadvantaged: Option<String>,
}

impl Groups {
    /// How the grouping is called in a judgement.
    pub fn name(&self) -> String {
        self.columns.join(super::cells::AND)
    }
}

/// A bound on one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FairnessRule {
    /// What is measured.
    pub measure: Measure,
    /// Values as near to fair as this always pass: for `DI` the least ratio (0.8 stands for 0.8 to 1.25), for
    /// the others the greatest absolute value. Without it only the change counts.
    #[serde(default)]
    pub acceptable: Option<f64>,
    /// How much further from fair than the champion the challenger may be. Default 0.
    #[serde(default)]
    pub tolerance: f64,
    /// What follows when the challenger is not acceptable and shown to be less fair than the champion.
    #[serde(default)]
    pub action: Action,
}

/// What a broken rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Rejects the challenger.
    #[default]
    Block,
    /// Asks a person.
    Ask,
    /// Is told and changes nothing.
    Warn,
}

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
    pub measures: BTreeMap<Measure, Change>,
}

/// One measure of both models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
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
