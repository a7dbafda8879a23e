//! The judge: takes paired rows one by one, then tests and weighs.

use crate::findings::verdict;
use crate::judgement::{Judgement, RULES_VERSION};
use crate::policy::{Policy, PolicyError, Task};
use crate::row::{Against, PairedRow, Response, Responses, Unfit};
use crate::service;
use crate::tally::{RowEvidence, Tally};
use crate::weigh::weigh;

/// Accumulates paired rows; memory is bounded by the policy's `sample_above`.
#[derive(Debug)]
pub struct Judge {
    policy: Policy,
    against: Against,
    seed: u64,
    columns: Vec<String>,
    tally: Tally,
    service: service::ServiceTally,
}

impl Judge {
    /// A judge under this policy. The seed draws the sample where one is needed.
    pub fn new(policy: &Policy, against: Against, seed: u64) -> Result<Self, PolicyError> {
        policy.check()?;
        let columns = policy.columns();
        let tally = Tally::new(policy, &columns, seed);
        let service = service::ServiceTally::new(seed);
        Ok(Self { policy: policy.clone().with_defaults(), against, seed, columns, tally, service })
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
        self.tally.push(row)
    }

    /// Tests, weighs and concludes.
    pub fn finish(self) -> Judgement {
        let (policy, against, seed) = (self.policy, self.against, self.seed);
        let mut evidence = self.tally.finish(&policy, against, seed);
        let (service, of_service) = self.service.finish(&policy, against);
        evidence.reasons.extend(of_service);
        let (evidence, reasons) = weigh(&policy, against, evidence);
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
            policy,
        }
    }
}
