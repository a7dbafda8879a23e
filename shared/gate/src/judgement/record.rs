//! judgement.json: the verdict with everything it rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::forced::Forced;
use crate::fairness::GroupFairness;
use crate::findings::{BothMetrics, Check, Code, Reason, Sample, Test, TestName, Verdict, verdict};
use crate::policy::{Guard, Metric, Policy};
use crate::service::ServiceFinding;
use crate::slices::SliceFinding;
use pawl_base::names::ContentHash;

/// The version of the gate's rules; a judgement replays with the same version, policy, seed and inputs.
pub const RULES_VERSION: u32 = 4;

/// The verdict on one challenger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Version of the rules that judged.
    pub rules_version: u32,
    /// What shall become of the challenger.
    pub verdict: Verdict,
    /// One reason a check, the weightiest first.
    pub reasons: Vec<Reason>,
    /// Rows judged.
    pub rows: u64,
    /// Positive rows among them, for a binary label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positives: Option<u64>,
    /// Tests on paired rows; without a champion, intervals of the challenger's own values.
    pub tests: Vec<Test>,
    /// Both models' measures on these rows.
    pub metrics: BothMetrics,
    /// By grouping: the disadvantaged group against the rest.
    #[serde(default)]
    pub fairness: BTreeMap<String, GroupFairness>,
    /// The worst slices, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<SliceFinding>,
    /// How both models served, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceFinding>,
    /// Set when the rank tests saw a sample of the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Set when a person promoted against the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<Forced>,
    /// What was read, with digests: with seed, policy and rules' version a judgement can be done again, bit
    /// for bit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<JudgedInput>,
    /// Seed of everything random.
    pub seed: u64,
    /// The policy that was applied.
    pub policy: Policy,
}

/// One file of scores that a judgement rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedInput {
    /// Its key in the evidence bucket, or its path.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub sha256: ContentHash,
}

impl Judgement {
    /// The judgement of outputs that cannot be read or joined: a person must look, nothing is tested.
    pub fn unusable(policy: &Policy, seed: u64, fault: &dyn std::error::Error) -> Self {
        let reasons = vec![Reason::new(Check::Input, Code::UnusableInput, fault.to_string())];
        Self {
            rules_version: RULES_VERSION,
            verdict: verdict(&reasons),
            reasons,
            rows: 0,
            positives: None,
            tests: Vec::new(),
            metrics: BothMetrics::default(),
            fairness: BTreeMap::new(),
            slices: Vec::new(),
            service: None,
            sample: None,
            forced: None,
            inputs: Vec::new(),
            seed,
            policy: policy.clone().with_defaults(),
        }
    }

    /// The same judgement with these reasons beside its own, and the verdict that follows from all.
    pub fn with_reasons(mut self, reasons: Vec<Reason>) -> Self {
        self.reasons.extend(reasons);
        // Stable: within one weight the order stays.
        self.reasons.sort_by_key(|reason| reason.code.weight());
        self.verdict = verdict(&self.reasons);
        self
    }

    /// A guard's margin in the metric's own unit.
    pub fn margin(&self, guard: &Guard) -> Option<f64> {
        let champion = self.metrics.champion.as_ref().and_then(|metrics| metrics.value(guard.metric));
        Some(guard.margin * guard.metric.unit(champion)?)
    }

    /// The first test of this name over this metric.
    pub fn test(&self, name: TestName, metric: Metric) -> Option<&Test> {
        self.tests.iter().find(|t| t.name == name && t.metric == metric)
    }
}
