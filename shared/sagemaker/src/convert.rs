//! A release's words in the SDK's types.

use aws_sdk_sagemaker::error::BuildError;
use aws_sdk_sagemaker::types::{
    Alarm, AutoRollbackConfig, BlueGreenUpdatePolicy, CapacitySize, CapacitySizeType, DeploymentConfig,
    TrafficRoutingConfig, TrafficRoutingConfigType,
};
use pawl::fault::Fault;
use pawl::release::strategy::{self, RoutingKind};

/// How traffic moves.
pub(crate) fn deployment(config: &strategy::DeploymentConfig) -> Result<DeploymentConfig, Fault> {
    build(config).map_err(|e| Fault::BadInput(format!("deployment config: {e}")))
}

fn build(config: &strategy::DeploymentConfig) -> Result<DeploymentConfig, BuildError> {
    let routing = &config.blue_green.routing;
    let kind = match routing.kind {
        RoutingKind::AllAtOnce => TrafficRoutingConfigType::AllAtOnce,
        RoutingKind::Canary => TrafficRoutingConfigType::Canary,
    };
    let canary = routing.canary.as_ref().map(|capacity| {
        CapacitySize::builder()
            .r#type(CapacitySizeType::CapacityPercent)
            .value(i32::from(capacity.value))
            .build()
    });
    let traffic = TrafficRoutingConfig::builder()
        .r#type(kind)
        .wait_interval_in_seconds(seconds(routing.wait_seconds))
        .set_canary_size(canary)
        .build();
    let policy = BlueGreenUpdatePolicy::builder()
        .traffic_routing_configuration(traffic)
        .termination_wait_in_seconds(seconds(config.blue_green.termination_wait_seconds))
        .set_maximum_execution_timeout_in_seconds(config.blue_green.timeout_seconds.map(seconds))
        .build();
    let rollback = config.rollback.as_ref().map(|rollback| {
        let alarms = rollback.alarms.iter().map(|alarm| Alarm::builder().alarm_name(&alarm.name).build());
        AutoRollbackConfig::builder().set_alarms(Some(alarms.collect())).build()
    });
    Ok(DeploymentConfig::builder()
        .blue_green_update_policy(policy)
        .set_auto_rollback_configuration(rollback)
        .build())
}

/// SageMaker counts seconds in 32 bits, and takes 28,800 at most.
fn seconds(seconds: u64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}
