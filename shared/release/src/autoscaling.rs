//! Autoscaling kept through updates: what Application Auto Scaling shall hold for an endpoint.
//!
//! A change of the model alone keeps the scaling target. An update that changes the instance type is
//! refused while the variant is registered
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html>): so the target is taken
//! off before such an update, a rollback included, and put on again when the release has come to rest. The
//! number of instances survives by `RetainAllVariantProperties`; without autoscaling the config rules it.
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
        /// What is scaled, and between which bounds.
        target: RegisterScalableTarget,
        /// When it is scaled.
        policy: PutScalingPolicy,
    },
    /// The number of instances stands still.
    Off {
        /// `DeregisterScalableTarget`, which deletes the target's policies too. What is not there answers
        /// `ObjectNotFoundException`, which counts as done.
        target: ScalableTarget,
    },
}

/// What is scaled: `DeregisterScalableTarget`, and the fields that each request has.
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScalableTarget {
    /// Whose resource: `sagemaker`.
    pub service_namespace: String,
    /// The variant of the endpoint.
    pub resource_id: String,
    /// What of it changes: the number of instances.
    pub scalable_dimension: String,
}

/// `RegisterScalableTarget`:
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegisterScalableTarget {
    /// What is scaled.
    #[serde(flatten)]
    pub target: ScalableTarget,
    /// Never fewer instances.
    pub min_capacity: u32,
    /// Never more instances.
    pub max_capacity: u32,
}

/// `PutScalingPolicy`:
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutScalingPolicy {
    /// What is scaled.
    #[serde(flatten)]
    pub target: ScalableTarget,
    /// The policy's name.
    pub policy_name: String,
    /// How it decides: `TargetTrackingScaling`.
    pub policy_type: String,
    /// The value that is held.
    #[serde(rename = "TargetTrackingScalingPolicyConfiguration")]
    pub tracking: TargetTracking,
}

/// `TargetTrackingScalingPolicyConfiguration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetTracking {
    /// The value that the metric is held at.
    pub target_value: f64,
    /// The metric.
    #[serde(rename = "PredefinedMetricSpecification")]
    pub metric: PredefinedMetric,
    /// The pause after instances were added, in seconds.
    pub scale_out_cooldown: u64,
    /// The pause after instances were taken away, in seconds.
    pub scale_in_cooldown: u64,
}

/// `PredefinedMetricSpecification`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredefinedMetric {
    /// Its name.
    #[serde(rename = "PredefinedMetricType")]
    pub name: String,
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
        Self::Off { target: ScalableTarget::instances_of(endpoint) }
    }

    fn on(endpoint: &str, wanted: &Autoscaling) -> Self {
        let target = RegisterScalableTarget {
            target: ScalableTarget::instances_of(endpoint),
            min_capacity: wanted.least,
            max_capacity: wanted.most,
        };
        let policy = PutScalingPolicy {
            target: ScalableTarget::instances_of(endpoint),
            policy_name: format!("pawl-{endpoint}"),
            policy_type: "TargetTrackingScaling".to_owned(),
            tracking: TargetTracking {
                target_value: wanted.requests_per_instance,
                metric: PredefinedMetric { name: "SageMakerVariantInvocationsPerInstance".to_owned() },
                scale_out_cooldown: wanted.out_pause.as_secs(),
                scale_in_cooldown: wanted.in_pause.as_secs(),
            },
        };
        Self::On { target, policy }
    }
}

impl ScalableTarget {
    /// The number of instances behind an endpoint.
    fn instances_of(endpoint: &str) -> Self {
        Self {
            service_namespace: NAMESPACE.to_owned(),
            resource_id: format!("endpoint/{endpoint}/variant/{VARIANT}"),
            scalable_dimension: DIMENSION.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "MinCapacity": 2, "MaxCapacity": 8},
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
        assert_eq!(serde_json::to_value(&on).ok(), Some(expected.clone()));
        assert_eq!(serde_json::from_value(expected).ok(), on, "an order that was stored is read again");
    }
}
