//! What the monitoring of one model remembers, and what one look writes down.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::document::{Drift, Verdict};
use super::super::history::History;
use super::super::live::{
    BiasDrift, Calibration, Join, LiveGroups, LiveQuality, LiveTally, QualityPolicy, QualityVerdict,
};
use pawl_base::duration::Duration;
use pawl_base::names::Generation;
use pawl_data::profile::bins::Baseline;
use pawl_gate::Classes;

/// The section `monitor` of `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// When live quality counts as fallen.
    pub quality: QualityPolicy,
    /// How many answers may wait for their truth; the oldest are let go. Default 100,000.
    pub remember: usize,
    /// Leave requests of the last moments to the next look: their files may still be on the way. Default 2
    /// minutes.
    pub lag: Duration,
    /// Which metrics are published. Default: the model's own three.
    pub publish: Publish,
}

impl Policy {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The field, its value and what would be right.
    pub fn check(&self) -> Result<(), String> {
        if self.remember == 0 {
            return Err("monitor.remember is 0: at least one answer must wait for its truth".to_owned());
        }
        let wrong = |(field, value, fix)| format!("monitor.quality.{field} is {value}: {fix}");
        self.quality.check().map_err(wrong)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            quality: QualityPolicy::default(),
            remember: 100_000,
            lag: Duration::seconds(120),
            publish: Publish::Model,
        }
    }
}

/// Which metrics are published. CloudWatch charges for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Publish {
    /// `DriftedShare`, `LiveQuality` and `WorseGroups` of the model.
    Model,
    /// Also `Drift` of each feature on each axis.
    Features,
}

/// The document `ledger/<model>/monitor.json`, changed only by compare-and-swap: a look that is repeated
/// counts nothing twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// The champion that is watched. Another one begins anew.
    pub generation: Generation,
    /// Looks so far.
    pub looks: u64,
    /// The key of the last captured object that was counted, or from where to begin.
    pub captured: String,
    /// The key of the last object of truths that was joined.
    pub truth: String,
    /// Answers and truths.
    pub join: Join,
    /// Earlier comparisons.
    pub history: History,
    /// What the last look came to, so that people are told of a change and not every hour.
    pub last: Option<(Verdict, QualityVerdict)>,
    /// What the last look could read, for the same reason.
    #[serde(default)]
    pub last_readable: Readable,
    /// The groups that people were told of, by [`BiasDrift::worse`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told_groups: Vec<String>,
}

impl Monitor {
    /// Before the first look at a champion.
    pub fn new(generation: Generation, captured: String, gate: &pawl_gate::Policy, policy: &Policy) -> Self {
        let threshold = policy.quality.threshold.or(Some(gate.threshold));
        let quality = QualityPolicy { threshold, ..policy.quality.clone() };
        let tally = LiveTally::new(gate.task, &Classes::new(&gate.classes), &quality);
        Self {
            generation,
            looks: 0,
            captured,
            truth: String::new(),
            join: Join::with(tally, policy.remember),
            history: History::default(),
            last: None,
            last_readable: Readable::All,
            told_groups: Vec::new(),
        }
    }

    /// What a champion's holdout says of it holds for its live rows: its own threshold, before the first
    /// look, and its groups.
    pub fn expect(&mut self, expected: &Expected) {
        if let Some(threshold) = expected.threshold.filter(|_| self.looks == 0) {
            self.join.decide_at(threshold);
        }
        if let Some(groups) = &expected.groups {
            self.join.watch(groups);
        }
    }
}

/// What the champion's holdout lets expect: the document `monitoring/<model>/<run>/expected.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Its accuracy there. None where it was not judged.
    pub accuracy: Option<f64>,
    /// Regression: its mean absolute error there, in the label's unit.
    #[serde(default)]
    pub mae: Option<f64>,
    /// The threshold at which it was judged there. None where it has none, and in documents of an older
    /// version.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// The gate's groups there. None where it names none; also in documents of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<LiveGroups>,
    /// How often its scores were right; of several classes the probabilities of the chosen ones.
    pub calibration: Calibration,
    /// Its training data and its scores, in frozen bins.
    pub baseline: Baseline,
}

/// How much of what was captured at an endpoint the monitoring can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readable {
    /// Everything, or all but some requests or answers, which are counted.
    #[default]
    All,
    /// No request: neither drift nor quality is watched.
    NoRequest,
    /// Requests, but no answer to any: quality is not watched, nor drift of the answers.
    NoAnswer,
}

impl Readable {
    /// What was read of so many requests and rows.
    pub fn of(requests: u64, unreadable: u64, rows: u64, unanswered: u64) -> Self {
        if requests > 0 && unreadable == requests {
            Self::NoRequest
        } else if rows > 0 && unanswered >= rows {
            Self::NoAnswer
        } else {
            Self::All
        }
    }
}

/// One look: the document `monitoring/<model>/<run>/<look>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonitoringReport {
    /// When.
    pub at: Timestamp,
    /// The endpoint config that answered: the version of the model that these rows were served by.
    #[serde(default)]
    pub served_by: String,
    /// Captured objects read.
    pub objects: u64,
    /// Requests read, and how many of them could not be.
    pub requests: u64,
    /// Requests that are no rows of this model.
    pub unreadable: u64,
    /// Why the first of them could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_unread: Option<String>,
    /// Rows whose captured answer holds no prediction that the task can use.
    #[serde(default)]
    pub unanswered: u64,
    /// How much of what was captured the monitoring can use.
    #[serde(default)]
    pub readable: Readable,
    /// Rows compared.
    pub rows: u64,
    /// Lines of truth that could not be read.
    pub unreadable_truths: u64,
    /// The rows against the champion's training data, the answers against its holdout's.
    pub drift: Drift,
    /// Answers against their truth.
    pub quality: LiveQuality,
    /// The gate's groups against the champion's holdout. None where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<BiasDrift>,
}
