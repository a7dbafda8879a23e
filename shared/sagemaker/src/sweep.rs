//! Configs and models that may be gone: listed, and deleted.

use aws_sdk_sagemaker::primitives::DateTime;
use aws_sdk_sagemaker::types::{EndpointConfigSortKey, ModelSortKey, OrderKey};
use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::names::ModelName;
use pawl::release::garbage::{ListedPage, ListedResource};
use pawl_aws::fault;
use serde_json::json;

use crate::SageMaker;
use crate::answer::{GONE, named, unless};

/// The most that one list holds, which is the most that SageMaker allows.
const MOST: i32 = 100;

impl SageMaker {
    /// A page of the endpoint configs with this model's name in theirs, the oldest first, at most 100.
    pub async fn configs(&self, model: &ModelName, after: Option<&str>) -> Result<ListedPage, Fault> {
        let name = format!("{model}-");
        let request = self
            .client
            .list_endpoint_configs()
            .name_contains(&name)
            .sort_by(EndpointConfigSortKey::CreationTime)
            .sort_order(OrderKey::Ascending)
            .max_results(MOST)
            .set_next_token(after.map(str::to_owned));
        let call = || named("ListEndpointConfigs", &json!({ "NameContains": name }));
        let found = request.send().await.map_err(|e| fault(&call(), &e))?;
        let listed = found.endpoint_configs().iter().filter_map(|found| {
            listed(found.endpoint_config_name(), found.endpoint_config_arn(), found.creation_time())
        });
        Ok(ListedPage { found: listed.collect(), next: found.next_token().map(str::to_owned) })
    }

    /// A page of the models with this model's name in theirs, the oldest first, at most 100.
    pub async fn models(&self, model: &ModelName, after: Option<&str>) -> Result<ListedPage, Fault> {
        let name = format!("{model}-");
        let request = self
            .client
            .list_models()
            .name_contains(&name)
            .sort_by(ModelSortKey::CreationTime)
            .sort_order(OrderKey::Ascending)
            .max_results(MOST)
            .set_next_token(after.map(str::to_owned));
        let call = || named("ListModels", &json!({ "NameContains": name }));
        let found = request.send().await.map_err(|e| fault(&call(), &e))?;
        let listed = found
            .models()
            .iter()
            .filter_map(|found| listed(found.model_name(), found.model_arn(), found.creation_time()));
        Ok(ListedPage { found: listed.collect(), next: found.next_token().map(str::to_owned) })
    }

    /// Deletes an endpoint config. What is gone already counts as deleted.
    pub async fn delete_config(&self, name: &str) -> Result<(), Fault> {
        let deleted = self.client.delete_endpoint_config().endpoint_config_name(name).send().await;
        let call = || named("DeleteEndpointConfig", &json!({ "EndpointConfigName": name }));
        unless(deleted, GONE, call).map(|_| ())
    }

    /// Deletes a model. What is gone already counts as deleted.
    pub async fn delete_model(&self, name: &str) -> Result<(), Fault> {
        let deleted = self.client.delete_model().model_name(name).send().await;
        unless(deleted, GONE, || named("DeleteModel", &json!({ "ModelName": name }))).map(|_| ())
    }
}

/// An entry of a list; `None` for one without a name, an ARN or a time, since it is nothing that could be
/// deleted.
fn listed(name: Option<&str>, arn: Option<&str>, created_at: Option<&DateTime>) -> Option<ListedResource> {
    let created_at = Timestamp::from_millisecond(created_at?.to_millis().ok()?).ok()?;
    Some(ListedResource { name: name?.to_owned(), arn: arn?.to_owned(), created_at })
}
