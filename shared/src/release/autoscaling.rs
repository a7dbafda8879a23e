//! Autoscaling kept through updates: which calls of Application Auto Scaling come before and after an update.
//!
//! An update that changes the model alone may keep its scaling target; one that changes the instance type fails while the
//! variant is registered (<https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html>). So the target is
//! taken off only then, and put back after each update, which repairs it where somebody took it off. The number of instances
//! survives by `RetainAllVariantProperties`. A rollback is an update like any other.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::alarms::VARIANT;
use crate::pipeline::{Autoscaling, Serve};

const NAMESPACE: &str = "sagemaker";
const DIMENSION: &str = "sagemaker:variant:DesiredInstanceCount";

/// What stands before an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whether the variant is a scalable target.
    pub registered: bool,
    /// The instance type that serves; `None` for a serverless endpoint, or where there is none yet.
    pub instance_type: Option<String>,
}

/// One call of Application Auto Scaling, with the request's own field names. Each may be repeated; to take off what is not
/// there answers `ObjectNotFoundException`, which counts as done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "call", content = "request")]
pub enum Call {
    /// `DeleteScalingPolicy`.
    DeletePolicy(Value),
    /// `DeregisterScalableTarget`.
    Deregister(Value),
    /// `RegisterScalableTarget`.
    Register(Value),
    /// `PutScalingPolicy`.
    PutPolicy(Value),
}

/// The calls around one update, each list in its order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Before `UpdateEndpoint`: without them it would be refused.
    pub before: Vec<Call>,
    /// Once the endpoint is in service, whichever config it then serves.
    pub after: Vec<Call>,
}

impl Plan {
    /// Plans the calls around an update of this endpoint to what `serve` asks for.
    pub fn of(endpoint: &str, found: &Found, serve: &Serve) -> Self {
        let wanted = serve.autoscaling.as_ref();
        let same_type = found.instance_type.as_ref() == Some(&serve.instance_type);
        let off = || vec![Call::DeletePolicy(policy_name(endpoint)), Call::Deregister(target(endpoint))];
        let (before, after) = match (found.registered, wanted) {
            (false, None) => (Vec::new(), Vec::new()),
            (true, None) => (off(), Vec::new()),
            (true, Some(wanted)) if !same_type => (off(), on(endpoint, wanted)),
            (_, Some(wanted)) => (Vec::new(), on(endpoint, wanted)),
        };
        Self { before, after }
    }
}

fn on(endpoint: &str, wanted: &Autoscaling) -> Vec<Call> {
    let mut register = target(endpoint);
    register["MinCapacity"] = json!(wanted.least);
    register["MaxCapacity"] = json!(wanted.most);
    let mut policy = policy_name(endpoint);
    policy["PolicyType"] = json!("TargetTrackingScaling");
    policy["TargetTrackingScalingPolicyConfiguration"] = json!({
        "TargetValue": wanted.requests_per_instance,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
        },
        "ScaleOutCooldown": wanted.out_pause.as_secs(),
        "ScaleInCooldown": wanted.in_pause.as_secs(),
    });
    vec![Call::Register(register), Call::PutPolicy(policy)]
}

fn target(endpoint: &str) -> Value {
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": format!("endpoint/{endpoint}/variant/{VARIANT}"),
        "ScalableDimension": DIMENSION,
    })
}

fn policy_name(endpoint: &str) -> Value {
    let mut policy = target(endpoint);
    policy["PolicyName"] = json!(format!("pawl-{endpoint}"));
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(calls: &[Call]) -> Vec<&'static str> {
        let name = |call: &Call| match call {
            Call::DeletePolicy(_) => "delete policy",
            Call::Deregister(_) => "deregister",
            Call::Register(_) => "register",
            Call::PutPolicy(_) => "put policy",
        };
        calls.iter().map(name).collect()
    }

    fn plan(registered: bool, instance_type: &str, scales: bool) -> (Vec<&'static str>, Vec<&'static str>) {
        let serve = Serve { autoscaling: scales.then(Autoscaling::default), ..Serve::default() };
        let found = Found { registered, instance_type: Some(instance_type.to_owned()) };
        let plan = Plan::of("bike", &found, &serve);
        (names(&plan.before), names(&plan.after))
    }

    #[test]
    fn a_new_model_keeps_its_target_and_a_new_instance_type_takes_it_off() {
        let (off, on) = (vec!["delete policy", "deregister"], vec!["register", "put policy"]);
        assert_eq!(plan(true, "ml.m5.large", true), (vec![], on.clone()));
        assert_eq!(plan(true, "ml.c5.xlarge", true), (off.clone(), on.clone()));
        assert_eq!(plan(false, "ml.c5.xlarge", true), (vec![], on));
        assert_eq!(plan(true, "ml.m5.large", false), (off, vec![]));
        assert_eq!(plan(false, "ml.m5.large", false), (vec![], vec![]));
    }

    #[test]
    fn the_requests_are_application_auto_scalings() {
        let serve = Serve { autoscaling: Some(Autoscaling::default()), ..Serve::default() };
        let plan = Plan::of("bike", &Found { registered: false, instance_type: None }, &serve);
        let expected = json!([
            {"call": "register", "request": {
                "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/bike/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "MinCapacity": 2, "MaxCapacity": 8}},
            {"call": "put_policy", "request": {
                "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/bike/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "PolicyName": "pawl-bike",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1000.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                    "ScaleOutCooldown": 300, "ScaleInCooldown": 600}}},
        ]);
        assert_eq!(serde_json::to_value(plan.after).ok(), Some(expected));
    }
}
