//! Counts of one group, the shares that they make, and Clarify's measures of two groups' shares.
//!
//! Source of the measures:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html>.

use serde::{Deserialize, Serialize};

use pawl_gate::policy::Measure;

/// Counts of one group: what was answered, and what came true of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTally {
    /// Rows answered.
    pub rows: u64,
    /// Those of them with the favourable answer.
    pub selected: u64,
    /// Rows with the favourable answer and the favourable truth.
    pub true_positives: u64,
    /// Rows with the favourable answer and another truth.
    pub false_positives: u64,
    /// Rows with another answer and another truth.
    pub true_negatives: u64,
    /// Rows with another answer and the favourable truth.
    pub false_negatives: u64,
}

impl GroupTally {
    pub(super) fn answered(&mut self, selected: bool) {
        self.rows += 1;
        self.selected += u64::from(selected);
    }

    pub(super) fn came_true(&mut self, selected: bool, positive: bool) {
        *match (selected, positive) {
            (true, true) => &mut self.true_positives,
            (true, false) => &mut self.false_positives,
            (false, true) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        } += 1;
    }

    /// Rows whose truth came.
    pub fn labelled(&self) -> u64 {
        self.true_positives + self.false_positives + self.true_negatives + self.false_negatives
    }
}

/// A share of a group's rows. Each of Clarify's measures that is watched compares one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupShare {
    /// The favourable answers among all.
    Selected,
    /// The favourable answers among rows with the favourable truth.
    Recall,
    /// The other answers among rows with another truth.
    Specificity,
    /// The favourable truths among favourable answers: precision, Clarify's acceptance rate.
    Acceptance,
    /// The other truths among the other answers: Clarify's rejection rate.
    Rejection,
    /// The right answers among all rows whose truth came.
    Accuracy,
}

impl GroupShare {
    /// How many there are: each has an interval of its own.
    pub(super) const COUNT: u64 = 6;

    /// So many of so many rows.
    pub(super) fn of(self, tally: &GroupTally) -> (u64, u64) {
        let GroupTally { true_positives: tp, false_positives: fp, .. } = *tally;
        let GroupTally { true_negatives: tn, false_negatives: fn_, .. } = *tally;
        match self {
            Self::Selected => (tally.selected, tally.rows),
            Self::Recall => (tp, tp + fn_),
            Self::Specificity => (tn, tn + fp),
            Self::Acceptance => (tp, tp + fp),
            Self::Rejection => (tn, tn + fn_),
            Self::Accuracy => (tp + tn, tally.labelled()),
        }
    }
}

/// The share that a measure compares; none where it is no difference or ratio of two shares of rows.
pub(super) fn share_of(measure: Measure) -> Option<GroupShare> {
    match measure {
        Measure::Dppl | Measure::Di => Some(GroupShare::Selected),
        Measure::Rd => Some(GroupShare::Recall),
        Measure::Sd => Some(GroupShare::Specificity),
        Measure::Dar => Some(GroupShare::Acceptance),
        Measure::Drr => Some(GroupShare::Rejection),
        Measure::Ad => Some(GroupShare::Accuracy),
        Measure::Dcacc | Measure::Dcr | Measure::Te | Measure::Ge => None,
    }
}

/// Whether live rows can be held to a rule on this measure.
pub fn is_watched(measure: Measure) -> bool {
    share_of(measure).is_some()
}

/// The measure of two shares, as the gate has it: `a` is the reference, `d` the group.
pub(super) fn value(measure: Measure, a: f64, d: f64) -> f64 {
    match measure {
        Measure::Di => d / a,
        Measure::Sd | Measure::Drr => d - a,
        _ => a - d,
    }
}

/// All that the measure can be where each share lies in its interval.
pub(super) fn range(measure: Measure, a: (f64, f64), d: (f64, f64)) -> (f64, f64) {
    match measure {
        Measure::Di => (d.0 / a.1, d.1 / a.0),
        Measure::Sd | Measure::Drr => (d.0 - a.1, d.1 - a.0),
        _ => (a.0 - d.1, a.1 - d.0),
    }
}

/// The least and the greatest distance from fair over an interval of a measure.
pub(super) fn unfairness(measure: Measure, (low, high): (f64, f64)) -> (f64, f64) {
    let fair = if measure == Measure::Di { 1.0 } else { 0.0 };
    let ends = (measure.unfairness(low), measure.unfairness(high));
    let least = if low <= fair && fair <= high { 0.0 } else { ends.0.min(ends.1) };
    (least, ends.0.max(ends.1))
}
