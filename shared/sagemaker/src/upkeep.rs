//! What is around an endpoint: its scaling, and configs and models that may be gone.

use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::names::ModelName;
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::ListedResource;
use serde_json::{Value, json};

use crate::SageMaker;
use crate::carrier::Service;

/// The most that one list tells.
const MOST: u64 = 100;

impl SageMaker {
    /// Makes Application Auto Scaling hold this. Each call may be repeated.
    pub async fn scale(&self, wanted: &Scaling) -> Result<(), Fault> {
        let calls = match wanted {
            Scaling::On { target, policy } => {
                vec![("RegisterScalableTarget", target), ("PutScalingPolicy", policy)]
            }
            Scaling::Off { target } => vec![("DeregisterScalableTarget", target)],
        };
        for (operation, request) in calls {
            // What is not there need not be taken off; a policy without its target is another matter.
            let done = (operation == "DeregisterScalableTarget").then_some("ObjectNotFoundException");
            self.carry(Service::ApplicationAutoScaling, operation, request, done).await?;
        }
        Ok(())
    }

    /// The oldest endpoint configs with this model's name in theirs.
    pub async fn configs(&self, model: &ModelName) -> Result<Vec<ListedResource>, Fault> {
        let found = self.oldest("ListEndpointConfigs", model).await?;
        Ok(listed(&found["EndpointConfigs"], "EndpointConfigName"))
    }

    /// The oldest models with this model's name in theirs.
    pub async fn models(&self, model: &ModelName) -> Result<Vec<ListedResource>, Fault> {
        let found = self.oldest("ListModels", model).await?;
        Ok(listed(&found["Models"], "ModelName"))
    }

    async fn oldest(&self, operation: &'static str, model: &ModelName) -> Result<Value, Fault> {
        let request = json!({
            "NameContains": format!("{model}-"),
            "SortBy": "CreationTime",
            "SortOrder": "Ascending",
            "MaxResults": MOST,
        });
        Ok(self.carry(Service::SageMaker, operation, &request, None).await?.unwrap_or_default())
    }

    /// Deletes an endpoint config. What is gone already counts as deleted.
    pub async fn delete_config(&self, name: &str) -> Result<(), Fault> {
        let request = json!({ "EndpointConfigName": name });
        let gone = Some("Could not find");
        self.carry(Service::SageMaker, "DeleteEndpointConfig", &request, gone).await.map(|_| ())
    }

    /// Deletes a model. What is gone already counts as deleted.
    pub async fn delete_model(&self, name: &str) -> Result<(), Fault> {
        let request = json!({ "ModelName": name });
        let gone = Some("Could not find");
        self.carry(Service::SageMaker, "DeleteModel", &request, gone).await.map(|_| ())
    }
}

/// What a list tells. One without a name or a time is nothing that could be deleted.
fn listed(found: &Value, name: &str) -> Vec<ListedResource> {
    let one = |found: &Value| {
        let millis = found["CreationTime"].as_f64()? * 1_000.0;
        let created_at = Timestamp::from_millisecond(millis as i64).ok()?;
        Some(ListedResource { name: found[name].as_str()?.to_owned(), created_at })
    };
    found.as_array().into_iter().flatten().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_tells_names_and_times() {
        let found = json!([
            {"ModelName": "bike-1", "CreationTime": 1_700_000_000.25, "ModelArn": "arn"},
            {"ModelName": "bike-2"},
            {"CreationTime": 1_700_000_000},
        ]);
        let created_at = Timestamp::from_millisecond(1_700_000_000_250).unwrap_or_default();
        assert_eq!(listed(&found, "ModelName"), [ListedResource { name: "bike-1".to_owned(), created_at }]);
        assert_eq!(listed(&Value::Null, "ModelName"), []);
    }
}
