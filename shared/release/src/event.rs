//! What a release reacts to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::ActionResult;
use crate::alarms::AlarmSpec;
use crate::deployment::Deployment;
use crate::observation::{
    AlarmReading, EndpointDescription, EndpointObservation, EndpointOrigin, TargetCheck, WatchReading,
};
use pawl_base::names::Generation;
use pawl_ledger::events::{AlarmChange, EndpointStatus, Operator, PackageChange};

/// What a release reacts to: a closed set.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run asks to deploy its challenger.
    GuardRequested(GuardRequest),
    /// A run could not begin its deployment.
    CandidateFailed(CandidateFailure),
    /// The endpoint was described.
    EndpointObserved(EndpointObservation),
    /// The endpoint is said to have changed: it gets described.
    EndpointHinted,
    /// The watched config's alarms and traffic were read.
    WatchTick(WatchReading),
    /// An alarm changed its state.
    Alarm(AlarmChange),
    /// A model package changed.
    Package(PackageChange),
    /// A person acts.
    Operator(Operator),
    /// A pending action was performed.
    Performed {
        /// Its number.
        id: u64,
        /// What came of it.
        outcome: ActionResult,
    },
    /// The clock of the reconciler: nothing but time has passed.
    Tick,
}

/// An event's name, for the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// See [`Event::GuardRequested`].
    GuardRequested,
    /// See [`Event::CandidateFailed`].
    CandidateFailed,
    /// See [`Event::EndpointObserved`].
    EndpointObserved,
    /// See [`Event::EndpointHinted`].
    EndpointHinted,
    /// See [`Event::WatchTick`].
    WatchTick,
    /// See [`Event::Alarm`].
    Alarm,
    /// See [`Event::Package`].
    Package,
    /// See [`Event::Operator`].
    Operator,
    /// See [`Event::Performed`].
    Performed,
    /// See [`Event::Tick`].
    Tick,
}

impl Event {
    /// The event's name.
    pub fn name(&self) -> EventName {
        match self {
            Self::GuardRequested(_) => EventName::GuardRequested,
            Self::CandidateFailed(_) => EventName::CandidateFailed,
            Self::EndpointObserved(_) => EventName::EndpointObserved,
            Self::EndpointHinted => EventName::EndpointHinted,
            Self::WatchTick(_) => EventName::WatchTick,
            Self::Alarm(_) => EventName::Alarm,
            Self::Package(_) => EventName::Package,
            Self::Operator(_) => EventName::Operator,
            Self::Performed { .. } => EventName::Performed,
            Self::Tick => EventName::Tick,
        }
    }
}

/// A run's request to deploy, with what the driver read to decide it.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardRequest {
    /// What shall serve.
    pub candidate: Deployment,
    /// The endpoint.
    pub look: EndpointDescription,
    /// Whether the config to fall back to still exists, as [`super::Release::fallback_of_next`] names it.
    pub target: TargetCheck,
    /// State of the team's own alarms that the deployment would be watched by, as far as they exist.
    pub alarms: Vec<AlarmReading>,
    /// Definitions of those that have a metric of their own.
    pub defined: Vec<AlarmSpec>,
    /// Requests a second to what serves; `None` where no trial is asked for.
    pub traffic: Option<f64>,
}

impl GuardRequest {
    /// The wish to deploy where no endpoint exists yet.
    pub fn first(candidate: Deployment, at: Timestamp) -> Self {
        Self {
            candidate,
            look: EndpointDescription {
                status: EndpointStatus::Absent,
                config: None,
                at,
                origin: EndpointOrigin::NotAsked,
            },
            target: TargetCheck::NotAsked,
            alarms: Vec::new(),
            defined: Vec::new(),
            traffic: None,
        }
    }
}

/// A run's report that it could not begin its deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateFailure {
    /// Which run.
    pub generation: Generation,
    /// Why, in plain words.
    pub reason: String,
}
