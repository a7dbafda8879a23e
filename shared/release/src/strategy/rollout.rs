//! How traffic moves to a new config, and what SageMaker is asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::StrategyError;
use super::fleet::{EndpointKind, Fleet};
use super::wire::{
    AlarmRef, AutoRollback, BlueGreen, Capacity, CapacityKind, DeploymentConfig, Rolling, RoutingKind,
    TrafficRouting,
};
use pawl_base::duration::Duration;

/// How traffic moves to a new config.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Strategy {
    /// A new fleet takes all traffic at once.
    AllAtOnce,
    /// A new fleet takes all traffic at once; the old one stays while SageMaker's guardrail may still go back
    /// to it.
    BlueGreen {
        /// How long the old fleet stays, at most an hour.
        bake: Duration,
    },
    /// A small part of the new fleet takes traffic first, then all of it.
    Canary {
        /// How much of the fleet, in percent: 1 to 50.
        percent: u8,
        /// How long it takes traffic alone, at most an hour.
        wait: Duration,
    },
    /// The new fleet takes traffic in equal steps.
    Linear {
        /// The size of a step, in percent of the fleet: 10 to 50.
        percent: u8,
        /// The pause after each step, at most an hour.
        wait: Duration,
    },
    /// Instances are replaced batch by batch: no second fleet is needed.
    Rolling {
        /// The size of a batch, in percent of the fleet: 5 to 50.
        percent: u8,
        /// The pause after each batch, at most an hour.
        wait: Duration,
    },
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Canary { percent: 10, wait: Duration::seconds(600) }
    }
}

/// The most that SageMaker waits between two steps, in seconds.
const LONGEST_WAIT: u64 = 3600;
/// Bounds of SageMaker's execution time-out, in seconds.
const TIMEOUT: (u64, u64) = (600, 28_800);
/// What starting and stopping instances may take on top of the waits, in seconds.
const MARGIN: u64 = 3600;

impl Strategy {
    /// The strategy's name, as `pipeline.yaml` spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AllAtOnce => "all_at_once",
            Self::BlueGreen { .. } => "blue_green",
            Self::Canary { .. } => "canary",
            Self::Linear { .. } => "linear",
            Self::Rolling { .. } => "rolling",
        }
    }

    /// The share that moves in one step, and the least that SageMaker takes; `None` where all moves at once.
    fn share(&self) -> Option<(u8, u8)> {
        match self {
            Self::AllAtOnce | Self::BlueGreen { .. } => None,
            Self::Canary { percent, .. } => Some((*percent, 1)),
            Self::Linear { percent, .. } => Some((*percent, 10)),
            Self::Rolling { percent, .. } => Some((*percent, 5)),
        }
    }

    /// One pause, in seconds.
    fn wait(&self) -> u64 {
        match self {
            Self::AllAtOnce => 0,
            Self::BlueGreen { bake: wait }
            | Self::Canary { wait, .. }
            | Self::Linear { wait, .. }
            | Self::Rolling { wait, .. } => wait.as_secs(),
        }
    }

    /// The longest that moving traffic so should take: its pauses, and what instances need on top.
    pub fn longest(&self) -> Duration {
        Duration::seconds(self.waits().saturating_add(MARGIN))
    }

    /// All pauses together, in seconds.
    fn waits(&self) -> u64 {
        let steps = match self {
            Self::Linear { percent, .. } | Self::Rolling { percent, .. } => {
                100_u64.div_ceil(u64::from((*percent).max(1)))
            }
            Self::AllAtOnce | Self::BlueGreen { .. } | Self::Canary { .. } => 1,
        };
        self.wait().saturating_mul(steps)
    }

    /// Checks the strategy against SageMaker's bounds.
    pub fn check(&self) -> Result<(), StrategyError> {
        let what = self.name();
        if let Some((found, least)) = self.share().filter(|(found, least)| !(*least..=50).contains(found)) {
            return Err(StrategyError::Percent { what, found, least, most: 50 });
        }
        if self.wait() > LONGEST_WAIT {
            return Err(StrategyError::Wait { found: self.wait() });
        }
        if self.waits() >= TIMEOUT.1 {
            return Err(StrategyError::TooLong { found: self.waits() });
        }
        Ok(())
    }

    /// Checks that the fleet can be moved so. A strategy that SageMaker would replace by all at once without
    /// a word is refused.
    pub fn fits(&self, fleet: Fleet) -> Result<(), StrategyError> {
        self.check()?;
        let what = self.name();
        if *self == Self::AllAtOnce {
            return Ok(());
        }
        if fleet.kind == EndpointKind::Serverless {
            return Err(StrategyError::Kind { what, kind: fleet.kind, instead: "all_at_once" });
        }
        if matches!(self, Self::Rolling { .. }) && fleet.variants != 1 {
            return Err(StrategyError::Variants { variants: fleet.variants });
        }
        if self.share().is_some() && fleet.instances < 2 {
            return Err(StrategyError::TooFewInstances { what, instances: fleet.instances });
        }
        Ok(())
    }

    /// The deployment config of a new deployment, with the alarms that make SageMaker roll it back by itself
    /// (at most ten count).
    pub fn deployment(&self, alarms: &[String]) -> DeploymentConfig {
        let percent = self.share().map(|(value, _)| Capacity { kind: CapacityKind::CapacityPercent, value });
        let timeout_seconds = Some(self.waits().saturating_add(MARGIN).clamp(TIMEOUT.0, TIMEOUT.1));
        let wait_seconds = self.wait();
        let alarms: Vec<AlarmRef> =
            alarms.iter().take(10).map(|name| AlarmRef { name: name.clone() }).collect();
        let rollback = (!alarms.is_empty()).then_some(AutoRollback { alarms });
        let blue_green = |routing, termination_wait_seconds| DeploymentConfig {
            blue_green: Some(BlueGreen { routing, termination_wait_seconds, timeout_seconds }),
            rolling: None,
            rollback: rollback.clone(),
        };
        match self {
            Self::AllAtOnce => blue_green(TrafficRouting::at_once(), 0),
            Self::BlueGreen { .. } => blue_green(TrafficRouting::at_once(), wait_seconds),
            Self::Canary { .. } => blue_green(
                TrafficRouting { kind: RoutingKind::Canary, wait_seconds, canary: percent, step: None },
                0,
            ),
            Self::Linear { .. } => blue_green(
                TrafficRouting { kind: RoutingKind::Linear, wait_seconds, canary: None, step: percent },
                0,
            ),
            Self::Rolling { percent, .. } => {
                let batch = Capacity { kind: CapacityKind::CapacityPercent, value: *percent };
                let rolling = Some(Rolling { batch, wait_seconds, timeout_seconds });
                DeploymentConfig { blue_green: None, rolling, rollback }
            }
        }
    }
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
        let canary = |percent, wait| Strategy::Canary { percent, wait: Duration::seconds(wait) }.check();
        assert_eq!(canary(50, 3600), Ok(()));
        assert!(canary(51, 0).is_err() && canary(0, 0).is_err() && canary(10, 3601).is_err());
        let linear = |percent, wait| Strategy::Linear { percent, wait: Duration::seconds(wait) }.check();
        assert_eq!(linear(10, 600), Ok(()));
        assert!(matches!(linear(9, 0), Err(StrategyError::Percent { least: 10, .. })));
        assert_eq!(linear(10, 3600), Err(StrategyError::TooLong { found: 36_000 }));
        let rolling = |percent| Strategy::Rolling { percent, wait: Duration::seconds(60) }.check();
        assert!(rolling(5).is_ok() && rolling(4).is_err());
    }

    #[test]
    fn linear_and_rolling_are_spelt_as_sagemaker_takes_them() {
        let linear = Strategy::Linear { percent: 25, wait: Duration::seconds(300) }.deployment(&[]);
        let expected = serde_json::json!({"BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "LINEAR", "WaitIntervalInSeconds": 300,
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25}},
            "TerminationWaitInSeconds": 0, "MaximumExecutionTimeoutInSeconds": 4800}});
        assert_eq!(serde_json::to_value(linear).ok(), Some(expected));
        let rolling = Strategy::Rolling { percent: 20, wait: Duration::seconds(60) }.deployment(&[]);
        let expected = serde_json::json!({"RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 20},
            "WaitIntervalInSeconds": 60, "MaximumExecutionTimeoutInSeconds": 3900}});
        assert_eq!(serde_json::to_value(rolling).ok(), Some(expected));
    }

    #[test]
    fn blue_green_keeps_the_old_fleet_while_it_bakes() {
        let baked = Strategy::BlueGreen { bake: Duration::seconds(900) }.deployment(&[]);
        let expected = serde_json::json!({"BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "TerminationWaitInSeconds": 900, "MaximumExecutionTimeoutInSeconds": 4500}});
        assert_eq!(serde_json::to_value(baked).ok(), Some(expected));
        let bake = |seconds| Strategy::BlueGreen { bake: Duration::seconds(seconds) }.check();
        assert_eq!((bake(3600), bake(3601)), (Ok(()), Err(StrategyError::Wait { found: 3601 })));
    }

    #[test]
    fn what_an_endpoint_cannot_do_is_refused() {
        let real_time = Fleet { kind: EndpointKind::RealTime, instances: 2, variants: 1 };
        let serverless = Fleet { kind: EndpointKind::Serverless, instances: 0, variants: 1 };
        let rolling = Strategy::Rolling { percent: 20, wait: Duration::seconds(60) };
        for strategy in [Strategy::AllAtOnce, Strategy::default(), rolling.clone()] {
            assert_eq!(strategy.fits(real_time), Ok(()));
            let asynchronous = Fleet { kind: EndpointKind::Asynchronous, ..real_time };
            assert_eq!(strategy.fits(asynchronous), Ok(()));
        }
        assert_eq!(Strategy::AllAtOnce.fits(serverless), Ok(()));
        assert!(matches!(Strategy::default().fits(serverless), Err(StrategyError::Kind { .. })));
        let alone = Fleet { instances: 1, ..real_time };
        assert!(matches!(Strategy::default().fits(alone), Err(StrategyError::TooFewInstances { .. })));
        let blue_green = Strategy::BlueGreen { bake: Duration::seconds(600) };
        assert_eq!(blue_green.fits(alone), Ok(()), "it brings a second fleet of its own");
        let refused = blue_green.fits(serverless).map_err(|error| error.to_string());
        let words = "release.strategy: blue_green does not work on a serverless endpoint: use all_at_once, \
        or serve.kind: real_time";
        assert_eq!(refused, Err(words.to_owned()));
        let two = Fleet { variants: 2, ..real_time };
        assert_eq!(rolling.fits(two), Err(StrategyError::Variants { variants: 2 }));
        assert_eq!(Strategy::default().fits(two), Ok(()));
    }
}
