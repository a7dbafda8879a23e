//! Triggers: recorded before they are acted upon, each exactly once.
//!
//! A trigger lies in `inbox/` until a run has handled it; then its record lies in `handled/`, with the
//! outcome. The record is written before the inbox entry is removed, and an entry counts only while no record
//! exists, so a crash between the two, or a duplicate that arrives late, starts nothing twice.
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

use super::documents::{HANDLED, TRIGGER};
pub use super::trigger::{Completes, Handled, Trigger, TriggerId, TriggerKind};
use super::{Keys, Store, StoreError, Wrote};
use pawl_base::names::Generation;

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

/// Whether any trigger waits: one key is listed, however many there are.
pub async fn any_waiting(store: &impl Store, keys: &Keys) -> Result<bool, StoreError> {
    Ok(!store.keys_after(&keys.inbox(), "", 1).await?.is_empty())
}

/// A waiting trigger, or `None` when it was handled meanwhile.
pub async fn get(store: &impl Store, keys: &Keys, id: &TriggerId) -> Result<Option<Trigger>, StoreError> {
    TRIGGER.of(keys, id).read(store).await
}

/// What a run that handled triggers says of each.
#[derive(Debug, Clone)]
pub struct Filed {
    /// The run.
    pub generation: Generation,
    /// What it came to, in plain words.
    pub outcome: String,
    /// Triggers that came after this moment are not filed: they wait for the next run.
    pub until: Option<Timestamp>,
    /// When they are filed.
    pub at: Timestamp,
}

/// Files a trigger as handled. Doing it twice changes nothing.
pub async fn settle(
    store: &impl Store,
    keys: &Keys,
    id: &TriggerId,
    filed: &Filed,
) -> Result<(), StoreError> {
    if let Some(trigger) = get(store, keys, id).await? {
        if filed.until.is_some_and(|until| trigger.received_at > until) {
            return Ok(());
        }
        let (generation, outcome, at) = (filed.generation, filed.outcome.clone(), filed.at);
        let handled = Handled { trigger, generation, outcome, at };
        HANDLED.of(keys, id).write_once(store, &handled).await?;
    }
    store.delete(&keys.waiting(id)).await
}
