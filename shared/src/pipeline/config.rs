//! The sections of `pipeline.yaml`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use schemars::{JsonSchema, Schema as JsonSchemaValue, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::feedback::Feedback;
use super::scalar::Scalar;
use super::schedule::Schedule;
use super::tune::Tune;
use crate::dataset::{Label, Schema};
use crate::duration::{Duration, DurationError};
use crate::ledger::TriggerKind;
use crate::names::ModelName;
use crate::release::serving::{INSTANCE_TYPE, Serve, Vpc};
use crate::{constraints, drift, gate, release};

/// A model's pipeline, as a team writes it. Only `model`, `data` and `train` are needed; the rest has
/// defaults.
// Long: its fields are the sections of the file, and nobody would look for one below another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Names the pipeline, the endpoint and the model package group.
    pub model: ModelName,
    /// Where data arrives and what it holds.
    pub data: Data,
    /// How the model is trained.
    pub train: Train,
    /// When a batch counts as complete.
    #[serde(default)]
    pub settle: Settle,
    /// Which objects judge and which train.
    #[serde(default)]
    pub split: Split,
    /// When a run starts by the clock: `rate(1 day)`, or `cron(0 6 ? * MON-FRI *) Europe/Berlin`. Default:
    /// never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What new data must meet.
    #[serde(default)]
    pub constraints: constraints::Policy,
    /// What training makes of rows that the model's own action selected. Default: nothing.
    #[serde(default)]
    pub feedback: Option<Feedback>,
    /// What new data is compared with.
    #[serde(default)]
    pub compare: Compare,
    /// When new data has drifted.
    #[serde(default)]
    pub drift: drift::Policy,
    /// What is asked of the champion while it serves.
    #[serde(default)]
    pub monitor: drift::monitor::Policy,
    /// When a model is trained.
    #[serde(default)]
    pub decide: Decide,
    /// When a challenger replaces the champion.
    #[serde(default)]
    pub gate: gate::Policy,
    /// When a person is asked.
    #[serde(default)]
    pub approval: Approval,
    /// What the endpoint runs on.
    #[serde(default)]
    pub serve: Serve,
    /// How a model goes live, and back.
    #[serde(default)]
    pub release: release::Policy,
}

/// Where data arrives and what it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The bucket that data arrives in.
    pub bucket: String,
    /// The prefix of this pipeline's objects, such as `bike/hourly/`.
    pub prefix: String,
    /// The largest object that is read, in bytes; a larger one is refused. Default 2 GiB.
    #[serde(default = "two_gib")]
    pub largest_object: u64,
    /// A larger object is read in parts of about so many bytes, side by side; a packed one, and one whose
    /// rows have a time order, in one piece. Default 256 MiB.
    #[serde(default = "quarter_gib")]
    pub part_size: u64,
    /// What the model learns.
    pub label: Label,
    /// The columns that the model sees. No other ever reaches it.
    pub features: Vec<String>,
    /// Columns that the gate needs beside them: clusters, groups, slices.
    #[serde(default)]
    pub context: Vec<String>,
    /// What is known of the columns beforehand: types, time order, words for null.
    #[serde(default)]
    pub schema: Schema,
}

fn two_gib() -> u64 {
    2 << 30
}

fn quarter_gib() -> u64 {
    256 << 20
}

/// When a batch counts as complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settle {
    /// Complete when nothing new has arrived for this long. Default 5 minutes.
    pub quiet: Duration,
    /// Complete as soon as an object of this name arrives, such as `_SUCCESS`. Then `quiet` is only how often
    /// to look, at first: a long wait is looked at more seldom.
    pub marker: Option<String>,
    /// Complete in any case after this long. Default 6 hours.
    pub at_most: Duration,
}

impl Settle {
    /// Whether the object with this key is the marker, wherever it lies. It completes a batch and is no data.
    pub fn is_marker(&self, key: &str) -> bool {
        self.marker.is_some() && key.rsplit('/').next() == self.marker.as_deref()
    }
}

impl Default for Settle {
    fn default() -> Self {
        Self { quiet: Duration::seconds(300), marker: None, at_most: Duration::seconds(6 * 3_600) }
    }
}

/// Which objects judge and which train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Split {
    /// The newest so many accepted objects judge both models. Default 1.
    pub holdout_objects: usize,
    /// Train on at most so many objects before them. Default: all.
    pub window_objects: Option<usize>,
    /// Train only when there are at least so many objects to train on. Default 1.
    pub least_objects: usize,
}

impl Default for Split {
    fn default() -> Self {
        Self { holdout_objects: 1, window_objects: None, least_objects: 1 }
    }
}

/// What new data is compared with, and which columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Compare {
    /// Default: the champion's training data.
    pub with: drift::BaselineRule,
    /// Features that are new by construction, such as a year or an index. Default: none.
    pub leave_out: Vec<String>,
    /// Columns of few values, such as a country: each part of the rows is compared on its own as well. At
    /// most 4 columns, of at most 50 values each. Default: none.
    pub segments: Vec<String>,
    /// A column whose value rows that belong together share, such as a user: they weigh less than as many
    /// independent ones. Default: rows are taken as independent.
    pub cluster: Option<String>,
    /// Rows of the same stretch of time belong together, by `data.schema.time`: `day`, `hour`, `week` or a
    /// length such as `6h`. Not beside `cluster`. Default: rows are taken as independent.
    pub block: Option<Block>,
}

/// How long a stretch of time is whose rows belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Block(Duration);

impl Block {
    /// Its length, in seconds; at least 1.
    pub fn seconds(self) -> u64 {
        self.0.as_secs().max(1)
    }
}

impl FromStr for Block {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let length = match text.trim() {
            "hour" => "1h",
            "day" => "1d",
            "week" => "7d",
            length => length,
        };
        Ok(Self(length.parse()?))
    }
}

impl TryFrom<String> for Block {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<Block> for String {
    fn from(block: Block) -> Self {
        block.0.to_string()
    }
}

impl JsonSchema for Block {
    fn schema_name() -> Cow<'static, str> {
        "Block".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> JsonSchemaValue {
        let examples = ["day", "hour", "week", "6h"];
        let pattern = "^(hour|day|week|[0-9]+ *[smhd])$";
        json_schema!({ "type": "string", "pattern": pattern, "examples": examples })
    }
}

/// When a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Decide {
    /// The kinds of trigger that may train. Others only validate and compare. Default: all.
    pub retrain_on: Vec<TriggerKind>,
    /// Names of alarms, made by you, that start a run: business metrics, for example. The alarms on drift and
    /// live quality that `release.alarms` makes do by themselves, unless their `then` says otherwise.
    pub alarms: Vec<String>,
    /// Names of repositories of CodeCommit, or of pipelines of CodePipeline, whose commits start a run;
    /// behind an @ the one branch that counts, as `bike@main`. A push of `train.image` always does. Default:
    /// none.
    pub repositories: Vec<String>,
    /// Whether new data trains always, or only when it drifts. Default always.
    pub new_data: NewData,
    /// The least time between two trainings. Default none.
    pub cool_down: Duration,
    /// The most trainings on one day (UTC). Default 4.
    pub trainings_per_day: u32,
    /// So many rejected challengers in a row open the breaker: then nothing is trained until a person
    /// resets it. Default 3.
    pub rejections_before_breaker: u32,
    /// Ask a person first when at least this share of the compared columns drifts. Default: never ask.
    pub ask_above: Option<f64>,
}

impl Default for Decide {
    fn default() -> Self {
        use TriggerKind::{Alarm, Code, NewData as Data, Person, Schedule};
        Self {
            retrain_on: vec![Data, Code, Schedule, Alarm, Person],
            alarms: Vec::new(),
            repositories: Vec::new(),
            new_data: NewData::Always,
            cool_down: Duration::seconds(0),
            trainings_per_day: 4,
            rejections_before_breaker: 3,
            ask_above: None,
        }
    }
}

/// What accepted new data leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewData {
    /// A training.
    Always,
    /// A training only when it drifts from the champion's baseline, or no champion serves.
    WhenItDrifts,
}

/// How the model is trained: the fields of SageMaker's CreateTrainingJob that a team chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// The container image, for training and serving.
    pub image: String,
    /// The instance type. Default ml.m5.large.
    #[serde(default = "instance_type")]
    pub instance_type: String,
    /// How many instances. Default 1.
    #[serde(default = "one")]
    pub instance_count: u32,
    /// The volume in GB. Default 30.
    #[serde(default = "thirty")]
    pub volume_gb: u32,
    /// The longest a training may take. Default 4 hours.
    #[serde(default = "four_hours")]
    pub at_most: Duration,
    /// Whether spot capacity is used. Default no.
    #[serde(default)]
    pub spot: bool,
    /// Hyperparameters, as text or numbers.
    #[serde(default)]
    pub hyperparameters: BTreeMap<String, Scalar>,
    /// Whether `label`, `label_at_least` and `features` are added to them from the schema. Built-in
    /// algorithms refuse names that they do not know: say false there, and where the names of the features
    /// are too long for one hyperparameter, 2,500 characters. Default yes.
    #[serde(default = "yes")]
    pub pass_schema: bool,
    /// The metrics that the training log holds.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// A search for the best hyperparameters. Default: none, one training.
    #[serde(default)]
    pub tune: Option<Tune>,
    /// Subnets and security groups that trainings run in. Default: those of the stack, if it has any.
    #[serde(default)]
    pub vpc: Option<Vpc>,
    /// The KMS key of volumes and artefacts. Default: that of the stack, if it has one.
    #[serde(default)]
    pub kms_key: Option<String>,
    /// Whether the container reaches no network at all, its data apart. Default no.
    #[serde(default)]
    pub network_isolation: bool,
    /// Whether the instances of one training encrypt what they tell each other; it takes longer. Default no.
    #[serde(default)]
    pub encrypt_traffic: bool,
}

fn instance_type() -> String {
    INSTANCE_TYPE.to_owned()
}

fn one() -> u32 {
    1
}

fn thirty() -> u32 {
    30
}

fn four_hours() -> Duration {
    Duration::seconds(4 * 3_600)
}

fn yes() -> bool {
    true
}

/// A metric that SageMaker reads out of the training log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Its name, such as `validation:auc`.
    pub name: String,
    /// The regular expression whose first group is the value.
    pub regex: String,
}

/// When a person is asked before a challenger goes live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Approval {
    /// Default: only where the gate could not decide.
    pub ask: Ask,
    /// Without an answer after this long the challenger is declined. Default 7 days. All waits of a run may
    /// take 28 days together: with `decide.ask_above` this one counts twice.
    pub wait: Duration,
}

impl Default for Approval {
    fn default() -> Self {
        Self { ask: Ask::WhenUndecided, wait: Duration::seconds(7 * 86_400) }
    }
}

/// When a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// When the gate's verdict is `needs_approval`.
    WhenUndecided,
    /// Also when the verdict is `promote`.
    Always,
    /// Never: what needs approval is declined.
    Never,
}
