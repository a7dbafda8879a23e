//! Each step in memory, over a bucket of CSV files.

#![allow(clippy::unwrap_used)]

mod replicate;
mod run;
mod scale;
mod snapshot;

use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Memory, Store, pipeline};
use pawl::names::{Generation, ModelName};
use pawl_testing::{MemoryObjects, documents, json_at};
use serde::Serialize;
use serde_json::{Value, json};

use crate::edge::Edge;
use crate::{Step, handle};

/// The bucket of ledger and evidence.
const HOME: &str = "evidence";

type InMemory = Edge<Memory, MemoryObjects>;

const YAML: &str = "model: m
data: {bucket: incoming, prefix: m/, label: {column: y}, features: [x]}
train: {image: i}
";

/// An edge with one pipeline of further sections.
async fn edge(more: &str) -> InMemory {
    let edge = Edge { store: Memory::default(), bucket: HOME.to_owned(), objects: MemoryObjects::default() };
    put(&edge, &pipeline(&model()), &format!("{YAML}{more}\n")).await;
    edge
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

/// Rows of one feature and a label.
fn csv(rows: std::ops::Range<u32>) -> String {
    let rows = rows.map(|n| format!("{n},{}\n", n % 2));
    std::iter::once("x,y\n".to_owned()).chain(rows).collect()
}

async fn ask(edge: &Edge<impl Store, MemoryObjects>, request: Value, now: Timestamp) -> Result<Value, Fault> {
    let step: Step = serde_json::from_value(request).unwrap();
    handle(edge, step, now).await
}

fn step(name: &str) -> Value {
    json!({ "step": name, "model": "m", "generation": 1 })
}

/// Asks twice, the second time later: it answers the same and changes no document.
async fn twice(edge: &InMemory, request: Value) -> Value {
    let first = ask(edge, request.clone(), at(0)).await.unwrap();
    let left = documents(&edge.store).await.unwrap();
    assert_eq!(ask(edge, request, at(60)).await.unwrap(), first, "the second answer");
    assert_eq!(documents(&edge.store).await.unwrap(), left, "what the second time left");
    first
}

async fn evidence(edge: &InMemory, name: &str) -> Value {
    json_at(&edge.store, &keys().evidence(Generation(1), name)).await.unwrap()
}

/// Makes every call that the Distributed Map makes. Returns the answers.
async fn profile_all(edge: &InMemory) -> Vec<Value> {
    let mut answers = Vec::new();
    for call in evidence(edge, "calls.json").await.as_array().unwrap() {
        let mut request = step("profile");
        request["partitions"] = call["partitions"].clone();
        answers.push(twice(edge, request).await);
    }
    answers
}

#[test]
fn a_step_that_does_not_exist_cannot_be_asked_for() {
    for request in
        [json!({ "step": "dance" }), json!({ "step": "profile", "model": "m", "generation": 1 }), json!({})]
    {
        assert!(serde_json::from_value::<Step>(request).is_err());
    }
}
