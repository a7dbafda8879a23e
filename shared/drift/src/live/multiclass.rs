//! One of several classes: right answers, and where each class got a probability what those are worth.

use serde::{Deserialize, Serialize};

use super::accuracy::{self, TINY};
use super::prediction::{Chances, ClassPrediction};
use super::{Calibration, LiveQuality, QualityPolicy, Standing};
use crate::ranks::Ranks;
use pawl_gate::Classes;

/// Answers whose truth came, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Choices {
    pub(super) classes: Classes,
    right: u64,
    /// Rows whose answer came with probabilities; the rest is of them.
    scored: u64,
    log_loss: f64,
    brier: f64,
    /// Of the chosen class's probability: how often such an answer was right.
    pub(super) calibration: Calibration,
    /// Each class against the rest, as many as the first answer gave probabilities for.
    ranks: Vec<Ranks>,
}

impl Choices {
    pub(super) fn new(classes: &Classes) -> Self {
        Self {
            classes: classes.clone(),
            right: 0,
            scored: 0,
            log_loss: 0.0,
            brier: 0.0,
            calibration: Calibration::default(),
            ranks: Vec::new(),
        }
    }

    /// An answer and the class that was true.
    pub(super) fn add(&mut self, choice: &ClassPrediction, truth: &str) {
        let right = choice.class == truth;
        self.right += u64::from(right);
        if let (Some(chances), Some(sure)) = (&choice.chances, choice.sure()) {
            self.calibration.add(sure, right);
            self.score(chances, self.classes.place(truth));
        }
    }

    fn score(&mut self, chances: &Chances, truth: Option<usize>) {
        let all = chances.all();
        self.scored += 1;
        self.log_loss -= chances.of(truth).max(TINY).ln();
        let outcome = |place: usize| f64::from(u8::from(truth == Some(place)));
        let squares = all.iter().enumerate().map(|(place, chance)| (chance - outcome(place)).powi(2));
        // A class without a score was given no probability.
        let absent = f64::from(u8::from(truth.is_none_or(|place| place >= all.len())));
        self.brier += squares.sum::<f64>() + absent;
        if self.ranks.is_empty() {
            self.ranks.resize_with(all.len(), Ranks::default);
        }
        for (place, ranks) in self.ranks.iter_mut().enumerate() {
            ranks.add(chances.of(Some(place)), truth == Some(place));
        }
    }

    /// The probability that an answer is right, as the champion's holdout had it for so sure a one.
    pub(super) fn sure(choice: &ClassPrediction, champion: &Calibration) -> Option<f64> {
        champion.rate(choice.sure()?)
    }

    /// Fills in what is known of `rows` rows, and holds it against the expected accuracy. What rests on
    /// probabilities is known where every answer gave them.
    pub(super) fn judge(
        &self,
        rows: u64,
        expected: f64,
        policy: &QualityPolicy,
        quality: &mut LiveQuality,
    ) -> Option<Standing> {
        if rows > 0 && self.scored == rows {
            quality.auc = self.auc();
            quality.log_loss = Some(self.log_loss / rows as f64);
            quality.brier = Some(self.brier / rows as f64);
            quality.calibration_error = self.calibration.error();
        }
        accuracy::judge(self.right, rows, expected, policy, quality)
    }

    /// The mean of the areas of each class against the rest (macro); none until every class was seen true.
    fn auc(&self) -> Option<f64> {
        let sum: f64 = self.ranks.iter().map(Ranks::auc).sum::<Option<f64>>()?;
        Some(sum / self.ranks.len() as f64)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Verdict;
    use crate::live::{GroundTruth, Join, LiveTally, Prediction, QualityVerdict};
    use pawl_gate::{RowValue, Task};

    fn said(answer: RowValue<'_>) -> Prediction {
        ClassPrediction::read(answer, &birds())
            .map_or(Prediction::Unfit, |choice| Prediction::Class(Box::new(choice)))
    }

    fn birds() -> Classes {
        Classes::new(&["owl", "hawk", "wren"].map(str::to_owned))
    }

    fn judged(
        rows: impl Iterator<Item = (Prediction, &'static str)>,
        expected: f64,
        inputs: Verdict,
    ) -> LiveQuality {
        let policy = QualityPolicy::default();
        let mut join = Join::with(LiveTally::new(Task::Multiclass, &birds(), &policy), 1_000_000);
        for (row, (answer, truth)) in rows.enumerate() {
            join.predicted(&row.to_string(), answer);
            join.truth(&row.to_string(), GroundTruth::Class(truth.to_owned()));
        }
        join.judge(Some(expected), &Calibration::default(), inputs, &policy)
    }

    /// Names alone, of which the first `right` of every ten are true.
    fn names(rows: u32, right: u32) -> impl Iterator<Item = (Prediction, &'static str)> {
        (0..rows).map(move |row| (said(RowValue::Text("owl")), if row % 10 < right { "owl" } else { "hawk" }))
    }

    #[test]
    fn names_alone_are_judged_by_accuracy_as_a_yes_or_no_is() {
        let fallen = judged(names(5_000, 7), 0.9, Verdict::None);
        assert_eq!((fallen.verdict, fallen.accuracy), (QualityVerdict::ConceptDrift, Some(0.7)));
        assert_eq!(
            (fallen.log_loss, fallen.brier, fallen.auc, fallen.calibration_error),
            (None, None, None, None)
        );
        assert_eq!(fallen.level(), Some(0.7));
        assert_eq!(judged(names(5_000, 7), 0.9, Verdict::Drift).verdict, QualityVerdict::Degraded);
        assert_eq!(judged(names(50_000, 9), 0.9, Verdict::None).verdict, QualityVerdict::Healthy);
        assert_eq!(judged(names(1_000, 9), 0.9, Verdict::None).verdict, QualityVerdict::Undecided);
        assert_eq!(judged(names(190, 9), 0.9, Verdict::None).verdict, QualityVerdict::InsufficientData);
        assert_eq!(
            judged(names(5_000, 7), f64::NAN, Verdict::None).verdict,
            QualityVerdict::InsufficientData
        );
    }

    #[test]
    fn an_answer_that_is_no_class_is_lost() {
        let broken = (0..100).map(|_| (said(RowValue::Scores(&[0.4, 0.4, 0.4])), "owl"));
        let quality = judged(names(900, 9).chain(broken), 0.9, Verdict::None);
        assert_eq!(quality.verdict, QualityVerdict::InsufficientData);
        assert_eq!(quality.reason, "100 of 1000 answers were lost.");
        let numbers = (0..1_000).map(|_| (Prediction::Number(0.9), "owl"));
        assert_eq!(judged(numbers, 0.9, Verdict::None).reason, "1000 of 1000 answers were lost.");
    }

    #[test]
    fn a_class_that_nobody_scored_was_given_no_probability() {
        let quality =
            judged((0..500).map(|_| (said(RowValue::Scores(&[0.8, 0.2, 0.0])), "crow")), 0.9, Verdict::None);
        assert_eq!(quality.accuracy, Some(0.0));
        assert!((quality.brier.unwrap() - (0.64 + 0.04 + 1.0)).abs() < 1e-12);
        assert!((quality.log_loss.unwrap() + TINY.ln()).abs() < 1e-9);
        // One name among the scores, and nothing is said of probabilities.
        let mixed = (0..500).map(|_| (said(RowValue::Scores(&[0.8, 0.2, 0.0])), "owl")).chain(names(1, 9));
        assert_eq!(judged(mixed, 0.9, Verdict::None).log_loss, None);
    }

    /// A row of probabilities, and the place of its truth.
    fn row() -> impl Strategy<Value = ([f64; 3], usize)> {
        (prop::array::uniform3(1_u32..1_000), 0_usize..3).prop_map(|(parts, truth)| {
            let sum = f64::from(parts.iter().sum::<u32>());
            (parts.map(|part| f64::from(part) / sum), truth)
        })
    }

    proptest! {
        /// Whichever comes first, in whatever order: the same rows give the same quality, and no measure
        /// leaves its range.
        #[test]
        fn the_order_of_answers_and_truths_changes_nothing(
            rows in prop::collection::vec(row(), 1..40),
            turned in any::<u64>(),
        ) {
            let (classes, policy) = (birds(), QualityPolicy::default());
            let quality = |turned: u64| {
                let mut join = Join::with(LiveTally::new(Task::Multiclass, &classes, &policy), 1_000);
                let mut late = Vec::new();
                for (at, (scores, truth)) in rows.iter().enumerate() {
                    let truth = GroundTruth::Class(classes.name(*truth).unwrap().into_owned());
                    let id = at.to_string();
                    if turned >> (at % 64) & 1 == 1 {
                        join.truth(&id, truth);
                        join.predicted(&id, said(RowValue::Scores(scores)));
                    } else {
                        join.predicted(&id, said(RowValue::Scores(scores)));
                        late.push((id, truth));
                    }
                }
                late.into_iter().for_each(|(id, truth)| join.truth(&id, truth));
                join.judge(Some(0.5), &Calibration::default(), Verdict::None, &policy)
            };
            let (one, other) = (quality(0), quality(turned));
            let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-9,
                (a, b) => a == b,
            };
            let exact = |it: &LiveQuality| (it.rows, it.accuracy, it.auc, it.lost);
            prop_assert_eq!(exact(&one), exact(&other));
            prop_assert!(near(one.log_loss, other.log_loss) && near(one.brier, other.brier));
            prop_assert!(near(one.calibration_error, other.calibration_error));
            prop_assert!((0.0..=2.0).contains(&one.brier.unwrap()) && one.log_loss.unwrap() >= 0.0);
            prop_assert!(one.auc.is_none_or(|auc| (0.0..=1.0).contains(&auc)));
        }
    }
}
