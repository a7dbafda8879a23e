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
    /// A small part of the new fleet takes traffic first, then all of it.
    Canary {
        /// How much of the fleet, in percent: 1 to 50.
        percent: u8,
        /// How long it takes traffic alone, at most an hour.
        wait: Span,
    },
    /// The new fleet takes traffic in equal steps.
    Linear {
        /// The size of a step, in percent of the fleet: 10 to 50.
        percent: u8,
        /// The pause after each step, at most an hour.
        wait: Span,
    },
    /// Instances are replaced batch by batch: no second fleet is needed.
    Rolling {
        /// The size of a batch, in percent of the fleet: 5 to 50.
        percent: u8,
        /// The pause after each batch, at most an hour.
        wait: Span,
    },
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Canary { percent: 10, wait: Span::seconds(600) }
    }
}

/// What kind of endpoint serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// Instances that answer at once.
    RealTime,
    /// Instances that answer into S3.
    Asynchronous,
    /// No instances of one's own.
    Serverless,
}

/// The fleet that a strategy is to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// What kind.
    pub kind: EndpointKind,
    /// How many instances; none for serverless.
    pub instances: u32,
    /// How many production variants.
    pub variants: u32,
}

/// Why a strategy cannot be used.
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
    /// All steps together last longer than SageMaker lets an update last.
    #[error(
        "release.strategy: the steps take {found} s together: SageMaker ends an update after 28800 s; wait less, or take larger steps"
    )]
    TooLong {
        /// The sum of the waits, in seconds.
        found: u64,
    },
    /// The endpoint has too few instances to be split.
    #[error(
        "release.strategy: {what} needs at least 2 instances, the endpoint has {instances}: add instances, or use all_at_once"
    )]
    TooFewInstances {
        /// The strategy.
        what: &'static str,
        /// How many there are.
        instances: u32,
    },
    /// SageMaker would fall back to all at once without a word, or refuse.
    #[error("release.strategy: {what} does not work on a {kind:?} endpoint: use {instead}")]
    Kind {
        /// The strategy.
        what: &'static str,
        /// The endpoint's kind.
        kind: EndpointKind,
        /// What works there.
        instead: &'static str,
    },
    /// Rolling moves one variant only.
    #[error("release.strategy: rolling moves one variant, the endpoint has {variants}: use canary or linear")]
    Variants {
        /// How many there are.
        variants: u32,
    },
}

/// The most that SageMaker waits between two steps, in seconds.
const LONGEST_WAIT: u64 = 3600;
/// Bounds of SageMaker's execution time-out, in seconds.
const TIMEOUT: (u64, u64) = (600, 28_800);
/// What starting and stopping instances may take on top of the waits, in seconds.
const MARGIN: u64 = 3600;

impl Strategy {
    /// The strategy's name, its share and wait, and the least share that SageMaker takes.
    fn steps(&self) -> Option<(&'static str, u8, Span, u8)> {
        match self {
            Self::AllAtOnce => None,
            Self::Canary { percent, wait } => Some(("canary", *percent, *wait, 1)),
            Self::Linear { percent, wait } => Some(("linear", *percent, *wait, 10)),
            Self::Rolling { percent, wait } => Some(("rolling", *percent, *wait, 5)),
        }
    }

    /// All pauses together, in seconds.
    fn waits(&self) -> u64 {
        match self {
            Self::AllAtOnce => 0,
            Self::Canary { wait, .. } => wait.as_secs(),
            Self::Linear { percent, wait } | Self::Rolling { percent, wait } => {
                let steps = 100_u64.div_ceil(u64::from((*percent).max(1)));
                wait.as_secs().saturating_mul(steps)
            }
        }
    }

    /// Checks the strategy against SageMaker's bounds.
    pub fn check(&self) -> Result<(), StrategyError> {
        let Some((what, found, wait, least)) = self.steps() else { return Ok(()) };
        if !(least..=50).contains(&found) {
            return Err(StrategyError::Percent { what, found, least, most: 50 });
        }
        if wait.as_secs() > LONGEST_WAIT {
            return Err(StrategyError::Wait { found: wait.as_secs() });
        }
        if self.waits() >= TIMEOUT.1 {
            return Err(StrategyError::TooLong { found: self.waits() });
        }
        Ok(())
    }

    /// Checks that the fleet can be moved so. A strategy that SageMaker would replace by all at once without a word is refused.
    pub fn fits(&self, fleet: Fleet) -> Result<(), StrategyError> {
        self.check()?;
        let Some((what, ..)) = self.steps() else { return Ok(()) };
        if fleet.kind == EndpointKind::Serverless {
            return Err(StrategyError::Kind { what, kind: fleet.kind, instead: "all_at_once" });
        }
        if matches!(self, Self::Rolling { .. }) && fleet.variants != 1 {
            return Err(StrategyError::Variants { variants: fleet.variants });
        }
        if fleet.instances < 2 {
            return Err(StrategyError::TooFewInstances { what, instances: fleet.instances });
        }
        Ok(())
    }

    /// The deployment config of a new deployment, with the alarms that make SageMaker roll it back by itself (at most ten count).
    pub fn deployment(&self, alarms: &[String]) -> DeploymentConfig {
        let capacity = |value: u8| Capacity { kind: CapacityKind::CapacityPercent, value };
        let timeout_seconds = Some(self.waits().saturating_add(MARGIN).clamp(TIMEOUT.0, TIMEOUT.1));
        let routing = |kind, wait: Span| TrafficRouting {
            kind,
            wait_seconds: wait.as_secs(),
            canary: None,
            step: None,
        };
        let blue_green = |routing| BlueGreen { routing, termination_wait_seconds: 0, timeout_seconds };
        let (blue_green, rolling) = match self {
            Self::AllAtOnce => (Some(blue_green(TrafficRouting::at_once())), None),
            Self::Canary { percent, wait } => {
                let canary = Some(capacity(*percent));
                (Some(blue_green(TrafficRouting { canary, ..routing(RoutingKind::Canary, *wait) })), None)
            }
            Self::Linear { percent, wait } => {
                let step = Some(capacity(*percent));
                (Some(blue_green(TrafficRouting { step, ..routing(RoutingKind::Linear, *wait) })), None)
            }
            Self::Rolling { percent, wait } => {
                let batch = capacity(*percent);
                (None, Some(Rolling { batch, wait_seconds: wait.as_secs(), timeout_seconds }))
            }
        };
        let alarms: Vec<AlarmRef> =
            alarms.iter().take(10).map(|name| AlarmRef { name: name.clone() }).collect();
        let rollback = (!alarms.is_empty()).then_some(AutoRollback { alarms });
        DeploymentConfig { blue_green, rolling, rollback }
    }
}

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
    fn at_once() -> Self {
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
        let linear = |percent, wait| Strategy::Linear { percent, wait: Span::seconds(wait) }.check();
        assert_eq!(linear(10, 600), Ok(()));
        assert!(matches!(linear(9, 0), Err(StrategyError::Percent { least: 10, .. })));
        assert_eq!(linear(10, 3600), Err(StrategyError::TooLong { found: 36_000 }));
        let rolling = |percent| Strategy::Rolling { percent, wait: Span::seconds(60) }.check();
        assert!(rolling(5).is_ok() && rolling(4).is_err());
    }

    #[test]
    fn linear_and_rolling_are_spelt_as_sagemaker_takes_them() {
        let linear = Strategy::Linear { percent: 25, wait: Span::seconds(300) }.deployment(&[]);
        let expected = serde_json::json!({"BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "LINEAR", "WaitIntervalInSeconds": 300,
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25}},
            "TerminationWaitInSeconds": 0, "MaximumExecutionTimeoutInSeconds": 4800}});
        assert_eq!(serde_json::to_value(linear).ok(), Some(expected));
        let rolling = Strategy::Rolling { percent: 20, wait: Span::seconds(60) }.deployment(&[]);
        let expected = serde_json::json!({"RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 20},
            "WaitIntervalInSeconds": 60, "MaximumExecutionTimeoutInSeconds": 3900}});
        assert_eq!(serde_json::to_value(rolling).ok(), Some(expected));
    }

    #[test]
    fn what_an_endpoint_cannot_do_is_refused() {
        let real_time = Fleet { kind: EndpointKind::RealTime, instances: 2, variants: 1 };
        let serverless = Fleet { kind: EndpointKind::Serverless, instances: 0, variants: 1 };
        let rolling = Strategy::Rolling { percent: 20, wait: Span::seconds(60) };
        for strategy in [Strategy::AllAtOnce, Strategy::default(), rolling.clone()] {
            assert_eq!(strategy.fits(real_time), Ok(()));
            let asynchronous = Fleet { kind: EndpointKind::Asynchronous, ..real_time };
            assert_eq!(strategy.fits(asynchronous), Ok(()));
        }
        assert_eq!(Strategy::AllAtOnce.fits(serverless), Ok(()));
        assert!(matches!(Strategy::default().fits(serverless), Err(StrategyError::Kind { .. })));
        let alone = Fleet { instances: 1, ..real_time };
        assert!(matches!(Strategy::default().fits(alone), Err(StrategyError::TooFewInstances { .. })));
        let two = Fleet { variants: 2, ..real_time };
        assert_eq!(rolling.fits(two), Err(StrategyError::Variants { variants: 2 }));
        assert_eq!(Strategy::default().fits(two), Ok(()));
    }
}
