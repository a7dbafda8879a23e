//! Answers and their truth, joined in any order, in bounded memory.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize, Serializer};

use super::answers::Answers;
use super::errors::Errors;
use super::{Calibration, LiveQuality, LiveVerdict, QualityPolicy, Side};
use crate::drift::Verdict;
use crate::gate::Task;

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
    joined: Joined,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Half {
    Score(f64),
    /// A number; of yes and no 1 and 0.
    Truth(f64),
    /// Both came: a repeat of either changes nothing.
    Joined,
}

/// The rows whose truth came, as the task measures them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Joined {
    Binary(Box<Answers>),
    Regression(Errors),
    /// Only counted.
    Multiclass,
}

/// In the order of the ids, so that the same join is the same text.
fn sorted<S: Serializer>(waiting: &HashMap<String, Half>, serializer: S) -> Result<S::Ok, S::Error> {
    waiting.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
}

impl Join {
    /// An empty join that remembers at most `limit` ids.
    pub fn new(task: Task, policy: &QualityPolicy, limit: usize) -> Self {
        let joined = match task {
            Task::Binary => Joined::Binary(Box::new(Answers::new(policy))),
            Task::Regression => Joined::Regression(Errors::default()),
            Task::Multiclass => Joined::Multiclass,
        };
        Self {
            limit: limit.max(1),
            waiting: HashMap::new(),
            order: VecDeque::new(),
            predicted: 0,
            rows: 0,
            lost: 0,
            joined,
        }
    }

    /// What the answers are.
    pub fn task(&self) -> Task {
        match self.joined {
            Joined::Binary(_) => Task::Binary,
            Joined::Regression(_) => Task::Regression,
            Joined::Multiclass => Task::Multiclass,
        }
    }

    /// An answer of the endpoint: a number, or the probability of yes. One that is neither is lost.
    pub fn predicted(&mut self, id: &str, score: f64) {
        let usable = match self.joined {
            Joined::Binary(_) => (0.0..=1.0).contains(&score),
            Joined::Regression(_) | Joined::Multiclass => score.is_finite(),
        };
        match self.waiting.get_mut(id) {
            Some(Half::Score(_) | Half::Joined) => return,
            _ if !usable => self.lost += 1,
            Some(half @ &mut Half::Truth(truth)) => {
                *half = Half::Joined;
                self.join(score, truth);
            }
            None => self.remember(id, Half::Score(score)),
        }
        self.predicted += 1;
    }

    /// The truth of an answer, whenever it comes: a finite number; of yes and no 1 and 0.
    pub fn truth(&mut self, id: &str, truth: f64) {
        match self.waiting.get_mut(id) {
            Some(half @ &mut Half::Score(score)) => {
                *half = Half::Joined;
                self.join(score, truth);
            }
            Some(Half::Truth(_) | Half::Joined) => {}
            None => self.remember(id, Half::Truth(truth)),
        }
    }

    fn remember(&mut self, id: &str, half: Half) {
        while self.waiting.len() >= self.limit {
            let Some(oldest) = self.order.pop_front() else { break };
            self.lost += u64::from(matches!(self.waiting.remove(&oldest), Some(Half::Score(_))));
        }
        self.order.push_back(id.to_owned());
        self.waiting.insert(id.to_owned(), half);
    }

    fn join(&mut self, score: f64, truth: f64) {
        self.rows += 1;
        match &mut self.joined {
            Joined::Binary(answers) => answers.add(score, truth == 1.0),
            Joined::Regression(errors) => errors.add(score, truth),
            Joined::Multiclass => {}
        }
    }

    /// The mean over answers without truth of the probability that they are right, as the
    /// champion's holdout had it for such scores.
    fn estimate(&self, champion: &Calibration) -> Option<f64> {
        let Joined::Binary(answers) = &self.joined else { return None };
        let (mut sum, mut rows) = (0.0, 0u64);
        // In their order: a sum of floats depends on it.
        for half in self.order.iter().filter_map(|id| self.waiting.get(id)) {
            if let Half::Score(score) = *half {
                sum += answers.sure(score, champion)?;
                rows += 1;
            }
        }
        (rows > 0).then(|| sum / rows as f64)
    }

    /// Judges what is joined so far against what the champion's holdout lets expect: its accuracy, or its mean absolute error.
    /// `inputs` is the verdict of the features over the same rows.
    pub fn judge(
        &self,
        expected: Option<f64>,
        champion: &Calibration,
        inputs: Verdict,
        policy: &QualityPolicy,
    ) -> LiveQuality {
        let mut quality = LiveQuality {
            verdict: LiveVerdict::InsufficientData,
            reason: String::new(),
            rows: self.rows,
            expected,
            accuracy: None,
            accuracy_interval: None,
            mae: None,
            mae_interval: None,
            auc: None,
            log_loss: None,
            calibration_error: None,
            estimated_accuracy_of_pending: self.estimate(champion),
            lost: self.lost,
        };
        let hope = expected.unwrap_or(f64::NAN);
        let (standing, hoped) = match &self.joined {
            Joined::Binary(answers) => {
                (answers.judge(self.rows, hope, policy, &mut quality), (0.0..=1.0).contains(&hope))
            }
            Joined::Regression(errors) => {
                (errors.judge(hope, policy, &mut quality), hope >= 0.0 && hope.is_finite())
            }
            Joined::Multiclass => (None, true),
        };
        let insufficient = match &self.joined {
            Joined::Multiclass => Some("The live quality of several classes is not judged.".to_owned()),
            _ if !hoped => Some("Nothing is known of the champion to hold the truth against.".to_owned()),
            _ if policy.check().is_err() => Some("monitor.quality cannot be used.".to_owned()),
            _ if self.lost as f64 > policy.max_lost * self.predicted as f64 => {
                Some(format!("{} of {} answers were lost.", self.lost, self.predicted))
            }
            _ if self.rows < policy.min_rows || standing.is_none() => {
                Some(format!("Truth of {} answers; at least {} are needed.", self.rows, policy.min_rows))
            }
            _ => None,
        };
        (quality.verdict, quality.reason) = match (insufficient, standing) {
            (None, Some(standing)) => {
                let words = standing.words;
                match (standing.side, inputs) {
                    (Side::Bad, Verdict::None) => {
                        (LiveVerdict::ConceptDrift, format!("Quality fell while no input moved: {words}."))
                    }
                    (Side::Bad, _) => (LiveVerdict::Degraded, format!("Quality fell: {words}.")),
                    (Side::Good, _) => (LiveVerdict::Healthy, format!("As expected: {words}.")),
                    (Side::Both, _) => (LiveVerdict::Undecided, format!("Not yet decided: {words}.")),
                }
            }
            (reason, _) => (LiveVerdict::InsufficientData, reason.unwrap_or_default()),
        };
        quality
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
        assert_eq!(quality.verdict, LiveVerdict::ConceptDrift);
        assert_eq!(quality.accuracy, Some(0.7));
        assert!((quality.log_loss.unwrap() - (-0.7 * 0.9f64.ln() - 0.3 * 0.1f64.ln())).abs() < 1e-9);
        assert!((quality.calibration_error.unwrap() - 0.2).abs() < 1e-9);
        for moved in [Verdict::Warn, Verdict::Drift, Verdict::InsufficientData] {
            assert_eq!(judged(&fallen, 0.9, moved).verdict, LiveVerdict::Degraded);
        }
    }

    #[test]
    fn only_what_is_sure_is_healthy() {
        let verdict = |join: &Join, expected| judged(join, expected, Verdict::None).verdict;
        assert_eq!(verdict(&joined(50_000, 9), 0.9), LiveVerdict::Healthy);
        assert_eq!(verdict(&joined(1000, 9), 0.9), LiveVerdict::Undecided);
        assert_eq!(verdict(&joined(190, 9), 0.9), LiveVerdict::InsufficientData);
        assert_eq!(verdict(&joined(50_000, 9), f64::NAN), LiveVerdict::InsufficientData);
        assert_eq!(verdict(&joined(0, 9), 0.9), LiveVerdict::InsufficientData);
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
        assert_eq!(quality.verdict, LiveVerdict::InsufficientData);
        assert!((quality.estimated_accuracy_of_pending.unwrap() - 0.8).abs() < 1e-12);
        // A score that the holdout never gave has no estimate.
        join.predicted("new", 0.05);
        let quality = join.judge(Some(0.8), &champion, Verdict::None, &QualityPolicy::default());
        assert_eq!(quality.estimated_accuracy_of_pending, None);
    }
}
