use super::*;

fn judge() -> Value {
    json!({ "step": "judge", "model": "m", "generation": 2, "name": "m-2-a",
        "artifact": "s3://evidence/a/model.tar.gz" })
}

const ROWS: u32 = 600;

/// Writes one side's scores of the holdout: `score(n, label)`.
async fn put_scores(edge: &InMemory, side: &str, score: impl Fn(u32, f64) -> f64) {
    put_scores_at(edge, &format!("{side}/h.jsonl.out"), score).await;
}

/// The same, wherever SageMaker may put it.
async fn put_scores_at(edge: &InMemory, place: &str, score: impl Fn(u32, f64) -> f64) {
    let row = |n| {
        let label = f64::from(n % 2);
        json!({ "row": format!("h:{n}"), "label": label, "columns": {}, "features": { "x": n },
            "SageMakerOutput": { "score": score(n, label) } })
        .to_string()
            + "\n"
    };
    let body: String = (0..ROWS).map(row).collect();
    put_output(edge, place, &body).await;
}

/// An output, which is listed and read.
async fn put_output(edge: &InMemory, place: &str, body: &str) {
    let key = format!("runs/m/000002/scores/{place}");
    put(edge, &key, "").await;
    edge.objects.put(HOME, &key, body.to_owned());
}

/// The accepted rows that the leakage check reads, each under a feature of its own.
fn put_rows(edge: &InMemory) {
    for (file, from) in [("h", 0), ("t1", ROWS), ("t2", 2 * ROWS)] {
        let row = |n: u32| {
            json!({ "row": format!("{file}:{n}"), "label": n % 2, "columns": {}, "features": { "x": n } })
                .to_string()
                + "\n"
        };
        let body: String = (from..from + ROWS).map(row).collect();
        edge.objects.put(HOME, &format!("accepted/m/{file}.jsonl"), body);
    }
}

/// Right in nine of ten rows, with scores that differ.
fn good(n: u32, label: f64) -> f64 {
    let right = if n % 10 < 9 { label } else { 1.0 - label };
    0.2 + 0.6 * right + f64::from(n * 7 % ROWS) / 10_000.0
}

/// Right in six of ten rows.
fn poor(n: u32, label: f64) -> f64 {
    let right = if n % 10 < 6 { label } else { 1.0 - label };
    0.2 + 0.6 * right + f64::from(n * 11 % ROWS) / 10_000.0
}

#[tokio::test]
async fn a_better_challenger_is_promoted_and_a_worse_one_is_not() {
    for (challenger, champion, next) in
        [(good as fn(u32, f64) -> f64, poor as fn(u32, f64) -> f64, "promote"), (poor, good, "reject")]
    {
        let edge = edge("").await;
        crown(&edge).await;
        put_rows(&edge);
        put_scores(&edge, "challenger", challenger).await;
        put_scores(&edge, "champion", champion).await;
        let answer = twice(&edge, judge()).await;
        assert_eq!(answer["next"], next, "{}", answer["reason"]);
        let judgement = evidence(&edge, "judgement.json").await;
        assert_eq!((&judgement["rows"], &judgement["verdict"]), (&json!(ROWS), &answer["verdict"]));
        let inputs = judgement["inputs"].as_array().unwrap();
        let names: Vec<&str> = inputs.iter().map(|input| input["name"].as_str().unwrap()).collect();
        let read = ["challenger", "champion"].map(|side| format!("runs/m/000002/scores/{side}/h.jsonl.out"));
        assert_eq!(names, read);
        let body = edge.objects.get(HOME, &read[0]).unwrap();
        assert_eq!(inputs[0]["sha256"], json!(ContentHash::of(&body)));
        for name in ["evaluation.json", "analysis.json"] {
            assert!(evidence(&edge, name).await.is_object());
        }
        assert_eq!(answer["model"]["ExecutionRoleArn"], SERVING);
        assert_eq!(answer["model"]["ModelName"], "m-2-a");
        let lineage = &answer["package"]["CustomerMetadataProperties"];
        assert_eq!(lineage["pawl.training-job"], "m-2-a");
        assert_eq!(lineage["pawl.evidence"], "s3://evidence/runs/m/000002/");
    }
}

#[tokio::test]
async fn approval_policy_decides_who_is_asked() {
    for (more, next, status) in [
        ("approval: {ask: always}", "ask", "PendingManualApproval"),
        ("approval: {ask: never}", "promote", "Approved"),
    ] {
        let edge = edge(more).await;
        crown(&edge).await;
        put_rows(&edge);
        put_scores(&edge, "challenger", good).await;
        put_scores(&edge, "champion", poor).await;
        let answer = twice(&edge, judge()).await;
        assert_eq!(
            (&answer["next"], &answer["package"]["ModelApprovalStatus"]),
            (&json!(next), &json!(status))
        );
    }
}

#[tokio::test]
async fn scores_that_are_missing_or_broken_ask_a_person() {
    for broken in [None, Some("no json\n")] {
        let edge = edge("").await;
        crown(&edge).await;
        put_rows(&edge);
        put_scores(&edge, "challenger", good).await;
        if let Some(body) = broken {
            put_output(&edge, "champion/h.jsonl.out", body).await;
        }
        let answer = twice(&edge, judge()).await;
        assert_eq!((&answer["verdict"], &answer["next"]), (&json!("needs_approval"), &json!("ask")));
        assert_eq!(evidence(&edge, "judgement.json").await["reasons"][0]["code"], "unusable_input");
    }
}

#[tokio::test]
async fn scores_are_found_wherever_sagemaker_puts_them() {
    for place in ["h.jsonl.out", "accepted/m/h.jsonl.out", "m/h.jsonl.out"] {
        let edge = edge("").await;
        crown(&edge).await;
        put_rows(&edge);
        put_scores_at(&edge, &format!("challenger/{place}"), good).await;
        put_scores_at(&edge, &format!("champion/{place}"), poor).await;
        let answer = twice(&edge, judge()).await;
        assert_eq!(answer["next"], "promote", "{place}: {}", answer["reason"]);
        let read = evidence(&edge, "judgement.json").await["inputs"][0]["name"].clone();
        assert_eq!(read, format!("runs/m/000002/scores/challenger/{place}"));
    }
}

#[tokio::test]
async fn scores_that_could_be_two_ask_a_person() {
    let edge = edge("").await;
    crown(&edge).await;
    put_rows(&edge);
    put_scores(&edge, "challenger", good).await;
    for place in ["champion/a/h.jsonl.out", "champion/b/h.jsonl.out"] {
        put_scores_at(&edge, place, poor).await;
    }
    let answer = twice(&edge, judge()).await;
    assert_eq!(answer["next"], "ask");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains("h.jsonl.out could be each of"), "{reason}");
}

#[tokio::test]
async fn rows_of_the_holdout_in_the_training_are_leaks() {
    let edge = edge("").await;
    crown(&edge).await;
    put_rows(&edge);
    let same = edge.objects.get(HOME, "accepted/m/h.jsonl").unwrap();
    edge.objects.put(HOME, "accepted/m/t2.jsonl", same);
    put_scores(&edge, "challenger", good).await;
    put_scores(&edge, "champion", poor).await;
    let answer = twice(&edge, judge()).await;
    assert_ne!(answer["next"], "promote", "{}", answer["reason"]);
    let reasons = evidence(&edge, "judgement.json").await["reasons"].to_string();
    assert!(reasons.contains("the newest 2 of 2 training files"), "{reasons}");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_no_verdict() {
    let edge = edge("").await;
    crown(&edge).await;
    put_rows(&edge);
    put_scores(&edge, "challenger", good).await;
    put_scores(&edge, "champion", poor).await;
    let key = "runs/m/000002/scores/champion/h.jsonl.out";
    let down = Fault::Unavailable(format!("read s3://evidence/{key}: slow down"));
    edge.objects.fail(key, Some(down.clone()));
    assert_eq!(ask(&edge, judge(), at(0)).await.unwrap_err(), down);
    assert!(edge.store.get(&keys().evidence(RUN, "judgement.json")).await.unwrap().is_none());
}

#[tokio::test]
async fn judgements_of_earlier_runs_in_another_form_say_nothing() {
    let edge = edge("").await;
    crown(&edge).await;
    put_rows(&edge);
    put_scores(&edge, "challenger", good).await;
    put_scores(&edge, "champion", poor).await;
    let without = twice(&edge, judge()).await;
    put(&edge, &keys().evidence(Generation(1), "judgement.json"), "{\"old\": true}").await;
    assert_eq!(twice(&edge, judge()).await, without);
}

/// What a training reported last.
async fn put_metrics(edge: &InMemory, run: Generation, metrics: Value) {
    let converged = json!({ "check": { "verdict": "converged", "faults": [] }, "metrics": metrics });
    put_json(edge, &keys().evidence(run, "convergence.json"), &converged).await;
}

#[tokio::test]
async fn each_model_is_judged_at_the_threshold_that_its_training_reported() {
    let edge = edge("gate: {threshold_metric: cut}").await;
    crown(&edge).await;
    put_rows(&edge);
    put_scores(&edge, "challenger", good).await;
    put_scores(&edge, "champion", poor).await;
    put_metrics(&edge, RUN, json!([{ "MetricName": "cut", "Value": 0.25 }])).await;
    put_metrics(&edge, Generation(1), json!([{ "MetricName": "cut", "Value": 0.75 }])).await;
    twice(&edge, judge()).await;
    let judgement = evidence(&edge, "judgement.json").await;
    let metrics = &judgement["metrics"];
    assert_eq!(
        (&metrics["challenger"]["threshold"], &metrics["champion"]["threshold"]),
        (&json!(0.25), &json!(0.75))
    );
    assert!(!judgement["reasons"].to_string().contains("threshold_default"), "{judgement}");

    // The champion's training reported none, the challenger's one that is none.
    put_metrics(&edge, Generation(1), json!([])).await;
    put_metrics(&edge, RUN, json!([{ "MetricName": "cut", "Value": 1.0 }])).await;
    let answer = twice(&edge, judge()).await;
    assert_eq!(answer["next"], "ask", "{}", answer["reason"]);
    let reasons = evidence(&edge, "judgement.json").await["reasons"].to_string();
    for told in [
        "the challenger (run 2) reported 1 as cut, which is no threshold",
        "the champion (run 1) reported no cut",
    ] {
        assert!(reasons.contains(told), "{reasons}");
    }
}

#[tokio::test]
async fn a_holdout_that_judged_before_leaves_less_to_win_by() {
    let edge = edge("").await;
    crown(&edge).await;
    put_rows(&edge);
    put_scores(&edge, "challenger", good).await;
    put_scores(&edge, "champion", poor).await;
    twice(&edge, judge()).await;
    let first = evidence(&edge, "judgement.json").await;
    assert_eq!(first["holdout"], json!({ "looks": { "h": 1 }, "look": 1, "level": 0.05 }));
    // The same judgement as an earlier run's: the holdout is the same object.
    put_json(&edge, &keys().evidence(Generation(1), "judgement.json"), &first).await;
    twice(&edge, judge()).await;
    let second = evidence(&edge, "judgement.json").await;
    assert_eq!(second["holdout"]["looks"], json!({ "h": 2 }));
    assert!((second["holdout"]["level"].as_f64().unwrap() - 0.01).abs() < 1e-12);
    assert!(second["reasons"].to_string().contains("holdout_reused"));
}
