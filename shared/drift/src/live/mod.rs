//! Live quality: truth that comes late, joined by inference id, and judged at any moment.
//!
//! Marginals can stand still while the model goes wrong: a clock five hours off moves no column's
//! distribution. Only the truth shows it, and where no input moved it is concept drift.
//!
//! ```
//! use pawl_drift::live::{Join, QualityPolicy};
//! use pawl_gate::Task;
//!
//! let mut join = Join::new(Task::Binary, &QualityPolicy::default(), 100_000);
//! join.predicted("request-1", 0.9);
//! join.truth("request-1", 1.0); // hours or weeks later
//! ```

mod accuracy;
mod binary;
mod calibration;
mod groups;
mod join;
mod multiclass;
mod prediction;
mod regression;
mod tally;

#[cfg(test)]
mod golden;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::calibration::{CALIBRATION_BINS, Calibration};
pub use self::groups::{
    BiasDrift, GroupMeasure, GroupSource, GroupStanding, GroupTally, GroupingBias, HoldoutGroups, LiveGroup,
    LiveGroups, MAX_GROUPINGS, MAX_GROUPS, Membership, Unwatched, is_watched,
};
pub use self::join::Join;
pub use self::prediction::{ClassPrediction, GroundTruth, Prediction, PredictionKind};
pub use self::tally::LiveTally;

/// When live quality counts as fallen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QualityPolicy {
    /// A score from this on answers yes, for a champion whose judgement tells no threshold: else the
    /// champion's own counts, at which the holdout's accuracy was measured. Default: `gate.threshold`.
    pub threshold: Option<f64>,
    /// How much lower than expected the accuracy may lie (0.02).
    pub margin: f64,
    /// Regression: how much higher than expected the mean absolute error may lie, as a share of it (0.1).
    pub error_margin: f64,
    /// The error of the always-valid interval, over all looks together (0.05).
    pub alpha: f64,
    /// The least joined rows (200).
    pub min_rows: u64,
    /// The largest share of predictions that may be lost before their truth came (0.05).
    pub max_lost: f64,
}

impl Default for QualityPolicy {
    fn default() -> Self {
        Self { threshold: None, margin: 0.02, error_margin: 0.1, alpha: 0.05, min_rows: 200, max_lost: 0.05 }
    }
}

impl QualityPolicy {
    /// The first field with a value that cannot work, with the fix.
    ///
    /// # Errors
    /// The field's name, its value, and what would be right.
    pub fn check(&self) -> Result<(), (&'static str, f64, &'static str)> {
        let open = |value: f64| value > 0.0 && value < 1.0;
        for (field, value) in [("threshold", self.threshold), ("alpha", Some(self.alpha))] {
            if let Some(value) = value.filter(|value| !open(*value)) {
                return Err((field, value, "give a fraction above 0 and below 1"));
            }
        }
        for (field, value) in [("margin", self.margin), ("max_lost", self.max_lost)] {
            if !(0.0..=1.0).contains(&value) {
                return Err((field, value, "give a fraction from 0 to 1"));
            }
        }
        if !(self.error_margin >= 0.0 && self.error_margin.is_finite()) {
            return Err(("error_margin", self.error_margin, "give a share of the expected error, 0 or more"));
        }
        if self.min_rows == 0 {
            return Err(("min_rows", 0.0, "at least 1: without truth nothing can be judged"));
        }
        Ok(())
    }
}

/// What live quality came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityVerdict {
    /// As expected, within the margin, for sure.
    Healthy,
    /// The interval holds both: more truth is needed. No pass.
    Undecided,
    /// Too little truth, too much of it lost, or no expectation to hold it against. No pass.
    InsufficientData,
    /// Quality fell, and inputs moved or could not be judged.
    Degraded,
    /// Quality fell while no input moved: the world answers differently.
    ConceptDrift,
}

/// Live quality, with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveQuality {
    /// What it came to.
    pub verdict: QualityVerdict,
    /// Why, in plain words.
    pub reason: String,
    /// Rows whose truth came.
    pub rows: u64,
    /// What the champion's holdout lets expect: its accuracy, or its mean absolute error.
    #[serde(default)]
    pub expected: Option<f64>,
    /// The share of right answers among them.
    pub accuracy: Option<f64>,
    /// Its interval, valid at every look at once.
    pub accuracy_interval: Option<(f64, f64)>,
    /// Regression: the mean absolute error, in the label's unit.
    #[serde(default)]
    pub mae: Option<f64>,
    /// Its interval, valid at every look at once.
    #[serde(default)]
    pub mae_interval: Option<(f64, f64)>,
    /// Area under the ROC curve, scores told apart by a thousandth; none without both kinds of truth. Of
    /// several classes the mean of each against the rest; like what follows, none where an answer came
    /// without probabilities.
    #[serde(default)]
    pub auc: Option<f64>,
    /// Mean negative logarithm of the probability given to the truth (natural).
    pub log_loss: Option<f64>,
    /// Several classes: Brier's score in its own form, 0 to 2: the mean over rows of the squared distances of
    /// probabilities and outcome, summed over the classes.
    #[serde(default)]
    pub brier: Option<f64>,
    /// Expected calibration error: the mean distance of score and outcome over ten bins; of several classes
    /// of the probability of the chosen one, and whether it was right.
    pub calibration_error: Option<f64>,
    /// Accuracy of the answers whose truth has not come: how often answers with such scores were right on the
    /// champion's holdout (confidence-based performance estimation). An estimate, blind to concept drift;
    /// none where the holdout had no such score, or there are none.
    pub estimated_accuracy_of_pending: Option<f64>,
    /// Predictions lost before their truth came.
    pub lost: u64,
}

impl LiveQuality {
    /// Quality from 0 to 1 for an alarm: the accuracy; of a regression the expected error over the live one,
    /// 1 where it is no larger. None while there is no interval.
    pub fn level(&self) -> Option<f64> {
        match (self.accuracy_interval, self.mae_interval) {
            (Some(_), _) => self.accuracy,
            (None, Some(_)) => {
                let (expected, mae) = (self.expected?, self.mae?);
                Some(if mae <= expected { 1.0 } else { expected / mae })
            }
            (None, None) => None,
        }
    }
}

/// How the quality so far stands against what was expected.
#[derive(Debug, Clone, PartialEq)]
struct Standing {
    /// Whether the whole interval lies on the bad side of the bound, on the good side, or on both.
    side: Side,
    /// Interval and bound, in plain words.
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Bad,
    Good,
    Both,
}
