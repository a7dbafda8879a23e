//! Everything outside of this function, and the documents of the run that it works on.

use pawl::documents::RELEASE;
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::jobs::{Job, Platform};
use pawl::ledger::{Keys, Store, StoreError};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::release::Release;

/// Everything outside: the ledger, the scores, what the stack gives to SageMaker's jobs.
pub(crate) struct Edge<S: Store, O: Objects> {
    pub(crate) store: S,
    /// The name of the bucket that the store lies in.
    pub(crate) bucket: String,
    pub(crate) objects: O,
    /// What the stack gives to SageMaker's jobs.
    pub(crate) platform: Platform,
}

impl<S: Store, O: Objects> Edge<S, O> {
    /// The release record: what serves. An endpoint that Pawl has not touched has none.
    pub(crate) async fn release(&self, keys: &Keys) -> Result<Option<Release>, StoreError> {
        RELEASE.of(keys).read(&self.store).await
    }

    /// The names and places of a run's SageMaker resources.
    pub(crate) fn job<'a>(&'a self, run: &'a Run, name: &'a str) -> Job<'a> {
        Job {
            pipeline: &run.pipeline,
            generation: run.generation,
            name,
            bucket: &self.bucket,
            run: &run.prefix,
            platform: &self.platform,
        }
    }
}

/// A run and the configuration that was frozen for it.
pub(crate) struct Run {
    pub(crate) generation: Generation,
    pub(crate) keys: Keys,
    pub(crate) prefix: String,
    pub(crate) pipeline: Pipeline,
}

impl Run {
    pub(crate) async fn load(
        store: &impl Store,
        model: &ModelName,
        generation: Generation,
    ) -> Result<Self, Fault> {
        let keys = Keys::new(model);
        let pipeline = pawl::run::frozen_pipeline(store, &keys, generation).await?;
        Ok(Self { generation, prefix: keys.run(generation), keys, pipeline })
    }
}
