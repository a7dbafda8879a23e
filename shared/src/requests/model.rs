//! `CreateModel`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ResourceTag;

/// `CreateModel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateModel {
    /// The model's name.
    pub model_name: String,
    /// The role that its container runs under.
    pub execution_role_arn: String,
    /// The container that serves it.
    pub primary_container: Container,
    /// Whose it is.
    pub tags: Vec<ResourceTag>,
}

/// A serving container: `ContainerDefinition` of a model, `ModelPackageContainerDefinition` of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Container {
    /// The image.
    pub image: String,
    /// The `s3://` address of the model's archive.
    pub model_data_url: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
}
