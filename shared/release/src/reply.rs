//! What a release replies to the caller of a step.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::UpdateCall;
use crate::alarms::Lint;
use crate::cause::Cause;
use crate::config::ConfigName;
use crate::record::{Freeze, Release};
use crate::state::{Progress, State};
use pawl_base::names::Generation;

/// What a release replies. A run acts on it; other callers only log it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Reply {
    /// Create the endpoint with this config, then observe.
    DeployCreate {
        /// The endpoint.
        endpoint: String,
        /// The config.
        config: ConfigName,
    },
    /// Call `UpdateEndpoint` with exactly this, then observe.
    DeployUpdate {
        /// The call.
        call: UpdateCall,
    },
    /// Do not deploy.
    Hold {
        /// Why.
        reason: HoldReason,
        /// The reason in plain words.
        message: String,
    },
    /// The endpoint is on its way: observe again later.
    Wait,
    /// The config serves and bakes: watch again, at the latest then.
    KeepWatching {
        /// The end of the bake, of its extension, or of the time to decide.
        until: Timestamp,
    },
    /// The bake is over and nothing proves the config good or bad: a person must force it or roll it back.
    NeedsApproval {
        /// Without an answer it is rolled back then.
        until: Timestamp,
    },
    /// The trial is won: ask again, for all traffic.
    GoOn,
    /// The config serves and was proven good.
    Healthy,
    /// Traffic goes back: observe again later.
    RollingBack,
    /// Traffic went back.
    RolledBack {
        /// What serves now.
        serving: Option<ConfigName>,
        /// Why.
        cause: Cause,
    },
    /// The config serves, but its watch ended without a proof: something spoke against it, and there was
    /// nothing to go back to.
    Unproven,
    /// The generation is over without having been promoted or rolled back.
    Closed,
    /// Noted; nobody waits for more.
    Noted,
}

/// Why a deployment may not begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum HoldReason {
    /// A newer or the same generation was granted before.
    Superseded {
        /// The newest one granted.
        by: Generation,
    },
    /// Another deployment, watch or rollback is under way.
    EndpointBusy,
    /// The endpoint is locked.
    Frozen {
        /// By whom, and why.
        freeze: Freeze,
    },
    /// The last rollback is too recent.
    CoolDown {
        /// Until when.
        until: Timestamp,
    },
    /// The challenger's config, package or data was rejected, quarantined or rolled back before.
    Revoked,
    /// It serves already.
    AlreadyServing,
    /// It stands there, and Pawl has not made it: only a person may hand it over.
    ForeignEndpoint {
        /// The endpoint.
        endpoint: String,
        /// What it serves.
        serving: ConfigName,
    },
    /// The endpoint's status takes no update, or it serves something that Pawl did not put there.
    EndpointNotReady {
        /// What was found, in plain words.
        found: String,
    },
    /// There is nothing to fall back to: a person must force it.
    NoLastKnownGood {
        /// What is missing.
        what: String,
    },
    /// What serves was never proven good, or its model is not known: there is nothing to try a challenger
    /// beside.
    NoChampion {
        /// What serves.
        serving: ConfigName,
    },
    /// A trial could not come to a verdict.
    TooLittleTraffic {
        /// Why, in plain words.
        why: String,
    },
    /// The alarms would not protect it.
    AlarmLint {
        /// Each fault.
        lints: Vec<Lint>,
    },
    /// A reason to take it out came before it began.
    TakenBack {
        /// Why.
        cause: Cause,
    },
    /// The alarms could not be made.
    AlarmsUnavailable {
        /// Why.
        reason: String,
    },
    /// The record changed while the endpoint was looked at: ask again.
    AskAgain,
}

impl HoldReason {
    /// In plain words.
    pub fn message(&self) -> String {
        match self {
            Self::Superseded { by } => format!("generation {by} was granted a deployment before"),
            Self::EndpointBusy => "another deployment, watch or rollback is under way".to_owned(),
            Self::Frozen { freeze } => {
                format!("frozen by {}: {}; `pawl unfreeze` lifts it", freeze.who, freeze.why)
            }
            Self::CoolDown { until } => format!("cooling down after a rollback until {until}"),
            Self::Revoked => {
                "this config, package or data was rejected, quarantined or rolled back".to_owned()
            }
            Self::AlreadyServing => "this config serves already".to_owned(),
            Self::ForeignEndpoint { endpoint, serving } => format!(
                "the endpoint {endpoint} was there before, without the tags of this stack, and serves \
                 {serving}: it is left alone. `pawl force {endpoint}` lets the next deployment take it over; \
                 or give the model another name"
            ),
            Self::EndpointNotReady { found } => format!("the endpoint is not ready: {found}"),
            Self::NoLastKnownGood { what } => {
                format!("nothing to fall back to: {what}; `pawl force` lets one deployment begin without")
            }
            Self::NoChampion { serving } => format!(
                "nothing to try it beside: {serving} was never proven good by Pawl; `pawl force` lets one \
                deployment begin without a trial"
            ),
            Self::TooLittleTraffic { why } => why.clone(),
            Self::AlarmLint { lints } => {
                let all: Vec<String> = lints.iter().map(ToString::to_string).collect();
                format!("the alarms would not protect it: {}", all.join("; "))
            }
            Self::TakenBack { cause } => format!("taken back before it began: {cause}"),
            Self::AlarmsUnavailable { reason } => format!("the alarms could not be made: {reason}"),
            Self::AskAgain => "the record changed meanwhile: ask again".to_owned(),
        }
    }
}

/// The answer as people read it.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait => f.write_str("The endpoint is on its way."),
            Self::RollingBack => f.write_str("Traffic goes back to the last known good config."),
            Self::KeepWatching { until } => write!(f, "It bakes until {until}."),
            Self::NeedsApproval { until } => {
                write!(f, "Nothing proves it good or bad: a person must decide until {until}.")
            }
            Self::GoOn => f.write_str("The trial is won: all traffic may move."),
            Self::Healthy => f.write_str("It serves, and its watch ended healthy."),
            Self::RolledBack { serving: Some(serving), cause } => {
                write!(f, "Rolled back: {cause}. {serving} serves.")
            }
            Self::RolledBack { serving: None, cause } => {
                write!(f, "Rolled back: {cause}. nothing serves.")
            }
            Self::Hold { message, .. } => f.write_str(message),
            Self::Unproven => f.write_str(
                "It serves, but was not proven good: something spoke against it, and there was nothing to go \
                 back to. `pawl status` says what.",
            ),
            Self::Closed | Self::Noted => {
                f.write_str("The generation is over: it neither serves nor was it rolled back.")
            }
            Self::DeployCreate { config, .. } => write!(f, "May be created with {config}."),
            Self::DeployUpdate { call } => write!(f, "May be updated to {}.", call.config),
        }
    }
}

impl From<HoldReason> for Reply {
    fn from(reason: HoldReason) -> Self {
        let message = reason.message();
        Self::Hold { reason, message }
    }
}

impl Release {
    /// What became of a generation so far.
    pub fn reply_to(&self, generation: Generation) -> Reply {
        let rolled_back = self.rollbacks.iter().rev().find(|rollback| rollback.generation == generation);
        let serves = self.current.as_ref().is_some_and(|current| current.generation == generation);
        match &self.state {
            State::Deploying(deploying) if deploying.candidate.generation == generation => {
                // What serves is its own trial: it was won, and nobody has asked for the next stage.
                match serves && matches!(deploying.progress, Progress::Offered | Progress::Granted) {
                    true => Reply::GoOn,
                    false => Reply::Wait,
                }
            }
            State::Watching(watching) if serves => match watching.decide_by {
                Some(until) => Reply::NeedsApproval { until },
                None => Reply::KeepWatching { until: watching.until },
            },
            State::RollingBack(rolling) if rolling.from.generation == generation => Reply::RollingBack,
            _ => match rolled_back {
                Some(rollback) => Reply::RolledBack {
                    serving: self.current.as_ref().map(|current| current.config.clone()),
                    cause: rollback.cause.clone(),
                },
                None if self.good.iter().any(|good| good.generation == generation) => Reply::Healthy,
                None if serves => Reply::Unproven,
                None => Reply::Closed,
            },
        }
    }
}
