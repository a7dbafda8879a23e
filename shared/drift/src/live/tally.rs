//! Rows whose truth came, as the task measures them.

use serde::{Deserialize, Serialize};

use super::binary::Answers;
use super::multiclass::Choices;
use super::prediction::{GroundTruth, Prediction, PredictionKind};
use super::regression::Errors;
use super::{Calibration, LiveQuality, QualityPolicy, Standing};
use pawl_gate::{Classes, Task};

/// From where on a score answers yes where nothing says otherwise.
const HALF: f64 = 0.5;

/// The rows so far: of live traffic, or of a holdout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveTally(Rows);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rows {
    Binary(Box<Answers>),
    Multiclass(Box<Choices>),
    Regression(Errors),
}

impl LiveTally {
    /// No rows yet. `classes` are those of several classes, in the order of their scores.
    pub fn new(task: Task, classes: &Classes, policy: &QualityPolicy) -> Self {
        Self(match task {
            Task::Binary => Rows::Binary(Box::new(Answers::new(policy.threshold.unwrap_or(HALF)))),
            Task::Multiclass => Rows::Multiclass(Box::new(Choices::new(classes))),
            Task::Regression => Rows::Regression(Errors::default()),
        })
    }

    /// Decides later answers of yes or no at this threshold.
    pub(super) fn decide_at(&mut self, threshold: f64) {
        if let Rows::Binary(answers) = &mut self.0 {
            answers.threshold = threshold;
        }
    }

    /// How answers are read.
    pub fn reading(&self) -> PredictionKind<'_> {
        match &self.0 {
            Rows::Binary(_) => PredictionKind::Binary,
            Rows::Multiclass(choices) => PredictionKind::Multiclass(&choices.classes),
            Rows::Regression(_) => PredictionKind::Regression,
        }
    }

    /// Whether it can be held against a truth.
    pub(crate) fn takes(&self, answer: &Prediction) -> bool {
        match (&self.0, answer) {
            (Rows::Binary(_), Prediction::Number(score)) => (0.0..=1.0).contains(score),
            (Rows::Regression(_), Prediction::Number(number)) => number.is_finite(),
            (Rows::Multiclass(_), Prediction::Class(_)) => true,
            _ => false,
        }
    }

    /// An answer, read as this tally's [`PredictionKind`] says, and what was true, read by the same task.
    pub fn add(&mut self, answer: &Prediction, truth: &GroundTruth) {
        match (&mut self.0, answer, truth) {
            (Rows::Binary(answers), Prediction::Number(score), GroundTruth::Number(truth)) => {
                answers.add(*score, *truth == 1.0);
            }
            (Rows::Multiclass(choices), Prediction::Class(choice), GroundTruth::Class(truth)) => {
                choices.add(choice, truth);
            }
            (Rows::Regression(errors), Prediction::Number(answer), GroundTruth::Number(truth)) => {
                errors.add(*answer, *truth);
            }
            _ => {}
        }
    }

    /// How often answers were right, by how sure they were: of yes and no by score. Empty for numbers.
    pub fn calibration(&self) -> Calibration {
        match &self.0 {
            Rows::Binary(answers) => answers.calibration.clone(),
            Rows::Multiclass(choices) => choices.calibration.clone(),
            Rows::Regression(_) => Calibration::default(),
        }
    }

    /// Regression: the mean absolute error; none without rows.
    pub fn mae(&self) -> Option<f64> {
        match &self.0 {
            Rows::Binary(_) | Rows::Multiclass(_) => None,
            Rows::Regression(errors) => errors.mean(),
        }
    }

    /// The probability that an answer is right, as the champion's holdout had it for such answers; none where
    /// there were none.
    pub(super) fn sure(&self, answer: &Prediction, champion: &Calibration) -> Option<f64> {
        match (&self.0, answer) {
            (Rows::Binary(answers), Prediction::Number(score)) => answers.sure(*score, champion),
            (Rows::Multiclass(_), Prediction::Class(choice)) => Choices::sure(choice, champion),
            _ => None,
        }
    }

    /// Whether such a quality can be expected: an accuracy, or a mean absolute error.
    pub(super) fn may_expect(&self, hope: f64) -> bool {
        match self.0 {
            Rows::Binary(_) | Rows::Multiclass(_) => (0.0..=1.0).contains(&hope),
            Rows::Regression(_) => hope >= 0.0 && hope.is_finite(),
        }
    }

    /// Fills in what is known of `rows` rows, and holds it against what was expected.
    pub(super) fn judge(
        &self,
        rows: u64,
        hope: f64,
        policy: &QualityPolicy,
        quality: &mut LiveQuality,
    ) -> Option<Standing> {
        match &self.0 {
            Rows::Binary(answers) => answers.judge(rows, hope, policy, quality),
            Rows::Multiclass(choices) => choices.judge(rows, hope, policy, quality),
            Rows::Regression(errors) => errors.judge(hope, policy, quality),
        }
    }
}
