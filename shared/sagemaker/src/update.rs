//! What is changed, and what has failed and goes.

use aws_sdk_sagemaker::types::ModelApprovalStatus;
use pawl::fault::Fault;
use pawl::pipeline::jobs::on_one_line;
use pawl::release::UpdateCall;
use pawl_aws::fault;
use serde_json::json;

use crate::SageMaker;
use crate::answer::{GONE, named, unless};
use crate::convert::deployment;

/// What SageMaker says while another change of the endpoint is under way. It has no error type for it.
const BUSY: &str = "Cannot update in-progress endpoint";

/// What came of asking for a change of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// SageMaker has begun.
    Begun,
    /// Another change is under way: ask again later.
    Busy,
}

impl SageMaker {
    /// `UpdateEndpoint` with exactly this.
    pub async fn update(&self, call: &UpdateCall) -> Result<Asked, Fault> {
        let exclude = call.exclude.iter().copied().map(deployment::variant_property);
        let request = self
            .client
            .update_endpoint()
            .endpoint_name(&call.endpoint)
            .endpoint_config_name(&call.config.0)
            .retain_all_variant_properties(call.retain_all_variant_properties)
            .set_exclude_retained_variant_properties((!call.exclude.is_empty()).then(|| exclude.collect()))
            .set_deployment_config(call.deployment.as_ref().map(deployment::config));
        let begun = unless(request.send().await, BUSY, || named("UpdateEndpoint", call))?;
        Ok(if begun.is_some() { Asked::Begun } else { Asked::Busy })
    }

    /// Deletes an endpoint that has failed. What is gone already counts as deleted.
    pub async fn delete(&self, endpoint: &str) -> Result<(), Fault> {
        let deleted = self.client.delete_endpoint().endpoint_name(endpoint).send().await;
        unless(deleted, GONE, || named("DeleteEndpoint", &json!({ "EndpointName": endpoint }))).map(|_| ())
    }

    /// Sets a model package to `Rejected`.
    pub async fn reject(&self, package: &str, description: &str) -> Result<(), Fault> {
        let request = self
            .client
            .update_model_package()
            .model_package_arn(package)
            .model_approval_status(ModelApprovalStatus::Rejected)
            .approval_description(on_one_line(description));
        request.send().await.map(|_| ()).map_err(|e| fault(&format!("reject {package}"), &e))
    }
}
