//! Live quality: truth that comes late, joined by inference id, and judged at any moment.
//!
//! Marginals can stand still while the model goes wrong: a clock five hours off moves no column's
//! distribution. Only the truth shows it, and where no input moved it is concept drift.

use std::collections::{BTreeMap, VecDeque};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Verdict;
use super::ranks::Ranks;
use crate::gate::stats::sequential::confidence_half_width;

/// How many equal bins of the score a [`Calibration`] has.
pub const CALIBRATION_BINS: usize = 10;
/// The number of rows at which the always-valid interval is tightest.
const TUNED_FOR: f64 = 5000.0;
/// The smallest probability whose logarithm is taken.
const TINY: f64 = 1e-15;

/// When live quality counts as fallen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QualityPolicy {
    /// A score from this on answers yes (0.5).
    pub threshold: f64,
    /// How much lower than expected the accuracy may lie (0.02).
    pub margin: f64,
    /// The error of the always-valid interval, over all looks together (0.05).
    pub alpha: f64,
    /// The least joined rows (200).
    pub min_rows: u64,
    /// The largest share of predictions that may be lost before their truth came (0.05).
    pub max_lost: f64,
}

impl Default for QualityPolicy {
    fn default() -> Self {
        Self { threshold: 0.5, margin: 0.02, alpha: 0.05, min_rows: 200, max_lost: 0.05 }
    }
}

/// What live quality came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveVerdict {
    /// The accuracy is as expected, within the margin, for sure.
    Healthy,
    /// The interval holds both: more truth is needed. No pass.
    Undecided,
    /// Too little truth, too much of it lost, or an expectation that is no share. No pass.
    InsufficientData,
    /// The accuracy fell, and inputs moved or could not be judged.
    Degraded,
    /// The accuracy fell while no input moved: the world answers differently.
    ConceptDrift,
}

/// Live quality, with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveQuality {
    /// What it came to.
    pub verdict: LiveVerdict,
    /// Why, in plain words.
    pub reason: String,
    /// Rows whose truth came.
    pub rows: u64,
    /// The share of right answers among them.
    pub accuracy: Option<f64>,
    /// Its interval, valid at every look at once.
    pub accuracy_interval: Option<(f64, f64)>,
    /// Area under the ROC curve, scores told apart by a thousandth; none without both kinds of truth.
    #[serde(default)]
    pub auc: Option<f64>,
    /// Mean negative logarithm of the probability given to the truth (natural).
    pub log_loss: Option<f64>,
    /// Expected calibration error: the mean distance of score and outcome over ten bins.
    pub calibration_error: Option<f64>,
    /// Accuracy of the answers whose truth has not come, estimated from the champion's calibration.
    /// An estimate, blind to concept drift.
    pub estimated_accuracy_of_pending: Option<f64>,
    /// Predictions lost before their truth came.
    pub lost: u64,
}

/// How often the truth was yes, by score: from the champion's holdout.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Rows, sum of scores, positives of each bin.
    bins: [(u64, f64, u64); CALIBRATION_BINS],
}

impl Calibration {
    /// Adds one answer and its truth; a score outside 0 to 1 is left out.
    pub fn add(&mut self, score: f64, positive: bool) {
        if let Some(bin) = bin(score).and_then(|index| self.bins.get_mut(index)) {
            bin.0 += 1;
            bin.1 += score;
            bin.2 += u64::from(positive);
        }
    }

    /// Expected calibration error; none without rows.
    pub fn error(&self) -> Option<f64> {
        let rows: u64 = self.bins.iter().map(|bin| bin.0).sum();
        let gap: f64 =
            self.bins.iter().map(|&(_, scores, positives)| (scores - positives as f64).abs()).sum();
        (rows > 0).then(|| gap / rows as f64)
    }

    /// The share of yes among answers with a score like this; none where there were none.
    fn rate(&self, score: f64) -> Option<f64> {
        let &(rows, _, positives) = self.bins.get(bin(score)?)?;
        (rows > 0).then(|| positives as f64 / rows as f64)
    }
}

fn bin(score: f64) -> Option<usize> {
    let inside = (0.0..=1.0).contains(&score);
    inside.then(|| ((score * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1))
}

/// Joins answers with their truth, in any order, in bounded memory.
///
/// The first answer and the first truth of an id count; what waits longest is let go when `limit` is
/// reached, and counted as lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Join {
    limit: usize,
    waiting: BTreeMap<String, Half>,
    order: VecDeque<String>,
    calibration: Calibration,
    ranks: Ranks,
    threshold: f64,
    predicted: u64,
    rows: u64,
    right: u64,
    log_loss: f64,
    lost: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Half {
    Score(f64),
    Truth(bool),
    /// Both came: a repeat of either changes nothing.
    Joined,
}

impl Join {
    /// An empty join that remembers at most `limit` ids.
    pub fn new(policy: &QualityPolicy, limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            waiting: BTreeMap::new(),
            order: VecDeque::new(),
            calibration: Calibration::default(),
            ranks: Ranks::default(),
            threshold: policy.threshold,
            predicted: 0,
            rows: 0,
            right: 0,
            log_loss: 0.0,
            lost: 0,
        }
    }

    /// An answer of the endpoint: the probability of yes. One that is no probability is lost.
    pub fn predicted(&mut self, id: &str, score: f64) {
        match self.waiting.get(id).copied() {
            Some(Half::Score(_) | Half::Joined) => return,
            _ if bin(score).is_none() => self.lost += 1,
            Some(Half::Truth(positive)) => self.join(id, score, positive),
            None => self.remember(id, Half::Score(score)),
        }
        self.predicted += 1;
    }

    /// The truth of an answer, whenever it comes.
    pub fn truth(&mut self, id: &str, positive: bool) {
        match self.waiting.get(id).copied() {
            Some(Half::Score(score)) => self.join(id, score, positive),
            Some(Half::Truth(_) | Half::Joined) => {}
            None => self.remember(id, Half::Truth(positive)),
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

    fn join(&mut self, id: &str, score: f64, positive: bool) {
        self.waiting.insert(id.to_owned(), Half::Joined);
        self.rows += 1;
        self.right += u64::from((score >= self.threshold) == positive);
        self.log_loss -= if positive { score } else { 1.0 - score }.max(TINY).ln();
        self.calibration.add(score, positive);
        self.ranks.add(score, positive);
    }

    /// The mean over answers without truth of the probability that they are right, as the
    /// champion's holdout had it for such scores.
    fn estimate(&self, champion: &Calibration) -> Option<f64> {
        let (mut sum, mut rows) = (0.0, 0u64);
        for half in self.waiting.values() {
            if let Half::Score(score) = *half {
                let yes = champion.rate(score)?;
                sum += if score >= self.threshold { yes } else { 1.0 - yes };
                rows += 1;
            }
        }
        (rows > 0).then(|| sum / rows as f64)
    }

    /// Judges what is joined so far against the `expected` accuracy of the champion's holdout.
    /// `inputs` is the verdict of the features over the same rows.
    pub fn judge(
        &self,
        expected: f64,
        champion: &Calibration,
        inputs: Verdict,
        policy: &QualityPolicy,
    ) -> LiveQuality {
        let rows = self.rows as f64;
        let accuracy = (self.rows > 0).then(|| self.right as f64 / rows);
        let interval = accuracy.and_then(|accuracy| always_valid(accuracy, self.rows, policy.alpha));
        let (verdict, reason) = self.verdict(expected, interval, inputs, policy);
        LiveQuality {
            verdict,
            reason,
            rows: self.rows,
            accuracy,
            accuracy_interval: interval,
            auc: self.ranks.auc(),
            log_loss: (self.rows > 0).then(|| self.log_loss / rows),
            calibration_error: self.calibration.error(),
            estimated_accuracy_of_pending: self.estimate(champion),
            lost: self.lost,
        }
    }

    fn verdict(
        &self,
        expected: f64,
        interval: Option<(f64, f64)>,
        inputs: Verdict,
        policy: &QualityPolicy,
    ) -> (LiveVerdict, String) {
        let insufficient = |reason: String| (LiveVerdict::InsufficientData, reason);
        if !(0.0..=1.0).contains(&expected) || policy.margin.is_nan() || policy.margin < 0.0 {
            return insufficient("The expected accuracy or the margin is no share.".to_owned());
        }
        if self.lost as f64 > policy.max_lost * self.predicted as f64 {
            return insufficient(format!("{} of {} answers were lost.", self.lost, self.predicted));
        }
        let Some((low, high)) = interval.filter(|_| self.rows >= policy.min_rows) else {
            return insufficient(format!(
                "Truth of {} answers; at least {} are needed.",
                self.rows, policy.min_rows
            ));
        };
        let least = expected - policy.margin;
        let share = format!(
            "accuracy {low:.3} to {high:.3} at every look, expected {expected:.3} less {:.3}",
            policy.margin
        );
        if high < least && inputs == Verdict::None {
            return (LiveVerdict::ConceptDrift, format!("Quality fell while no input moved: {share}."));
        }
        if high < least {
            return (LiveVerdict::Degraded, format!("Quality fell: {share}."));
        }
        if low >= least {
            return (LiveVerdict::Healthy, format!("As expected: {share}."));
        }
        (LiveVerdict::Undecided, format!("Not yet decided: {share}."))
    }
}

/// The always-valid interval of a share: valid at every look at once, so that a monitor may look
/// each hour. It takes rows as independent. Asymptotic confidence sequence (Waudby-Smith and others), tightest at 5000 rows.
pub(crate) fn always_valid(share: f64, rows: u64, alpha: f64) -> Option<(f64, f64)> {
    // One right and one wrong answer more: a perfect record is not certainty.
    let smoothed = (share * rows as f64 + 1.0) / (rows as f64 + 2.0);
    let half = confidence_half_width(rows, (smoothed * (1.0 - smoothed)).sqrt(), alpha, TUNED_FOR)?;
    Some(((share - half).max(0.0), (share + half).min(1.0)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Answers of which the first `right` of every ten are right, at a score of 0.9.
    fn joined(rows: u32, right: u32) -> Join {
        let mut join = Join::new(&QualityPolicy::default(), 100_000);
        for row in 0..rows {
            join.predicted(&row.to_string(), 0.9);
            join.truth(&row.to_string(), row % 10 < right);
        }
        join
    }

    fn judged(join: &Join, expected: f64, inputs: Verdict) -> LiveQuality {
        join.judge(expected, &Calibration::default(), inputs, &QualityPolicy::default())
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
        let mut join = Join::new(&policy, 3);
        join.truth("a", true);
        join.predicted("a", 0.8);
        join.predicted("a", 0.1);
        join.truth("a", false);
        assert_eq!((join.rows, join.right, join.lost), (1, 1, 0));
        for id in ["b", "c", "d", "e"] {
            join.predicted(id, 0.6);
        }
        join.truth("b", true);
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
        let mut join = Join::new(&QualityPolicy::default(), 1000);
        (0..50).for_each(|row| join.predicted(&row.to_string(), 0.97));
        let quality = join.judge(0.8, &champion, Verdict::None, &QualityPolicy::default());
        assert_eq!(quality.verdict, LiveVerdict::InsufficientData);
        assert!((quality.estimated_accuracy_of_pending.unwrap() - 0.8).abs() < 1e-12);
        // A score that the holdout never gave has no estimate.
        join.predicted("new", 0.05);
        let quality = join.judge(0.8, &champion, Verdict::None, &QualityPolicy::default());
        assert_eq!(quality.estimated_accuracy_of_pending, None);
    }
}
