//! The documents of a release and of its way through further regions. What they are for says
//! [`pawl_ledger::documents`].
//!
//! ```
//! use pawl_base::names::ModelName;
//! use pawl_ledger::ledger::Keys;
//! use pawl_release::documents::RELEASE;
//!
//! let keys = Keys::new(&ModelName::try_from("bike".to_owned()).map_err(|e| e.to_string())?);
//! assert_eq!(RELEASE.of(&keys).key(), "ledger/bike/release.json");
//! # Ok::<(), String>(())
//! ```

use jiff::Timestamp;
use pawl_base::names::{ContentHash, Generation, ModelName};
use pawl_ledger::documents::Component::{
    Command, DataValidator, DriftChecker, EvaluationGate, NewDataTrigger, RollbackHandler, StateMachine,
};
use pawl_ledger::documents::{Document, Named, OfModel};
use pawl_ledger::ledger::Keys;
use serde::{Deserialize, Serialize};

use crate::upkeep::Upkeep;
use crate::{Audit, Release, ReleaseOutcome, Wave};

/// What serves: the release record, changed only by compare-and-swap. A further region has one of its own.
pub const RELEASE: Document<Release, OfModel> = Document::object(OfModel(Keys::release))
    .written_by(&[RollbackHandler])
    .read_by(&[NewDataTrigger, DataValidator, DriftChecker, EvaluationGate, RollbackHandler, Command]);

/// What a release did, in the audit trail; named by its sequence number.
pub const RELEASE_ENTRY: Document<Audit, Named<u64>> =
    Document::object(Named(|keys, sequence: &u64| keys.history(&format!("{sequence:08}"))))
        .written_by(&[RollbackHandler])
        .read_by(&[Command]);

/// What became of a generation's release, beside the evidence of its run.
pub const RELEASED: Document<Released, Named<Generation>> =
    Document::object(Named(|keys, run: &Generation| keys.outcome(*run)))
        .written_by(&[RollbackHandler])
        .read_by(&[NewDataTrigger]);

/// The note that a version of the dataset never trains again. The record itself stops the training; this is
/// what a person finds beside the quarantined rows.
pub const QUARANTINED_DATASET: Document<QuarantinedDataset, Named<ContentHash>> =
    Document::object(Named(Keys::quarantined_dataset)).written_by(&[RollbackHandler]);

/// The way of a promoted generation through the further regions; `null` before the first.
pub const WAVE: Document<Option<Wave>, OfModel> = Document::optional(OfModel(Keys::wave))
    .written_by(&[RollbackHandler])
    .read_by(&[RollbackHandler, Command]);

/// The order to take a generation through the further regions. Writing it starts the state machine.
pub const WAVE_ORDER: Document<WaveOrder, Named<Generation>> =
    Document::object(Named(|keys, run: &Generation| keys.wave_order(*run)))
        .written_by(&[RollbackHandler])
        .read_by(&[StateMachine]);

/// What is to be looked after around the endpoint. Writing it starts the state machine.
pub const UPKEEP: Document<Upkeep, OfModel> = Document::object(OfModel(Keys::upkeep))
    .written_by(&[RollbackHandler])
    .read_by(&[RollbackHandler, StateMachine]);

/// What became of a generation's deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The run.
    pub generation: Generation,
    /// What became of its deployment.
    pub outcome: ReleaseOutcome,
    /// When.
    pub at: Timestamp,
}

/// A version of the dataset that never trains again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedDataset {
    /// The version.
    pub dataset: ContentHash,
    /// Why, in plain words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The order to take a generation through the further regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveOrder {
    /// The model.
    pub model: ModelName,
    /// The run that made it.
    pub generation: Generation,
    /// When it was ordered.
    pub at: Timestamp,
}
