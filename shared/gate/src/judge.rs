//! The judge: takes paired rows one by one, then tests and weighs.

use crate::copies::Copies;
use crate::findings::{Reason, verdict};
use crate::holdout::{HoldoutUse, LabelDigest};
use crate::judgement::{Judgement, RULES_VERSION};
use crate::policy::{Balance, Policy, PolicyError, Task, Thresholds};
use crate::row::{Against, PairedRow, Response, Responses, Unfit};
use crate::service;
use crate::tally::{RowEvidence, Tally};
use crate::weigh::{check_balance, weigh};

/// Accumulates paired rows; memory is bounded by the policy's `sample_above`.
#[derive(Debug)]
pub struct Judge {
    policy: Policy,
    against: Against,
    seed: u64,
    columns: Vec<String>,
    tally: Tally,
    service: service::ServiceTally,
    copies: Copies,
    labels: LabelDigest,
    /// The parts of the holdout by name; without names the labels tell which rows these are.
    parts: Vec<String>,
}

impl Judge {
    /// A judge under this policy. The seed draws the sample where one is needed.
    pub fn new(policy: &Policy, against: Against, seed: u64) -> Result<Self, PolicyError> {
        policy.check()?;
        let columns = policy.columns();
        let tally = Tally::new(policy, &columns, seed);
        let service = service::ServiceTally::new(seed);
        Ok(Self {
            policy: policy.clone(),
            against,
            seed,
            columns,
            tally,
            service,
            copies: Copies::default(),
            labels: LabelDigest::default(),
            parts: Vec::new(),
        })
    }

    /// The same judge, with thresholds of the models' own. Before the first row.
    pub fn with_thresholds(mut self, thresholds: Thresholds) -> Result<Self, PolicyError> {
        thresholds.check()?;
        self.tally.set_thresholds(thresholds);
        Ok(self)
    }

    /// The same judge, for rows that come from these parts, such as objects by their ids.
    pub fn with_parts(mut self, parts: Vec<String>) -> Self {
        self.parts = parts;
        self
    }

    /// Whether there is a champion to judge against.
    pub fn against(&self) -> Against {
        self.against
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
    pub fn record_responses(
        &mut self,
        challenger: Response,
        champion: Option<Response>,
    ) -> Result<Responses, Unfit> {
        self.service.push(challenger, champion)
    }

    /// Takes one row in.
    pub fn push(&mut self, row: &PairedRow<'_>) -> Result<(), Unfit> {
        let wrong = self.tally.push(row)?;
        self.copies.push(row, wrong);
        self.labels.push(row.label);
        Ok(())
    }

    /// Tests, weighs and concludes, where nothing was judged on these rows before.
    pub fn finish(self) -> Judgement {
        self.finish_after(&[])
    }

    /// The same after earlier judgements: on rows that have judged before, wins are held to a smaller level.
    pub fn finish_after(self, earlier: &[Judgement]) -> Judgement {
        let (against, seed) = (self.against, self.seed);
        let holdout = self.holdout_use(earlier);
        let shares = self.tally.class_shares();
        let mut told: Vec<Reason> = self.copies.check(&self.policy.copies).into_iter().collect();
        told.extend(shares.and_then(|shares| check_balance(&self.policy, &shares)));
        told.extend(holdout.as_ref().and_then(|used| used.reason(self.policy.alpha)));
        let policy = self.policy.with_defaults(shares.map_or(Balance::Imbalanced, |shares| shares.balance()));
        let mut evidence = self.tally.finish(&policy, against, seed);
        let (service, of_service) = self.service.finish(&policy, against);
        evidence.reasons.extend(of_service);
        evidence.reasons.extend(told);
        let level = holdout.as_ref().map_or(policy.alpha, |used| used.level);
        let (evidence, reasons) = weigh(&policy, against, level, evidence);
        let RowEvidence { rows, positives, metrics, tests, slices, fairness, sample, .. } = evidence;
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
            holdout,
            policy,
        }
    }

    /// A first model has nobody to win against: it spends nothing.
    fn holdout_use(&self, earlier: &[Judgement]) -> Option<HoldoutUse> {
        let parts = match self.parts.as_slice() {
            [] => vec![self.labels.name()],
            parts => parts.to_vec(),
        };
        let earlier = earlier.iter().filter_map(|judgement| judgement.holdout.as_ref());
        (self.against == Against::Champion).then(|| HoldoutUse::after(parts, earlier, self.policy.alpha))
    }
}
