//! SageMaker's words for how traffic moves.

use serde::{Deserialize, Serialize};

/// SageMaker's `DeploymentConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentConfig {
    /// Blue is the old fleet, green the new one.
    #[serde(rename = "BlueGreenUpdatePolicy", skip_serializing_if = "Option::is_none")]
    pub blue_green: Option<BlueGreen>,
    /// Batch by batch, instead of a second fleet.
    #[serde(rename = "RollingUpdatePolicy", skip_serializing_if = "Option::is_none")]
    pub rolling: Option<Rolling>,
    /// Alarms on which SageMaker rolls back by itself; a rollback has none.
    #[serde(rename = "AutoRollbackConfiguration", skip_serializing_if = "Option::is_none")]
    pub rollback: Option<AutoRollback>,
}

impl DeploymentConfig {
    /// All at once, with no alarm that could undo it.
    pub fn at_once() -> Self {
        let blue_green = BlueGreen {
            routing: TrafficRouting::at_once(),
            termination_wait_seconds: 0,
            timeout_seconds: None,
        };
        Self { blue_green: Some(blue_green), rolling: None, rollback: None }
    }
}

/// SageMaker's `BlueGreenUpdatePolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlueGreen {
    /// How traffic moves.
    #[serde(rename = "TrafficRoutingConfiguration")]
    pub routing: TrafficRouting,
    /// How long the old fleet stays after all traffic has moved, in seconds.
    #[serde(rename = "TerminationWaitInSeconds")]
    pub termination_wait_seconds: u64,
    /// The whole update may take this long, in seconds.
    #[serde(rename = "MaximumExecutionTimeoutInSeconds", skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// SageMaker's `RollingUpdatePolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rolling {
    /// The size of a batch.
    #[serde(rename = "MaximumBatchSize")]
    pub batch: Capacity,
    /// The pause after each batch, in seconds.
    #[serde(rename = "WaitIntervalInSeconds")]
    pub wait_seconds: u64,
    /// The whole update may take this long, in seconds.
    #[serde(rename = "MaximumExecutionTimeoutInSeconds", skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// SageMaker's `TrafficRoutingConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficRouting {
    /// In which way.
    #[serde(rename = "Type")]
    pub kind: RoutingKind,
    /// The pause between two steps, in seconds.
    #[serde(rename = "WaitIntervalInSeconds")]
    pub wait_seconds: u64,
    /// The size of the canary.
    #[serde(rename = "CanarySize", skip_serializing_if = "Option::is_none")]
    pub canary: Option<Capacity>,
    /// The size of a linear step.
    #[serde(rename = "LinearStepSize", skip_serializing_if = "Option::is_none")]
    pub step: Option<Capacity>,
}

impl TrafficRouting {
    pub(super) fn at_once() -> Self {
        Self { kind: RoutingKind::AllAtOnce, wait_seconds: 0, canary: None, step: None }
    }
}

/// In which way traffic moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoutingKind {
    /// In one step.
    AllAtOnce,
    /// In two steps.
    Canary,
    /// In equal steps.
    Linear,
}

/// SageMaker's `CapacitySize`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// The unit.
    #[serde(rename = "Type")]
    pub kind: CapacityKind,
    /// How much.
    #[serde(rename = "Value")]
    pub value: u8,
}

/// The unit of a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CapacityKind {
    /// Percent of the fleet.
    CapacityPercent,
}

/// SageMaker's `AutoRollbackConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoRollback {
    /// One to ten alarms.
    #[serde(rename = "Alarms")]
    pub alarms: Vec<AlarmRef>,
}

/// An alarm by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRef {
    /// The name.
    #[serde(rename = "AlarmName")]
    pub name: String,
}
