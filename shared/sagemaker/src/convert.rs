//! A release's words in the SDK's types.

use aws_sdk_sagemaker::error::BuildError;
use aws_sdk_sagemaker::types::{
    Alarm, AutoRollbackConfig, BlueGreenUpdatePolicy, CapacitySize, CapacitySizeType, DeploymentConfig,
    RollingUpdatePolicy, TrafficRoutingConfig, TrafficRoutingConfigType, VariantProperty,
    VariantPropertyType,
};
use pawl::fault::Fault;
use pawl::release;
use pawl::release::strategy::{self, RoutingKind};

/// How traffic moves.
pub(crate) fn deployment(config: &strategy::DeploymentConfig) -> Result<DeploymentConfig, Fault> {
    build(config).map_err(|e| Fault::BadInput(format!("deployment config: {e}")))
}

/// What the new config rules though the old one's is kept.
pub(crate) fn excluded(
    properties: &[release::VariantProperty],
) -> Result<Option<Vec<VariantProperty>>, Fault> {
    let property = |property: &release::VariantProperty| {
        let kind = match property {
            release::VariantProperty::DesiredWeight => VariantPropertyType::DesiredWeight,
            release::VariantProperty::DataCaptureConfig => VariantPropertyType::DataCaptureConfig,
        };
        VariantProperty::builder().variant_property_type(kind).build()
    };
    Ok(Some(properties.iter().map(property).collect()).filter(|all: &Vec<_>| !all.is_empty()))
}

fn build(config: &strategy::DeploymentConfig) -> Result<DeploymentConfig, BuildError> {
    let rollback = config.rollback.as_ref().map(|rollback| {
        let alarms = rollback.alarms.iter().map(|alarm| Alarm::builder().alarm_name(&alarm.name).build());
        AutoRollbackConfig::builder().set_alarms(Some(alarms.collect())).build()
    });
    Ok(DeploymentConfig::builder()
        .set_blue_green_update_policy(config.blue_green.as_ref().map(blue_green))
        .set_rolling_update_policy(config.rolling.as_ref().map(rolling))
        .set_auto_rollback_configuration(rollback)
        .build())
}

fn blue_green(policy: &strategy::BlueGreen) -> BlueGreenUpdatePolicy {
    let routing = &policy.routing;
    let kind = match routing.kind {
        RoutingKind::AllAtOnce => TrafficRoutingConfigType::AllAtOnce,
        RoutingKind::Canary => TrafficRoutingConfigType::Canary,
        RoutingKind::Linear => TrafficRoutingConfigType::Linear,
    };
    let traffic = TrafficRoutingConfig::builder()
        .r#type(kind)
        .wait_interval_in_seconds(seconds(routing.wait_seconds))
        .set_canary_size(routing.canary.as_ref().map(capacity))
        .set_linear_step_size(routing.step.as_ref().map(capacity))
        .build();
    BlueGreenUpdatePolicy::builder()
        .traffic_routing_configuration(traffic)
        .termination_wait_in_seconds(seconds(policy.termination_wait_seconds))
        .set_maximum_execution_timeout_in_seconds(policy.timeout_seconds.map(seconds))
        .build()
}

fn rolling(policy: &strategy::Rolling) -> RollingUpdatePolicy {
    RollingUpdatePolicy::builder()
        .maximum_batch_size(capacity(&policy.batch))
        .wait_interval_in_seconds(seconds(policy.wait_seconds))
        .set_maximum_execution_timeout_in_seconds(policy.timeout_seconds.map(seconds))
        .build()
}

fn capacity(capacity: &strategy::Capacity) -> CapacitySize {
    CapacitySize::builder().r#type(CapacitySizeType::CapacityPercent).value(i32::from(capacity.value)).build()
}

/// SageMaker counts seconds in 32 bits, and takes 28,800 at most.
fn seconds(seconds: u64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}
