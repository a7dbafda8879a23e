use super::*;

fn look() -> Value {
    json!({ "step": "look", "model": "m" })
}

fn document(documents: &std::collections::BTreeMap<String, String>, key: &str) -> Value {
    serde_json::from_str(&documents[key]).unwrap()
}

#[tokio::test]
async fn where_nothing_serves_or_nothing_came_nothing_is_written() {
    let edge = edge().await;
    let left = documents(&edge.store).await.unwrap();
    assert_eq!(ask(&edge, look(), at(9)).await.unwrap(), json!({ "state": "nothing_serves" }));
    assert_eq!(documents(&edge.store).await.unwrap(), left);
    crown(&edge).await;
    // Captured before the champion took over: it is not its own.
    capture(&edge, "AllTraffic", 5, &requests("old", 10, 0.0)).await;
    let left = documents(&edge.store).await.unwrap();
    assert_eq!(ask(&edge, look(), at(9)).await.unwrap(), json!({ "state": "nothing_new" }));
    assert_eq!(documents(&edge.store).await.unwrap(), left);
}

#[tokio::test]
async fn traffic_like_the_training_data_is_no_news() {
    let edge = edge().await;
    crown(&edge).await;
    let key = capture(&edge, "AllTraffic", 8, &requests("a", 1_000, 0.0)).await;
    let answer = ask(&edge, look(), at(9)).await.unwrap();
    assert_eq!(
        (&answer["state"], &answer["news"], &answer["drift"]),
        (&json!("looked"), &json!("none"), &json!("none"))
    );
    assert_eq!(answer["evidence"], "s3://evidence/monitoring/m/000001/000001.json");
    let left = documents(&edge.store).await.unwrap();
    let evidence = document(&left, "monitoring/m/000001/000001.json");
    assert_eq!(
        (&evidence["requests"], &evidence["rows"], &evidence["unreadable"]),
        (&json!(1_000), &json!(1_000), &json!(0))
    );
    assert_eq!(evidence["served_by"], "m-1");
    let monitor = document(&left, "ledger/m/monitor.json");
    assert_eq!((&monitor["looks"], &monitor["captured"]), (&json!(1), &json!(key)));
    // Read once, it is not counted again.
    assert_eq!(ask(&edge, look(), at(10)).await.unwrap(), json!({ "state": "nothing_new" }));
    assert_eq!(documents(&edge.store).await.unwrap(), left);
}

#[tokio::test]
async fn drift_is_news_once() {
    let edge = edge().await;
    crown(&edge).await;
    capture(&edge, "AllTraffic", 8, &requests("a", 1_000, 0.5)).await;
    let answer = ask(&edge, look(), at(9)).await.unwrap();
    assert_eq!((&answer["drift"], &answer["news"]), (&json!("drift"), &json!("bad")));
    assert!(answer["reason"].as_str().unwrap().starts_with('x'), "{}", answer["reason"]);
    capture(&edge, "AllTraffic", 9, &requests("b", 1_000, 0.5)).await;
    let answer = ask(&edge, look(), at(10)).await.unwrap();
    assert_eq!((&answer["drift"], &answer["news"]), (&json!("drift"), &json!("none")));
}

#[tokio::test]
async fn a_step_that_died_after_its_evidence_is_done_again_under_the_same_number() {
    let edge = edge().await;
    crown(&edge).await;
    capture(&edge, "AllTraffic", 8, &requests("a", 1_000, 0.5)).await;
    let answer = ask(&edge, look(), at(9)).await.unwrap();
    let left = documents(&edge.store).await.unwrap();
    edge.store.delete(&keys().monitor()).await.unwrap();
    assert_eq!(ask(&edge, look(), at(9)).await.unwrap(), answer);
    assert_eq!(documents(&edge.store).await.unwrap(), left);
}

#[tokio::test]
async fn truths_are_joined_with_the_answers_before_them() {
    let edge = edge().await;
    crown(&edge).await;
    let asked = requests("a", 400, 0.0);
    capture(&edge, "AllTraffic", 8, &asked).await;
    // Every answer is wrong: the score says the opposite.
    let truths: Vec<(String, u8)> =
        asked.iter().map(|(id, _, score)| (id.clone(), u8::from(*score <= 0.5))).collect();
    tell_truth(&edge, "1.jsonl", &truths).await;
    put(&edge, "truth/m/2.jsonl", "no json\n").await;
    edge.objects.put(HOME, "truth/m/2.jsonl", "no json\n");
    ask(&edge, look(), at(9)).await.unwrap();
    let left = documents(&edge.store).await.unwrap();
    let evidence = document(&left, "monitoring/m/000001/000001.json");
    assert_eq!(evidence["unreadable_truths"], 1);
    let quality = &evidence["quality"];
    assert_eq!(quality["rows"], 400, "{quality}");
    assert!(quality["accuracy"].as_f64().unwrap() < 0.01, "{quality}");
    assert_eq!(document(&left, "ledger/m/monitor.json")["truth"], "truth/m/2.jsonl");
}

#[tokio::test]
async fn what_is_captured_within_the_lag_waits_for_the_next_time() {
    let edge = edge().await;
    crown(&edge).await;
    put(&edge, &pipeline(&model()), &format!("{YAML}monitor: {{lag: 2h}}\n")).await;
    capture(&edge, "AllTraffic", 8, &requests("a", 100, 0.0)).await;
    assert_eq!(ask(&edge, look(), at(9)).await.unwrap(), json!({ "state": "nothing_new" }));
    assert_eq!(ask(&edge, look(), at(10)).await.unwrap()["state"], "looked");
}

#[tokio::test]
async fn a_model_that_cannot_be_watched_is_told_once() {
    let edge = edge().await;
    crown(&edge).await;
    let lines = |asked: &str, answered: &str| captured_line("a", asked, answered).repeat(3);
    for (hour, captured, news, reason) in [
        (
            8,
            lines("1\n2\n", "{\"score\": 1}"),
            "bad",
            "none of 3 captured requests can be read: 2 rows were asked",
        ),
        (
            9,
            lines("1\n2\n", "{\"score\": 1}"),
            "none",
            "none of 3 captured requests can be read: 2 rows were asked",
        ),
        (10, lines("1", "{\"closest_cluster\": 1}"), "bad", "no answer to any of 3 rows holds a prediction"),
        (11, lines("1", "{\"predictions\": [{\"score\": 1}]}"), "none", ""),
    ] {
        capture_lines(&edge, "AllTraffic", hour, captured).await;
        let answer = ask(&edge, look(), at(i8::try_from(hour).unwrap() + 1)).await.unwrap();
        assert_eq!(answer["news"], news, "{answer}");
        assert!(answer["reason"].as_str().unwrap().contains(reason), "{answer}");
    }
}

#[tokio::test]
async fn another_champion_begins_anew() {
    let edge = edge().await;
    let mut champion = crown(&edge).await;
    capture(&edge, "AllTraffic", 8, &requests("a", 100, 0.0)).await;
    ask(&edge, look(), at(9)).await.unwrap();
    for (key, body) in documents(&edge.store).await.unwrap() {
        if let Some(name) = key.strip_prefix("runs/m/000001/") {
            put(&edge, &keys().evidence(Generation(2), name), &body).await;
        }
    }
    let output = |run| format!("runs/m/00000{run}/scores/challenger/accepted/m/h.jsonl.out");
    let scores = edge.objects.get(HOME, &output(1)).unwrap();
    edge.objects.put(HOME, &output(2), scores);
    (champion.generation, champion.activated_at) = (Generation(2), Some(at(9)));
    let mut release = Release::new("m");
    release.current = Some(champion);
    put_json(&edge, &keys().release(), &release).await;
    capture(&edge, "AllTraffic", 10, &requests("b", 100, 0.0)).await;
    let answer = ask(&edge, look(), at(11)).await.unwrap();
    assert_eq!(answer["evidence"], "s3://evidence/monitoring/m/000002/000001.json");
}

#[tokio::test]
async fn what_is_missing_or_broken_is_named() {
    let edge = edge().await;
    crown(&edge).await;
    let key = capture(&edge, "AllTraffic", 8, &requests("a", 10, 0.0)).await;
    let broken = Fault::Unavailable(format!("read s3://evidence/{key}: the connection broke"));
    edge.objects.fail(&key, Some(broken.clone()));
    assert_eq!(ask(&edge, look(), at(9)).await.unwrap_err(), broken);
    edge.objects.fail(&key, None);
    edge.store.delete("monitoring/m/000001/expected.json").await.unwrap();
    edge.store.delete("runs/m/000001/trained_on.json").await.unwrap();
    let missing = Fault::NotFound("runs/m/000001/trained_on.json".to_owned());
    assert_eq!(ask(&edge, look(), at(9)).await.unwrap_err(), missing);
    put(&edge, &pipeline(&model()), "model: [").await;
    let fault = ask(&edge, look(), at(9)).await.unwrap_err();
    assert_eq!(fault.name(), "Pawl.BadConfig");
    assert!(fault.to_string().starts_with("configuration: pipelines/m/pipeline.yaml: "), "{fault}");
    edge.store.delete(&pipeline(&model())).await.unwrap();
    let fault = ask(&edge, look(), at(9)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound("pipelines/m/pipeline.yaml".to_owned()));
}

#[tokio::test]
async fn requests_that_are_no_rows_are_counted() {
    let edge = edge().await;
    crown(&edge).await;
    let key = capture(&edge, "AllTraffic", 8, &requests("a", 10, 0.0)).await;
    let good = edge.objects.get(HOME, &key).unwrap();
    let mixed = [good.as_ref(), b"no json\n", good.as_ref()].concat();
    edge.objects.put(HOME, &key, mixed);
    ask(&edge, look(), at(9)).await.unwrap();
    let evidence = document(&documents(&edge.store).await.unwrap(), "monitoring/m/000001/000001.json");
    assert_eq!((&evidence["requests"], &evidence["unreadable"]), (&json!(21), &json!(1)));
}
