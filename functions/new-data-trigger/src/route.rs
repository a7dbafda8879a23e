//! Which pipelines an event is for.

use std::sync::Arc;

use pawl::fault::Fault;
use pawl::ledger::Store;
use pawl::names::ModelName;
use pawl::pipeline::Pipeline;

use crate::edge::Edge;

/// All pipelines: those that can be read, and why the others cannot.
#[derive(Debug, Default)]
pub(crate) struct Pipelines {
    pub(crate) readable: Vec<Arc<Pipeline>>,
    pub(crate) broken: Vec<String>,
}

/// All pipelines as they stand now.
pub(crate) async fn all(edge: &Edge) -> Result<Pipelines, Fault> {
    let mut pipelines = Pipelines::default();
    for entry in edge.catalog.load(&edge.store).await? {
        match entry.pipeline {
            Ok(pipeline) => pipelines.readable.push(pipeline),
            Err(reason) => pipelines.broken.push(reason),
        }
    }
    Ok(pipelines)
}

/// One model's pipeline.
pub(crate) async fn one(store: &impl Store, model: &ModelName) -> Result<Pipeline, Fault> {
    let key = pawl::ledger::pipeline(model);
    let stored = store.get(&key).await?.ok_or_else(|| Fault::NotFound(key.clone()))?;
    Pipeline::parse(&stored.body).map_err(|e| Fault::BadConfig(format!("{key}: {e}")))
}
