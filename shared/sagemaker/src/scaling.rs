//! Autoscaling of an endpoint's instances.

use aws_sdk_applicationautoscaling::types::{
    PolicyType, PredefinedMetricSpecification, ScalableDimension, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use pawl::fault::Fault;
use pawl::release::autoscaling::{
    PutScalingPolicy, RegisterScalableTarget, ScalableTarget, Scaling, TargetTracking,
};
use pawl_aws::fault;

use crate::SageMaker;
use crate::answer::named;
use crate::convert::count;

impl SageMaker {
    /// Makes Application Auto Scaling hold this. Each call may be repeated.
    pub async fn scale(&self, wanted: &Scaling) -> Result<(), Fault> {
        match wanted {
            Scaling::On { target, policy } => {
                self.register(target).await?;
                self.put_policy(policy).await
            }
            Scaling::Off { target } => self.deregister(target).await,
        }
    }

    pub(crate) async fn register(&self, request: &RegisterScalableTarget) -> Result<(), Fault> {
        let call = self
            .autoscaling
            .register_scalable_target()
            .service_namespace(namespace(&request.target))
            .resource_id(&request.target.resource_id)
            .scalable_dimension(dimension(&request.target))
            .min_capacity(count(request.min_capacity))
            .max_capacity(count(request.max_capacity));
        call.send().await.map(|_| ()).map_err(|e| fault(&named("RegisterScalableTarget", request), &e))
    }

    pub(crate) async fn put_policy(&self, request: &PutScalingPolicy) -> Result<(), Fault> {
        let call = self
            .autoscaling
            .put_scaling_policy()
            .service_namespace(namespace(&request.target))
            .resource_id(&request.target.resource_id)
            .scalable_dimension(dimension(&request.target))
            .policy_name(&request.policy_name)
            .policy_type(PolicyType::from(request.policy_type.as_str()))
            .target_tracking_scaling_policy_configuration(tracking(&request.tracking)?);
        call.send().await.map(|_| ()).map_err(|e| fault(&named("PutScalingPolicy", request), &e))
    }

    /// A target that is not there need not be taken off.
    pub(crate) async fn deregister(&self, request: &ScalableTarget) -> Result<(), Fault> {
        let call = self
            .autoscaling
            .deregister_scalable_target()
            .service_namespace(namespace(request))
            .resource_id(&request.resource_id)
            .scalable_dimension(dimension(request));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_object_not_found_exception()) => Ok(()),
            Err(e) => Err(fault(&named("DeregisterScalableTarget", request), &e)),
        }
    }
}

fn namespace(target: &ScalableTarget) -> ServiceNamespace {
    target.service_namespace.as_str().into()
}

fn dimension(target: &ScalableTarget) -> ScalableDimension {
    target.scalable_dimension.as_str().into()
}

fn tracking(wanted: &TargetTracking) -> Result<TargetTrackingScalingPolicyConfiguration, Fault> {
    let incomplete = |e: aws_sdk_applicationautoscaling::error::BuildError| {
        Fault::BadInput(format!("PutScalingPolicy: {e}"))
    };
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(wanted.metric.name.as_str().into())
        .build()
        .map_err(incomplete)?;
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(wanted.target_value)
        .predefined_metric_specification(metric)
        .scale_out_cooldown(count(wanted.scale_out_cooldown))
        .scale_in_cooldown(count(wanted.scale_in_cooldown))
        .build()
        .map_err(incomplete)
}
