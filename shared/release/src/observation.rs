//! What was read of AWS: the endpoint, alarms, fleets, trials.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::ConfigName;
use pawl_base::names::Generation;
use pawl_gate::live::LiveVerdict;
use pawl_ledger::events::{AlarmState, EndpointStatus};

/// The endpoint as `DescribeEndpoint` described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointDescription {
    /// Its status; `Absent` where there is none.
    pub status: EndpointStatus,
    /// The config that it serves.
    pub config: Option<ConfigName>,
    /// When it was asked for: a call may be held up on its way to the record.
    pub at: Timestamp,
    /// Whose it is: read only where the record does not say so by what it has put there.
    #[serde(default)]
    pub origin: EndpointOrigin,
}

/// Whose an endpoint is that stands where this release has not put anything yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointOrigin {
    /// It has the tags of this model and this stack.
    Ours,
    /// It has not: it is left alone until a person allows more.
    Foreign,
    /// Nobody looked at its tags.
    #[default]
    NotAsked,
}

/// A look at the endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointObservation {
    /// What was seen.
    pub look: EndpointDescription,
    /// Who looked.
    pub by: Observer,
}

/// Who looked at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Observer {
    /// A run, after its update or creation was accepted: an endpoint in service with the old config has
    /// rolled back.
    Run {
        /// Which run.
        generation: Generation,
        /// The config that it asked for: it speaks for no other stage of its deployment.
        config: ConfigName,
    },
    /// Anybody else.
    Reconciler,
}

/// What was read of a watched config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchReading {
    /// The config.
    pub config: ConfigName,
    /// Its alarms. One that is missing here does not exist.
    pub alarms: Vec<AlarmReading>,
    /// Requests that it has answered since it was activated; `None` where that could not be read.
    pub requests: Option<u64>,
    /// What the comparison says, where the config is a trial and was compared.
    pub trial: Option<TrialReading>,
}

/// What the comparison of champion and challenger says by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialReading {
    /// The verdict.
    pub verdict: LiveVerdict,
    /// In plain words.
    pub reason: String,
}

/// What a comparison of new and old fleet says about an alarm that names neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetComparison {
    /// Only the new one suffers.
    OnlyNew,
    /// Both suffer: a shared cause.
    Both,
    /// Neither does.
    Neither,
    /// There was too little data to tell.
    Unknown,
}

/// Whether a config to fall back to could be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum TargetCheck {
    /// There was none to check.
    NotAsked,
    /// It was looked for.
    Checked {
        /// Which config.
        config: ConfigName,
        /// What was found.
        found: TargetPresence,
    },
}

/// Whether all parts of a config exist: config, model, image, artefact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum TargetPresence {
    /// All of them.
    Present,
    /// At least one does not.
    Missing {
        /// Which, in plain words.
        what: String,
    },
}

/// An alarm as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmReading {
    /// The alarm's name.
    pub name: String,
    /// Its state.
    pub state: AlarmState,
    /// Since when.
    pub since: Timestamp,
}
