//! The judge: takes paired rows one by one, then tests and weighs.

use std::collections::BTreeMap;

use super::algebra;
use super::binary::Binary;
use super::fairness::GroupFairness;
use super::given::{Unfit, Value};
use super::judgement::{BothMetrics, Judgement, RULES_VERSION, Sample, Test};
use super::metric::Task;
use super::multiclass::Multiclass;
use super::pairs::Against;
use super::policy::{Policy, PolicyError};
use super::regression::Regression;
use super::service::{self, Answered, Answers};
use super::slices::SliceFinding;
use super::verdict::{Reason, verdict};

/// One holdout row with both models' predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The label: 0 or 1, a class, or a number.
    pub label: Value<'a>,
    /// What the challenger predicts: the probability of the positive class, a class or scores of all classes, or a
    /// number.
    pub challenger: Value<'a>,
    /// What the champion predicts; `None` for a first model.
    pub champion: Option<Value<'a>>,
    /// Values of the columns that [`Judge::columns`] lists, in that order.
    pub columns: &'a [&'a str],
}

/// Accumulates paired rows; memory is bounded by the policy's `sample_above`.
#[derive(Debug)]
pub struct Judge {
    policy: Policy,
    against: Against,
    seed: u64,
    columns: Vec<String>,
    tally: Tally,
    service: service::Tally,
}

/// The rows so far, by task.
#[derive(Debug)]
enum Tally {
    Binary(Box<Binary>),
    Multiclass(Box<Multiclass>),
    Regression(Box<Regression>),
}

/// What a task's rows amount to, for the algebra to weigh.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) rows: u64,
    /// Rows of the second most frequent class; `None` where there are no classes.
    pub(super) second_class: Option<u64>,
    pub(super) positives: Option<u64>,
    pub(super) metrics: BothMetrics,
    pub(super) tests: Vec<Test>,
    pub(super) slices: Vec<SliceFinding>,
    pub(super) fairness: BTreeMap<String, GroupFairness>,
    /// Of fairness and slices.
    pub(super) reasons: Vec<Reason>,
    pub(super) sample: Option<Sample>,
}

impl Judge {
    /// A judge under this policy. The seed draws the sample where one is needed.
    pub fn new(policy: &Policy, against: Against, seed: u64) -> Result<Self, PolicyError> {
        policy.check()?;
        let columns = policy.columns();
        let tally = match policy.task {
            Task::Binary => Tally::Binary(Box::new(Binary::new(policy, &columns, seed))),
            Task::Multiclass => Tally::Multiclass(Box::new(Multiclass::new(policy, &columns))),
            Task::Regression => Tally::Regression(Box::new(Regression::new(policy, &columns, seed))),
        };
        let service = service::Tally::new(seed);
        Ok(Self { policy: policy.clone().filled(), against, seed, columns, tally, service })
    }

    /// What the model predicts.
    pub fn task(&self) -> Task {
        self.policy.task
    }

    /// The columns each row must bring: clusters, groups, slices.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether a row that a model failed to answer counts as such. Else an answer must be there.
    pub fn counts_errors(&self) -> bool {
        self.policy.service.errors.is_some()
    }

    /// Takes in how both models served a row. One that a model did not answer is not [pushed](Self::push).
    pub fn served(&mut self, challenger: Answered, champion: Option<Answered>) -> Result<Answers, Unfit> {
        self.service.push(challenger, champion)
    }

    /// Takes one row in.
    pub fn push(&mut self, row: &Row<'_>) -> Result<(), Unfit> {
        match &mut self.tally {
            Tally::Binary(tally) => tally.push(row),
            Tally::Multiclass(tally) => tally.push(row),
            Tally::Regression(tally) => tally.push(row),
        }
    }

    /// Tests, weighs and concludes.
    pub fn finish(self) -> Judgement {
        let (policy, against, seed) = (self.policy, self.against, self.seed);
        let mut evidence = match self.tally {
            Tally::Binary(tally) => tally.finish(&policy, against, seed),
            Tally::Multiclass(tally) => tally.finish(&policy, against, seed),
            Tally::Regression(tally) => tally.finish(&policy, against, seed),
        };
        let (service, of_service) = self.service.finish(&policy, against);
        evidence.reasons.extend(of_service);
        let (evidence, reasons) = algebra::weigh(&policy, against, evidence);
        let Evidence { rows, positives, metrics, tests, slices, fairness, sample, .. } = evidence;
        Judgement {
            rules_version: RULES_VERSION,
            verdict: verdict(&reasons),
            reasons,
            rows,
            positives,
            tests,
            metrics,
            fairness,
            slices,
            service,
            sample,
            forced: None,
            inputs: Vec::new(),
            seed,
            policy,
        }
    }
}
