//! Loading a `pipeline.yaml` from the store: as the team has it now, or as it was frozen for a run.

use super::Pipeline;
use crate::fault::Fault;
use crate::ledger::{Store, pipeline};
use crate::names::ModelName;

/// A model's pipeline as it stands now, for what concerns a model that there is already: whether a new run
/// may use it, the catalog and the snapshot check.
///
/// # Errors
/// [`Fault::NotFound`] where there is none, [`Fault::BadConfig`] with key and field where it cannot be read.
pub async fn load(store: &impl Store, model: &ModelName) -> Result<Pipeline, Fault> {
    load_from(store, &pipeline(model)).await
}

/// The pipeline that stands at this key.
pub(crate) async fn load_from(store: &impl Store, key: &str) -> Result<Pipeline, Fault> {
    let stored = store.get(key).await?.ok_or_else(|| Fault::NotFound(key.to_owned()))?;
    Pipeline::read(&stored.body).map_err(|e| Fault::BadConfig(format!("{key}: {e}")))
}
