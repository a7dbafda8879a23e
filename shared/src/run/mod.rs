//! A run's evidence: what one step leaves for the next.

pub mod force;

use crate::documents::PIPELINE;
use crate::fault::Fault;
use crate::ledger::{Keys, Store};
use crate::names::Generation;
use crate::pipeline::{Pipeline, load_from};

/// The configuration that was frozen for this run.
///
/// # Errors
/// [`Fault::NotFound`] before it was frozen, [`Fault::BadConfig`] where it cannot be read.
pub async fn frozen_pipeline(
    store: &impl Store,
    keys: &Keys,
    generation: Generation,
) -> Result<Pipeline, Fault> {
    load_from(store, &PIPELINE.key(keys, generation)).await
}
