//! Where a release stands, and what each state remembers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::config::ConfigName;
use crate::deployment::Deployment;

/// Where a release stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum State {
    /// Nothing is under way.
    Stable,
    /// A deployment was granted or runs.
    Deploying(Deploying),
    /// The new config serves and bakes.
    Watching(Watching),
    /// Traffic goes back to the last known good config.
    RollingBack(RollingBack),
    /// After a rollback: no deployment until then.
    CoolDown {
        /// The end of the cool-down.
        until: Timestamp,
    },
}

impl State {
    /// The state without its data.
    pub fn name(&self) -> StateName {
        match self {
            Self::Stable => StateName::Stable,
            Self::Deploying(_) => StateName::Deploying,
            Self::Watching(_) => StateName::Watching,
            Self::RollingBack(_) => StateName::RollingBack,
            Self::CoolDown { .. } => StateName::CoolDown,
        }
    }
}

/// A state without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// See [`State::Stable`].
    Stable,
    /// See [`State::Deploying`].
    Deploying,
    /// See [`State::Watching`].
    Watching,
    /// See [`State::RollingBack`].
    RollingBack,
    /// See [`State::CoolDown`].
    CoolDown,
}

/// A deployment under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deploying {
    /// What is deployed.
    pub candidate: Deployment,
    /// How far it is known to be.
    pub progress: Progress,
    /// When it was granted.
    pub since: Timestamp,
    /// The run must have begun the update by then.
    pub lease_until: Timestamp,
    /// A reason to roll back that came while the endpoint takes no update: acted upon at the end.
    pub intent: Option<Cause>,
    /// Whether a person allowed the config to skip its watch, while the update was still running.
    pub forced: bool,
    /// The run's report that it could not begin the update. Whether that is true, the endpoint's status
    /// decides.
    pub failure: Option<String>,
}

/// How far a deployment is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// A trial was won: its run may ask for all traffic, and has no permission yet.
    Offered,
    /// Granted; no update was seen.
    Granted,
    /// An update was seen running: by its run, or by somebody else.
    Updating,
    /// Its run has described the endpoint after its update, so the update was accepted.
    Begun,
}

/// A config that bakes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watching {
    /// Since when.
    pub since: Timestamp,
    /// The bake ends then, if all is well.
    pub until: Timestamp,
    /// The watch is extended no further than this: after it a person is asked.
    pub deadline: Timestamp,
    /// Set when a person is asked: without an answer the config is rolled back then.
    pub decide_by: Option<Timestamp>,
    /// What the smoke test said.
    pub smoke: Smoke,
}

/// What the smoke test of a config said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Smoke {
    /// It has not run to its end.
    Pending,
    /// Real rows were answered.
    Passed,
}

/// A rollback under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RollingBack {
    /// What is taken out.
    pub from: Deployment,
    /// What comes back.
    pub to: Deployment,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
    /// How often the update was asked for. A lost update is asked for once more, then a person is paged.
    pub attempts: u8,
    /// What was refused before in this rollback. A refusal is not final: the cause may be a quota or a
    /// missing permission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<ConfigName>,
}
