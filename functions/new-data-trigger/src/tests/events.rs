use super::*;

use pawl::documents::MANIFEST;
use pawl::edge::Executions;
use pawl::ledger::training::Execution;
use pawl::ledger::{Manifest, Object};

fn request(more: Value) -> Value {
    let mut request = json!({ "model": "m", "who": "ada", "why": "new labels", "id": "r1" });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "source": "custom.pawl", "detail-type": "Pawl Request", "time": "2026-11-20T08:00:00Z",
        "detail": { "bucket": HOME, "request": request } })
}

fn alarm(name: &str, state: &str) -> Value {
    json!({ "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "time": "2026-11-20T08:00:00Z", "resources": [format!("arn:aws:cloudwatch:eu-west-1:1:alarm:{name}")],
        "detail": { "alarmName": name, "previousState": { "value": "OK" },
            "state": { "value": state, "reason": "crossed", "timestamp": "2026-11-20T08:00:00.000+0000" },
            "configuration": { "metrics": [] } } })
}

fn ended(name: &str) -> Value {
    let machine = "arn:aws:states:eu-west-1:1:stateMachine:retraining";
    let execution = format!("arn:aws:states:eu-west-1:1:execution:retraining:{name}");
    json!({ "source": "aws.states", "detail-type": "Step Functions Execution Status Change",
        "time": "2026-11-20T08:00:00Z", "detail": { "executionArn": execution, "stateMachineArn": machine,
        "name": name, "status": "TIMED_OUT" } })
}

#[tokio::test]
async fn a_new_object_starts_a_run_once() {
    let edge = edge().await;
    let event = object_event("m/a.csv", "v1");
    let answer = handle(&edge, event.clone(), at(0)).await.unwrap();
    assert_eq!(answer, json!({ "signals": [[{ "model": "m", "trigger": "recorded" }]] }));
    let started = [("m-1".to_owned(), json!({ "model": "m", "generation": 1 }).to_string())];
    assert_eq!(edge.executions.started(), started);

    let left = documents(&edge.store).await.unwrap();
    let again = handle(&edge, event, at(1)).await.unwrap();
    assert_eq!(again, json!({ "signals": [[{ "model": "m", "trigger": "duplicate" }]] }));
    assert_eq!(documents(&edge.store).await.unwrap(), left);

    // While the run is open, further objects wait for it.
    handle(&edge, object_event("m/b.csv", "v1"), at(2)).await.unwrap();
    assert_eq!((waiting(&edge).await, edge.executions.started().len()), (2, 1));
}

#[tokio::test]
async fn an_event_that_comes_after_its_object_was_looked_at_starts_no_run() {
    let edge = edge().await;
    let object = |key: &str| Object::new("incoming".into(), key.into(), Some("v1".into()), "e".into(), 3);
    let manifest = Manifest {
        generation: Generation(0),
        at: at(0),
        triggers: vec![],
        objects: vec![object("m/a.csv")],
        batch: vec![],
        left_out: 0,
    };
    MANIFEST.of(&keys(), Generation(0)).write(&edge.store, &manifest, Condition::Always).await.unwrap();
    let answer = handle(&edge, object_event("m/a.csv", "v1"), at(1)).await.unwrap();
    assert_eq!(answer, json!({ "signals": [[{ "model": "m", "trigger": "recorded" }]] }));
    assert_eq!((waiting(&edge).await, edge.executions.started().len()), (0, 0));
    // It is on record, so that it is not taken for new again.
    let answer = handle(&edge, object_event("m/a.csv", "v1"), at(2)).await.unwrap();
    assert_eq!(answer, json!({ "signals": [[{ "model": "m", "trigger": "duplicate" }]] }));
    // Another version of it is new.
    handle(&edge, object_event("m/a.csv", "v2"), at(3)).await.unwrap();
    assert_eq!((waiting(&edge).await, edge.executions.started().len()), (1, 1));
}

#[tokio::test]
async fn another_programs_own_files_start_nothing_and_trouble_nobody() {
    let edge = edge().await;
    for key in ["m/_SUCCESS", "m/.part-0.crc", "m/_temporary/0/a.csv"] {
        let answer = handle(&edge, object_event(key, "v1"), at(0)).await.unwrap();
        assert_eq!(answer, json!({ "signals": [[]] }), "{key}");
    }
    assert_eq!((waiting(&edge).await, edge.executions.started().len()), (0, 0));
    assert_eq!(edge.notices.sent(), []);
}

#[tokio::test]
async fn a_start_that_was_lost_is_made_up_for_by_the_next_try() {
    let edge = edge().await;
    edge.executions.fail(Some(unavailable()));
    let event = object_event("m/a.csv", "v1");
    assert_eq!(handle(&edge, event.clone(), at(0)).await.unwrap_err(), unavailable());
    assert_eq!((waiting(&edge).await, edge.executions.started()), (1, vec![]));
    edge.executions.fail(None);
    let answer = handle(&edge, event, at(1)).await.unwrap();
    assert_eq!(answer, json!({ "signals": [[{ "model": "m", "trigger": "duplicate" }]] }));
    assert_eq!(edge.executions.started().len(), 1);
}

#[tokio::test]
async fn each_kind_of_event_reaches_the_models_that_it_is_for() {
    let tick = json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event",
        "time": "2026-11-20T08:00:00Z", "detail": { "model": "m" },
        "resources": ["arn:aws:scheduler:eu-west-1:1:schedule/default/nightly"] });
    let push = json!({ "source": "aws.ecr", "detail-type": "ECR Image Action", "time": "2026-11-20T08:00:00Z",
        "detail": { "action-type": "PUSH", "result": "SUCCESS", "repository-name": "trainer",
            "image-digest": "sha256:1" } });
    let mut yaml = object_event("pipelines/m/pipeline.yaml", "v1");
    yaml["detail"]["bucket"]["name"] = json!(HOME);
    let recorded = |models: &[&str]| {
        let each = |model: &&str| json!({ "model": model, "trigger": "recorded" });
        json!({ "signals": [models.iter().map(each).collect::<Vec<_>>()] })
    };
    for (event, models) in [
        (tick, vec!["m"]),
        (push, vec!["other"]),
        (yaml, vec!["m"]),
        (request(json!({})), vec!["m"]),
        (request(json!({ "force": 3 })), vec!["m"]),
        (alarm("revenue", "ALARM"), vec!["other"]),
        (alarm("revenue", "OK"), vec![]),
        (alarm("someone-elses", "ALARM"), vec![]),
    ] {
        let edge = edge().await;
        put_pipeline(&edge, "other", "decide: {alarms: [revenue], repositories: [trainer]}").await;
        assert_eq!(handle(&edge, event.clone(), at(0)).await.unwrap(), recorded(&models), "{event}");
        assert_eq!(edge.executions.started().len(), models.len(), "{event}");
        assert_eq!(edge.notices.sent(), [], "{event}");
    }
}

#[tokio::test]
async fn what_a_trigger_says_is_written_for_people() {
    for (event, what) in [
        (request(json!({})), "ada asked: new labels"),
        (request(json!({ "force": 3 })), "ada forces the challenger of run 3: new labels"),
        (object_event("m/a.csv", "v1"), "s3://incoming/m/a.csv"),
    ] {
        let edge = edge().await;
        handle(&edge, event, at(0)).await.unwrap();
        let id = inbox::waiting(&edge.store, &keys()).await.unwrap().pop().unwrap();
        assert_eq!(inbox::get(&edge.store, &keys(), &id).await.unwrap().unwrap().what, what);
    }
}

#[tokio::test]
async fn an_event_that_starts_nothing_is_kept_and_people_hear_of_it_once() {
    let mut deleted = object_event("m/a.csv", "v1");
    deleted["detail-type"] = json!("Object Deleted");
    let mut request = request(json!({}));
    request["detail"]["request"]["model"] = json!("nobody");
    for (event, reason) in [
        (json!({ "hello": "world" }), ""),
        (object_event("elsewhere/a.csv", "v1"), "no pipeline takes s3://incoming/elsewhere/a.csv"),
        (deleted, "s3://incoming/m/a.csv was deleted; a run only looks at objects that exist"),
        (request, "no pipeline is asked for by this event"),
    ] {
        let edge = edge().await;
        put(&edge, "pipelines/broken/pipeline.yaml", b"model: [").await;
        let answer = twice(&edge, event.clone(), at(0)).await;
        // A signal's answer stands in a list; an event that cannot be decoded has none.
        let kept = answer.pointer("/signals/0").unwrap_or(&answer);
        let said = kept["reason"].as_str().unwrap();
        assert!(said.starts_with(reason), "{said}");
        let (key, sent) = (kept["kept"].as_str().unwrap(), edge.notices.sent());
        assert!(edge.store.get(key).await.unwrap().is_some());
        let [notice] = sent.as_slice() else { unreachable!("one notice, not {sent:?}") };
        assert_eq!(notice.headline, "an event started nothing");
        assert!(notice.reason.starts_with(&format!("{said} The event is kept.")), "{notice:?}");
        assert_eq!(notice.evidence.as_deref(), Some(key));
        assert_eq!(edge.executions.started(), []);
    }
}

/// An image that was pushed, as ECR tells it
/// (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>).
fn push(repository: &str, tag: &str, digest: &str) -> Value {
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": "ECR Image Action",
        "time": "2026-11-20T08:00:00Z", "resources": [],
        "detail": {"result": "SUCCESS", "repository-name": repository, "image-digest": digest,
            "action-type": "PUSH", "image-tag": tag},
    })
}

#[tokio::test]
async fn a_push_starts_the_models_that_are_made_of_it_and_no_other() {
    let edge = edge().await;
    for (name, image) in [("one", "bike:1"), ("two", "bike:2"), ("three", "taxi:1")] {
        let yaml = format!(
            "model: {name}\ndata: {{bucket: incoming, prefix: {name}/, label: {{column: y}}, features: [x]}}\n\
             train: {{image: 1.dkr.ecr.r.amazonaws.com/{image}}}\ndecide: {{repositories: [code@main]}}"
        );
        put(&edge, &pipeline(&model(name)), yaml.as_bytes()).await;
    }
    let started = || edge.executions.started().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    for _ in 0..2 {
        handle(&edge, push("bike", "1", "sha256:a"), at(0)).await.unwrap();
    }
    assert_eq!(started(), ["one-1"]);
    for _ in 0..2 {
        handle(&edge, push("bike", "3", "sha256:b"), at(1)).await.unwrap();
    }
    for _ in 0..2 {
        handle(&edge, push("elsewhere", "1", "sha256:c"), at(2)).await.unwrap();
    }
    assert_eq!((started().len(), edge.notices.sent().len()), (1, 0), "most pushes are for nobody");
    let commit = |branch: &str| {
        json!({
            "version": "0", "source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
            "time": "2026-11-20T08:00:00Z", "resources": ["arn:aws:codecommit:r:1:code"],
            "detail": {"event": "referenceUpdated", "repositoryName": "code", "commitId": "c0ffee",
                "referenceType": "branch", "referenceName": branch},
        })
    };
    for _ in 0..2 {
        handle(&edge, commit("trial"), at(3)).await.unwrap();
    }
    assert_eq!(started().len(), 1);
    for _ in 0..2 {
        handle(&edge, commit("main"), at(4)).await.unwrap();
    }
    let mut all = started();
    all.sort();
    assert_eq!(all, ["one-1", "three-1", "two-1"], "and the run of one that is open takes it next");
}

#[tokio::test]
async fn objects_that_no_pipeline_takes_are_told_once_a_prefix_and_day() {
    let edge = edge().await;
    let kept = async || {
        let documents = documents(&edge.store).await.unwrap();
        let own = |key: &&String| key.starts_with("ledger/_unrouted/") && !key.contains("/objects/");
        documents.keys().filter(own).count()
    };
    for (number, (key, second)) in
        [("strays/a.csv", 0), ("strays/b.csv", 1), ("strays/deep/c.csv", 2)].into_iter().enumerate()
    {
        twice(&edge, object_event(key, "v1"), at(second)).await;
        assert_eq!((edge.notices.sent().len(), kept().await), (1, number + 1), "each is kept");
    }
    twice(&edge, object_event("others/a.csv", "v1"), at(3)).await;
    assert_eq!(edge.notices.sent().len(), 2, "another prefix");
    twice(&edge, object_event("strays/d.csv", "v1"), at(86_400)).await;
    assert_eq!((edge.notices.sent().len(), kept().await), (3, 5), "another day");
}

#[tokio::test]
async fn a_bucket_that_was_emptied_starts_anew_behind_the_names_that_are_taken() {
    let edge = edge().await;
    for name in ["m-1", "m-2"] {
        edge.executions.start(name, "{}").await.unwrap();
        edge.executions.end(name);
    }
    handle(&edge, object_event("m/a.csv", "v1"), at(0)).await.unwrap();
    let names: Vec<String> = edge.executions.started().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["m-1", "m-2", "m-3"]);
    let open = training_of(&edge).await.open.unwrap();
    assert_eq!((open.generation, open.execution), (Generation(3), Execution::Started));
}

#[tokio::test]
async fn a_run_that_has_evidence_is_over_and_not_passed_over() {
    let edge = edge().await;
    edge.executions.start("m-1", "{}").await.unwrap();
    edge.executions.end("m-1");
    put(&edge, "runs/m/000001/manifest.json", b"{}").await;
    handle(&edge, object_event("m/a.csv", "v1"), at(0)).await.unwrap();
    let open = training_of(&edge).await.open.unwrap();
    assert_eq!((open.generation, open.execution), (Generation(1), Execution::Started), "the round closes it");
}

#[tokio::test]
async fn a_pipeline_that_cannot_be_read_is_named_where_an_event_finds_none() {
    let edge = edge().await;
    put(&edge, "pipelines/broken/pipeline.yaml", b"model: [").await;
    let answer = handle(&edge, object_event("elsewhere/a.csv", "v1"), at(0)).await.unwrap();
    let reason = answer.pointer("/signals/0/reason").unwrap().as_str().unwrap();
    assert!(reason.contains("; cannot be read: pipelines/broken/pipeline.yaml: "), "{reason}");
}

#[tokio::test]
async fn people_who_could_not_be_notified_are_notified_by_the_next_try() {
    let edge = edge().await;
    edge.notices.fail(Some(unavailable()));
    let event = json!({ "hello": "world" });
    assert_eq!(handle(&edge, event.clone(), at(0)).await.unwrap_err(), unavailable());
    let kept = |documents: std::collections::BTreeMap<String, String>| {
        documents.keys().filter(|key| key.starts_with("ledger/_unrouted/")).count()
    };
    assert_eq!(kept(documents(&edge.store).await.unwrap()), 0, "Lambda tries again, and finds nothing done");
    edge.notices.fail(None);
    twice(&edge, event, at(1)).await;
    assert_eq!((edge.notices.sent().len(), kept(documents(&edge.store).await.unwrap())), (1, 1));
}

#[tokio::test]
async fn an_execution_that_ended_without_closing_its_run_fails_the_run() {
    let edge = edge().await;
    open_run(&edge).await;
    let answer = twice(&edge, ended("m-1"), at(60)).await;
    assert_eq!(answer, json!({ "signals": [{ "ended": "m-1" }] }));
    let record = json_at(&edge.store, "runs/m/000001/run.json").await.unwrap();
    assert_eq!(record["outcome"]["error"], "Pawl.ExecutionEnded");
    let reason = "The execution m-1 is TIMED_OUT, but the run had not closed.";
    assert_eq!(record["outcome"]["reason"], reason);
    let sent = edge.notices.sent();
    let told: Vec<_> = sent.iter().map(|it| (it.headline.as_str(), it.reason.as_str())).collect();
    assert_eq!(told, [("m run 1 failed", reason)]);
    assert_eq!((training_of(&edge).await.open, waiting(&edge).await), (None, 0));
}

#[tokio::test]
async fn the_end_of_any_other_execution_changes_nothing() {
    let edge = edge().await;
    open_run(&edge).await;
    let left = documents(&edge.store).await.unwrap();
    for name in ["m-7", "someone-elses", "stranger-1"] {
        handle(&edge, ended(name), at(60)).await.unwrap();
    }
    assert_eq!(documents(&edge.store).await.unwrap(), left);
    assert_eq!(edge.notices.sent(), []);
}
