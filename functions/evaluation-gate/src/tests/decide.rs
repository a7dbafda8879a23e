use super::*;

use pawl::documents::TRAINING;
use pawl::ledger::Training;

fn decide(verdict: Value, share: f64) -> Value {
    let drift = json!({ "verdict": verdict, "share": share });
    json!({ "step": "decide", "model": "m", "generation": 2, "drift": drift })
}

async fn change_training(edge: &InMemory, change: impl Fn(&mut Training)) {
    TRAINING.of(&keys()).update(&edge.store, |training| change(training)).await.unwrap();
}

#[tokio::test]
async fn a_run_with_new_data_trains_and_its_first_decision_stands() {
    let edge = edge("").await;
    let answer = twice(&edge, decide(Value::Null, 0.0)).await;
    assert_eq!(
        (&answer["decision"], &answer["reason"]),
        (&json!("train"), &json!("Nothing speaks against a training."))
    );
    let name = format!("m-2-{}", at(0).strftime("%Y%m%d%H%M%S"));
    assert_eq!(answer["name"], name);
    assert_eq!(answer["training_job"]["TrainingJobName"], name);
    assert_eq!(answer["training_job"]["RoleArn"], edge.platform.roles.training);
    let decision = evidence(&edge, "decision.json").await;
    assert_eq!((&decision["decision"], &decision["triggers"]), (&json!("train"), &json!(["new_data"])));
    let prefix = json!({ "prefix": "s3://evidence/accepted/m/" });
    assert_eq!(evidence(&edge, "train.manifest").await, json!([prefix, "t1.csv", "t2.csv"]));
    assert_eq!(evidence(&edge, "holdout.manifest").await, json!([prefix, "h.jsonl"]));
    let training = TRAINING.of(&keys()).require(&edge.store).await.unwrap();
    assert_eq!(training.trained_that_day, 1, "booked once");
}

#[tokio::test]
async fn a_person_is_asked_where_much_drifts() {
    let edge = edge("decide: {ask_above: 0.5}").await;
    let answer = twice(&edge, decide(json!("drift"), 0.6)).await;
    assert_eq!(answer["decision"], "ask");
    assert_eq!(answer["reason"], "60 % of the compared columns drift: train on this data?");
    assert!(answer["wait_for_answer"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn what_is_not_worth_a_training_is_skipped_with_its_reason() {
    for (more, verdict, reason) in [
        (
            "decide: {retrain_on: [person]}",
            Value::Null,
            "None of these triggers may train; see decide.retrain_on.",
        ),
        (
            "split: {least_objects: 3}",
            Value::Null,
            "There are 2 accepted objects to train on beside the holdout; split.least_objects asks for 3.",
        ),
        (
            "decide: {new_data: when_it_drifts}",
            json!("none"),
            "The new data does not drift, and decide.new_data is when_it_drifts.",
        ),
        (
            "decide: {new_data: when_it_drifts}",
            json!("insufficient_data"),
            "There is too little data to say whether it drifts.",
        ),
        (
            "decide: {new_data: when_it_drifts}",
            Value::Null,
            "There is too little data to say whether it drifts.",
        ),
    ] {
        let edge = edge(more).await;
        crown(&edge).await;
        let answer = twice(&edge, decide(verdict, 0.0)).await;
        assert_eq!((&answer["decision"], &answer["reason"]), (&json!("skip"), &json!(reason)));
        assert!(edge.store.get(&keys().evidence(RUN, "train.manifest")).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn drift_trains_where_only_drift_may_and_so_does_a_person() {
    let more = "decide: {new_data: when_it_drifts}";
    for (kind, verdict) in [(TriggerKind::NewData, json!("drift")), (TriggerKind::Person, json!("none"))] {
        let edge = edge(more).await;
        crown(&edge).await;
        start_by(&edge, kind).await;
        assert_eq!(twice(&edge, decide(verdict, 0.1)).await["decision"], "train", "{kind:?}");
    }
}

#[tokio::test]
async fn quarantined_data_never_trains_again() {
    let edge = edge("").await;
    let mut release = crown(&edge).await;
    release.quarantined.push(ContentHash::of(b"data"));
    put_json(&edge, &keys().release(), &release).await;
    let answer = twice(&edge, decide(Value::Null, 0.0)).await;
    assert_eq!(answer["reason"], "This dataset version was quarantined after a rollback.");
}

#[tokio::test]
async fn the_loop_is_bounded_and_says_by_what() {
    let edge = edge("decide: {trainings_per_day: 1}").await;
    change_training(&edge, |training| {
        (training.last_trained_at, training.trained_that_day) = (Some(at(-60)), 1);
    })
    .await;
    let answer = twice(&edge, decide(Value::Null, 0.0)).await;
    assert_eq!(answer["reason"], "Not trained: the day's budget is spent: 1 trainings today.");

    let edge = self::edge("").await;
    change_training(&edge, |training| training.trip("loss was NaN".to_owned(), at(0))).await;
    let answer = twice(&edge, decide(Value::Null, 0.0)).await;
    let reason =
        "Not trained: the breaker is open (loss was NaN); `pawl reset` closes it once the cause is mended.";
    assert_eq!(answer["reason"], reason);
}

#[tokio::test]
async fn the_same_data_code_and_parameters_train_once() {
    let edge = edge("").await;
    ask(&edge, decide(Value::Null, 0.0), at(0)).await.unwrap();
    for name in ["pipeline.yaml", "split.json", "manifest.json"] {
        let stored = edge.store.get(&keys().evidence(RUN, name)).await.unwrap().unwrap();
        let next = keys().evidence(Generation(3), name);
        edge.store.put(&next, stored.body, Condition::Always).await.unwrap();
    }
    let mut request = decide(Value::Null, 0.0);
    request["generation"] = json!(3);
    let answer = ask(&edge, request, at(60)).await.unwrap();
    assert_eq!(answer["reason"], "Not trained: run 2 trained on these very objects, code and parameters.");
}

#[tokio::test]
async fn a_behaviour_suite_goes_through_the_transforms_of_the_holdout() {
    let edge = edge("gate: {behaviour: {cases: [{name: any row, expect: answers}]}}").await;
    let rows: String = (0..3)
        .map(|n| {
            json!({ "row": format!("h:{n}"), "label": 1, "columns": {}, "features": { "x": n } }).to_string()
                + "\n"
        })
        .collect();
    edge.objects.put(HOME, "accepted/m/h.jsonl", rows);
    twice(&edge, decide(Value::Null, 0.0)).await;
    let manifest = evidence(&edge, "holdout.manifest").await;
    assert_eq!(manifest[2], "behaviour-000002.jsonl");
    assert!(!edge.objects.get(HOME, "accepted/m/behaviour-000002.jsonl").unwrap().is_empty());
}

#[tokio::test]
async fn evidence_that_is_missing_is_named() {
    let edge = edge("").await;
    edge.store.delete(&keys().evidence(RUN, "split.json")).await.unwrap();
    let fault = ask(&edge, decide(Value::Null, 0.0), at(0)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound("runs/m/000002/split.json".to_owned()));
}
