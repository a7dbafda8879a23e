//! The objects that runs have looked at, and the events of such objects that come late.

use std::collections::HashSet;

use jiff::Timestamp;
use pawl::documents::{DATASET, MANIFEST, TRAINING};
use pawl::events::{ObjectChange, ObjectEvent, Signal};
use pawl::fault::Fault;
use pawl::ledger::at_once;
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Keys, Store, StoreError, TriggerId};
use pawl::names::Generation;
use serde::Deserialize;

/// What names an object; what else is known of it is not held in memory.
#[derive(Deserialize)]
pub(crate) struct ObjectName {
    pub(crate) id: String,
    bucket: String,
    key: String,
    version: Option<String>,
}

/// The part of a dataset that is needed here.
#[derive(Deserialize)]
struct Known {
    known: Vec<KnownObject>,
}

#[derive(Deserialize)]
struct KnownObject {
    object: ObjectName,
}

/// The part of a manifest that is needed here.
#[derive(Deserialize)]
struct Listed {
    objects: Vec<ObjectName>,
}

/// The objects whose fate is known.
pub(crate) async fn in_dataset(store: &impl Store, keys: &Keys) -> Result<Vec<ObjectName>, StoreError> {
    let dataset = DATASET.of(keys).read_part::<Known>(store).await?;
    Ok(dataset.into_iter().flat_map(|it| it.known).map(|known| known.object).collect())
}

/// The objects that a run listed. It may have failed: then the dataset does not know them.
pub(crate) async fn by_run(
    store: &impl Store,
    keys: &Keys,
    run: Generation,
) -> Result<Vec<ObjectName>, StoreError> {
    let manifest = MANIFEST.of(keys, run).read_part::<Listed>(store).await?;
    Ok(manifest.map_or_else(Vec::new, |it| it.objects))
}

/// The trigger that the event of an object is. Its id holds what an event and a listing both tell.
pub(crate) fn trigger_id(bucket: &str, key: &str, version: Option<&str>, at: Timestamp) -> TriggerId {
    let signal = Signal::Object(ObjectChange {
        event: ObjectEvent::Created,
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version: version.map(str::to_owned),
        sequencer: None,
        etag: None,
        size: None,
        at,
    });
    TriggerId::new(signal.dedupe_key().as_str(), Completes::Itself)
}

/// Files the waiting triggers of objects that a run has looked at already. A run lists all objects, so it may
/// be ahead of their events, and a run of its own would find nothing new; with a marker file it would wait
/// for one that has come long ago. Not while a run is open: it takes what waits, or leaves it to its end.
pub(crate) async fn file_late(store: &impl Store, keys: &Keys, now: Timestamp) -> Result<(), Fault> {
    let training = TRAINING.of(keys).read_or_default(store).await?;
    // While a batch arrives, each of its events comes by here: no listing then.
    if training.open.is_some() {
        return Ok(());
    }
    let waiting = inbox::waiting(store, keys).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let mut objects = in_dataset(store, keys).await?;
    objects.extend(by_run(store, keys, training.generation).await?);
    let versioned = objects.iter().filter(|object| object.version.is_some());
    let known: HashSet<TriggerId> =
        versioned.map(|it| trigger_id(&it.bucket, &it.key, it.version.as_deref(), now)).collect();
    let filed = inbox::Filed {
        generation: training.generation,
        outcome: "a run had looked at this object before its event came".to_owned(),
        until: None,
        at: now,
    };
    let late = waiting.iter().filter(|id| known.contains(*id));
    at_once::each(late.map(|id| inbox::settle(store, keys, id, &filed)), |()| {}).await?;
    Ok(())
}
