//! Each step and each kind of event, in memory.

#![allow(clippy::unwrap_used)]

mod events;
mod requests;
mod scale;
mod steps;

use std::marker::PhantomData;

use jiff::Timestamp;
use pawl::documents::TRAINING;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Memory, Store, Training, inbox, pipeline};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::catalog::Catalog;
use pawl_testing::{MemoryObjects, RecordedExecutions, RecordedNotices, SimulatedClock, documents, json_at};
use serde_json::{Value, json};

use crate::edge::{Edge, Services};
use crate::handle;

/// The bucket of ledger and evidence.
const HOME: &str = "evidence";

struct InMemory<S = Memory>(PhantomData<S>);

impl<S: Store> Services for InMemory<S> {
    type Store = S;
    type Objects = MemoryObjects;
    type Executions = RecordedExecutions;
    type Notices = RecordedNotices;
    type Clock = SimulatedClock;
}

/// An edge with one pipeline, `m`, which takes what lies under `s3://incoming/m/`.
async fn edge() -> Edge<InMemory> {
    let edge = edge_over(Memory::default(), SimulatedClock::default());
    put_pipeline(&edge, "m", "").await;
    edge
}

fn edge_over<S: Store>(store: S, clock: SimulatedClock) -> Edge<InMemory<S>> {
    Edge {
        store,
        bucket: HOME.to_owned(),
        catalog: Catalog::default(),
        objects: MemoryObjects::default(),
        executions: RecordedExecutions::default(),
        notices: RecordedNotices::default(),
        clock,
    }
}

/// Writes a pipeline with further sections.
async fn put_pipeline<S: Store>(edge: &Edge<InMemory<S>>, name: &str, more: &str) {
    let yaml = format!(
        "model: {name}
data: {{bucket: incoming, prefix: {name}/, label: {{column: y}}, features: [x]}}
train: {{image: i}}
settle: {{quiet: 10s, at_most: 1h}}
{more}"
    );
    put(edge, &pipeline(&model(name)), yaml.as_bytes()).await;
}

async fn put<S: Store>(edge: &Edge<InMemory<S>>, key: &str, body: &[u8]) {
    edge.store.put(key, body.to_vec(), Condition::Always).await.unwrap();
}

fn model(name: &str) -> ModelName {
    ModelName::try_from(name.to_owned()).unwrap()
}

fn keys() -> Keys {
    Keys::new(&model("m"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

async fn training_of<S: Store>(edge: &Edge<InMemory<S>>) -> Training {
    TRAINING.of(&keys()).read_or_default(&edge.store).await.unwrap()
}

async fn waiting<S: Store>(edge: &Edge<InMemory<S>>) -> usize {
    inbox::waiting(&edge.store, &keys()).await.unwrap().len()
}

/// A new object of the pipeline, as EventBridge sends it.
fn object_event(key: &str, version: &str) -> Value {
    json!({
        "version": "0", "source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-20T08:00:00Z",
        "detail": {"bucket": {"name": "incoming"}, "object": {"key": key, "size": 3, "etag": "e",
            "version-id": version, "sequencer": "00A1"}},
    })
}

/// Handles a request twice: the second time answers the same and changes no document.
async fn twice(edge: &Edge<InMemory>, request: Value, now: Timestamp) -> Value {
    let first = handle(edge, request.clone(), now).await.unwrap();
    let left = documents(&edge.store).await.unwrap();
    assert_eq!(handle(edge, request, now).await.unwrap(), first, "the second answer");
    assert_eq!(documents(&edge.store).await.unwrap(), left, "what the second time left");
    first
}

/// A run that is open and whose execution has started.
async fn open_run(edge: &Edge<InMemory>) -> Generation {
    handle(edge, object_event("m/a.csv", "v1"), at(0)).await.unwrap();
    assert_eq!(training_of(edge).await.open.unwrap().generation, Generation(1));
    Generation(1)
}

#[tokio::test]
async fn a_step_that_does_not_exist_is_bad_input() {
    let edge = edge().await;
    for (request, reason) in [
        (json!({ "step": "dance" }), "unknown variant `dance`"),
        (json!({ "step": "settle", "model": "m" }), "missing field `looks`"),
        (json!({ "step": "settle", "model": "No Name", "looks": 0, "seen": 0 }), "No Name"),
    ] {
        let fault = handle(&edge, request, at(0)).await.unwrap_err();
        assert_eq!(fault.name(), "Pawl.BadInput");
        assert!(fault.to_string().starts_with("input: step: "), "{fault}");
        assert!(fault.to_string().contains(reason), "{fault}");
    }
}

fn unavailable() -> Fault {
    Fault::Unavailable("does not answer".to_owned())
}
