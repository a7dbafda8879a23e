//! The clients and documents of this function.

use pawl::fault::Fault;
use pawl::ledger::{Keys, read};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::pipeline::jobs::Job;
use pawl::release::Release;
use pawl_aws::{Objects, S3Store, SdkConfig, Setting, Settings};

/// Everything outside: the ledger, the scores, the role of SageMaker's jobs.
pub(crate) struct Edge {
    pub(crate) store: S3Store,
    pub(crate) objects: Objects,
    role: String,
}

impl Edge {
    pub(crate) fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self {
            store: S3Store::from_env(config)?,
            objects: Objects::new(config),
            role: Settings.get(Setting::SageMakerRole)?,
        })
    }

    /// The release record: what serves. An endpoint that Pawl has not touched has none.
    pub(crate) async fn release(&self, keys: &Keys) -> Result<Option<Release>, Fault> {
        Ok(read(&self.store, &keys.release()).await?.map(|(release, _)| release))
    }

    /// The names and places of a run's SageMaker resources.
    pub(crate) fn job<'a>(&'a self, run: &'a Run, name: &'a str) -> Job<'a> {
        Job {
            pipeline: &run.pipeline,
            generation: run.generation,
            name,
            bucket: self.store.bucket(),
            run: &run.prefix,
            role: &self.role,
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
    pub(crate) async fn load(edge: &Edge, model: &ModelName, generation: Generation) -> Result<Self, Fault> {
        let keys = Keys::new(model);
        let pipeline = pawl::run::frozen_pipeline(&edge.store, &keys, generation).await?;
        Ok(Self { generation, prefix: keys.run(generation), keys, pipeline })
    }
}
