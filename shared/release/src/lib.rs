//! Releases: one state machine per endpoint, a pure function over a closed set of states and events.
//!
//! [`step`] takes the [`Release`] record, an [`Event`], the time and the [`Policy`], and returns a
//! [`Transition`]: the next record (with the actions to perform in order), the audit entry and what the
//! caller is told. It reads no clock and calls nothing. [`Driver`] is the loop around it: it stores the
//! record by compare-and-swap, appends the audit, performs the actions through [`Effects`] and feeds what
//! came of them back as events.
//!
//! ```
//! use pawl_base::names::Generation;
//! use pawl_release::*;
//!
//! let policy = Policy::default();
//! let release = Release::new("bike-demand");
//! let now = "2026-11-20T08:00:00Z".parse()?;
//! let ask = GuardRequest::first(Deployment::new(Generation(1), "bike-demand-000001"), now);
//! let granted = step(&release, &Event::GuardRequested(ask), now, &policy);
//! assert_eq!(granted.release.state.name(), StateName::Deploying);
//! assert!(matches!(granted.reply, Reply::DeployCreate { .. }));
//! # Ok::<(), jiff::Error>(())
//! ```

mod action;
pub mod alarms;
mod audit;
pub mod autoscaling;
mod cause;
mod config;
mod deployment;
pub mod documents;
mod driver;
mod event;
pub mod garbage;
mod observation;
mod policy;
mod record;
mod region;
mod reply;
pub mod serving;
mod state;
mod step;
pub mod strategy;
pub mod upkeep;
mod wave;

pub use action::{Action, ActionResult, ReleaseOutcome, UpdateCall, VariantProperty};
pub use audit::{Actor, Audit, ReleaseRule};
pub use cause::Cause;
pub use config::ConfigName;
pub use deployment::{Deployment, TrialStage};
pub use driver::{Caller, Driver, DriverError, Effects, ReadError, ReleaseStore};
pub use event::{CandidateFailure, Event, EventName, GuardRequest};
pub use observation::{
    AlarmReading, EndpointDescription, EndpointObservation, EndpointOrigin, FleetComparison, Observer,
    TargetCheck, TargetPresence, TrialReading, WatchReading,
};
pub use pawl_ledger::notice::Severity;
pub use policy::{AlarmPolicy, AlarmResponse, CoolDowns, LiveLimit, Policy, WhenStable};
pub use record::{AlarmMemory, Freeze, Lease, Pending, Release, Rollback};
pub use region::{MOST_ROWS, Region, RegionError, SmokeRows};
pub use reply::{HoldReason, Reply};
pub use state::{Deploying, Progress, RollingBack, Smoke, State, StateName, Watching};
pub use step::{Transition, step};
pub use strategy::{InstanceCount, Strategy, Trial};
pub use wave::{RegionStage, Wave, WaveNews, WaveRegion, WaveStep};

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
