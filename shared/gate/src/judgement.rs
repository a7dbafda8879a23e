//! judgement.json: the verdict with everything it rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::algebra;
use super::fairness::GroupFairness;
use super::force::Forced;
use super::metric::Metric;
use super::policy::{Guard, Policy};
use super::service::Service;
use super::slices::SliceFinding;
use super::verdict::{Check, Code, Reason, Verdict, verdict};
use pawl_base::names::ContentHash;
use pawl_stats::Interval;
use pawl_stats::mcnemar::Discordance;

/// The version of the gate's rules; a judgement replays with the same version, policy, seed and inputs.
pub const RULES_VERSION: u32 = 3;

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
    pub service: Option<Service>,
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
            positives: None,
            tests,
            metrics: BothMetrics::default(),
            fairness: BTreeMap::new(),
            slices: Vec::new(),
            service: None,
            sample: None,
            forced: None,
            inputs: Vec::new(),
            seed: 0,
            policy: policy.clone().filled(),
        }
    }

    /// The same judgement with these reasons beside its own, and the verdict that follows from all.
    pub fn and(mut self, reasons: Vec<Reason>) -> Self {
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
    /// Wilcoxon's signed-rank test on the rows' losses; its estimate is the median of the pairs' means.
    Wilcoxon,
    /// Diebold and Mariano's test on losses in the order of time, corrected by Harvey, Leybourne and Newbold.
    DieboldMariano,
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
    /// A first model's own value with a bootstrap interval.
    BootstrapInterval,
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
    pub champion: Option<Metrics>,
    /// `None` only when nothing could be read.
    pub challenger: Option<Metrics>,
}

/// Measures of one model, by their names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// A measure with nothing below its line is `None`, never 0.
    #[serde(flatten)]
    pub values: BTreeMap<Metric, Option<f64>>,
    /// A binary classifier's counts at the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Confusion>,
    /// Rows by class, then by predicted class, of several classes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub confusion_matrix: BTreeMap<String, BTreeMap<String, u64>>,
    /// The bins of `calibration_error` that hold rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<CalibrationBin>,
}

impl Metrics {
    /// The value of a metric, where there is one.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        self.values.get(&metric).copied().flatten()
    }
}

impl FromIterator<(Metric, Option<f64>)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (Metric, Option<f64>)>>(values: I) -> Self {
        let finite = |(metric, value): (Metric, Option<f64>)| (metric, value.filter(|v| v.is_finite()));
        Self { values: values.into_iter().map(finite).collect(), ..Self::default() }
    }
}

/// Rows whose scores lie in one stretch, and how often they are positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The least score of the bin.
    pub from: f64,
    /// Scores up to here; the next bin begins with it.
    pub to: f64,
    /// Rows in it.
    pub rows: u64,
    /// Their mean score.
    pub score: f64,
    /// The share of them that is positive.
    pub positive: f64,
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
