//! judgement.json: the verdict with everything it rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::algebra;
use super::fairness::GroupFairness;
use super::force::Forced;
use super::metric::Metric;
use super::policy::Policy;
use super::slices::SliceFinding;
use super::stats::Interval;
use super::stats::mcnemar::Discordance;
use super::verdict::{Check, Code, Reason, Verdict, verdict};
use crate::names::ContentHash;

/// The version of the gate's rules; a judgement replays with the same version, policy, seed and inputs.
pub const RULES_VERSION: u32 = 1;

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
    /// Positive rows among them.
    pub positives: u64,
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
    /// Set when the rank tests saw a sample of the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Set when a person promoted against the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<Forced>,
    /// What was read, with digests: with seed, policy and rules' version a judgement can be done again, bit for bit.
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
            positives: 0,
            tests: Vec::new(),
            metrics: BothMetrics::default(),
            fairness: BTreeMap::new(),
            slices: Vec::new(),
            sample: None,
            forced: None,
            inputs: Vec::new(),
            seed,
            policy: policy.clone().filled(),
        }
    }

    /// The judgement of a table of discordant rows alone: accuracy only, against the policy's guard of
    /// accuracy where it has one.
    pub fn of_counts(policy: &Policy, table: Discordance) -> Self {
        let (tests, reasons) = algebra::weigh_counts(policy, &table);
        Self {
            rules_version: RULES_VERSION,
            verdict: verdict(&reasons),
            reasons,
            rows: table.rows,
            positives: 0,
            tests,
            metrics: BothMetrics::default(),
            fairness: BTreeMap::new(),
            slices: Vec::new(),
            sample: None,
            forced: None,
            inputs: Vec::new(),
            seed: 0,
            policy: policy.clone().filled(),
        }
    }

    /// The first test of this name over this metric.
    pub fn test(&self, name: TestName, metric: Metric) -> Option<&Test> {
        self.tests.iter().find(|t| t.name == name && t.metric == metric)
    }
}

/// The tests by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestName {
    /// McNemar's exact binomial test of equal accuracy.
    McnemarExact,
    /// McNemar's test with the mid-p-value: decides superiority of accuracy.
    McnemarMidP,
    /// Tango's score test of non-inferiority of accuracy; its interval is of the difference.
    Tango,
    /// DeLong's test of equal areas under the curve.
    Delong,
    /// Paired t-test on the rows' losses.
    PairedT,
    /// BCa bootstrap over whole clusters: decides every metric where the policy names a cluster column.
    ClusterBootstrap,
    /// BCa bootstrap over rows, for metrics without a test of their own.
    Bootstrap,
    /// A first model's own area with DeLong's interval.
    DelongInterval,
    /// A first model's own accuracy with Wilson's interval.
    WilsonInterval,
    /// A first model's own mean loss with Student's interval.
    TInterval,
}

/// One test: effect and interval always beside the p-value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Which test.
    pub name: TestName,
    /// On what.
    pub metric: Metric,
    /// Challenger − champion in the metric's unit; without a champion the challenger's value.
    pub estimate: Option<f64>,
    /// The test's statistic.
    pub statistic: Option<f64>,
    /// Two-sided, but Tango's, which is one-sided for "not worse by the margin".
    pub p_value: Option<f64>,
    /// Holm's adjustment over the superiority family, for the tests in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted_p_value: Option<f64>,
    /// Interval of the estimate at the policy's two-sided level.
    pub interval: Option<Interval>,
    /// Non-inferiority margin, for a test that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Rows the test saw.
    pub n: u64,
}

/// Both models' measures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BothMetrics {
    /// `None` for a first model.
    pub champion: Option<BinaryMetrics>,
    /// `None` only when nothing could be read.
    pub challenger: Option<BinaryMetrics>,
}

/// Measures of one binary classifier. A ratio with nothing below its line is `None`, never 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BinaryMetrics {
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Share classified rightly at the threshold.
    pub accuracy: Option<f64>,
    /// Share of predicted positives that are positive.
    pub precision: Option<f64>,
    /// Share of positives predicted positive.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Mean negative log-likelihood in nats, scores kept 2.2e-16 away from 0 and 1.
    pub log_loss: Option<f64>,
    /// Mean squared error of the probability.
    pub brier: Option<f64>,
    /// Counts at the threshold.
    pub confusion: Confusion,
}

impl BinaryMetrics {
    /// The value of a metric the policy can name.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Auc => self.auc,
            Metric::Accuracy => self.accuracy,
            Metric::LogLoss => self.log_loss,
            Metric::Brier => self.brier,
            Metric::Precision => self.precision,
            Metric::Recall => self.recall,
            Metric::F1 => self.f1,
            _ => None,
        }
    }
}

/// Predictions against labels at the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confusion {
    /// Positive, predicted positive.
    pub true_positives: u64,
    /// Negative, predicted positive.
    pub false_positives: u64,
    /// Negative, predicted negative.
    pub true_negatives: u64,
    /// Positive, predicted negative.
    pub false_negatives: u64,
}

/// A random sample of rows that the rank tests saw instead of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Rows in it.
    pub kept: u64,
    /// Rows it was drawn from, each with equal chance.
    pub of: u64,
    /// The seed that drew it.
    pub seed: u64,
}
