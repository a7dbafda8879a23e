//! The model that a training made.

use std::collections::BTreeMap;

use super::Job;
use crate::requests::{Container, CreateModel};

/// The variable in which the serving container finds the share of requests to explore.
const EXPLORATION: &str = "PAWL_EXPLORATION";

impl Job<'_> {
    /// CreateModel, from the training's artefact.
    pub fn model(&self, artifact: &str) -> CreateModel {
        CreateModel {
            model_name: self.name.to_owned(),
            execution_role_arn: self.role.to_owned(),
            primary_container: self.container(artifact),
            tags: self.tags(),
        }
    }

    /// The container that serves this archive.
    pub(super) fn container(&self, artifact: &str) -> Container {
        Container {
            image: self.pipeline.train.image.clone(),
            model_data_url: artifact.to_owned(),
            environment: self.environment(),
        }
    }

    /// The environment of the serving container.
    fn environment(&self) -> BTreeMap<String, String> {
        let mut all = self.pipeline.serve.environment.clone();
        if let Some(share) = self.pipeline.feedback.as_ref().and_then(|feedback| feedback.exploration) {
            all.entry(EXPLORATION.to_owned()).or_insert_with(|| share.to_string());
        }
        all
    }
}
