//! The documents of the ledger itself.

use jiff::Timestamp;
use pawl_base::names::{ContentHash, Generation};
use serde::{Deserialize, Serialize};

use super::Component::{
    Command, DataValidator, DriftChecker, EvaluationGate, NewDataTrigger, RollbackHandler,
};
use super::{Document, Named, OfModel, OfRun};
use crate::ledger::dataset::{Dataset, DatasetSplit, Manifest, Place};
use crate::ledger::keys::{Keys, unrouted};
use crate::ledger::run::{RunOutcome, RunRecord};
use crate::ledger::training::Training;
use crate::ledger::trigger::{Handled, Trigger, TriggerId};

/// The retraining loop's memory, changed only by compare-and-swap.
pub const TRAINING: Document<Training, OfModel> = Document::object(OfModel(Keys::training))
    .written_by(&[NewDataTrigger, EvaluationGate])
    .read_by(&[NewDataTrigger, EvaluationGate, Command]);

/// The known data objects and what became of them.
pub const DATASET: Document<Dataset, OfModel> = Document::object(OfModel(Keys::dataset))
    .written_by(&[DataValidator])
    .read_by(&[NewDataTrigger, DataValidator, DriftChecker]);

/// How far the round has listed objects to find those whose event was lost.
pub const SWEEP: Document<Option<Place>, OfModel> =
    Document::optional(OfModel(Keys::sweep)).written_by(&[NewDataTrigger]).read_by(&[NewDataTrigger]);

/// The newest slot of the pipeline's schedule that the round has seen.
pub const SCHEDULE: Document<SeenSlot, OfModel> =
    Document::object(OfModel(Keys::schedule)).written_by(&[NewDataTrigger]).read_by(&[NewDataTrigger]);

/// A trigger that waits to be handled.
pub const TRIGGER: Document<Trigger, Named<TriggerId>> = Document::object(Named(Keys::waiting))
    .written_by(&[NewDataTrigger])
    .read_by(&[NewDataTrigger, EvaluationGate, Command]);

/// A trigger that was handled, with its outcome.
pub const HANDLED: Document<Handled, Named<TriggerId>> =
    Document::object(Named(Keys::handled)).written_by(&[NewDataTrigger]).read_by(&[NewDataTrigger]);

/// An event that no pipeline asked for, or that could not be read.
pub const UNROUTED: Document<Unrouted, Named<ContentHash>> =
    Document::object(Named(|_, event: &ContentHash| unrouted(event))).written_by(&[NewDataTrigger]);

/// The objects that a run looks at.
pub const MANIFEST: Document<Manifest, OfRun> = Document::object(OfRun("manifest.json"))
    .written_by(&[DataValidator, EvaluationGate])
    .read_by(&[NewDataTrigger, DataValidator, DriftChecker, EvaluationGate]);

/// Which objects train and which judge.
pub const SPLIT: Document<DatasetSplit, OfRun> = Document::object(OfRun("split.json"))
    .written_by(&[DataValidator, EvaluationGate])
    .read_by(&[NewDataTrigger, DriftChecker, EvaluationGate, RollbackHandler]);

/// How a run ended.
pub const RUN: Document<RunRecord, OfRun> =
    Document::object(OfRun("run.json")).written_by(&[NewDataTrigger]).read_by(&[EvaluationGate, Command]);

/// The copy of [`RUN`] in the audit trail.
pub const RUN_ENTRY: Document<RunRecord, Named<Generation>> =
    Document::object(Named(|keys, run: &Generation| {
        keys.history(&format!("{RUN_ENTRY_PREFIX}{:06}", run.0))
    }))
    .written_by(&[NewDataTrigger])
    .read_by(&[Command]);

/// What the name of each [`RUN_ENTRY`] begins with.
pub const RUN_ENTRY_PREFIX: &str = "run-";

/// What failed in a run.
pub const FAILURE: Document<RunOutcome, OfRun> =
    Document::object(OfRun("failure.json")).written_by(&[NewDataTrigger]).read_by(&[NewDataTrigger]);

/// The document [`SCHEDULE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSlot {
    /// The schedule as `pipeline.yaml` had it: another one begins anew.
    pub schedule: String,
    /// The newest slot then.
    pub slot: Timestamp,
}

/// An event that started nothing, kept with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unrouted {
    /// When it came.
    pub at: Timestamp,
    /// Why it started nothing, in plain words.
    pub reason: String,
    /// The event as it came.
    pub event: serde_json::Value,
}
