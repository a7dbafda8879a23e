//! Each step in memory, over a champion whose model answers `score = x`.

#![allow(clippy::unwrap_used)]

mod compare;
mod groups;
mod monitor;
mod trial;

use jiff::Timestamp;
use pawl::dataset::{Scan, Scanner, Schema};
use pawl::fault::Fault;
use pawl::gate::{Judgement, Policy};
use pawl::ledger::{Condition, Keys, Memory, Store, pipeline};
use pawl::names::{ContentHash, Generation, ModelName};
use pawl::profile::bins::Baseline;
use pawl::release::{Deployment, Release};
use pawl_testing::{MemoryObjects, documents};
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

/// An edge with one pipeline, and no champion.
async fn edge() -> InMemory {
    let edge = Edge { store: Memory::default(), bucket: HOME.to_owned(), objects: MemoryObjects::default() };
    put(&edge, &pipeline(&model()), YAML).await;
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

/// A moment of the day on which all happens.
fn at(hour: i8) -> Timestamp {
    format!("2026-11-20T{hour:02}:00:00Z").parse().unwrap()
}

/// Rows of one feature that fills 0 to 1 evenly, and a label that is 1 above one half.
fn csv(rows: u32, shift: f64) -> String {
    let row = |n| {
        let x = f64::from(n) / f64::from(rows);
        format!("{},{}\n", x + shift, u8::from(x > 0.5))
    };
    std::iter::once("x,y\n".to_owned()).chain((0..rows).map(row)).collect()
}

fn scan(csv: &str, baseline: Option<&Baseline>) -> Scan {
    let mut scanner = Scanner::new(&Schema::default());
    if let Some(baseline) = baseline {
        scanner = scanner.with_baseline(baseline);
    }
    scanner.feed(csv.as_bytes(), &mut ()).unwrap();
    scanner.finish(&mut ()).unwrap()
}

fn baseline() -> Baseline {
    Baseline::freeze(&scan(&csv(1_000, 0.0), None).profile)
}

/// Run 1 is the champion: its evidence, and the release that serves it.
async fn crown(edge: &InMemory) -> Deployment {
    let run = Generation(1);
    let evidence = |name: &str| keys().evidence(run, name);
    put(edge, &evidence("pipeline.yaml"), YAML).await;
    put_json(edge, &evidence("trained_on.json"), &baseline()).await;
    let split = json!({ "version": ContentHash::of(b"data"), "train": ["t"], "holdout": ["h"] });
    put_json(edge, &evidence("split.json"), &split).await;
    let judgement = Judgement::unusable(&Policy::default(), 1, &std::fmt::Error);
    put_json(edge, &evidence("judgement.json"), &judgement).await;
    let scores: String = (0..1_000)
        .map(|n| {
            let x = f64::from(n) / 1_000.0;
            let label = u8::from(x > 0.5);
            json!({ "row": format!("h:{n}"), "label": label, "SageMakerOutput": { "score": x } }).to_string()
                + "\n"
        })
        .collect();
    let output = "runs/m/000001/scores/challenger/accepted/m/h.jsonl.out";
    put(edge, output, "").await;
    edge.objects.put(HOME, output, scores);
    let mut champion = Deployment::new(run, "m-1");
    champion.activated_at = Some(at(6));
    let mut release = Release::new("m");
    release.current = Some(champion.clone());
    release.generation = run;
    put_json(edge, &keys().release(), &release).await;
    champion
}

/// What SageMaker captures of requests for `x`, each answered with a score: one object of one hour.
async fn capture(edge: &InMemory, variant: &str, hour: u8, rows: &[(String, f64, f64)]) -> String {
    let answer = |score: &f64| json!({ "score": score }).to_string();
    let lines = rows.iter().map(|(id, x, score)| captured_line(id, &x.to_string(), &answer(score)));
    capture_lines(edge, variant, hour, lines.collect()).await
}

/// A line of data capture: what was asked in CSV, and what was answered.
fn captured_line(id: &str, asked: &str, answered: &str) -> String {
    let line = json!({
        "captureData": {
            "endpointInput": { "observedContentType": "text/csv", "mode": "INPUT",
                "data": asked, "encoding": "CSV" },
            "endpointOutput": { "observedContentType": "application/json", "mode": "OUTPUT",
                "data": answered, "encoding": "JSON" },
        },
        "eventMetadata": { "eventId": id, "inferenceTime": "2026-11-20T08:00:00Z" },
        "eventVersion": "0",
    });
    line.to_string() + "\n"
}

async fn capture_lines(edge: &InMemory, variant: &str, hour: u8, lines: String) -> String {
    let key = format!("capture/m/m/{variant}/2026/11/20/{hour:02}/00-00-000-a.jsonl");
    put(edge, &key, &lines).await;
    edge.objects.put(HOME, &key, lines);
    key
}

/// The truth of requests.
async fn tell_truth(edge: &InMemory, name: &str, rows: &[(String, u8)]) {
    let lines: String = rows
        .iter()
        .map(|(id, truth)| {
            let line = json!({ "groundTruthData": { "data": truth.to_string(), "encoding": "CSV" },
                "eventMetadata": { "eventId": id }, "eventVersion": "0" });
            line.to_string() + "\n"
        })
        .collect();
    let key = format!("truth/m/{name}");
    put(edge, &key, &lines).await;
    edge.objects.put(HOME, &key, lines);
}

/// Requests that fill 0 to 1 evenly, answered as the champion does.
fn requests(prefix: &str, rows: u32, shift: f64) -> Vec<(String, f64, f64)> {
    let row = |n| {
        let x = f64::from(n) / f64::from(rows);
        (format!("{prefix}{n}"), x + shift, x)
    };
    (0..rows).map(row).collect()
}

async fn ask(edge: &Edge<impl Store, MemoryObjects>, request: Value, now: Timestamp) -> Result<Value, Fault> {
    let step: Step = serde_json::from_value(request).unwrap();
    handle(edge, step, now).await
}

#[test]
fn a_step_that_does_not_exist_cannot_be_asked_for() {
    for request in [json!({ "step": "dance" }), json!({ "step": "compare", "model": "m" }), json!({})] {
        assert!(serde_json::from_value::<Step>(request).is_err());
    }
}

#[tokio::test]
async fn models_are_those_that_have_a_pipeline() {
    let edge = edge().await;
    put(&edge, "pipelines/other/pipeline.yaml", "model: [").await;
    put(&edge, "pipelines/README.md", "for people").await;
    let models = ask(&edge, json!({ "step": "models" }), at(8)).await.unwrap();
    assert_eq!(models, json!({ "models": ["m", "other"] }));
}
