//! Each step in memory, over a run whose data was accepted and split.

#![allow(clippy::unwrap_used)]

mod converge;
mod decide;
mod force;
mod judge;
mod scale;

use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::jobs::{Platform, Roles};
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Condition, Keys, Memory, Store, Trigger, TriggerId, TriggerKind};
use pawl::names::{ContentHash, Generation, ModelName};
use pawl::release::{Deployment, Release};
use pawl_testing::{MemoryObjects, documents};
use serde::Serialize;
use serde_json::{Value, json};

use crate::edge::Edge;
use crate::{Step, handle};

/// The bucket of ledger and evidence.
const HOME: &str = "evidence";

/// The run that all steps work on.
const RUN: Generation = Generation(2);

type InMemory = Edge<Memory, MemoryObjects>;

const YAML: &str = "model: m
data: {bucket: incoming, prefix: m/, label: {column: y}, features: [x]}
train: {image: i}
";

const SCORING: &str = "arn:aws:iam::1:role/scoring";
const SERVING: &str = "arn:aws:iam::1:role/serving";

fn empty() -> InMemory {
    let roles = Roles {
        training: "arn:aws:iam::1:role/training".to_owned(),
        scoring: SCORING.to_owned(),
        serving: SERVING.to_owned(),
    };
    Edge {
        store: Memory::default(),
        bucket: HOME.to_owned(),
        objects: MemoryObjects::default(),
        platform: Platform { stack: HOME.to_owned(), roles, kms_key: None, vpc: None },
    }
}

/// An edge with a run whose pipeline has further sections, that one new object started, and that split its
/// data.
async fn edge(more: &str) -> InMemory {
    let edge = empty();
    put(&edge, &keys().evidence(RUN, "pipeline.yaml"), &format!("{YAML}{more}\n")).await;
    put_json(&edge, &keys().evidence(RUN, "split.json"), &split()).await;
    start_by(&edge, TriggerKind::NewData).await;
    edge
}

/// The run took one trigger of this kind.
async fn start_by(edge: &InMemory, kind: TriggerKind) {
    let id = TriggerId::new(&format!("{kind:?}"), Completes::Itself);
    let trigger =
        Trigger { id: id.clone(), kind, what: "a trigger".into(), received_at: at(0), event: Value::Null };
    inbox::record(&edge.store, &keys(), &trigger).await.unwrap();
    let manifest = json!({ "generation": RUN, "at": at(0), "triggers": [id], "objects": [], "batch": [] });
    put_json(edge, &keys().evidence(RUN, "manifest.json"), &manifest).await;
}

fn split() -> Value {
    json!({ "version": ContentHash::of(b"data"), "train": ["t1", "t2"], "holdout": ["h"] })
}

/// Run 1's model serves.
async fn crown(edge: &InMemory) -> Release {
    let mut champion = Deployment::new(Generation(1), "m-1");
    champion.model = Some("m-1-model".to_owned());
    let mut release = Release::new("m");
    release.current = Some(champion);
    put_json(edge, &keys().release(), &release).await;
    release
}

async fn put(edge: &InMemory, key: &str, body: &str) {
    edge.store.put(key, body.into(), Condition::Always).await.unwrap();
}

async fn put_json(edge: &InMemory, key: &str, document: &impl Serialize) {
    pawl_testing::put_json(&edge.store, key, &json!(document)).await.unwrap();
}

fn model() -> ModelName {
    ModelName::try_from("m".to_owned()).unwrap()
}

fn keys() -> Keys {
    Keys::new(&model())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

async fn ask(edge: &Edge<impl Store, MemoryObjects>, request: Value, now: Timestamp) -> Result<Value, Fault> {
    let step: Step = serde_json::from_value(request).unwrap();
    handle(edge, step, now).await
}

/// Asks twice, the second time later: it answers the same and changes no document.
async fn twice(edge: &InMemory, request: Value) -> Value {
    let first = ask(edge, request.clone(), at(0)).await.unwrap();
    let left = documents(&edge.store).await.unwrap();
    assert_eq!(ask(edge, request, at(3_600)).await.unwrap(), first, "the second answer");
    assert_eq!(documents(&edge.store).await.unwrap(), left, "what the second time left");
    first
}

async fn evidence(edge: &InMemory, name: &str) -> Value {
    pawl_testing::json_at(&edge.store, &keys().evidence(RUN, name)).await.unwrap()
}

#[test]
fn a_step_that_does_not_exist_cannot_be_asked_for() {
    for request in [json!({ "step": "dance" }), json!({ "step": "judge", "model": "m" }), json!({})] {
        assert!(serde_json::from_value::<Step>(request).is_err());
    }
}

#[tokio::test]
async fn a_run_without_a_frozen_pipeline_is_named() {
    let edge = empty();
    for request in [
        json!({ "step": "decide", "drift": { "verdict": null, "share": 0.0 } }),
        json!({ "step": "converge", "name": "n", "metrics": [], "artifact": "s3://b/a" }),
        json!({ "step": "judge", "name": "n", "artifact": "s3://b/a" }),
    ] {
        let mut request = request;
        (request["model"], request["generation"]) = (json!("m"), json!(2));
        let fault = ask(&edge, request, at(0)).await.unwrap_err();
        assert_eq!(fault, Fault::NotFound("runs/m/000002/pipeline.yaml".to_owned()));
    }
    put(&edge, "runs/m/000002/pipeline.yaml", "model: [").await;
    let request =
        json!({ "step": "judge", "model": "m", "generation": 2, "name": "n", "artifact": "s3://b/a" });
    let fault = ask(&edge, request, at(0)).await.unwrap_err();
    assert_eq!(fault.name(), "Pawl.BadConfig");
    assert!(fault.to_string().starts_with("configuration: runs/m/000002/pipeline.yaml: "), "{fault}");
}
