//! Objects whose event was lost: found by listing, and put in as if it had come.

use std::collections::HashSet;

use jiff::Timestamp;
use pawl::events::{ObjectChange, ObjectEvent, Signal};
use pawl::fault::Fault;
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{
    Condition, Dataset, Keys, Manifest, Object, Trigger, TriggerId, TriggerKind, Wrote, read, training, write,
};
use pawl::pipeline::Pipeline;
use pawl_aws::Place;
use serde_json::json;

use crate::edge::Edge;

/// The most that one look puts in. The run that they start lists everything anyway.
const MOST: usize = 50;

/// Looks at one page of the pipeline's objects, at most 1,000 versions, behind the place where the last look ended; at the end it
/// begins anew. An object is put in that no run has looked at and no trigger tells of. Not while a run is open: it may be looking.
/// Says how many were put in.
pub(crate) async fn sweep(edge: &Edge, pipeline: &Pipeline, now: Timestamp) -> Result<usize, Fault> {
    let (store, keys) = (&edge.store, Keys::new(&pipeline.model));
    let training = training::load(store, &keys).await?;
    if training.open.is_some() {
        return Ok(0);
    }
    let after = read::<Option<Place>>(store, &keys.sweep()).await?.and_then(|(after, _)| after);
    let data = &pipeline.data;
    let (listed, next) = edge.objects.page(&data.bucket, &data.prefix, after.clone()).await?;
    let dataset = read::<Dataset>(store, &keys.dataset()).await?.map(|(dataset, _)| dataset);
    let mut unknown = dataset.unwrap_or_default().unknown(&listed);
    unknown.retain(|object| could_be_told_of(pipeline, object));
    if !unknown.is_empty() {
        // A run that failed has looked at it too.
        let manifest = keys.evidence(training.generation, "manifest.json");
        if let Some((manifest, _)) = read::<Manifest>(store, &manifest).await? {
            let seen: HashSet<&str> = manifest.objects.iter().map(|object| object.id.as_str()).collect();
            unknown.retain(|object| !seen.contains(object.id.as_str()));
        }
    }
    let mut put_in = 0;
    for object in unknown {
        // An event that comes late is a duplicate of this, and one that was handled before is not put in again.
        if put_in < MOST && inbox::record(store, &keys, &told_of(object, now)).await? == Wrote::Now {
            put_in += 1;
        }
    }
    if next != after {
        write(store, &keys.sweep(), &next, Condition::Always).await?;
    }
    Ok(put_in)
}

/// An event names the version, so only one of an object that has a version can be told again. A batch whose marker is
/// not told of ends by itself.
fn could_be_told_of(pipeline: &Pipeline, object: &Object) -> bool {
    object.version.is_some() && !pipeline.settle.is_marker(&object.key)
}

/// The trigger that the object's own event would have been.
fn told_of(object: &Object, now: Timestamp) -> Trigger {
    let signal = Signal::Object(ObjectChange {
        event: ObjectEvent::Created,
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        version: object.version.clone(),
        sequencer: None,
        etag: Some(object.etag.clone()),
        size: Some(object.size),
        at: now,
    });
    Trigger {
        id: TriggerId::new(signal.dedupe_key().as_str(), Completes::Itself),
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

    use super::*;

    #[test]
    fn an_object_that_is_found_is_the_trigger_that_its_event_would_have_been() {
        let event = json!({
            "version": "0", "id": "1", "source": "aws.s3", "detail-type": "Object Created", "account": "0",
            "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [],
            "detail": {"version": "0", "bucket": {"name": "incoming"}, "reason": "PutObject", "object": {
                "key": "bikes/a b.csv", "size": 3, "etag": "e", "version-id": "v1", "sequencer": "00A1"}},
        });
        let decoded = decode(event.to_string().as_bytes()).unwrap();
        let late = TriggerId::new(decoded.signals[0].dedupe_key().as_str(), Completes::Itself);
        let object = |version: Option<&str>| {
            let version = version.map(str::to_owned);
            Object::new("incoming".to_owned(), "bikes/a b.csv".to_owned(), version, "e".to_owned(), 3)
        };
        assert_eq!(told_of(&object(Some("v1")), Timestamp::UNIX_EPOCH).id, late);
        assert_ne!(told_of(&object(Some("v2")), Timestamp::UNIX_EPOCH).id, late);
    }
}
