//! A run's evidence: what one step leaves for the next.

pub mod force;

use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::ledger::{Keys, Store, read};
use crate::names::Generation;
use crate::pipeline::{Pipeline, load_from};

/// The name of the copy of `pipeline.yaml` that counts for the whole run, however often a team edits its own.
pub const PIPELINE: &str = "pipeline.yaml";

/// A document that an earlier step of this run must have left.
pub async fn evidence<T: DeserializeOwned>(
    store: &impl Store,
    keys: &Keys,
    generation: Generation,
    name: &str,
) -> Result<T, Fault> {
    let key = keys.evidence(generation, name);
    read(store, &key).await?.map(|(value, _)| value).ok_or(Fault::NotFound(key))
}

/// The configuration that was frozen for this run.
pub async fn frozen_pipeline(
    store: &impl Store,
    keys: &Keys,
    generation: Generation,
) -> Result<Pipeline, Fault> {
    load_from(store, &keys.evidence(generation, PIPELINE)).await
}
