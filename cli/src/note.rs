//! What a person did with the command, noted in the history.

use pawl::documents::{NOTE, Note};
use pawl::ledger::{Keys, Store, Wrote};
use pawl::names::ModelName;

use crate::reply::Failure;

/// Appends a note to the history of a model.
pub(crate) async fn append(store: &impl Store, model: &ModelName, note: &Note) -> Result<(), Failure> {
    match NOTE.of(&Keys::new(model), note).write_once(store, note).await? {
        Wrote::Now => Ok(()),
        Wrote::Before => Err(Failure::cannot_run("somebody did the same at the same moment: try again")),
    }
}
