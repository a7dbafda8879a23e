use super::*;

use pawl::documents::{FAILURE, TRAINING};
use pawl::ledger::{Ending, RunOutcome};
use pawl::notice::Severity;
use pawl::release::{Deployment, Release};

fn outcome(code: Ending, reason: &str) -> RunOutcome {
    RunOutcome { code, reason: reason.to_owned(), state: None, error: None }
}

async fn close(edge: &Edge<InMemory>, generation: u64, code: Ending, now: Timestamp) -> Value {
    let outcome = outcome(code, "because");
    let request = json!({ "step": "close", "model": "m", "generation": generation, "outcome": outcome });
    handle(edge, request, now).await.unwrap()
}

#[tokio::test]
async fn a_batch_settles_when_nothing_more_arrives() {
    let edge = edge().await;
    open_run(&edge).await;
    let settle =
        |looks: u32, seen: usize| json!({ "step": "settle", "model": "m", "looks": looks, "seen": seen });
    let wait = json!({ "state": "wait", "seconds": 10, "seen": 1 });
    assert_eq!(twice(&edge, settle(0, 0), at(0)).await, wait);
    assert_eq!(twice(&edge, settle(1, 1), at(10)).await, json!({ "state": "ready", "seen": 1 }));
    handle(&edge, object_event("m/b.csv", "v1"), at(11)).await.unwrap();
    let wait = json!({ "state": "wait", "seconds": 10, "seen": 2 });
    assert_eq!(twice(&edge, settle(1, 1), at(12)).await, wait);
}

#[tokio::test]
async fn a_forced_challenger_waits_for_nothing() {
    let edge = edge().await;
    let request = json!({ "source": "custom.pawl", "detail-type": "Pawl Request",
        "time": "2026-11-20T08:00:00Z",
        "detail": { "bucket": HOME, "request": { "model": "m", "who": "ada", "why": "w", "force": 3 } } });
    handle(&edge, request, at(0)).await.unwrap();
    let settle = json!({ "step": "settle", "model": "m", "looks": 0, "seen": 0 });
    assert_eq!(twice(&edge, settle, at(0)).await, json!({ "state": "forced", "seen": 1 }));
}

#[tokio::test]
async fn settling_says_what_is_wrong_with_the_pipeline() {
    let edge = edge().await;
    let settle = |model: &str| json!({ "step": "settle", "model": model, "looks": 0, "seen": 0 });
    let missing = handle(&edge, settle("nobody"), at(0)).await.unwrap_err();
    assert_eq!(missing, Fault::NotFound("pipelines/nobody/pipeline.yaml".to_owned()));
    put(&edge, "pipelines/m/pipeline.yaml", b"model: m\nsurprise: 1\n").await;
    let broken = handle(&edge, settle("m"), at(0)).await.unwrap_err();
    assert_eq!(broken.name(), "Pawl.BadConfig");
    let text = broken.to_string();
    assert!(
        text.starts_with("configuration: pipelines/m/pipeline.yaml: ") && text.contains("surprise"),
        "{text}"
    );
}

#[tokio::test]
async fn a_failure_is_recorded_in_words_and_the_first_stands() {
    let edge = edge().await;
    let reason = r#"{"TrainingJobName": "a", "FailureReason": "out of memory"}"#;
    let fail = |reason: &str| {
        let outcome = outcome(Ending::Failed, reason);
        json!({ "step": "fail", "model": "m", "generation": 1, "outcome": outcome })
    };
    let answer = twice(&edge, fail(reason), at(0)).await;
    let recorded = json!({ "code": "failed", "reason": "out of memory" });
    assert_eq!(answer, json!({ "recorded": "runs/m/000001/failure.json", "outcome": recorded }));
    handle(&edge, fail("something else"), at(1)).await.unwrap();
    let kept = FAILURE.of(&keys(), Generation(1)).require(&edge.store).await.unwrap();
    assert_eq!(json!(kept), recorded);
}

#[tokio::test]
async fn closing_files_the_triggers_frees_the_lock_and_leaves_a_report() {
    let edge = edge().await;
    open_run(&edge).await;
    let request =
        json!({ "step": "close", "model": "m", "generation": 1, "outcome": outcome(Ending::Skipped, "old") });
    assert_eq!(twice(&edge, request, at(60)).await, json!({ "closed": 1, "left": 0 }));
    assert_eq!((training_of(&edge).await.open, waiting(&edge).await), (None, 0));
    let left = documents(&edge.store).await.unwrap();
    let handled: Vec<&String> = left.keys().filter(|key| key.starts_with("ledger/m/handled/")).collect();
    assert_eq!(handled.len(), 1);
    let record: Value = serde_json::from_str(&left["runs/m/000001/run.json"]).unwrap();
    assert_eq!(record["triggers"], json!(["s3://incoming/m/a.csv"]));
    assert_eq!(record["opened_at"], json!(at(0)));
    assert_eq!(left["ledger/m/history/run-000001.json"], left["runs/m/000001/run.json"]);
    assert!(left["runs/m/000001/report.html"].contains("old"));
    assert_eq!(edge.executions.started().len(), 1, "nothing waits: no further run");
}

#[tokio::test]
async fn what_arrived_meanwhile_starts_the_next_run() {
    let edge = edge().await;
    open_run(&edge).await;
    let taken = inbox::waiting(&edge.store, &keys()).await.unwrap();
    let manifest = json!({ "generation": 1, "at": at(1), "triggers": taken, "objects": [], "batch": [] });
    put(&edge, "runs/m/000001/manifest.json", manifest.to_string().as_bytes()).await;
    handle(&edge, object_event("m/b.csv", "v1"), at(2)).await.unwrap();
    close(&edge, 1, Ending::Promoted, at(60)).await;
    let names: Vec<String> = edge.executions.started().into_iter().map(|(name, _)| name).collect();
    assert_eq!((names, waiting(&edge).await), (vec!["m-1".to_owned(), "m-2".to_owned()], 1));
    // Closing the first run once more leaves the second alone.
    close(&edge, 1, Ending::Promoted, at(61)).await;
    assert_eq!(training_of(&edge).await.open.unwrap().generation, Generation(2));
}

#[tokio::test]
async fn rejections_open_the_breaker_and_count_once_each() {
    let edge = edge().await;
    put_pipeline(&edge, "m", "decide: {rejections_before_breaker: 2}").await;
    open_run(&edge).await;
    for _ in 0..2 {
        close(&edge, 1, Ending::Rejected, at(60)).await;
    }
    let training = training_of(&edge).await;
    assert_eq!((training.rejected_in_a_row, training.breaker), (1, None));
    handle(&edge, object_event("m/b.csv", "v1"), at(70)).await.unwrap();
    close(&edge, 2, Ending::Rejected, at(80)).await;
    let breaker = training_of(&edge).await.breaker.unwrap();
    assert_eq!(breaker.reason, "2 challengers in a row were rejected");
}

#[tokio::test]
async fn a_training_that_diverged_opens_the_breaker_even_where_the_pipeline_is_broken() {
    let edge = edge().await;
    open_run(&edge).await;
    put(&edge, "pipelines/m/pipeline.yaml", b"model: [").await;
    close(&edge, 1, Ending::Diverged, at(60)).await;
    let training = training_of(&edge).await;
    assert_eq!((training.open, training.breaker.unwrap().reason), (None, "because".to_owned()));
}

#[tokio::test]
async fn the_notice_of_an_end_says_what_serves_and_what_is_asked() {
    let edge = edge().await;
    let generation = open_run(&edge).await;
    let outcome = json!({ "code": "failed", "reason": "no room", "state": "Train", "error": "Limit" });
    let step = json!({ "step": "notify_end", "model": "m", "generation": generation, "outcome": outcome });
    handle(&edge, step.clone(), at(60)).await.unwrap();
    let mut release = Release::new("m");
    release.current = Some(Deployment::new(Generation(4), "m-4"));
    put(&edge, &keys().release(), json!(release).to_string().as_bytes()).await;
    handle(&edge, step.clone(), at(60)).await.unwrap();
    put(&edge, &keys().release(), b"{").await;
    handle(&edge, step, at(60)).await.unwrap();
    let sent = edge.notices.sent();
    assert!(sent.iter().all(|it| it.severity == Severity::Page && it.asked.is_some()), "{sent:?}");
    assert!(sent.iter().all(|it| it.reason == "Train failed: no room"), "{sent:?}");
    let serving: Vec<_> = sent.iter().map(|it| it.serving.as_deref().unwrap_or_default()).collect();
    assert_eq!(serving[..2], ["nothing that Pawl released", "the model of run 4 (m-4)"]);
    assert!(serving[2].starts_with("unknown: "), "{serving:?}");
}

#[tokio::test]
async fn the_notice_of_a_question_says_until_when_and_the_runs_page_is_there() {
    let edge = edge().await;
    let generation = open_run(&edge).await;
    let step = json!({ "step": "notify_question", "model": "m", "generation": generation,
        "question": "Is this shift real?", "wait_seconds": 3_600 });
    handle(&edge, step, at(60)).await.unwrap();
    let sent = edge.notices.sent();
    let asked = sent[0].asked.clone().unwrap();
    assert_eq!((sent[0].reason.as_str(), asked.by.unwrap().0), ("Is this shift real?", at(3_660)));
    let page = sent[0].evidence.clone().unwrap();
    assert!(edge.store.get(&page).await.unwrap().is_some(), "{page}");
}

fn reconcile() -> Value {
    json!({ "step": "reconcile", "pipeline": "pipelines/m/pipeline.yaml" })
}

#[tokio::test]
async fn reconciling_closes_a_run_whose_execution_is_over() {
    let edge = edge().await;
    open_run(&edge).await;
    let answer = json!({ "regions": [], "open_run_seconds": 60 });
    assert_eq!(twice(&edge, reconcile(), at(60)).await, answer, "how old the open run is, for an alarm");
    assert!(training_of(&edge).await.open.is_some(), "it runs");
    edge.executions.end("m-1");
    twice(&edge, reconcile(), at(120)).await;
    assert_eq!(training_of(&edge).await.open, None);
    assert_eq!(edge.notices.sent().len(), 1);
}

#[tokio::test]
async fn a_schedule_starts_one_run_a_slot_and_missed_slots_are_one() {
    let edge = edge().await;
    put_pipeline(&edge, "m", "schedule: rate(1 hour)").await;
    let hour = 3_600;
    // The slot that is over when the schedule is new is none of its own.
    let first = at(0).as_second().rem_euclid(hour);
    let slot = |number: i64| at(number * hour - first);
    let started = async |now| {
        twice(&edge, reconcile(), now).await;
        edge.executions.started().len()
    };
    assert_eq!(started(slot(0)).await, 0);
    assert_eq!(started(at(60)).await, 0);
    assert_eq!(started(slot(1)).await, 1);
    edge.executions.end("m-1");
    assert_eq!(started(slot(1)).await, 1, "told again it starts nothing");
    // Nobody looked for three slots.
    assert_eq!(started(slot(5)).await, 2);
    edge.executions.end("m-2");
    assert_eq!(started(slot(5)).await, 2);
    // Another schedule begins anew.
    put_pipeline(&edge, "m", "schedule: rate(30 minutes)").await;
    assert_eq!(started(slot(6)).await, 2);
    assert_eq!(started(slot(7)).await, 3);
    let handled = edge.store.list("ledger/m/handled/").await.unwrap();
    assert_eq!(handled.len(), 2, "one trigger for each run that has ended");
}

#[tokio::test]
async fn reconciling_starts_the_run_that_was_only_asked_for() {
    let edge = edge().await;
    edge.executions.fail(Some(unavailable()));
    assert!(handle(&edge, object_event("m/a.csv", "v1"), at(0)).await.is_err());
    edge.executions.fail(None);
    twice(&edge, reconcile(), at(60)).await;
    assert_eq!(edge.executions.started().len(), 1);
    assert!(training_of(&edge).await.open.is_some());
    assert_eq!(edge.notices.sent(), [], "it was never started, so it is not over");
}

#[tokio::test]
async fn reconciling_finds_objects_whose_event_was_lost() {
    let edge = edge().await;
    let object = edge.objects.put("incoming", "m/a.csv", "x,y\n1,2\n");
    edge.objects.put("incoming", "other/b.csv", "x,y\n1,2\n");
    edge.objects.put_unversioned("incoming", "m/no-version.csv", "x,y\n1,2\n");
    twice(&edge, reconcile(), at(0)).await;
    assert_eq!((waiting(&edge).await, edge.executions.started().len()), (1, 1));
    // The event comes late: it is a duplicate.
    let late = object_event("m/a.csv", object.version.as_deref().unwrap());
    let answer = handle(&edge, late, at(1)).await.unwrap();
    assert_eq!(answer, json!({ "signals": [[{ "model": "m", "trigger": "duplicate" }]] }));
    // Handled once, it is not found again.
    close(&edge, 1, Ending::Skipped, at(2)).await;
    twice(&edge, reconcile(), at(3)).await;
    assert_eq!((waiting(&edge).await, edge.executions.started().len()), (0, 1));
}

#[tokio::test]
async fn a_sweep_goes_on_where_the_last_one_ended() {
    let mut edge = edge().await;
    edge.objects = edge.objects.in_pages_of(2);
    for key in ["a", "b", "c"] {
        edge.objects.put("incoming", &format!("m/{key}.csv"), "x,y\n1,2\n");
    }
    handle(&edge, reconcile(), at(0)).await.unwrap();
    assert_eq!(waiting(&edge).await, 2, "the first page");
    close(&edge, 1, Ending::Skipped, at(1)).await;
    handle(&edge, reconcile(), at(2)).await.unwrap();
    assert_eq!(waiting(&edge).await, 1, "the second page");
    let free = |training: &mut Training| training.close(Generation(2));
    TRAINING.of(&keys()).update(&edge.store, free).await.unwrap();
    handle(&edge, reconcile(), at(3)).await.unwrap();
    let place = json_at(&edge.store, &keys().sweep()).await.unwrap();
    assert_eq!(place, Value::Null, "the end: the next sweep begins anew");
}

#[tokio::test]
async fn a_listing_that_is_refused_holds_no_trigger_up() {
    let edge = edge().await;
    let refused = Fault::Refused("list s3://incoming/m/: access denied".to_owned());
    edge.objects.fail("m/", Some(refused.clone()));
    edge.executions.fail(Some(unavailable()));
    assert!(handle(&edge, object_event("m/a.csv", "v1"), at(0)).await.is_err());
    edge.executions.fail(None);
    let free = |training: &mut Training| training.close(Generation(1));
    TRAINING.of(&keys()).update(&edge.store, free).await.unwrap();
    assert_eq!(
        handle(&edge, reconcile(), at(1)).await,
        Ok(json!({ "regions": [], "open_run_seconds": 0 })),
        "the run is open: no sweep"
    );
    assert_eq!(edge.executions.started().len(), 1, "what waited was started first");
    close(&edge, 2, Ending::Skipped, at(2)).await;
    assert_eq!(handle(&edge, reconcile(), at(3)).await.unwrap_err(), refused);
}

#[tokio::test]
async fn a_pipeline_that_cannot_be_read_is_left_alone() {
    let edge = edge().await;
    put(&edge, "pipelines/m/pipeline.yaml", b"model: [").await;
    let left = documents(&edge.store).await.unwrap();
    for pipeline in ["pipelines/m/pipeline.yaml", "pipelines/gone/pipeline.yaml", "pipelines/README.md"] {
        let request = json!({ "step": "reconcile", "pipeline": pipeline });
        assert_eq!(
            handle(&edge, request, at(0)).await,
            Ok(json!({ "regions": [], "open_run_seconds": null }))
        );
    }
    assert_eq!(documents(&edge.store).await.unwrap(), left);
}
