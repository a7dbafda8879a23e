//! Answers and their truth, joined in any order, in bounded memory.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize, Serializer};

use super::groups::{BiasDrift, Bounds, LiveGroups, Membership};
use super::prediction::{GroundTruth, Prediction, PredictionKind};
use super::tally::LiveTally;
use super::{Calibration, LiveQuality, QualityPolicy, QualityVerdict, Side};
use crate::Verdict;
use pawl_gate::policy::FairnessPolicy;
use pawl_gate::{Classes, Task};

/// Joins answers with their truth, in any order, in bounded memory.
///
/// The first answer and the first truth of an id count; what waits longest is let go when `limit` is
/// reached, and counted as lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Join {
    limit: usize,
    #[serde(serialize_with = "sorted")]
    waiting: HashMap<String, Half>,
    /// The ids of what waits, the oldest first.
    order: VecDeque<String>,
    predicted: u64,
    rows: u64,
    lost: u64,
    joined: LiveTally,
    /// The gate's groups, where it names any. A state of an older version has none; they are counted from
    /// then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<LiveGroups>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Half {
    Score(Prediction),
    Truth(GroundTruth),
    /// With the groups that its request tells.
    GroupedScore(Prediction, Membership),
    /// With the groups that it tells.
    GroupedTruth(GroundTruth, Membership),
    /// Both came: a repeat of either changes nothing.
    Joined,
}

impl Half {
    fn is_truth(&self) -> bool {
        matches!(self, Self::Truth(_) | Self::GroupedTruth(..))
    }

    fn answer(&self) -> Option<(&Prediction, Option<&Membership>)> {
        match self {
            Self::Score(answer) => Some((answer, None)),
            Self::GroupedScore(answer, row) => Some((answer, Some(row))),
            Self::Truth(_) | Self::GroupedTruth(..) | Self::Joined => None,
        }
    }

    fn truth(&self) -> Option<(&GroundTruth, Option<&Membership>)> {
        match self {
            Self::Truth(truth) => Some((truth, None)),
            Self::GroupedTruth(truth, row) => Some((truth, Some(row))),
            Self::Score(_) | Self::GroupedScore(..) | Self::Joined => None,
        }
    }
}

/// In the order of the ids, so that the same join is the same text.
fn sorted<S: Serializer>(waiting: &HashMap<String, Half>, serializer: S) -> Result<S::Ok, S::Error> {
    waiting.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
}

impl Join {
    /// An empty join that remembers at most `limit` ids. Several classes are the whole numbers from 0; see
    /// [`Join::with`].
    pub fn new(task: Task, policy: &QualityPolicy, limit: usize) -> Self {
        Self::with(LiveTally::new(task, &Classes::default(), policy), limit)
    }

    /// An empty join whose rows go into this tally.
    pub fn with(tally: LiveTally, limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            waiting: HashMap::new(),
            order: VecDeque::new(),
            predicted: 0,
            rows: 0,
            lost: 0,
            joined: tally,
            groups: None,
        }
    }

    /// Decides later answers of yes or no at this threshold; other tasks have none.
    pub fn decide_at(&mut self, threshold: f64) {
        self.joined.decide_at(threshold);
    }

    /// Counts the groups of the champion's holdout too, from now on.
    pub fn watch(&mut self, holdout: &LiveGroups) {
        self.groups.get_or_insert_with(|| holdout.without_rows());
    }

    /// The groups that are counted; none where none are.
    pub fn groups(&self) -> Option<&LiveGroups> {
        self.groups.as_ref()
    }

    /// How answers are read.
    pub fn reading(&self) -> PredictionKind<'_> {
        self.joined.reading()
    }

    /// An answer of the endpoint, read as [`Join::reading`] says. One that the task cannot use is lost.
    pub fn predicted(&mut self, id: &str, answer: impl Into<Prediction>) {
        self.predicted_of(id, answer, None);
    }

    /// An answer to a row of the groups that the request tells.
    pub fn predicted_of(&mut self, id: &str, answer: impl Into<Prediction>, row: Option<Membership>) {
        let answer = answer.into();
        let waiting = self.waiting.get_mut(id);
        if waiting.as_ref().is_some_and(|half| !half.is_truth()) {
            return;
        }
        self.predicted += 1;
        if !self.joined.takes(&answer) {
            self.lost += 1;
            return;
        }
        if let (Some(groups), Some(row)) = (&mut self.groups, &row) {
            groups.answered(row, &answer);
        }
        let truth = waiting.map(|half| std::mem::replace(half, Half::Joined));
        let answer = match row {
            Some(row) => Half::GroupedScore(answer, row),
            None => Half::Score(answer),
        };
        match truth {
            Some(truth) => self.join(&answer, &truth),
            None => self.remember(id, answer),
        }
    }

    /// The truth of an answer, whenever it comes.
    pub fn truth(&mut self, id: &str, truth: impl Into<GroundTruth>) {
        self.truth_of(id, truth, None);
    }

    /// The truth of a row of the groups that the truth's line tells.
    pub fn truth_of(&mut self, id: &str, truth: impl Into<GroundTruth>, row: Option<Membership>) {
        let truth = match row {
            Some(row) => Half::GroupedTruth(truth.into(), row),
            None => Half::Truth(truth.into()),
        };
        match self.waiting.get_mut(id) {
            Some(half) if half.answer().is_some() => {
                let answer = std::mem::replace(half, Half::Joined);
                self.join(&answer, &truth);
            }
            Some(_) => {}
            None => self.remember(id, truth),
        }
    }

    fn remember(&mut self, id: &str, half: Half) {
        while self.waiting.len() >= self.limit {
            let Some(oldest) = self.order.pop_front() else { break };
            let gone = self.waiting.remove(&oldest);
            self.lost += u64::from(gone.is_some_and(|half| half.answer().is_some()));
        }
        self.order.push_back(id.to_owned());
        self.waiting.insert(id.to_owned(), half);
    }

    fn join(&mut self, answer: &Half, truth: &Half) {
        if let (Some(answer), Some(truth)) = (answer.answer(), truth.truth()) {
            self.rows += 1;
            self.joined.add(answer.0, truth.0);
            if let Some(groups) = &mut self.groups {
                groups.came_true(answer, truth);
            }
        }
    }

    /// The mean over answers without truth of the probability that they are right, as the
    /// champion's holdout had it for such scores.
    fn estimate(&self, champion: &Calibration) -> Option<f64> {
        let (mut sum, mut rows) = (0.0, 0u64);
        // In their order: a sum of floats depends on it.
        for half in self.order.iter().filter_map(|id| self.waiting.get(id)) {
            if let Some((answer, _)) = half.answer() {
                sum += self.joined.sure(answer, champion)?;
                rows += 1;
            }
        }
        (rows > 0).then(|| sum / rows as f64)
    }

    /// Judges what is joined so far against what the champion's holdout lets expect: its accuracy, or its
    /// mean absolute error. `inputs` is the verdict of the features over the same rows.
    pub fn judge(
        &self,
        expected: Option<f64>,
        champion: &Calibration,
        inputs: Verdict,
        policy: &QualityPolicy,
    ) -> LiveQuality {
        let mut quality = LiveQuality {
            verdict: QualityVerdict::InsufficientData,
            reason: String::new(),
            rows: self.rows,
            expected,
            accuracy: None,
            accuracy_interval: None,
            mae: None,
            mae_interval: None,
            auc: None,
            log_loss: None,
            brier: None,
            calibration_error: None,
            estimated_accuracy_of_pending: self.estimate(champion),
            lost: self.lost,
        };
        let hope = expected.unwrap_or(f64::NAN);
        let standing = self.joined.judge(self.rows, hope, policy, &mut quality);
        let standing = standing.ok_or_else(|| self.too_few(policy, &quality));
        let standing = self.sufficient(hope, policy, &quality).and(standing);
        (quality.verdict, quality.reason) = match standing {
            Ok(standing) => {
                let words = standing.words;
                match (standing.side, inputs) {
                    (Side::Bad, Verdict::None) => {
                        (QualityVerdict::ConceptDrift, format!("Quality fell while no input moved: {words}."))
                    }
                    (Side::Bad, _) => (QualityVerdict::Degraded, format!("Quality fell: {words}.")),
                    (Side::Good, _) => (QualityVerdict::Healthy, format!("As expected: {words}.")),
                    (Side::Both, _) => (QualityVerdict::Undecided, format!("Not yet decided: {words}.")),
                }
            }
            Err(reason) => (QualityVerdict::InsufficientData, reason),
        };
        quality
    }

    /// Holds the groups counted so far against the champion's holdout, by the rules of the champion's gate;
    /// none where none are counted. `policy` gives the level and the share of answers that may be lost.
    pub fn judge_groups(
        &self,
        holdout: &LiveGroups,
        fairness: &FairnessPolicy,
        policy: &QualityPolicy,
    ) -> Option<BiasDrift> {
        let is_lossy = self.is_lossy(policy);
        Some(self.groups.as_ref()?.judge(holdout, Bounds { fairness, alpha: policy.alpha, is_lossy }))
    }

    /// Whether more answers were lost than may be.
    fn is_lossy(&self, policy: &QualityPolicy) -> bool {
        self.lost as f64 > policy.max_lost * self.predicted as f64
    }

    /// Whether enough is known to judge at all, or why not.
    fn sufficient(&self, hope: f64, policy: &QualityPolicy, quality: &LiveQuality) -> Result<(), String> {
        if !self.joined.may_expect(hope) {
            return Err("Nothing is known of the champion to hold the truth against.".to_owned());
        }
        if policy.check().is_err() {
            return Err("monitor.quality cannot be used.".to_owned());
        }
        if self.is_lossy(policy) {
            return Err(format!("{} of {} answers were lost.", self.lost, self.predicted));
        }
        if self.rows < policy.min_rows {
            return Err(self.too_few(policy, quality));
        }
        Ok(())
    }

    /// What is known while there is too little truth: an estimate, where there is one.
    fn too_few(&self, policy: &QualityPolicy, quality: &LiveQuality) -> String {
        let mut words = format!("Truth of {} answers; at least {} are needed.", self.rows, policy.min_rows);
        if let Some(estimate) = quality.estimated_accuracy_of_pending {
            words += &format!(
                " Of the answers that wait for it an estimated {estimate:.3} are right, if scores mean what \
                 they meant on the champion's holdout; the estimate sees no concept drift."
            );
        }
        words
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Answers of which the first `right` of every ten are right, at a score of 0.9.
    fn joined(rows: u32, right: u32) -> Join {
        let mut join = Join::new(Task::Binary, &QualityPolicy::default(), 100_000);
        for row in 0..rows {
            join.predicted(&row.to_string(), 0.9);
            join.truth(&row.to_string(), f64::from(u8::from(row % 10 < right)));
        }
        join
    }

    fn judged(join: &Join, expected: f64, inputs: Verdict) -> LiveQuality {
        join.judge(Some(expected), &Calibration::default(), inputs, &QualityPolicy::default())
    }

    #[test]
    fn quality_that_fell_is_concept_drift_only_where_no_input_moved() {
        let fallen = joined(5000, 7);
        let quality = judged(&fallen, 0.9, Verdict::None);
        assert_eq!(quality.verdict, QualityVerdict::ConceptDrift);
        assert_eq!(quality.accuracy, Some(0.7));
        assert!((quality.log_loss.unwrap() - (-0.7 * 0.9f64.ln() - 0.3 * 0.1f64.ln())).abs() < 1e-9);
        assert!((quality.calibration_error.unwrap() - 0.2).abs() < 1e-9);
        for moved in [Verdict::Warn, Verdict::Drift, Verdict::InsufficientData] {
            assert_eq!(judged(&fallen, 0.9, moved).verdict, QualityVerdict::Degraded);
        }
    }

    #[test]
    fn only_what_is_sure_is_healthy() {
        let verdict = |join: &Join, expected| judged(join, expected, Verdict::None).verdict;
        assert_eq!(verdict(&joined(50_000, 9), 0.9), QualityVerdict::Healthy);
        assert_eq!(verdict(&joined(1000, 9), 0.9), QualityVerdict::Undecided);
        assert_eq!(verdict(&joined(190, 9), 0.9), QualityVerdict::InsufficientData);
        assert_eq!(verdict(&joined(50_000, 9), f64::NAN), QualityVerdict::InsufficientData);
        assert_eq!(verdict(&joined(0, 9), 0.9), QualityVerdict::InsufficientData);
    }

    #[test]
    fn truth_may_come_first_twice_or_never_and_losses_are_told() {
        let policy = QualityPolicy::default();
        let mut join = Join::new(Task::Binary, &policy, 3);
        join.truth("a", 1.0);
        join.predicted("a", 0.8);
        join.predicted("a", 0.1);
        join.truth("a", 0.0);
        assert_eq!((join.rows, join.lost), (1, 0));
        assert_eq!(judged(&join, 0.9, Verdict::None).accuracy, Some(1.0));
        for id in ["b", "c", "d", "e"] {
            join.predicted(id, 0.6);
        }
        join.truth("b", 1.0);
        // Its answer was let go, and its truth, which waits now, sent another away.
        assert_eq!((join.rows, join.lost), (1, 2));
        join.predicted("f", f64::NAN);
        assert_eq!(join.lost, 3);
        assert_eq!(judged(&join, 0.9, Verdict::None).reason, "3 of 6 answers were lost.");
    }

    #[test]
    fn before_the_truth_comes_quality_is_estimated_from_the_champions_calibration() {
        let mut champion = Calibration::default();
        (0..100).for_each(|row| champion.add(0.95, row < 80));
        let mut join = Join::new(Task::Binary, &QualityPolicy::default(), 1000);
        (0..50).for_each(|row| join.predicted(&row.to_string(), 0.97));
        let quality = join.judge(Some(0.8), &champion, Verdict::None, &QualityPolicy::default());
        assert_eq!(quality.verdict, QualityVerdict::InsufficientData);
        assert!((quality.estimated_accuracy_of_pending.unwrap() - 0.8).abs() < 1e-12);
        // A score that the holdout never gave has no estimate.
        join.predicted("new", 0.05);
        let quality = join.judge(Some(0.8), &champion, Verdict::None, &QualityPolicy::default());
        assert_eq!(quality.estimated_accuracy_of_pending, None);
    }
}
