//! What the rollback handler asks of SageMaker. The one crate that links SageMaker's SDK: it takes minutes and gigabytes to
//! build, so only what calls SageMaker itself depends on it. Most calls are Step Functions integrations.

mod carrier;
mod convert;
mod upkeep;

use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use aws_sdk_sagemakerruntime as runtime;
use carrier::{Carried, Service};
use pawl::aws::{SdkConfig, fault};
use pawl::events::{Approval, EndpointStatus};
use pawl::fault::Fault;
use pawl::release::{ConfigName, Target, UpdateCall};
use serde_json::{Value, json};

/// SageMaker, as a release needs it.
#[derive(Debug, Clone)]
pub struct SageMaker {
    client: Client,
    runtime: runtime::Client,
    /// Where Application Auto Scaling is, unless it is where all services are.
    scaling: Option<String>,
}

/// What came of asking for a change of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// SageMaker has begun.
    Begun,
    /// Another change is under way: ask again later.
    Busy,
}

/// So much of a request names what it is about.
const NAMED: usize = 200;

impl SageMaker {
    /// Clients of this configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
            runtime: runtime::Client::new(config),
            scaling: carrier::scaling_endpoint(config),
        }
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
    pub async fn create_as(&self, operation: &'static str, request: &Value) -> Result<Option<String>, Fault> {
        let made = self.carry(Service::SageMaker, operation, request, Some("already exist")).await?;
        Ok(made.and_then(|made| made["ModelPackageArn"].as_str().map(str::to_owned)))
    }

    /// Sends a request that stands as JSON; its answer. `None` where it was refused with the code or the words that say that
    /// nothing is left to be done.
    async fn carry(
        &self,
        service: Service,
        operation: &'static str,
        request: &Value,
        done: Option<&str>,
    ) -> Result<Option<Value>, Fault> {
        let endpoint = self.scaling.clone().filter(|_| service == Service::ApplicationAutoScaling);
        let (carried, answer) = Carried::new(service, operation, request, endpoint);
        match self.client.update_model_package().customize().interceptor(carried).send().await {
            Ok(_) => Ok(Some(answer.take())),
            Err(e) if done.is_some_and(|done| says(&e, done) || e.code() == Some(done)) => Ok(None),
            Err(e) => {
                let asked: String = request.to_string().chars().take(NAMED).collect();
                Err(fault(&format!("{operation} {asked}"), &e))
            }
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
        let request = json!({ "EndpointName": endpoint });
        self.carry(Service::SageMaker, "DeleteEndpoint", &request, Some("Could not find")).await.map(|_| ())
    }

    /// Creates an endpoint.
    pub async fn create(&self, endpoint: &str, config: &ConfigName) -> Result<(), Fault> {
        let request = json!({ "EndpointName": endpoint, "EndpointConfigName": config });
        self.carry(Service::SageMaker, "CreateEndpoint", &request, None).await.map(|_| ())
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

    /// How the registry holds a model package; `None` where it is gone, or may not be read.
    pub async fn approval(&self, package: &str) -> Result<Option<Approval>, Fault> {
        let request = json!({ "ModelPackageName": package });
        let found = match self.carry(Service::SageMaker, "DescribeModelPackage", &request, None).await {
            Err(Fault::Refused(_) | Fault::NotFound(_)) => return Ok(None),
            found => found?,
        };
        Ok(found.map(|found| match found["ModelApprovalStatus"].as_str() {
            Some("Approved") => Approval::Approved,
            Some("Rejected") => Approval::Rejected,
            _ => Approval::Pending,
        }))
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
    E: ProvideErrorMetadata,
{
    error.as_service_error().and_then(|e| e.message()).is_some_and(|message| message.contains(words))
}
