//! What the gate asks of fairness.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Consequence;
use super::error::PolicyError;
use super::measure::Measure;

/// Between the values of an intersection, and between the names of its columns.
pub const AND: &str = " & ";

/// How much further from fair than the champion a challenger may be by default.
const TOLERANCE: f64 = 0.05;

fn tolerance() -> f64 {
    TOLERANCE
}

/// The fairness part of the gate's policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FairnessPolicy {
    /// Groups of people to compare. Default: none.
    pub groups: Vec<Groups>,
    /// Which outcome people are better off with, for `multiclass` and `regression`; of a `binary` label it
    /// is the positive class. Default: none, then there can be no groups.
    pub favourable: Option<Favourable>,
    /// What every group with enough rows is held to. Default: the selection ratio `DI` to the most selected
    /// group, shown to be at least 0.8 or at most 0.05 further from fair than the champion's; if it is shown
    /// to be less fair, block.
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
            tolerance: TOLERANCE,
            action: Consequence::Block,
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

impl FairnessPolicy {
    /// Checks what the types cannot.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        if self.groups.iter().any(|g| g.columns.is_empty() || g.columns.iter().any(String::is_empty)) {
            let fix = "name at least one column";
            return PolicyError::refuse("fairness.groups", "a group without columns", fix);
        }
        let fine = |x: f64| (0.0..=1.0).contains(&x);
        let wrong = |rule: &&FairnessRule| {
            !(rule.acceptable.is_none_or(fine) && rule.tolerance >= 0.0 && rule.tolerance.is_finite())
        };
        match self.rules.iter().find(wrong) {
            Some(FairnessRule { measure, acceptable, tolerance, .. }) => PolicyError::refuse(
                format!("fairness.rules.{}", measure.as_str()),
                format!("acceptable {acceptable:?}, tolerance {tolerance}"),
                "write acceptable between 0 and 1 and a tolerance of 0 or more",
            ),
            None => Ok(()),
        }
    }
}

/// The outcome that people are better off with, as Clarify's `label_values_or_threshold` names it: every
/// other one is negative. Source:
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html>.
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
    /// The value of a group that must be there with enough rows (values of an intersection joined by ` & `),
    /// and that Clarify's measures are told of. Without it: the value with enough rows whose labels are
    /// positive least often. All groups are held to the rules.
    #[serde(default)]
    pub disadvantaged: Option<String>,
}

impl Groups {
    /// How the grouping is called in a judgement.
    pub fn name(&self) -> String {
        self.columns.join(AND)
    }
}

/// A bound on one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FairnessRule {
    /// What is measured.
    pub measure: Measure,
    /// Values shown to be as near to fair as this always pass: for `DI` the least ratio (0.8 stands for 0.8
    /// to 1.25), for the others the greatest absolute value. Without it only the change counts.
    #[serde(default)]
    pub acceptable: Option<f64>,
    /// How much further from fair than the champion the challenger may be: where the interval of the change
    /// lies below it, the challenger is as fair as the champion. Default 0.05.
    #[serde(default = "tolerance")]
    pub tolerance: f64,
    /// What follows when the challenger is not acceptable and shown to be less fair than the champion. Where
    /// neither that nor the contrary is shown, a person is asked, unless this is `warn`.
    #[serde(default)]
    pub action: Consequence,
}
