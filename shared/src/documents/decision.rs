//! Whether a run trains.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Component::{EvaluationGate, NewDataTrigger};
use super::{Document, OfRun};
use crate::ledger::TriggerKind;
use crate::names::ContentHash;

/// Whether a run trains, and why. The first decision of a run stands.
pub const DECISION: Document<Decision, OfRun> = Document::object(OfRun("decision.json"))
    .written_by(&[EvaluationGate])
    .read_by(&[NewDataTrigger, EvaluationGate]);

/// Whether a run trains, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Train, skip or ask.
    pub decision: Choice,
    /// Why, in plain words.
    pub reason: String,
    /// The name of the training job and of all that comes of it.
    pub name: String,
    /// What the run was started for.
    #[serde(default)]
    pub triggers: Vec<TriggerKind>,
    /// The commits and image digests that the run was started for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// The digest of data, code and parameters.
    pub fingerprint: ContentHash,
    /// The version of the dataset.
    pub dataset: ContentHash,
    /// When it was decided.
    pub at: Timestamp,
}

/// Whether to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// A model is trained.
    Train,
    /// None is, for the stated reason.
    Skip,
    /// A person decides.
    Ask,
}
