//! How traffic moves to a new config, and SageMaker's words for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::Span;

/// How traffic moves to a new config.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Strategy {
    /// A new fleet takes all traffic at once.
    AllAtOnce,
    /// A small part of the new fleet takes traffic first.
    Canary {
        /// How much of the fleet, in percent: 1 to 50.
        percent: u8,
        /// How long it takes traffic alone, at most an hour.
        wait: Span,
    },
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Canary { percent: 10, wait: Span::seconds(600) }
    }
}

/// Why a strategy is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// A share outside of what SageMaker takes.
    #[error("release.strategy: {what} is {found} %: SageMaker takes {least} to {most} %")]
    Percent {
        /// Which field.
        what: &'static str,
        /// What stands there.
        found: u8,
        /// The least allowed.
        least: u8,
        /// The most allowed.
        most: u8,
    },
    /// A wait longer than SageMaker takes.
    #[error("release.strategy: a wait of {found} s: SageMaker takes at most 3600 s")]
    Wait {
        /// What stands there, in seconds.
        found: u64,
    },
}

/// The most that SageMaker waits between two steps, in seconds.
const LONGEST_WAIT: u64 = 3600;
/// Bounds of SageMaker's execution time-out, in seconds.
const TIMEOUT: (u64, u64) = (600, 28_800);

impl Strategy {
    /// Checks the strategy against SageMaker's bounds.
    pub fn check(&self) -> Result<(), StrategyError> {
        match self {
            Self::AllAtOnce => Ok(()),
            Self::Canary { percent, wait } => {
                if !(1..=50).contains(percent) {
                    return Err(StrategyError::Percent {
                        what: "canary.percent",
                        found: *percent,
                        least: 1,
                        most: 50,
                    });
                }
                if wait.as_secs() > LONGEST_WAIT {
                    return Err(StrategyError::Wait { found: wait.as_secs() });
                }
                Ok(())
            }
        }
    }

    /// The deployment config of a new deployment, with the alarms that make SageMaker roll it back by itself (at most ten count).
    pub fn deployment(&self, alarms: &[String]) -> DeploymentConfig {
        let (routing, waits) = match self {
            Self::AllAtOnce => (TrafficRouting::at_once(), 0),
            Self::Canary { percent, wait } => (
                TrafficRouting {
                    kind: RoutingKind::Canary,
                    wait_seconds: wait.as_secs(),
                    canary: Some(Capacity { kind: CapacityKind::CapacityPercent, value: *percent }),
                },
                wait.as_secs(),
            ),
        };
        let alarms: Vec<AlarmRef> =
            alarms.iter().take(10).map(|name| AlarmRef { name: name.clone() }).collect();
        DeploymentConfig {
            blue_green: BlueGreen {
                routing,
                termination_wait_seconds: 0,
                timeout_seconds: Some((waits + 3600).clamp(TIMEOUT.0, TIMEOUT.1)),
            },
            rollback: (!alarms.is_empty()).then_some(AutoRollback { alarms }),
        }
    }
}

/// SageMaker's `DeploymentConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentConfig {
    /// Blue is the old fleet, green the new one.
    #[serde(rename = "BlueGreenUpdatePolicy")]
    pub blue_green: BlueGreen,
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
        Self { blue_green, rollback: None }
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
}

impl TrafficRouting {
    fn at_once() -> Self {
        Self { kind: RoutingKind::AllAtOnce, wait_seconds: 0, canary: None }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_spelt_as_sagemaker_takes_it() {
        let canary = serde_json::json!({
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY", "WaitIntervalInSeconds": 600,
                    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10}},
                "TerminationWaitInSeconds": 0, "MaximumExecutionTimeoutInSeconds": 4200},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        });
        let config = Strategy::default().deployment(&["errors".to_owned()]);
        assert_eq!(serde_json::to_value(config).ok(), Some(canary));
        let at_once = serde_json::json!({"BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "TerminationWaitInSeconds": 0}});
        assert_eq!(serde_json::to_value(DeploymentConfig::at_once()).ok(), Some(at_once));
    }

    #[test]
    fn bounds_are_sagemakers() {
        let canary = |percent, wait| Strategy::Canary { percent, wait: Span::seconds(wait) }.check();
        assert_eq!(canary(50, 3600), Ok(()));
        assert!(canary(51, 0).is_err() && canary(0, 0).is_err() && canary(10, 3601).is_err());
    }
}
