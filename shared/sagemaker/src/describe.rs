//! What stands in SageMaker: endpoints, configs, models, packages.

use std::collections::BTreeMap;

use aws_sdk_sagemaker::types::ModelApprovalStatus;
use pawl::events::{EndpointStatus, PackageApproval};
use pawl::fault::Fault;
use pawl::release::ConfigName;
use pawl_aws::fault;
use serde_json::json;

use crate::SageMaker;
use crate::answer::{GONE, named, unless};

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

impl SageMaker {
    /// Status of the endpoint and the config that it serves; `Absent` where there is none.
    pub async fn describe(&self, endpoint: &str) -> Result<(EndpointStatus, Option<ConfigName>), Fault> {
        let found = self.client.describe_endpoint().endpoint_name(endpoint).send().await;
        let found = unless(found, GONE, || named("DescribeEndpoint", &json!({ "EndpointName": endpoint })))?;
        Ok(found.map_or((EndpointStatus::Absent, None), |found| {
            let status = found.endpoint_status.as_ref();
            let status =
                status.map_or(EndpointStatus::Unknown, |status| EndpointStatus::parse(status.as_str()));
            (status, found.endpoint_config_name.map(ConfigName))
        }))
    }

    /// The tags of an endpoint that stands there.
    pub async fn endpoint_tags(&self, endpoint: &str) -> Result<BTreeMap<String, String>, Fault> {
        let found = self.client.describe_endpoint().endpoint_name(endpoint).send().await;
        let call = || named("DescribeEndpoint", &json!({ "EndpointName": endpoint }));
        let found = found.map_err(|e| fault(&call(), &e))?;
        self.tags(found.endpoint_arn().unwrap_or_default()).await
    }

    /// The tags of what has this ARN.
    pub async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Fault> {
        let mut tags = BTreeMap::new();
        let mut pages = self.client.list_tags().resource_arn(arn).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| fault(&named("ListTags", &json!({ "ResourceArn": arn })), &e))?;
            let pairs =
                page.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
            tags.extend(pairs);
        }
        Ok(tags)
    }

    /// Where the archive of a model lies; `None` where it has none.
    pub async fn archive(&self, model: &str) -> Result<Option<String>, Fault> {
        let found = self.client.describe_model().model_name(model).send().await;
        let found = found.map_err(|e| fault(&named("DescribeModel", &json!({ "ModelName": model })), &e))?;
        Ok(found.primary_container.and_then(|container| container.model_data_url))
    }

    /// What a config stands on: where the archives of its models lie; or what of config and models is
    /// missing.
    pub async fn verify(&self, config: &ConfigName) -> Result<Standing, Fault> {
        let found = self.client.describe_endpoint_config().endpoint_config_name(&config.0).send().await;
        let call = || named("DescribeEndpointConfig", &json!({ "EndpointConfigName": config }));
        let Some(found) = unless(found, GONE, call)? else {
            return Ok(Standing::Missing { what: format!("endpoint config {config}") });
        };
        let mut archives = Vec::new();
        for model in found.production_variants().iter().filter_map(|variant| variant.model_name()) {
            let found = self.client.describe_model().model_name(model).send().await;
            let call = || named("DescribeModel", &json!({ "ModelName": model }));
            let Some(found) = unless(found, GONE, call)? else {
                return Ok(Standing::Missing { what: format!("model {model} of {config}") });
            };
            archives.extend(found.primary_container.and_then(|container| container.model_data_url));
        }
        Ok(Standing::On { archives })
    }

    /// How the registry holds a model package; `None` where it is gone, or may not be read.
    pub async fn approval(&self, package: &str) -> Result<Option<PackageApproval>, Fault> {
        let found = self.client.describe_model_package().model_package_name(package).send().await;
        let call = || named("DescribeModelPackage", &json!({ "ModelPackageName": package }));
        match found.map_err(|e| fault(&call(), &e)) {
            Ok(found) => Ok(Some(match found.model_approval_status {
                Some(ModelApprovalStatus::Approved) => PackageApproval::Approved,
                Some(ModelApprovalStatus::Rejected) => PackageApproval::Rejected,
                _ => PackageApproval::Pending,
            })),
            Err(Fault::Refused(_) | Fault::NotFound(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
