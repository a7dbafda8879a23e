//! A trigger: an event that may start a run, under a name that makes it one and the same event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use pawl_base::names::{ContentHash, Generation};

/// What may start a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// Objects arrived.
    NewData,
    /// The code, the image or `pipeline.yaml` changed.
    Code,
    /// The clock.
    Schedule,
    /// An alarm on drift, live quality or a business metric.
    Alarm,
    /// A person asked.
    Person,
}

/// The name of a trigger in the ledger: the digest of what makes it one and the same event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TriggerId(String);

/// Marks in the listing that the trigger is the marker file a batch ends with.
const MARKER: &str = "-marker";

/// Marks that the trigger asks for a run of its own.
const ALONE: &str = "-alone";

impl TriggerId {
    /// The id of the event with this dedupe key.
    pub fn new(dedupe_key: &str, completes: Completes) -> Self {
        let id = ContentHash::of(dedupe_key.as_bytes());
        match completes {
            Completes::Itself => Self(id.as_str().to_owned()),
            Completes::TheBatch => Self(format!("{id}{MARKER}")),
            Completes::Alone => Self(format!("{id}{ALONE}")),
        }
    }

    /// Which work the trigger completes, beside being recorded.
    pub fn completes(&self) -> Completes {
        if self.0.ends_with(MARKER) {
            Completes::TheBatch
        } else if self.0.ends_with(ALONE) {
            Completes::Alone
        } else {
            Completes::Itself
        }
    }

    /// The id of the trigger whose document has this key.
    pub(super) fn from_key(key: &str) -> Option<Self> {
        let name = key.rsplit('/').next()?.strip_suffix(".json")?;
        Some(Self(name.to_owned()))
    }
}

impl std::fmt::Display for TriggerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which work a trigger completes, beside being recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completes {
    /// Nothing more: it only starts a run.
    Itself,
    /// It is the marker file: the batch is whole.
    TheBatch,
    /// It asks for a run of its own that looks at no data: a person forces an earlier run's challenger.
    Alone,
}

/// A trigger as recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name in the ledger.
    pub id: TriggerId,
    /// What kind of event it was.
    pub kind: TriggerKind,
    /// In a few words, for a person: which object, alarm or name.
    pub what: String,
    /// When Pawl received it.
    pub received_at: Timestamp,
    /// The event as it came.
    pub event: serde_json::Value,
}

/// The record of a handled trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handled {
    /// The trigger.
    pub trigger: Trigger,
    /// The run that took it.
    pub generation: Generation,
    /// What the run came to, in plain words.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
}
