use super::*;

use pawl::events::decode;
use pawl::gate::convergence::{Converged, TrainedModel, check};
use pawl::gate::{Judgement, Policy};

const FORCED: Generation = Generation(1);

fn force() -> Value {
    json!({ "step": "force", "model": "m", "generation": 2 })
}

/// A person asked to force the challenger of run 1.
async fn wish(edge: &InMemory, why: &str) {
    let request = json!({ "model": "m", "who": "ada", "why": why, "force": FORCED, "id": "w1" });
    let event = json!({ "source": "custom.pawl", "detail-type": "Pawl Request",
        "time": "2026-11-20T08:00:00Z", "detail": { "bucket": HOME, "request": request } });
    let signal = decode(&event).unwrap().pop().unwrap();
    let id = TriggerId::new(signal.dedupe_key().as_str(), Completes::Alone);
    let trigger = Trigger { id, kind: TriggerKind::Person, what: why.to_owned(), received_at: at(0), event };
    inbox::record(&edge.store, &keys(), &trigger).await.unwrap();
}

/// Run 1 ended in this way after its challenger was judged.
async fn end_run(edge: &InMemory, code: &str) {
    let outcome = json!({ "code": code, "reason": "it is worse" });
    let record = json!({ "model": "m", "generation": FORCED, "outcome": outcome, "triggers": [],
        "opened_at": null, "closed_at": at(0) });
    let trained =
        Some(TrainedModel { job: "m-1-a".into(), artifact: "s3://evidence/m-1/model.tar.gz".into() });
    let converged = Converged { check: check(&[], &[]), metrics: Value::Null, trained };
    let judgement = Judgement::unusable(&Policy::default(), 1, &std::fmt::Error);
    for (name, document) in [
        ("run.json", record),
        ("split.json", split()),
        ("convergence.json", json!(converged)),
        ("judgement.json", json!(judgement)),
    ] {
        put_json(edge, &keys().evidence(FORCED, name), &document).await;
    }
    put(edge, &keys().evidence(FORCED, "pipeline.yaml"), YAML).await;
    put(edge, "m-1/model.tar.gz", "an archive").await;
}

#[tokio::test]
async fn a_rejected_challenger_is_promoted_by_a_person() {
    let edge = empty();
    end_run(&edge, "rejected").await;
    wish(&edge, "the label was wrong").await;
    let answer = twice(&edge, force()).await;
    assert_eq!(answer["next"], "promote");
    let name = format!("m-2-{}", at(0).strftime("%Y%m%d%H%M%S"));
    assert_eq!(answer["name"], name);
    assert_eq!(answer["model"]["ExecutionRoleArn"], SERVING);
    let said = answer["forced"].as_str().unwrap();
    assert!(said.starts_with("Forced by ada, where the gate of run 1 had said "), "{said}");
    assert!(said.ends_with(": the label was wrong. "), "{said}");
    let lineage = &answer["package"]["CustomerMetadataProperties"];
    assert_eq!((&lineage["pawl.forced-run"], &lineage["pawl.forced-by"]), (&json!("1"), &json!("ada")));
    assert_eq!(lineage["pawl.training-job"], "m-1-a");
    assert_eq!(evidence(&edge, "judgement.json").await["forced"]["by"], "ada");
    assert_eq!(evidence(&edge, "split.json").await, split());
}

#[tokio::test]
async fn what_cannot_be_forced_is_refused_with_its_reason() {
    for (ending, why, reason) in [
        (None, "the label was wrong", "there is no run 1, or it has not ended"),
        (
            Some("promoted"),
            "the label was wrong",
            "run 1 did not end with a challenger that was rejected or declined",
        ),
        (Some("rejected"), "short", "at least 10 characters"),
    ] {
        let edge = empty();
        if let Some(ending) = ending {
            end_run(&edge, ending).await;
        }
        wish(&edge, why).await;
        let answer = twice(&edge, force()).await;
        assert_eq!(answer["next"], "refuse");
        let said = answer["reason"].as_str().unwrap();
        assert!(said.starts_with(&format!("Not forced, as ada asked ({why}): ")), "{said}");
        assert!(said.contains(reason), "{said}");
        assert!(edge.store.get(&keys().evidence(RUN, "judgement.json")).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn an_artefact_that_is_gone_cannot_serve() {
    let edge = empty();
    end_run(&edge, "rejected").await;
    edge.store.delete("m-1/model.tar.gz").await.unwrap();
    wish(&edge, "the label was wrong").await;
    let answer = twice(&edge, force()).await;
    let said = answer["reason"].as_str().unwrap();
    assert!(said.contains("the model artefact of run 1 is gone: s3://evidence/m-1/model.tar.gz"), "{said}");
}

#[tokio::test]
async fn a_run_without_a_wish_is_an_error_and_takes_no_other_trigger() {
    let edge = empty();
    let id = TriggerId::new("other", Completes::Itself);
    let trigger = Trigger {
        id,
        kind: TriggerKind::NewData,
        what: String::new(),
        received_at: at(0),
        event: Value::Null,
    };
    inbox::record(&edge.store, &keys(), &trigger).await.unwrap();
    let fault = ask(&edge, force(), at(0)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound("the request that forces a challenger".to_owned()));
    assert_eq!(evidence(&edge, "manifest.json").await["triggers"], json!([]));
}
