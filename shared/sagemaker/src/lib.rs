//! What the rollback handler asks of SageMaker. The one crate that links SageMaker's SDK: it takes minutes and gigabytes to
//! build, so only what calls SageMaker itself depends on it. Most calls are Step Functions integrations.

mod convert;

use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::error::SdkError;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use aws_sdk_sagemakerruntime as runtime;
use pawl::aws::{SdkConfig, fault};
use pawl::events::EndpointStatus;
use pawl::fault::Fault;
use pawl::release::{ConfigName, Target, UpdateCall};
use serde_json::Value;

/// SageMaker, as a release needs it.
#[derive(Debug, Clone)]
pub struct SageMaker {
    client: Client,
    runtime: runtime::Client,
}

/// What came of asking for a change of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// SageMaker has begun.
    Begun,
    /// Another change is under way: ask again later.
    Busy,
}

impl SageMaker {
    /// Clients of this configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config), runtime: runtime::Client::new(config) }
    }

    /// Status of the endpoint and the config that it serves; `Absent` where there is none.
    pub async fn describe(&self, endpoint: &str) -> Result<(EndpointStatus, Option<ConfigName>), Fault> {
        match self.client.describe_endpoint().endpoint_name(endpoint).send().await {
            Ok(found) => {
                let status = found
                    .endpoint_status()
                    .map_or(EndpointStatus::Unknown, |status| EndpointStatus::parse(status.as_str()));
                Ok((status, found.endpoint_config_name().map(ConfigName::from)))
            }
            Err(e) if says(&e, "Could not find endpoint") => Ok((EndpointStatus::Absent, None)),
            Err(e) => Err(fault(&format!("describe endpoint {endpoint}"), &e)),
        }
    }

    /// Where the archive of a model lies; `None` where it has none.
    pub async fn archive(&self, model: &str) -> Result<Option<String>, Fault> {
        let found = self.client.describe_model().model_name(model).send().await;
        let found = found.map_err(|e| fault(&format!("describe model {model}"), &e))?;
        Ok(found.primary_container().and_then(|container| container.model_data_url()).map(str::to_owned))
    }

    /// Sends a `Create…` request that stands as JSON, as [`pawl::pipeline::jobs`] writes it for Step Functions; the ARN of a model
    /// package, where it makes one. What exists already counts as created.
    ///
    /// The SDK's own operations for these would add their trees of types to a function that has no room for them. All are POSTs
    /// of one JSON document under a target header: so a small operation carries them, before it is signed.
    pub async fn create_as(&self, operation: &'static str, request: &Value) -> Result<Option<String>, Fault> {
        let body = request.to_string();
        let carrier = self.client.update_model_package().customize().mutate_request(move |request| {
            request.headers_mut().insert("x-amz-target", format!("SageMaker.{operation}"));
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = body.clone().into();
        });
        match carrier.send().await {
            Ok(made) => Ok(made.model_package_arn().map(str::to_owned)),
            Err(e) if says(&e, "already exist") => Ok(None),
            Err(e) => Err(fault(operation, &e)),
        }
    }

    /// `UpdateEndpoint` with exactly this.
    pub async fn update(&self, call: &UpdateCall) -> Result<Asked, Fault> {
        let request = self
            .client
            .update_endpoint()
            .endpoint_name(&call.endpoint)
            .endpoint_config_name(&call.config.0)
            .retain_all_variant_properties(call.retain_all_variant_properties)
            .set_exclude_retained_variant_properties(convert::excluded(&call.exclude)?)
            .set_deployment_config(call.deployment.as_ref().map(convert::deployment).transpose()?);
        match request.send().await {
            Ok(_) => Ok(Asked::Begun),
            // SageMaker has no error type for it: the message is all there is.
            Err(e) if says(&e, "Cannot update in-progress endpoint") => Ok(Asked::Busy),
            Err(e) => Err(fault(&format!("update endpoint {} to {}", call.endpoint, call.config), &e)),
        }
    }

    /// Deletes an endpoint that has failed. What is gone already counts as deleted.
    pub async fn delete(&self, endpoint: &str) -> Result<(), Fault> {
        match self.client.delete_endpoint().endpoint_name(endpoint).send().await {
            Ok(_) => Ok(()),
            Err(e) if says(&e, "Could not find endpoint") => Ok(()),
            Err(e) => Err(fault(&format!("delete endpoint {endpoint}"), &e)),
        }
    }

    /// Creates an endpoint.
    pub async fn create(&self, endpoint: &str, config: &ConfigName) -> Result<(), Fault> {
        let request = self.client.create_endpoint().endpoint_name(endpoint).endpoint_config_name(&config.0);
        let what = format!("create endpoint {endpoint} with {config}");
        request.send().await.map(|_| ()).map_err(|e| fault(&what, &e))
    }

    /// Whether a config and every model that it names still exist.
    pub async fn verify(&self, config: &ConfigName) -> Result<Target, Fault> {
        let found = match self.client.describe_endpoint_config().endpoint_config_name(&config.0).send().await
        {
            Ok(found) => found,
            Err(e) if says(&e, "Could not find") => {
                return Ok(Target::Missing { what: format!("endpoint config {config}") });
            }
            Err(e) => return Err(fault(&format!("describe endpoint config {config}"), &e)),
        };
        for model in found.production_variants().iter().filter_map(|variant| variant.model_name()) {
            match self.client.describe_model().model_name(model).send().await {
                Ok(_) => {}
                Err(e) if says(&e, "Could not find") => {
                    return Ok(Target::Missing { what: format!("model {model} of {config}") });
                }
                Err(e) => return Err(fault(&format!("describe model {model}"), &e)),
            }
        }
        Ok(Target::Present)
    }

    /// Sets a model package to `Rejected`.
    pub async fn reject(&self, package: &str, description: &str) -> Result<(), Fault> {
        let request = self
            .client
            .update_model_package()
            .model_package_arn(package)
            .model_approval_status(ModelApprovalStatus::Rejected)
            .approval_description(description.chars().take(1_000).collect::<String>());
        request.send().await.map(|_| ()).map_err(|e| fault(&format!("reject {package}"), &e))
    }

    /// Sends JSON Lines to the endpoint, or to this variant of it, and returns its answer.
    pub async fn invoke(
        &self,
        endpoint: &str,
        variant: Option<&str>,
        lines: Vec<u8>,
    ) -> Result<Vec<u8>, Fault> {
        let request = self
            .runtime
            .invoke_endpoint()
            .endpoint_name(endpoint)
            .set_target_variant(variant.map(str::to_owned))
            .content_type("application/jsonlines")
            .accept("application/jsonlines")
            .body(lines.into());
        let answer = request.send().await.map_err(|e| fault(&format!("invoke endpoint {endpoint}"), &e))?;
        Ok(answer.body().map(|body| body.as_ref().to_vec()).unwrap_or_default())
    }
}

/// Whether the service's message begins so. SageMaker tells most refusals apart by their message alone.
fn says<E>(error: &SdkError<E, aws_sdk_sagemaker::config::http::HttpResponse>, words: &str) -> bool
where
    E: aws_sdk_sagemaker::error::ProvideErrorMetadata,
{
    error.as_service_error().and_then(|e| e.message()).is_some_and(|message| message.contains(words))
}
