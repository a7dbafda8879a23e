//! What the rollback handler asks of SageMaker. The one crate that links SageMaker's SDK: it takes minutes and gigabytes to
//! build, so only what calls SageMaker itself depends on it. Most calls are Step Functions integrations.

mod carrier;
mod upkeep;

use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use aws_sdk_sagemakerruntime as runtime;
use carrier::{Carried, Service};
use pawl::events::{ApprovalStatus, EndpointStatus};
use pawl::fault::Fault;
use pawl::pipeline::jobs::on_one_line;
use pawl::release::{ConfigName, UpdateCall};
use pawl_aws::{SdkConfig, fault};
use serde::{Deserialize, Serialize};
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

/// What a config stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Config and models are there.
    On {
        /// Where the archives of the models lie, as `s3://` addresses.
        archives: Vec<String>,
    },
    /// Something is not.
    Missing {
        /// What.
        what: String,
    },
}

/// Where an answer of an asynchronous endpoint will lie, as `s3://` addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// The answer.
    pub answer: String,
    /// Or the reason why there is none, where the endpoint's config names a place for it.
    pub failure: Option<String>,
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
        let request = json!({ "EndpointName": endpoint });
        let found = self.find("DescribeEndpoint", &request).await?;
        Ok(found.map_or((EndpointStatus::Absent, None), |found| {
            let status = found["EndpointStatus"].as_str();
            let status = status.map_or(EndpointStatus::Unknown, EndpointStatus::parse);
            (status, found["EndpointConfigName"].as_str().map(ConfigName::from))
        }))
    }

    /// Where the archive of a model lies; `None` where it has none.
    pub async fn archive(&self, model: &str) -> Result<Option<String>, Fault> {
        let request = json!({ "ModelName": model });
        let found =
            self.carry(Service::SageMaker, "DescribeModel", &request, None).await?.unwrap_or_default();
        Ok(archive_of(&found))
    }

    /// What a `Describe…` request finds; `None` where there is nothing.
    async fn find(&self, operation: &'static str, request: &Value) -> Result<Option<Value>, Fault> {
        self.carry(Service::SageMaker, operation, request, Some("Could not find")).await
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
        // SageMaker has no error type for it: the message is all there is.
        let busy = Some("Cannot update in-progress endpoint");
        let begun = self.carry(Service::SageMaker, "UpdateEndpoint", &json!(call), busy).await?;
        Ok(if begun.is_some() { Asked::Begun } else { Asked::Busy })
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

    /// What a config stands on: where the archives of its models lie; or what of config and models is missing.
    pub async fn verify(&self, config: &ConfigName) -> Result<Standing, Fault> {
        let request = json!({ "EndpointConfigName": config });
        let Some(found) = self.find("DescribeEndpointConfig", &request).await? else {
            return Ok(Standing::Missing { what: format!("endpoint config {config}") });
        };
        let mut archives = Vec::new();
        let variants = found["ProductionVariants"].as_array().into_iter().flatten();
        for model in variants.filter_map(|variant| variant["ModelName"].as_str()) {
            let Some(found) = self.find("DescribeModel", &json!({ "ModelName": model })).await? else {
                return Ok(Standing::Missing { what: format!("model {model} of {config}") });
            };
            archives.extend(archive_of(&found));
        }
        Ok(Standing::On { archives })
    }

    /// How the registry holds a model package; `None` where it is gone, or may not be read.
    pub async fn approval(&self, package: &str) -> Result<Option<ApprovalStatus>, Fault> {
        let request = json!({ "ModelPackageName": package });
        let found = match self.carry(Service::SageMaker, "DescribeModelPackage", &request, None).await {
            Err(Fault::Refused(_) | Fault::NotFound(_)) => return Ok(None),
            found => found?,
        };
        Ok(found.map(|found| match found["ModelApprovalStatus"].as_str() {
            Some("Approved") => ApprovalStatus::Approved,
            Some("Rejected") => ApprovalStatus::Rejected,
            _ => ApprovalStatus::Pending,
        }))
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

    /// Asks an asynchronous endpoint for its answer to JSON Lines that lie there, an `s3://` address.
    pub async fn invoke_later(&self, endpoint: &str, input: &str) -> Result<Awaited, Fault> {
        let request = self
            .runtime
            .invoke_endpoint_async()
            .endpoint_name(endpoint)
            .input_location(input)
            .content_type("application/jsonlines")
            .accept("application/jsonlines");
        let asked = request.send().await.map_err(|e| fault(&format!("invoke endpoint {endpoint}"), &e))?;
        let answer = asked.output_location().map(str::to_owned);
        let answer =
            answer.ok_or_else(|| Fault::Unavailable(format!("{endpoint} names no place for its answer")))?;
        Ok(Awaited { answer, failure: asked.failure_location().map(str::to_owned) })
    }
}

fn archive_of(model: &Value) -> Option<String> {
    model["PrimaryContainer"]["ModelDataUrl"].as_str().map(str::to_owned)
}

/// Whether the service's message begins so. SageMaker tells most refusals apart by their message alone.
fn says<E>(error: &SdkError<E, aws_sdk_sagemaker::config::http::HttpResponse>, words: &str) -> bool
where
    E: ProvideErrorMetadata,
{
    error.as_service_error().and_then(|e| e.message()).is_some_and(|message| message.contains(words))
}
