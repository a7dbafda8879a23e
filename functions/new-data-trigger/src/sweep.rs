//! Objects whose event was lost: found by listing, and recorded as triggers as if their event had come.

use std::collections::HashSet;

use jiff::Timestamp;
use pawl::documents::{SWEEP, TRAINING};
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::ledger::at_once::{self, AT_ONCE};
use pawl::ledger::inbox;
use pawl::ledger::{Condition, Keys, Object, Trigger, TriggerKind, Wrote};
use pawl::pipeline::{ObjectRole, Pipeline};
use serde_json::json;

use crate::edge::{Edge, Services};
use crate::looked_at::{self, ObjectName, trigger_id};

/// So many triggers are enough for one sweep. The run that they start lists all objects anyway.
const MOST_RECORDED: usize = 50;

/// Reads one page of the pipeline's objects, at most 1,000 versions, behind the place where the last sweep
/// ended; at the end of the listing it begins anew. Every object that no run has profiled and that no
/// trigger names gets a trigger of its own. While a run is open nothing is done, because the run may be
/// about to profile the same objects.
///
/// Returns how many triggers were recorded.
pub(crate) async fn sweep(
    edge: &Edge<impl Services>,
    pipeline: &Pipeline,
    now: Timestamp,
) -> Result<usize, Fault> {
    let (store, keys) = (&edge.store, Keys::new(&pipeline.model));
    let training = TRAINING.of(&keys).read_or_default(store).await?;
    if training.open.is_some() {
        return Ok(0);
    }
    let after = SWEEP.of(&keys).read(store).await?.flatten();
    let data = &pipeline.data;
    let (listed, next) = edge.objects.page(&data.bucket, &data.prefix, after.clone()).await?;
    let mut unknown: Vec<Object> =
        listed.into_iter().filter(|object| has_event_of_its_own(pipeline, object)).collect();
    leave_out(&mut unknown, looked_at::in_dataset(store, &keys).await?);
    if !unknown.is_empty() {
        leave_out(&mut unknown, looked_at::by_run(store, &keys, training.generation).await?);
    }
    let mut recorded = 0;
    for some in unknown.chunks(AT_ONCE) {
        if recorded >= MOST_RECORDED {
            break;
        }
        // The object's own event, should it come late, is a duplicate of this trigger. A trigger that was
        // handled is not recorded again.
        let record = some.iter().map(|object| async {
            let trigger = trigger_for(object, now);
            inbox::record(store, &keys, &trigger).await
        });
        at_once::each(record, |wrote| recorded += usize::from(wrote == Wrote::Now)).await?;
    }
    if next != after {
        SWEEP.of(&keys).write(store, &next, Condition::Always).await?;
    }
    Ok(recorded)
}

fn leave_out(objects: &mut Vec<Object>, known: Vec<ObjectName>) {
    let known: HashSet<String> = known.into_iter().map(|object| object.id).collect();
    objects.retain(|object| !known.contains(&object.id));
}

/// Whether a trigger made here would equal that of the object's event. An event names the version, so the
/// object must have one. A marker file is left out, as what is no data: a batch whose marker's event was lost
/// ends after `settle.at_most`.
fn has_event_of_its_own(pipeline: &Pipeline, object: &Object) -> bool {
    object.version.is_some() && pipeline.role_of(&object.key) == ObjectRole::Data
}

/// The trigger that the object's own event would have been.
fn trigger_for(object: &Object, now: Timestamp) -> Trigger {
    Trigger {
        id: trigger_id(&object.bucket, &object.key, object.version.as_deref(), now),
        kind: TriggerKind::NewData,
        what: format!("s3://{}/{}", object.bucket, object.key),
        received_at: now,
        event: json!({ "found": object }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use pawl::events::decode;
    use pawl::ledger::TriggerId;
    use pawl::ledger::inbox::Completes;

    use super::*;

    #[test]
    fn an_object_that_is_found_is_the_trigger_that_its_event_would_have_been() {
        let event = json!({
            "version": "0", "id": "1", "source": "aws.s3", "detail-type": "Object Created", "account": "0",
            "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [],
            "detail": {"version": "0", "bucket": {"name": "incoming"}, "reason": "PutObject", "object": {
                "key": "bikes/a b.csv", "size": 3, "etag": "e", "version-id": "v1", "sequencer": "00A1"}},
        });
        let signals = decode(&event).unwrap();
        let late = TriggerId::new(signals[0].dedupe_key().as_str(), Completes::Itself);
        let object = |version: Option<&str>| {
            let version = version.map(str::to_owned);
            Object::new("incoming".to_owned(), "bikes/a b.csv".to_owned(), version, "e".to_owned(), 3)
        };
        assert_eq!(trigger_for(&object(Some("v1")), Timestamp::UNIX_EPOCH).id, late);
        assert_ne!(trigger_for(&object(Some("v2")), Timestamp::UNIX_EPOCH).id, late);
    }
}
