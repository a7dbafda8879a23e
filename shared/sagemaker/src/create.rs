//! What is created. What exists already counts as created.

use pawl::fault::Fault;
use pawl::requests::{
    CreateEndpoint, CreateEndpointConfig, CreateModel, CreateModelPackage, CreateModelPackageGroup,
};
use pawl_aws::fault;

use crate::SageMaker;
use crate::answer::{named, unless};
use crate::convert::{container, endpoint_config, package, tags};

/// What SageMaker says where a name is taken.
const EXISTS: &str = "already exist";

impl SageMaker {
    /// Creates an endpoint. One of this name that exists already is a refusal.
    pub async fn create_endpoint(&self, request: &CreateEndpoint) -> Result<(), Fault> {
        let call = self
            .client
            .create_endpoint()
            .endpoint_name(&request.endpoint_name)
            .endpoint_config_name(&request.endpoint_config_name.0)
            .set_tags(Some(tags(&request.tags)));
        call.send().await.map(|_| ()).map_err(|e| fault(&named("CreateEndpoint", request), &e))
    }

    /// Creates an endpoint config.
    pub async fn create_endpoint_config(&self, request: &CreateEndpointConfig) -> Result<(), Fault> {
        let variants = |variants| endpoint_config::variants(variants);
        let call = self
            .client
            .create_endpoint_config()
            .endpoint_config_name(&request.endpoint_config_name.0)
            .set_production_variants(variants(&request.production_variants))
            .set_shadow_production_variants(variants(&request.shadow_production_variants))
            .set_async_inference_config(
                request.async_inference_config.as_ref().map(endpoint_config::asynchronous),
            )
            .set_kms_key_id(request.kms_key_id.clone())
            .set_data_capture_config(request.data_capture_config.as_ref().map(endpoint_config::capture))
            .set_tags(Some(tags(&request.tags)));
        unless(call.send().await, EXISTS, || named("CreateEndpointConfig", request)).map(|_| ())
    }

    /// Creates a model.
    pub async fn create_model(&self, request: &CreateModel) -> Result<(), Fault> {
        let call = self
            .client
            .create_model()
            .model_name(&request.model_name)
            .execution_role_arn(&request.execution_role_arn)
            .primary_container(container::of_model(&request.primary_container))
            .set_vpc_config(request.vpc_config.as_ref().map(container::network))
            .enable_network_isolation(request.enable_network_isolation)
            .set_tags(Some(tags(&request.tags)));
        unless(call.send().await, EXISTS, || named("CreateModel", request)).map(|_| ())
    }

    /// Creates the group that a model's packages stand in.
    pub async fn create_package_group(&self, request: &CreateModelPackageGroup) -> Result<(), Fault> {
        let call = self
            .client
            .create_model_package_group()
            .model_package_group_name(&request.model_package_group_name)
            .model_package_group_description(&request.model_package_group_description);
        unless(call.send().await, EXISTS, || named("CreateModelPackageGroup", request)).map(|_| ())
    }

    /// Creates a model package; its ARN, where SageMaker says one. The same client token makes no second one.
    pub async fn create_package(&self, request: &CreateModelPackage) -> Result<Option<String>, Fault> {
        let call = self
            .client
            .create_model_package()
            .model_package_group_name(&request.model_package_group_name)
            .model_package_description(&request.model_package_description)
            .client_token(&request.client_token)
            .model_approval_status(package::approval_status(request.model_approval_status))
            .inference_specification(package::inference(&request.inference_specification))
            .set_model_metrics(request.model_metrics.as_ref().map(package::metrics))
            .set_drift_check_baselines(request.drift_check_baselines.as_ref().map(package::baselines))
            .set_customer_metadata_properties(Some(
                request.customer_metadata_properties.clone().into_iter().collect(),
            ));
        let created = unless(call.send().await, EXISTS, || named("CreateModelPackage", request))?;
        Ok(created.and_then(|created| created.model_package_arn))
    }
}
