//! The pipelines as they stand now.

use pawl::fault::Fault;
use pawl::ledger::{Store, pipeline};
use pawl::names::ModelName;
use pawl::pipeline::Pipeline;
use pawl::release::Policy;

/// The model's policy as it stands now; `None` where the model has no `pipeline.yaml`. A check of today does
/// not change what an earlier release has accepted; one that cannot even be read must not keep a bad model in
/// production: then the default policy counts.
pub(crate) async fn policy_of(store: &impl Store, model: &ModelName) -> Result<Option<Policy>, Fault> {
    let stored = store.get(&pipeline(model)).await?;
    Ok(stored.map(|stored| {
        Pipeline::read(&stored.body).map_or_else(|_| Policy::default(), |pipeline| pipeline.release)
    }))
}
