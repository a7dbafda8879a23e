use super::*;

use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Trigger, TriggerId, TriggerKind};
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;
use pawl::release::{Deployment, Release};

async fn wait_with(edge: &InMemory, name: &str, completes: Completes) -> TriggerId {
    let id = TriggerId::new(name, completes);
    let (kind, event) = (TriggerKind::NewData, Value::Null);
    let trigger = Trigger { id: id.clone(), kind, what: name.to_owned(), received_at: at(0), event };
    inbox::record(&edge.store, &keys(), &trigger).await.unwrap();
    id
}

#[tokio::test]
async fn what_a_run_looks_at_is_frozen() {
    let edge = edge("settle: {marker: _SUCCESS}").await;
    let known = edge.objects.put("incoming", "m/a.csv", csv(0..3));
    let new = edge.objects.put("incoming", "m/b.csv", csv(3..6));
    edge.objects.put("incoming", "m/_SUCCESS", "");
    edge.objects.put("incoming", "m/folder/", "");
    edge.objects.put("incoming", "other/c.csv", csv(0..3));
    let entry = json!({ "object": known, "fate": "accepted", "rows": 3, "parts": 1, "since": null,
        "until": null,        "generation": 0 });
    put_json(&edge, &keys().dataset(), &json!({ "known": [entry] })).await;
    let taken = wait_with(&edge, "a", Completes::Itself).await;
    wait_with(&edge, "b", Completes::Alone).await;

    let answer = twice(&edge, step("snapshot")).await;
    assert_eq!(
        answer,
        json!({ "partitions": 1, "partitions_key": "runs/m/000001/partitions.json",
            "calls": 1, "calls_key": "runs/m/000001/calls.json", "map_prefix": "runs/m/000001/map" })
    );
    let manifest = evidence(&edge, "manifest.json").await;
    assert_eq!((&manifest["at"], &manifest["triggers"]), (&json!(at(0)), &json!([taken])));
    assert_eq!((&manifest["objects"], &manifest["batch"]), (&json!([known, new]), &json!([new])));

    // Whatever changes meanwhile is for the next run.
    edge.objects.put("incoming", "m/late.csv", csv(6..9));
    put(&edge, &pipeline(&model()), "model: [").await;
    assert_eq!(ask(&edge, step("snapshot"), at(120)).await.unwrap(), answer);
    assert_eq!(evidence(&edge, "manifest.json").await, manifest);
}

#[tokio::test]
async fn a_large_object_is_shared_out() {
    let edge = edge("").await;
    put(&edge, &pipeline(&model()), &YAML.replace("features: [x]", "features: [x], part_size: 100000")).await;
    edge.objects.put("incoming", "m/a.csv", csv(0..40_000));
    let answer = twice(&edge, step("snapshot")).await;
    assert!(answer["partitions"].as_u64().unwrap() > 1, "{answer}");
    let partitions = evidence(&edge, "partitions.json").await;
    let parts: Vec<u64> =
        partitions.as_array().unwrap().iter().map(|partition| partition["part"].as_u64().unwrap()).collect();
    assert_eq!(parts, (0..parts.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reference_is_frozen_where_a_champion_serves() {
    let edge = edge("").await;
    edge.objects.put("incoming", "m/a.csv", csv(0..3));
    let mut release = Release::new("m");
    release.current = Some(Deployment::new(Generation(7), "m-7"));
    put_json(&edge, &keys().release(), &release).await;
    let fault = ask(&edge, step("snapshot"), at(0)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound("runs/m/000007/trained_on.json".to_owned()));
    put_json(&edge, "runs/m/000007/trained_on.json", &Baseline::freeze(&Profile::default())).await;
    twice(&edge, step("snapshot")).await;
    assert_eq!(evidence(&edge, "reference.json").await["compared_with"], json!({ "champion": 7 }));
    let partitions = evidence(&edge, "partitions.json").await;
    assert_eq!(partitions[0]["reference"], "runs/m/000001/reference.json");
}

#[tokio::test]
async fn a_pipeline_that_is_missing_or_broken_is_named() {
    let edge = edge("").await;
    edge.store.delete(&pipeline(&model())).await.unwrap();
    let fault = ask(&edge, step("snapshot"), at(0)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound("pipelines/m/pipeline.yaml".to_owned()));
    put(&edge, &pipeline(&model()), "model: m\nsurprise: 1\n").await;
    let fault = ask(&edge, step("snapshot"), at(0)).await.unwrap_err();
    assert_eq!(fault.name(), "Pawl.BadConfig");
    assert!(fault.to_string().starts_with("configuration: pipelines/m/pipeline.yaml: "), "{fault}");
}

#[tokio::test]
async fn a_new_run_is_checked_and_a_frozen_one_is_not() {
    let edge = edge("").await;
    let stricter = "model: m\ndata: {bucket: incoming, prefix: m/, label: {column: y}, features: [x]}\n\
                    train: {image: i}\ngate: {cluster: week}\n";
    put(&edge, &pipeline(&model()), stricter).await;
    let fault = ask(&edge, step("snapshot"), at(0)).await.unwrap_err();
    assert!(fault.to_string().contains("gate is asking for the column \"week\""), "{fault}");
    assert!(edge.store.get("runs/m/000001/pipeline.yaml").await.unwrap().is_none());
    put(&edge, "runs/m/000001/pipeline.yaml", stricter).await;
    assert!(ask(&edge, step("snapshot"), at(0)).await.unwrap()["partitions"].is_number());
}

#[tokio::test]
async fn a_listing_that_is_refused_stops_the_step_before_anything_is_frozen() {
    let edge = edge("").await;
    let refused = Fault::Refused("list s3://incoming/m/: access denied".to_owned());
    edge.objects.fail("m/", Some(refused.clone()));
    assert_eq!(ask(&edge, step("snapshot"), at(0)).await.unwrap_err(), refused);
    assert!(edge.store.get("runs/m/000001/manifest.json").await.unwrap().is_none());
}
