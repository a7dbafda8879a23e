//! Serving containers.

use aws_sdk_sagemaker::types::{ContainerDefinition, ModelPackageContainerDefinition, VpcConfig};
use pawl::requests::{self, Container};

/// Of a model.
pub(crate) fn of_model(container: &Container) -> ContainerDefinition {
    ContainerDefinition::builder()
        .image(&container.image)
        .model_data_url(&container.model_data_url)
        .set_environment(Some(container.environment.clone().into_iter().collect()))
        .build()
}

/// Of a model package.
pub(crate) fn of_package(container: &Container) -> ModelPackageContainerDefinition {
    ModelPackageContainerDefinition::builder()
        .image(&container.image)
        .model_data_url(&container.model_data_url)
        .set_environment(Some(container.environment.clone().into_iter().collect()))
        .build()
}

/// The network of a model.
pub(crate) fn network(vpc: &requests::VpcConfig) -> VpcConfig {
    VpcConfig::builder()
        .set_subnets(Some(vpc.subnets.clone()))
        .set_security_group_ids(Some(vpc.security_group_ids.clone()))
        .build()
}
