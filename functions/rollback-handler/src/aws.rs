//! SageMaker and CloudWatch of a region, through the SDK.

use std::collections::BTreeMap;

use pawl::documents::Awaited;
use pawl::events::{EndpointStatus, PackageApproval};
use pawl::fault::Fault;
use pawl::names::{ModelName, RegionName};
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::ListedPage;
use pawl::release::{ConfigName, UpdateCall};
use pawl::requests::{
    CreateEndpoint, CreateEndpointConfig, CreateModel, CreateModelPackage, CreateModelPackageGroup,
};
use pawl_aws::{SdkConfig, cloudwatch, in_region};
use pawl_sagemaker::{Asked, Standing};

use crate::edge::{SageMaker, Services};

/// SageMaker and CloudWatch of a region.
#[derive(Clone)]
pub(crate) struct AwsServices {
    sagemaker: pawl_sagemaker::SageMaker,
    pub(crate) cloudwatch: cloudwatch::Client,
    config: SdkConfig,
}

impl AwsServices {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            sagemaker: pawl_sagemaker::SageMaker::new(config),
            cloudwatch: cloudwatch::Client::new(config),
            config: config.clone(),
        }
    }
}

impl Services for AwsServices {
    fn in_region(&self, region: &RegionName) -> Self {
        Self::new(&in_region(&self.config, region))
    }

    fn is_in(&self, region: &RegionName) -> bool {
        self.config.region().is_some_and(|here| here.as_ref() == region.as_str())
    }
}

impl SageMaker for AwsServices {
    async fn describe(&self, endpoint: &str) -> Result<(EndpointStatus, Option<ConfigName>), Fault> {
        self.sagemaker.describe(endpoint).await
    }

    async fn endpoint_tags(&self, endpoint: &str) -> Result<BTreeMap<String, String>, Fault> {
        self.sagemaker.endpoint_tags(endpoint).await
    }

    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Fault> {
        self.sagemaker.tags(arn).await
    }

    async fn verify(&self, config: &ConfigName) -> Result<Standing, Fault> {
        self.sagemaker.verify(config).await
    }

    async fn archive(&self, model: &str) -> Result<Option<String>, Fault> {
        self.sagemaker.archive(model).await
    }

    async fn approval(&self, package: &str) -> Result<Option<PackageApproval>, Fault> {
        self.sagemaker.approval(package).await
    }

    async fn reject(&self, package: &str, description: &str) -> Result<(), Fault> {
        self.sagemaker.reject(package, description).await
    }

    async fn create_endpoint(&self, request: &CreateEndpoint) -> Result<(), Fault> {
        self.sagemaker.create_endpoint(request).await
    }

    async fn create_endpoint_config(&self, request: &CreateEndpointConfig) -> Result<(), Fault> {
        self.sagemaker.create_endpoint_config(request).await
    }

    async fn create_model(&self, request: &CreateModel) -> Result<(), Fault> {
        self.sagemaker.create_model(request).await
    }

    async fn create_package_group(&self, request: &CreateModelPackageGroup) -> Result<(), Fault> {
        self.sagemaker.create_package_group(request).await
    }

    async fn create_package(&self, request: &CreateModelPackage) -> Result<Option<String>, Fault> {
        self.sagemaker.create_package(request).await
    }

    async fn update(&self, call: &UpdateCall) -> Result<Asked, Fault> {
        self.sagemaker.update(call).await
    }

    async fn delete(&self, endpoint: &str) -> Result<(), Fault> {
        self.sagemaker.delete(endpoint).await
    }

    async fn scale(&self, wanted: &Scaling) -> Result<(), Fault> {
        self.sagemaker.scale(wanted).await
    }

    async fn configs(&self, model: &ModelName, after: Option<&str>) -> Result<ListedPage, Fault> {
        self.sagemaker.configs(model, after).await
    }

    async fn models(&self, model: &ModelName, after: Option<&str>) -> Result<ListedPage, Fault> {
        self.sagemaker.models(model, after).await
    }

    async fn delete_config(&self, name: &str) -> Result<(), Fault> {
        self.sagemaker.delete_config(name).await
    }

    async fn delete_model(&self, name: &str) -> Result<(), Fault> {
        self.sagemaker.delete_model(name).await
    }

    async fn invoke(&self, endpoint: &str, variant: Option<&str>, lines: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.sagemaker.invoke(endpoint, variant, lines).await
    }

    async fn invoke_later(&self, endpoint: &str, input: &str) -> Result<Awaited, Fault> {
        self.sagemaker.invoke_later(endpoint, input).await
    }
}
