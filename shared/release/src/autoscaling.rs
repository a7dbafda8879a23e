//! Autoscaling kept through updates: what Application Auto Scaling shall hold for an endpoint.
//!
//! A change of the model alone keeps the scaling target. An update that changes the instance type is refused
//! while the variant is registered
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html>): so the target is taken
//! off before such an update, a rollback included, and put on again when the release has come to rest. The
//! number of instances survives by `RetainAllVariantProperties`.
//!
//! ```
//! use pawl_release::autoscaling::Scaling;
//! use pawl_release::serving::{Autoscaling, Serve};
//!
//! let small = Serve { autoscaling: Some(Autoscaling::default()), ..Serve::default() };
//! let large = Serve { instance_type: "ml.m5.4xlarge".to_owned(), ..small.clone() };
//! assert!(matches!(Scaling::at_rest("bike", &small, None), Some(Scaling::On { .. })));
//! assert!(matches!(Scaling::before_update("bike", &small, &large), Some(Scaling::Off { .. })));
//! assert_eq!(Scaling::before_update("bike", &small, &small), None);
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::serving::{Autoscaling, Serve};
use pawl_base::metrics::VARIANT;

const NAMESPACE: &str = "sagemaker";
const DIMENSION: &str = "sagemaker:variant:DesiredInstanceCount";

/// What Application Auto Scaling shall hold: requests with its own field names, each safe to repeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "wanted")]
pub enum Scaling {
    /// The number of instances follows the traffic.
    On {
        /// `RegisterScalableTarget`.
        target: Value,
        /// `PutScalingPolicy`.
        policy: Value,
    },
    /// The number of instances stands still.
    Off {
        /// `DeregisterScalableTarget`, which deletes the target's policies too. What is not there answers
        /// `ObjectNotFoundException`, which counts as done.
        target: Value,
    },
}

impl Scaling {
    /// What the section `serve` of what serves asks for. Where it asks for nothing, only what Pawl put `on`
    /// before is taken off: a target that the team made by hand is none of Pawl's business.
    pub fn at_rest(endpoint: &str, serve: &Serve, last: Option<&Self>) -> Option<Self> {
        match (&serve.autoscaling, last) {
            (Some(wanted), _) => Some(Self::on(endpoint, wanted)),
            (None, Some(Self::On { .. })) => Some(Self::off(endpoint)),
            (None, Some(Self::Off { .. }) | None) => None,
        }
    }

    /// What an update from one section `serve` to another needs first, where Pawl has put autoscaling on;
    /// `None` where it may go on at once.
    pub fn before_update(endpoint: &str, from: &Serve, to: &Serve) -> Option<Self> {
        (from.instance_type != to.instance_type).then(|| Self::off(endpoint))
    }

    fn off(endpoint: &str) -> Self {
        Self::Off { target: target(endpoint) }
    }

    fn on(endpoint: &str, wanted: &Autoscaling) -> Self {
        let (mut register, mut policy) = (target(endpoint), target(endpoint));
        register["MinCapacity"] = json!(wanted.least);
        register["MaxCapacity"] = json!(wanted.most);
        policy["PolicyName"] = json!(format!("pawl-{endpoint}"));
        policy["PolicyType"] = json!("TargetTrackingScaling");
        policy["TargetTrackingScalingPolicyConfiguration"] = json!({
            "TargetValue": wanted.requests_per_instance,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
            },
            "ScaleOutCooldown": wanted.out_pause.as_secs(),
            "ScaleInCooldown": wanted.in_pause.as_secs(),
        });
        Self::On { target: register, policy }
    }
}

fn target(endpoint: &str) -> Value {
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": format!("endpoint/{endpoint}/variant/{VARIANT}"),
        "ScalableDimension": DIMENSION,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(instance_type: &str, scales: bool) -> Serve {
        Serve {
            instance_type: instance_type.to_owned(),
            autoscaling: scales.then(Autoscaling::default),
            ..Serve::default()
        }
    }

    #[test]
    fn a_new_model_keeps_its_target_and_a_new_instance_type_takes_it_off() {
        let (old, new) = (serve("ml.m5.large", true), serve("ml.c5.xlarge", true));
        assert_eq!(Scaling::before_update("bike", &old, &old), None);
        assert_eq!(Scaling::before_update("bike", &old, &new), Some(Scaling::off("bike")));
    }

    #[test]
    fn only_what_pawl_put_on_is_taken_off() {
        let (scales, stands) = (serve("ml.m5.large", true), serve("ml.m5.large", false));
        let on = Scaling::at_rest("bike", &scales, Some(&Scaling::off("bike")));
        assert!(matches!(on, Some(Scaling::On { .. })));
        assert_eq!(Scaling::at_rest("bike", &stands, on.as_ref()), Some(Scaling::off("bike")));
        assert_eq!(Scaling::at_rest("bike", &stands, Some(&Scaling::off("bike"))), None);
        assert_eq!(Scaling::at_rest("bike", &stands, None), None);
    }

    #[test]
    fn the_requests_are_application_auto_scalings() {
        let expected = json!({
            "wanted": "on",
            "target": {
                "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/bike/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "MinCapacity": 2,
                    "MaxCapacity": 8},
            "policy": {
                "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/bike/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "PolicyName": "pawl-bike",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1000.0,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                    "ScaleOutCooldown": 300, "ScaleInCooldown": 600}},
        });
        let on = Scaling::at_rest("bike", &serve("ml.m5.large", true), None);
        assert_eq!(serde_json::to_value(on).ok(), Some(expected));
    }
}
