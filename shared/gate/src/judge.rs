//! The judge: takes paired rows one by one, then tests and weighs.

use crate::copies::Copies;
use crate::findings::{Reason, verdict};
use crate::holdout::{HoldoutUse, LabelDigest};
use crate::judgement::{Judgement, RULES_VERSION};
use crate::policy::{Balance, Policy, PolicyError, Task, Thresholds};
use crate::row::{Against, PairedRow, Response, Responses, RowPart, RowValue, Unfit};
use crate::service;
use crate::tally::{RowEvidence, Tally};
use crate::weigh::{check_balance, weigh};
use pawl_data::dataset::Spelling;

const CLASS: &str =
    "with a positive class named a label is that one or the negative one, as they are written";

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
    /// How a yes and a no are written, where they are not 1 and 0.
    spelling: Option<Spelling>,
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
            spelling: None,
        })
    }

    /// The same judge, for binary labels that are written so.
    pub fn with_spelling(mut self, spelling: Option<Spelling>) -> Self {
        self.spelling = spelling;
        self
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
        let mut row = *row;
        if let Some(spelling) = &self.spelling {
            let read = row.label.class().and_then(|text| spelling.read(&text));
            row.label =
                read.map(RowValue::Truth).ok_or_else(|| Unfit::new(RowPart::Label, row.label, CLASS))?;
        }
        let row = &row;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn labels_of_any_spelling_count_as_ones_and_zeros() {
        let spelling = Spelling { positive: "churned".to_owned(), negative: None };
        let judge = || Judge::new(&Policy::default(), Against::Champion, 1).unwrap();
        let (mut plain, mut spelt) = (judge(), judge().with_spelling(Some(spelling)));
        for row in 0..40 {
            let positive = row % 3 == 0;
            let (new, old) = (f64::from(row % 7) / 10.0, f64::from(row % 5) / 10.0);
            let push = |judge: &mut Judge, label: RowValue<'_>| {
                let (challenger, champion) = (new.into(), Some(old.into()));
                judge.push(&PairedRow { label, challenger, champion, columns: &[] }).unwrap();
            };
            push(&mut plain, positive.into());
            push(&mut spelt, if positive { "churned" } else { "stayed" }.into());
        }
        let refused =
            PairedRow { label: "Churned".into(), challenger: 0.5.into(), champion: None, columns: &[] };
        assert!(spelt.push(&refused).unwrap_err().to_string().contains("the label is \"Churned\""));
        assert_eq!(plain.finish(), spelt.finish());
    }
}
