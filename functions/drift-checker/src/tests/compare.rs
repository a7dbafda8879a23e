use super::*;

use std::time::Duration;

use pawl::drift::{ComparedWith, Reference};
use pawl::ledger::Object;
use pawl_testing::{SimulatedClock, SlowStore, time_limit};

const RUN: Generation = Generation(2);

fn compare() -> Value {
    json!({ "step": "compare", "model": "m", "generation": 2 })
}

/// Run 2 has a batch of one object, shifted by so much, which was accepted.
async fn profile_batch(edge: &InMemory, shift: f64) {
    let object = Object::new("incoming".into(), "m/b.csv".into(), Some("v1".into()), "e".into(), 1);
    let reference =
        Reference { baseline: baseline(), compared_with: Some(ComparedWith::Champion(Generation(1))) };
    let scan = scan(&csv(1_000, shift), Some(&reference.baseline));
    let known = json!({ "object": object, "fate": "accepted", "rows": 1_000, "parts": 1, "since": null,
        "until": null,        "generation": 2 });
    let manifest =
        json!({ "generation": 2, "at": at(7), "triggers": [], "objects": [object], "batch": [object] });
    put(edge, &keys().evidence(RUN, "pipeline.yaml"), YAML).await;
    put_json(edge, &keys().evidence(RUN, "manifest.json"), &manifest).await;
    put_json(edge, &keys().evidence(RUN, "reference.json"), &reference).await;
    put_json(edge, &keys().dataset(), &json!({ "known": [known] })).await;
    let profile = json!({ "object": object, "found": { "scan": scan } });
    put_json(edge, &keys().profile(&object.id), &profile).await;
}

#[test]
fn a_batch_of_many_objects_is_compared_within_the_time_limit() {
    const OBJECTS: u32 = 2_000;
    const OF: u32 = 50_000;
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let edge = edge().await;
        crown(&edge).await;
        profile_batch(&edge, 0.0).await;
        let scan = scan(&csv(2, 0.0), Some(&baseline()));
        let (mut batch, mut known) = (Vec::new(), Vec::new());
        for n in 0..OBJECTS {
            let object = Object::new("incoming".into(), format!("m/{n}.csv"), None, "e".into(), 1);
            let profile = json!({ "object": object, "found": { "scan": scan } });
            put_json(&edge, &keys().profile(&object.id), &profile).await;
            known.push(json!({ "object": object, "fate": "accepted", "rows": 2, "parts": 1,
                "since": null, "until": null, "generation": 2 }));
            batch.push(object);
        }
        let manifest =
            json!({ "generation": 2, "at": at(7), "triggers": [], "objects": batch, "batch": batch });
        put_json(&edge, &keys().evidence(RUN, "manifest.json"), &manifest).await;
        put_json(&edge, &keys().dataset(), &json!({ "known": known })).await;
        let Edge { store, bucket, objects } = edge;
        let store = SlowStore::new(store, &clock, Duration::from_millis(30));
        ask(&Edge { store, bucket, objects }, compare(), at(8)).await.unwrap();
        let limit = time_limit("DriftChecker") / (OF / OBJECTS);
        assert!(clock.elapsed() < limit / 5, "{:?} of {limit:?}", clock.elapsed());
    });
    assert!(done.is_some());
}

#[tokio::test]
async fn a_batch_like_the_reference_does_not_drift() {
    let edge = edge().await;
    crown(&edge).await;
    profile_batch(&edge, 0.0).await;
    let answer = ask(&edge, compare(), at(8)).await.unwrap();
    assert_eq!(
        (&answer["verdict"], &answer["columns"], &answer["share"]),
        (&json!("none"), &json!([]), &json!(0.0))
    );
}

#[tokio::test]
async fn a_batch_that_is_shifted_drifts_and_a_second_time_says_the_same() {
    let edge = edge().await;
    crown(&edge).await;
    profile_batch(&edge, 0.4).await;
    let answer = ask(&edge, compare(), at(8)).await.unwrap();
    assert_eq!((&answer["verdict"], &answer["columns"]), (&json!("drift"), &json!(["x"])));
    assert_eq!(answer["share"], json!(0.5), "one of the feature and the label");
    let left = documents(&edge.store).await.unwrap();
    let drift: Value = serde_json::from_str(&left["runs/m/000002/drift.json"]).unwrap();
    assert_eq!(drift["reasons"][0], answer["reason"]);
    assert_eq!(ask(&edge, compare(), at(9)).await.unwrap(), answer);
    assert_eq!(documents(&edge.store).await.unwrap(), left);
}

#[tokio::test]
async fn without_reference_or_data_there_is_nothing_to_compare() {
    let edge = edge().await;
    profile_batch(&edge, 0.0).await;
    put_json(&edge, &keys().dataset(), &json!({ "known": [] })).await;
    let nothing = |reason: &str| json!({ "verdict": null, "share": 0.0, "reason": reason });
    let answer = ask(&edge, compare(), at(8)).await.unwrap();
    assert_eq!(answer, nothing("No new data was accepted."));
    edge.store.delete(&keys().evidence(RUN, "reference.json")).await.unwrap();
    let answer = ask(&edge, compare(), at(8)).await.unwrap();
    assert_eq!(answer, nothing("No champion serves: there is nothing to compare with."));
}

#[tokio::test]
async fn what_an_earlier_step_did_not_leave_is_named() {
    let edge = edge().await;
    for (missing, found) in [
        ("runs/m/000002/pipeline.yaml", ""),
        ("runs/m/000002/manifest.json", "pipeline.yaml"),
        ("ledger/m/dataset.json", "manifest.json"),
    ] {
        match found {
            "pipeline.yaml" => put(&edge, &keys().evidence(RUN, found), YAML).await,
            "manifest.json" => {
                profile_batch(&edge, 0.0).await;
                edge.store.delete(&keys().dataset()).await.unwrap();
            }
            _ => {}
        }
        let fault = ask(&edge, compare(), at(8)).await.unwrap_err();
        assert_eq!(fault, Fault::NotFound(missing.to_owned()));
    }
    put(&edge, &keys().evidence(RUN, "manifest.json"), "{").await;
    let fault = ask(&edge, compare(), at(8)).await.unwrap_err();
    assert_eq!(fault.name(), "Pawl.BadInput");
    assert!(
        fault.to_string().starts_with("input: runs/m/000002/manifest.json: not a readable document: "),
        "{fault}"
    );
}

/// The label turns round: no column moves alone. A reference that an earlier version froze has no sample of
/// rows, and the batch is compared as it was before.
#[tokio::test]
async fn columns_that_no_longer_move_together_drift_where_both_sides_were_sampled() {
    let sampled = |text: &str, baseline: Option<&Baseline>| {
        let mut scanner = Scanner::new(&Schema::default()).with_row_sample();
        if let Some(baseline) = baseline {
            scanner = scanner.with_baseline(baseline);
        }
        scanner.feed(text.as_bytes(), &mut ()).unwrap();
        scanner.finish(&mut ()).unwrap()
    };
    // Neighbours are not alike, as independent rows are not.
    let rows = |turned: u8| -> String {
        let row = |n: u32| {
            let x = f64::from(n * 381 % 1000) / 1000.0;
            format!("{x},{}\n", u8::from(x > 0.5) ^ turned)
        };
        std::iter::once("x,y\n".to_owned()).chain((0..1000).map(row)).collect()
    };
    let edge = edge().await;
    crown(&edge).await;
    profile_batch(&edge, 0.0).await;
    let baseline = Baseline::freeze(&sampled(&rows(0), None).profile);
    let scan = sampled(&rows(1), Some(&baseline));
    let object = Object::new("incoming".into(), "m/b.csv".into(), Some("v1".into()), "e".into(), 1);
    let profile = json!({ "object": object, "found": { "scan": scan } });
    put_json(&edge, &keys().profile(&object.id), &profile).await;
    let compared_with = Some(ComparedWith::Champion(Generation(1)));
    for (sample, verdict, columns) in
        [(baseline.sample.clone(), "drift", json!(["x", "y"])), (None, "none", json!([]))]
    {
        let told = sample.is_none();
        let reference = Reference { baseline: Baseline { sample, ..baseline.clone() }, compared_with };
        put_json(&edge, &keys().evidence(RUN, "reference.json"), &reference).await;
        let answer = ask(&edge, compare(), at(8)).await.unwrap();
        assert_eq!((&answer["verdict"], &answer["columns"]), (&json!(verdict), &columns), "{answer}");
        let left = documents(&edge.store).await.unwrap();
        let drift: Value = serde_json::from_str(&left["runs/m/000002/drift.json"]).unwrap();
        assert_eq!(drift["warnings"].to_string().contains("holds no sample of rows"), told);
    }
}
