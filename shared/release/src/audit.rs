//! The audit trail: one entry for each change, never altered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::config::ConfigName;
use crate::event::EventName;
use crate::state::StateName;
use pawl_base::names::Generation;
use pawl_ledger::events::DedupeKey;

/// One entry of the history: `ledger/<model>/history/<sequence>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Its number: 1, 2, 3 and so on for one endpoint.
    pub sequence: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// The event.
    pub event: EventName,
    /// The event's dedupe key, where it has one.
    pub key: Option<DedupeKey>,
    /// When the event happened, by its own clock.
    pub event_at: Option<Timestamp>,
    /// Who or what caused it.
    pub actor: Actor,
    /// The rule that decided.
    pub rule: ReleaseRule,
    /// In plain words.
    pub note: String,
    /// The newest generation that was granted a deployment.
    pub generation: Generation,
    /// The state before.
    pub before: StateName,
    /// The state after.
    pub after: StateName,
    /// What this entry queued, in order.
    pub actions: Vec<Action>,
    /// What serves after it, as far as is known.
    pub serving: Option<ConfigName>,
}

/// Who or what caused a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Actor {
    /// A run of the pipeline.
    Run {
        /// Which.
        generation: Generation,
    },
    /// An alarm.
    Alarm {
        /// Its ARN.
        arn: String,
    },
    /// A person.
    Person {
        /// Who.
        who: String,
    },
    /// Pawl itself: the reconciler, or the result of an action.
    Pawl,
}

/// The rule that decided: a closed set, and flat on purpose. A history entry holds one word, the table in
/// `docs/release.md` has one word a cell, and a person searches the history for that word; themes as enums
/// around it would say nothing that the word does not. The table in `docs/release.md` tells which holds
/// where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseRule {
    /// Seen before: nothing.
    Duplicate,
    /// Older than what was seen before: nothing.
    OutOfOrder,
    /// About another endpoint: nothing.
    NotOurs,
    /// About an older config, or from before this one was activated: nothing.
    Stale,
    /// Held back by a suppressor: noted.
    Suppressed,
    /// Noted, nothing to do.
    Logged,
    /// A rollback is under way already: nothing.
    AlreadyRollingBack,
    /// A deployment may begin.
    Granted,
    /// A deployment may not begin.
    Held,
    /// A deployment never began.
    Abandoned,
    /// Read the alarm again before acting.
    ConfirmAlarm,
    /// The alarm no longer fires: nothing.
    Unconfirmed,
    /// Look at the endpoint.
    Describe,
    /// Compare the two fleets.
    CompareFleets,
    /// The endpoint is on its way: wait.
    Wait,
    /// Keep the reason and act at the end of the update.
    QueueIntent,
    /// The new config serves: watch it.
    Watch,
    /// Nothing proves it good or bad yet.
    KeepWatching,
    /// Too little data: watch longer.
    ExtendWatch,
    /// Ask a person.
    AskPerson,
    /// The trial is won: all traffic may move.
    TrialWon,
    /// Proven good.
    Promoted,
    /// Traffic goes back.
    RollBack,
    /// Traffic went back.
    RolledBack,
    /// The guardrail had rolled back silently.
    GuardrailRolledBack,
    /// The update was lost: ask once more.
    Retry,
    /// It cannot go on by itself: paged, locked.
    GaveUp,
    /// Nothing to fall back to: paged, held.
    NoTarget,
    /// Somebody must look.
    Paged,
    /// A shared cause: paged, held.
    SharedCause,
    /// The package must not serve.
    PackageRejected,
    /// Locked.
    Frozen,
    /// Unlocked.
    Unfrozen,
    /// A person lets it go on.
    Forced,
    /// An action is done.
    Performed,
    /// An action has to be tried again.
    TryLater,
    /// An action cannot be done.
    ActionFailed,
    /// The cool-down is over.
    CoolDownOver,
}
