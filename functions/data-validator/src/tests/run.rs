//! Profile and validate, as one run has them.

use super::*;

fn text(edge: &InMemory, key: &str) -> String {
    String::from_utf8(edge.objects.get(HOME, key).unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn accepted_rows_are_written_to_train_on_and_to_score() {
    let edge = edge("").await;
    let objects = [("m/a.csv", csv(0..3)), ("m/b.csv", csv(3..6))];
    let ids = objects.map(|(key, body)| edge.objects.put("incoming", key, body).id);
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    let answers = profile_all(&edge).await;
    assert_eq!(answers, [json!({ "partitions": 2, "unreadable": 0 })]);
    assert_eq!(text(&edge, &format!("accepted/m/{}.csv", ids[0])), csv(0..3));
    let lines = text(&edge, &format!("accepted/m/{}.jsonl", ids[0]));
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["label"], &first["features"]), (&json!(0), &json!({ "x": 0 })));

    let answer = twice(&edge, step("validate")).await;
    assert_eq!(answer, json!({ "verdict": "accepted", "accepted": 2, "quarantined": 0, "reason": "" }));
    let split = evidence(&edge, "split.json").await;
    assert_eq!((&split["train"], &split["holdout"]), (&json!([ids[0]]), &json!([ids[1]])));
    assert_eq!(evidence(&edge, "profile.json").await["rows"], 6);
    let left = documents(&edge.store).await.unwrap();
    for key in ["validation.json", "trained_on.json", "statistics.json", "constraints.json"] {
        assert!(left.contains_key(&format!("runs/m/000001/{key}")), "{key}");
    }
    assert!(left.contains_key("ledger/m/constraints.json"), "the first batch sets what later ones must meet");
    let dataset: Value = serde_json::from_str(&left["ledger/m/dataset.json"]).unwrap();
    assert_eq!(dataset["known"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_quarantined_with_its_reason() {
    for (key, body, reason) in [
        ("m/a.csv", "x,y\n1,2,3\n", "m/a.csv: "),
        ("m/a.csv.gz", "no gzip at all", "m/a.csv.gz: "),
        ("m/a.parquet", "PAR1 and no more", "m/a.parquet: "),
    ] {
        let edge = edge("").await;
        edge.objects.put("incoming", key, body);
        ask(&edge, step("snapshot"), at(0)).await.unwrap();
        profile_all(&edge).await;
        let answer = twice(&edge, step("validate")).await;
        assert_eq!((&answer["verdict"], &answer["accepted"]), (&json!("quarantined"), &json!(0)), "{answer}");
        let said = answer["reason"].as_str().unwrap();
        assert!(said.starts_with(reason) && said.len() > reason.len() + 10, "{said}");
    }
}

#[tokio::test]
async fn an_object_that_is_too_large_is_not_read() {
    let edge = edge("").await;
    put(&edge, &pipeline(&model()), &YAML.replace("features: [x]", "features: [x], largest_object: 100000"))
        .await;
    edge.objects.put("incoming", "m/a.csv", csv(0..20_000));
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    assert_eq!(profile_all(&edge).await[0]["unreadable"], 1);
    let answer = twice(&edge, step("validate")).await;
    let said = answer["reason"].as_str().unwrap();
    assert!(said.ends_with("split the object, or raise the limit"), "{said}");
}

#[tokio::test]
async fn an_object_that_was_deleted_meanwhile_is_quarantined() {
    let edge = edge("").await;
    edge.objects.put("incoming", "m/a.csv", csv(0..3));
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    edge.objects.delete("incoming", "m/a.csv");
    assert_eq!(profile_all(&edge).await[0]["unreadable"], 1);
    let answer = twice(&edge, step("validate")).await;
    assert_eq!(answer["reason"], "m/a.csv: deleted meanwhile: read s3://incoming/m/a.csv");
}

#[tokio::test]
async fn bytes_that_do_not_come_are_no_verdict_on_the_data() {
    let edge = edge("").await;
    edge.objects.put("incoming", "m/a.csv", csv(0..3));
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    let mut request = step("profile");
    request["partitions"] = evidence(&edge, "partitions.json").await;
    let down = Fault::Unavailable("read s3://incoming/m/a.csv: slow down".to_owned());
    edge.objects.fail("m/a.csv", Some(down.clone()));
    assert_eq!(ask(&edge, request.clone(), at(1)).await.unwrap_err(), down);
    edge.objects.fail("m/a.csv", None);
    assert_eq!(twice(&edge, request).await["unreadable"], 0);
}

#[tokio::test]
async fn rows_that_cannot_be_written_stop_the_step() {
    let edge = edge("").await;
    let id = edge.objects.put("incoming", "m/a.csv", csv(0..3)).id;
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    let mut request = step("profile");
    request["partitions"] = evidence(&edge, "partitions.json").await;
    let refused = Fault::Refused("write: access denied".to_owned());
    edge.objects.fail(&format!("accepted/m/{id}.csv"), Some(refused.clone()));
    assert_eq!(ask(&edge, request, at(1)).await.unwrap_err(), refused);
    assert!(edge.store.get(&keys().profile(&id)).await.unwrap().is_none());
}

/// Text within quotes looks like records: a part that begins within it must be read again.
#[tokio::test]
async fn parts_come_to_the_same_as_the_whole() {
    let quoted: String = (0..20_000).map(|n| format!("\"{n}\n0,0\n\",{}\n", n % 2)).collect();
    for body in [csv(0..40_000), format!("x,y\n{quoted}")] {
        let mut profiles = Vec::new();
        for part_size in [100_000, 64_000_000] {
            let edge = edge("").await;
            let yaml = YAML.replace("features: [x]", &format!("features: [x], part_size: {part_size}"));
            put(&edge, &pipeline(&model()), &yaml).await;
            edge.objects.put_unversioned("incoming", "m/a.csv", body.clone());
            ask(&edge, step("snapshot"), at(0)).await.unwrap();
            profile_all(&edge).await;
            let answer = ask(&edge, step("validate"), at(2)).await.unwrap();
            assert_eq!(answer["accepted"], 1, "{answer}");
            let profile = evidence(&edge, "profile.json").await;
            profiles.push((profile["rows"].clone(), profile["columns"][1].clone()));
            let known = json_at(&edge.store, &keys().dataset()).await.unwrap();
            assert_eq!(known["known"][0]["parts"].as_u64().unwrap() > 1, part_size == 100_000);
        }
        assert_eq!(profiles[0], profiles[1]);
    }
}

#[tokio::test]
async fn a_run_without_new_objects_is_accepted_and_splits_what_is_known() {
    let edge = edge("").await;
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    let answer = twice(&edge, step("validate")).await;
    assert_eq!(
        answer,
        json!({ "verdict": "accepted", "accepted": 0, "quarantined": 0, "reason": "No new objects." })
    );
}

#[tokio::test]
async fn a_partition_that_was_not_profiled_is_named() {
    let edge = edge("").await;
    let id = edge.objects.put("incoming", "m/a.csv", csv(0..3)).id;
    let fault = ask(&edge, step("validate"), at(0)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound("runs/m/000001/pipeline.yaml".to_owned()));
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    let fault = ask(&edge, step("validate"), at(1)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound(format!("profiles/m/{id}.json")));
}

/// As the state machine of the release before asks.
#[tokio::test]
async fn one_partition_may_be_asked_for_as_an_object() {
    let edge = edge("").await;
    edge.objects.put("incoming", "m/a.csv", csv(0..3));
    let snapshot = ask(&edge, step("snapshot"), at(0)).await.unwrap();
    let partitions = json_at(&edge.store, snapshot["partitions_key"].as_str().unwrap()).await.unwrap();
    let mut request = step("profile");
    request["object"] = partitions[0].clone();
    assert_eq!(ask(&edge, request, at(1)).await.unwrap(), json!({ "partitions": 1, "unreadable": 0 }));
    assert_eq!(ask(&edge, step("validate"), at(2)).await.unwrap()["accepted"], 1);
}

#[tokio::test]
async fn rows_are_sampled_with_their_group_and_the_sample_goes_into_the_baseline() {
    let edge = edge("compare: {cluster: x}").await;
    let id = edge.objects.put("incoming", "m/a.csv", csv(0..40)).id;
    ask(&edge, step("snapshot"), at(0)).await.unwrap();
    profile_all(&edge).await;
    ask(&edge, step("validate"), at(1)).await.unwrap();
    let profiled = json_at(&edge.store, &keys().profile(&id)).await.unwrap();
    let sample = &profiled["found"]["scan"]["profile"]["sample"];
    assert_eq!(sample["columns"], json!(["x", "y"]));
    let pairs = sample["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 20);
    assert!(pairs.iter().all(|pair| pair["rows"][0]["group"].is_u64()), "{sample}");
    assert_eq!(evidence(&edge, "profile.json").await["sample"]["pairs"].as_array().unwrap().len(), 20);
}
