//! How traffic moves to a new config, what each kind of endpoint allows, and SageMaker's words for it.
//!
//! ```
//! use pawl_release::strategy::{EndpointKind, Fleet, Strategy, StrategyError};
//!
//! let canary = Strategy::default();
//! let fleet = Fleet { kind: EndpointKind::RealTime, instances: 2, variants: 1 };
//! assert_eq!(canary.fits(fleet), Ok(()));
//! let alone = Fleet { instances: 1, ..fleet };
//! assert!(matches!(canary.fits(alone), Err(StrategyError::TooFewInstances { .. })));
//! ```

mod error;
mod fleet;
mod rollout;
mod trial;
mod wire;

pub use error::StrategyError;
pub use fleet::{EndpointKind, Fleet, InstanceCount};
pub use rollout::Strategy;
pub use trial::Trial;
pub use wire::{
    AlarmRef, AutoRollback, BlueGreen, Capacity, CapacityKind, DeploymentConfig, Rolling, RoutingKind,
    TrafficRouting,
};
