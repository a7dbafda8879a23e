//! `CreateModel`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ResourceTag, VpcConfig};

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
    /// The network that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfig>,
    /// Whether its container reaches no network.
    pub enable_network_isolation: bool,
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
