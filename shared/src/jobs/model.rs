//! The model that a training made: to be served, and to be scored with.

use super::{Job, network};
use crate::gate::Contender;
use crate::pipeline::{Pipeline, environment};
use crate::requests::{Container, CreateModel};

impl Job<'_> {
    /// CreateModel for an endpoint, from the training's artefact.
    pub fn model(&self, artifact: &str) -> CreateModel {
        CreateModel {
            model_name: self.name.to_owned(),
            execution_role_arn: self.platform.roles.serving.clone(),
            primary_container: self.container(artifact),
            vpc_config: network(self.pipeline.serve.vpc.as_ref(), self.platform),
            enable_network_isolation: self.pipeline.serve.network_isolation,
            tags: self.tags(),
        }
    }

    /// CreateModel for this run's scoring of one contender: its own pipeline's container and archive, under
    /// the role of scoring.
    pub fn scorer(&self, contender: Contender, made_by: &Pipeline, artifact: &str) -> CreateModel {
        CreateModel {
            model_name: self.scorer_name(contender),
            execution_role_arn: self.platform.roles.scoring.clone(),
            primary_container: container(made_by, artifact),
            vpc_config: network(made_by.serve.vpc.as_ref(), self.platform),
            enable_network_isolation: made_by.serve.network_isolation,
            tags: self.tags(),
        }
    }

    /// No more than a letter, since SageMaker takes 63: `n` for the new model, `o` for the old one.
    fn scorer_name(&self, contender: Contender) -> String {
        let letter = match contender {
            Contender::Challenger => 'n',
            Contender::Champion => 'o',
        };
        format!("{}{letter}", self.name)
    }

    /// The container that serves this archive.
    pub(super) fn container(&self, artifact: &str) -> Container {
        container(self.pipeline, artifact)
    }
}

/// The container of this pipeline with this archive.
fn container(pipeline: &Pipeline, artifact: &str) -> Container {
    Container {
        image: pipeline.train.image.clone(),
        model_data_url: artifact.to_owned(),
        environment: environment(pipeline),
    }
}
