//! How traffic moves.

use aws_sdk_sagemaker::types::{
    Alarm, AutoRollbackConfig, BlueGreenUpdatePolicy, CapacitySize, CapacitySizeType, DeploymentConfig,
    RollingUpdatePolicy, TrafficRoutingConfig, TrafficRoutingConfigType, VariantProperty,
    VariantPropertyType,
};
use pawl::release;
use pawl::release::strategy::{
    AutoRollback, BlueGreen, Capacity, CapacityKind, Rolling, RoutingKind, TrafficRouting,
};

use super::count;

/// `DeploymentConfig`.
pub(crate) fn config(config: &release::strategy::DeploymentConfig) -> DeploymentConfig {
    DeploymentConfig::builder()
        .set_blue_green_update_policy(config.blue_green.as_ref().map(blue_green))
        .set_rolling_update_policy(config.rolling.as_ref().map(rolling))
        .set_auto_rollback_configuration(config.rollback.as_ref().map(rollback))
        .build()
}

/// `VariantProperty`.
pub(crate) fn variant_property(property: release::VariantProperty) -> VariantProperty {
    let kind = match property {
        release::VariantProperty::DesiredWeight => VariantPropertyType::DesiredWeight,
    };
    VariantProperty::builder().variant_property_type(kind).build()
}

fn blue_green(policy: &BlueGreen) -> BlueGreenUpdatePolicy {
    BlueGreenUpdatePolicy::builder()
        .traffic_routing_configuration(routing(&policy.routing))
        .termination_wait_in_seconds(count(policy.termination_wait_seconds))
        .set_maximum_execution_timeout_in_seconds(policy.timeout_seconds.map(count))
        .build()
}

fn rolling(policy: &Rolling) -> RollingUpdatePolicy {
    RollingUpdatePolicy::builder()
        .maximum_batch_size(capacity(&policy.batch))
        .wait_interval_in_seconds(count(policy.wait_seconds))
        .set_maximum_execution_timeout_in_seconds(policy.timeout_seconds.map(count))
        .build()
}

fn routing(routing: &TrafficRouting) -> TrafficRoutingConfig {
    TrafficRoutingConfig::builder()
        .r#type(match routing.kind {
            RoutingKind::AllAtOnce => TrafficRoutingConfigType::AllAtOnce,
            RoutingKind::Canary => TrafficRoutingConfigType::Canary,
            RoutingKind::Linear => TrafficRoutingConfigType::Linear,
        })
        .wait_interval_in_seconds(count(routing.wait_seconds))
        .set_canary_size(routing.canary.as_ref().map(capacity))
        .set_linear_step_size(routing.step.as_ref().map(capacity))
        .build()
}

fn capacity(capacity: &Capacity) -> CapacitySize {
    let kind = match capacity.kind {
        CapacityKind::CapacityPercent => CapacitySizeType::CapacityPercent,
    };
    CapacitySize::builder().r#type(kind).value(i32::from(capacity.value)).build()
}

fn rollback(rollback: &AutoRollback) -> AutoRollbackConfig {
    let alarms = rollback.alarms.iter().map(|alarm| Alarm::builder().alarm_name(&alarm.name).build());
    AutoRollbackConfig::builder().set_alarms(Some(alarms.collect())).build()
}
