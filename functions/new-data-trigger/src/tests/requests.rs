//! Requests of people, which lie in the bucket under their user ids.

use pawl::documents::QUESTION;
use pawl::run::force::Wish;

use super::*;

const ADA: &str = "AROA1:ada@example.com";
const TOLD: &str = "ada@example.com (AROA1)";

/// A person puts a request; the event that tells of it.
async fn asked<S: Store>(edge: &Edge<InMemory<S>>, key: &str, body: Value) -> Value {
    let body = body.to_string();
    put(edge, key, body.as_bytes()).await;
    json!({ "source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-20T08:00:00Z",
        "detail": { "bucket": { "name": HOME }, "object": { "key": key, "size": body.len(), "version-id": "1" } } })
}

fn request(concern: &str, id: u32) -> String {
    format!("requests/{concern}/{ADA}/m/{id}.json")
}

/// A run that waits with the question `package-1`.
async fn question(edge: &Edge<InMemory>) {
    let question = json!({ "token": "T", "model": "m", "generation": 1, "question": "Is it better?" });
    put(edge, QUESTION.of(&keys(), "package-1").key(), question.to_string().as_bytes()).await;
    edge.executions.wait(Some("T"));
}

async fn answered(edge: &Edge<InMemory>) -> Value {
    json_at(&edge.store, "ledger/m/questions/package-1.json").await.unwrap()["answered"].clone()
}

/// What the notes in the history say: act, person and reason.
async fn notes(edge: &Edge<InMemory>) -> Vec<(String, String, String)> {
    let mut notes = Vec::new();
    for found in edge.store.list("ledger/m/history/note-").await.unwrap() {
        let note = json_at(&edge.store, &found.key).await.unwrap();
        let text = |field: &str| note[field].as_str().unwrap().to_owned();
        notes.push((text("act"), text("who"), text("why")));
    }
    notes
}

fn note(act: &str, why: &str) -> (String, String, String) {
    (act.to_owned(), TOLD.to_owned(), why.to_owned())
}

#[tokio::test]
async fn a_wish_for_a_run_starts_one_in_the_name_that_aws_tells() {
    let edge = edge().await;
    let body = json!({ "act": "run", "why": "new labels", "says": "bob", "who": "bob" });
    let event = asked(&edge, &request("run", 1), body).await;
    handle(&edge, event.clone(), at(0)).await.unwrap();
    handle(&edge, event, at(1)).await.unwrap();
    let ids = inbox::waiting(&edge.store, &keys()).await.unwrap();
    assert_eq!((ids.len(), edge.executions.started().len()), (1, 1));
    let trigger = inbox::get(&edge.store, &keys(), &ids[0]).await.unwrap().unwrap();
    assert_eq!(trigger.what, format!("{TOLD} asked: new labels"));
    assert!(!trigger.event.to_string().contains("bob"), "{}", trigger.event);

    let body = json!({ "act": "run", "force": 7, "why": "the rules leak", "says": "bob" });
    handle(&edge, asked(&edge, &request("run", 2), body).await, at(2)).await.unwrap();
    let ids = inbox::waiting(&edge.store, &keys()).await.unwrap();
    let alone = ids.iter().find(|id| id.completes() == inbox::Completes::Alone).unwrap();
    let trigger = inbox::get(&edge.store, &keys(), alone).await.unwrap().unwrap();
    let wish = Wish { run: Generation(7), who: TOLD.to_owned(), why: "the rules leak".to_owned() };
    assert_eq!(Wish::of(&trigger), Some(wish));
}

#[tokio::test]
async fn an_answer_reaches_the_run_once() {
    let edge = edge().await;
    question(&edge).await;
    let body = json!({ "act": "reject", "question": "package-1", "why": "worse", "says": "bob" });
    let event = asked(&edge, &request("answer", 1), body).await;
    let done = |word: &str| json!({ "signals": [{ "request": word }] });
    assert_eq!(handle(&edge, event.clone(), at(0)).await.unwrap(), done("taken"));
    let output = json!({ "answer": "reject", "why": "worse", "who": TOLD }).to_string();
    assert_eq!(edge.executions.answers(), [output]);
    let found = answered(&edge).await;
    assert_eq!((&found["answer"], &found["who"]), (&json!("reject"), &json!(TOLD)));
    assert_eq!(found["request"], json!(request("answer", 1)));

    let left = documents(&edge.store).await.unwrap();
    assert_eq!(handle(&edge, event, at(9)).await.unwrap(), done("done before"));
    assert_eq!(documents(&edge.store).await.unwrap(), left);
    assert_eq!(notes(&edge).await, [note("reject", "worse")]);

    // Who comes second changes nothing, and is told.
    let body = json!({ "act": "approve", "question": "package-1", "why": "better" });
    let event = asked(&edge, &request("answer", 2), body).await;
    assert_eq!(handle(&edge, event, at(10)).await.unwrap(), done("answered before"));
    assert_eq!(answered(&edge).await, found);
    assert_eq!(notes(&edge).await, [note("reject", "worse"), note("unheard", "It was answered before.")]);
}

#[tokio::test]
async fn an_answer_that_no_run_waits_for_is_noted_as_unheard() {
    let edge = edge().await;
    question(&edge).await;
    edge.executions.wait(None);
    let body = json!({ "act": "approve", "question": "package-1", "why": "better" });
    let event = asked(&edge, &request("answer", 1), body).await;
    twice_noted(&edge, event).await;
    assert_eq!(answered(&edge).await["answer"], "elsewhere");
    assert_eq!(notes(&edge).await, [note("approve", "better"), note("unheard", "The run no longer waited.")]);
}

async fn twice_noted(edge: &Edge<InMemory>, event: Value) {
    handle(edge, event.clone(), at(0)).await.unwrap();
    let left = documents(&edge.store).await.unwrap();
    handle(edge, event, at(1)).await.unwrap();
    assert_eq!(documents(&edge.store).await.unwrap(), left);
}

#[tokio::test]
async fn an_answer_that_fails_is_tried_again() {
    let edge = edge().await;
    question(&edge).await;
    edge.executions.fail(Some(unavailable()));
    let body = json!({ "act": "approve", "question": "package-1", "why": "better" });
    let event = asked(&edge, &request("answer", 1), body).await;
    assert_eq!(handle(&edge, event.clone(), at(0)).await.unwrap_err(), unavailable());
    edge.executions.fail(None);
    handle(&edge, event, at(1)).await.unwrap();
    assert_eq!(edge.executions.answers().len(), 1);
    assert_eq!(notes(&edge).await, [note("approve", "better")]);
}

#[tokio::test]
async fn a_reset_closes_the_breaker_once() {
    let edge = edge().await;
    let trip = |training: &mut Training| training.trip("loss was NaN".into(), at(0));
    TRAINING.of(&keys()).update(&edge.store, trip).await.unwrap();
    let event = asked(&edge, &request("run", 1), json!({ "act": "reset", "why": "mended" })).await;
    handle(&edge, event.clone(), at(0)).await.unwrap();
    assert_eq!(training_of(&edge).await.breaker, None);
    assert_eq!(notes(&edge).await, [note("reset", "mended")]);
    // A late copy of the event does not close a breaker that opened since.
    TRAINING.of(&keys()).update(&edge.store, trip).await.unwrap();
    handle(&edge, event, at(1)).await.unwrap();
    assert!(training_of(&edge).await.breaker.is_some());
}

#[tokio::test]
async fn what_cannot_be_read_or_is_anothers_part_is_kept_and_told() {
    let edge = edge().await;
    question(&edge).await;
    let approve = json!({ "act": "approve", "question": "package-1", "why": "better" });
    for (key, body, reason) in [
        (request("run", 1), approve.clone(), "asks for what is not asked for there"),
        (request("answer", 2), json!({ "act": "reset", "why": "x" }), "asks for what is not asked for there"),
        (request("answer", 3), json!({ "act": "approve", "why": "x" }), "missing field `question`"),
        (
            request("answer", 4),
            json!({ "act": "approve", "question": "package-9", "why": "x" }),
            "asked package-9",
        ),
        ("requests/answer/AIDA7/package.json".to_owned(), approve, "requests/<concern>"),
    ] {
        let event = asked(&edge, &key, body).await;
        let told = edge.notices.sent().len();
        let answer = twice(&edge, event, at(0)).await;
        let kept = answer["signals"][0]["reason"].as_str().unwrap();
        assert!(kept.contains(reason), "{kept}");
        assert_eq!(edge.notices.sent().len(), told + 1, "{key}");
    }
    assert_eq!((edge.executions.answers(), answered(&edge).await), (vec![], Value::Null));
}
