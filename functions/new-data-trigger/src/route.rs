//! The pipelines that an event may be for.

use std::sync::Arc;

use pawl::fault::Fault;
use pawl::pipeline::Pipeline;

use crate::edge::{Edge, Services};

/// All pipelines: those that can be read, and why the others cannot.
#[derive(Debug, Default)]
pub(crate) struct Pipelines {
    pub(crate) readable: Vec<Arc<Pipeline>>,
    pub(crate) broken: Vec<String>,
}

/// All pipelines as they stand now.
pub(crate) async fn load_all(edge: &Edge<impl Services>) -> Result<Pipelines, Fault> {
    let mut pipelines = Pipelines::default();
    for entry in edge.catalog.load(&edge.store).await? {
        match entry.pipeline {
            Ok(pipeline) => pipelines.readable.push(pipeline),
            Err(reason) => pipelines.broken.push(reason),
        }
    }
    Ok(pipelines)
}
