//! Triggers: recorded before they are acted upon, each exactly once.
//!
//! A trigger lies in `inbox/` until a run has handled it; then its record lies in `handled/`, with the outcome. The
//! record is written before the inbox entry is removed, and an entry counts only while no record exists, so a
//! crash between the two, or a duplicate that arrives late, starts nothing twice.
//!
//! ```
//! use pawl_ledger::ledger::TriggerId;
//! use pawl_ledger::ledger::inbox::Completes;
//!
//! let key = "s3:data/bike/_SUCCESS@v1";
//! let id = TriggerId::new(key, Completes::TheBatch);
//! assert_eq!(id, TriggerId::new(key, Completes::TheBatch), "a copy of the event has the same id");
//! assert_eq!(id.completes(), Completes::TheBatch);
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Keys, Store, StoreError, Wrote};
use crate::documents::{HANDLED, TRIGGER};
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

    fn from_key(key: &str) -> Option<Self> {
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

/// Records a trigger. A duplicate writes nothing.
pub async fn record(store: &impl Store, keys: &Keys, trigger: &Trigger) -> Result<Wrote, StoreError> {
    if store.get(&keys.handled(&trigger.id)).await?.is_some() {
        return Ok(Wrote::Before);
    }
    TRIGGER.of(keys, &trigger.id).write_once(store, trigger).await
}

/// The triggers that wait, from one listing: no trigger is read.
pub async fn waiting(store: &impl Store, keys: &Keys) -> Result<Vec<TriggerId>, StoreError> {
    let listed = store.list(&keys.inbox()).await?;
    Ok(listed.iter().filter_map(|found| TriggerId::from_key(&found.key)).collect())
}

/// A waiting trigger, or `None` when it was handled meanwhile.
pub async fn get(store: &impl Store, keys: &Keys, id: &TriggerId) -> Result<Option<Trigger>, StoreError> {
    TRIGGER.of(keys, id).read(store).await
}

/// Files a trigger as handled. Doing it twice changes nothing.
pub async fn settle(
    store: &impl Store,
    keys: &Keys,
    id: &TriggerId,
    generation: Generation,
    outcome: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(trigger) = get(store, keys, id).await? {
        let handled = Handled { trigger, generation, outcome: outcome.to_owned(), at: now };
        HANDLED.of(keys, id).write_once(store, &handled).await?;
    }
    store.delete(&keys.waiting(id)).await
}
