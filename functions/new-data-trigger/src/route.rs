//! Which pipelines an event is for.

use pawl::fault::Fault;
use pawl::ledger::{PIPELINES, Store, StoreError};
use pawl::names::ModelName;
use pawl::pipeline::Pipeline;

/// All pipelines: those that can be read, and why the others cannot.
#[derive(Debug, Default)]
pub(crate) struct Pipelines {
    pub(crate) readable: Vec<Pipeline>,
    pub(crate) broken: Vec<String>,
}

/// Reads every `pipeline.yaml`.
pub(crate) async fn all(store: &impl Store) -> Result<Pipelines, StoreError> {
    let mut pipelines = Pipelines::default();
    for key in store.list(PIPELINES).await? {
        let Some(model) = key.strip_prefix(PIPELINES).and_then(|rest| rest.strip_suffix("/pipeline.yaml"))
        else {
            continue;
        };
        let Some(stored) = store.get(&key).await? else { continue };
        match Pipeline::parse(&stored.body) {
            Ok(pipeline) if pipeline.model.as_str() == model => pipelines.readable.push(pipeline),
            Ok(pipeline) => pipelines.broken.push(format!(
                "{key}: model is {:?}; write the name of its folder, {model:?}",
                pipeline.model.as_str()
            )),
            Err(e) => pipelines.broken.push(format!("{key}: {e}")),
        }
    }
    Ok(pipelines)
}

/// The model that a changed `pipeline.yaml` belongs to.
pub(crate) fn model_of(key: &str) -> Option<ModelName> {
    let model = key.strip_prefix(PIPELINES)?.strip_suffix("/pipeline.yaml")?;
    ModelName::try_from(model.to_owned()).ok()
}

/// One model's pipeline.
pub(crate) async fn one(store: &impl Store, model: &ModelName) -> Result<Pipeline, Fault> {
    let key = pawl::ledger::pipeline(model);
    let stored = store.get(&key).await?.ok_or_else(|| Fault::NotFound(key.clone()))?;
    Pipeline::parse(&stored.body).map_err(|e| Fault::BadConfig(format!("{key}: {e}")))
}
