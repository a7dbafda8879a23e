use super::*;

use pawl::gate::live::TrialKind;
use pawl::release::{Smoke, State, TrialStage, Watching};

fn trial() -> Value {
    json!({ "step": "trial", "model": "m", "generation": 2 })
}

/// Run 2 is tried beside the champion, run 1, since six o'clock.
async fn begin_trial(edge: &InMemory) {
    let champion = crown(edge).await;
    let yaml = format!("{YAML}release: {{trial: {{shadow: {{at_most: 7d}}}}}}\n");
    put(edge, &keys().evidence(Generation(2), "pipeline.yaml"), &yaml).await;
    let mut candidate = Deployment::new(Generation(2), "m-2-trial");
    candidate.activated_at = Some(at(6));
    candidate.trial = Some(TrialStage { kind: TrialKind::Shadow, then: "m-2".into() });
    let mut release = Release::new("m");
    release.good = vec![champion];
    release.current = Some(candidate);
    release.state = State::Watching(Watching {
        since: at(6),
        until: at(20),
        deadline: at(23),
        decide_by: None,
        smoke: Smoke::Passed,
    });
    put_json(edge, &keys().release(), &release).await;
}

#[tokio::test]
async fn without_a_trial_nothing_is_written() {
    let edge = edge().await;
    crown(&edge).await;
    put(&edge, &keys().evidence(Generation(2), "pipeline.yaml"), YAML).await;
    let left = documents(&edge.store).await.unwrap();
    assert_eq!(ask(&edge, trial(), at(9)).await.unwrap(), json!({ "state": "no_trial" }));
    assert_eq!(documents(&edge.store).await.unwrap(), left);
}

#[tokio::test]
async fn answers_of_both_are_joined_and_counted_once() {
    let edge = edge().await;
    begin_trial(&edge).await;
    let asked = requests("a", 200, 0.0);
    capture(&edge, "AllTraffic", 8, &asked).await;
    // The challenger answers the opposite, and is wrong each time.
    let opposite: Vec<_> = asked.iter().map(|(id, x, score)| (id.clone(), *x, 1.0 - score)).collect();
    capture(&edge, "Challenger", 8, &opposite).await;
    let truths: Vec<(String, u8)> =
        asked.iter().map(|(id, _, score)| (id.clone(), u8::from(*score > 0.5))).collect();
    tell_truth(&edge, "1.jsonl", &truths).await;
    let first = ask(&edge, trial(), at(9)).await.unwrap();
    assert_eq!(first["state"], "looked");
    let left = documents(&edge.store).await.unwrap();
    let again = ask(&edge, trial(), at(9)).await.unwrap();
    assert_eq!(again, first, "nothing new came");
    assert_eq!(documents(&edge.store).await.unwrap(), left);

    // A step that died between evidence and memory is done again and comes to the same.
    edge.store.delete(&keys().trial()).await.unwrap();
    assert_eq!(ask(&edge, trial(), at(9)).await.unwrap(), first);
    assert_eq!(documents(&edge.store).await.unwrap(), left);
    let evidence: Value = serde_json::from_str(&left["runs/m/000002/trial.json"]).unwrap();
    assert_eq!((&evidence["config"], &evidence["unreadable"]), (&json!("m-2-trial"), &json!(0)));
}

#[tokio::test]
async fn truths_that_the_monitoring_joined_before_are_not_read() {
    let edge = edge().await;
    begin_trial(&edge).await;
    tell_truth(&edge, "1.jsonl", &[("before".to_owned(), 1)]).await;
    let mut release = pawl::documents::RELEASE.of(&keys()).require(&edge.store).await.unwrap();
    let tried = release.current.replace(release.good[0].clone()).unwrap();
    put_json(&edge, &keys().release(), &release).await;
    ask(&edge, json!({ "step": "look", "model": "m" }), at(7)).await.unwrap();
    release.current = Some(tried);
    put_json(&edge, &keys().release(), &release).await;
    ask(&edge, trial(), at(9)).await.unwrap();
    let memory = pawl_testing::json_at(&edge.store, &keys().trial()).await.unwrap();
    assert_eq!(memory["truth"], "truth/m/1.jsonl");
}

#[tokio::test]
async fn what_is_missing_or_refused_is_named() {
    let edge = edge().await;
    let fault = ask(&edge, trial(), at(9)).await.unwrap_err();
    assert_eq!(fault, Fault::NotFound("runs/m/000002/pipeline.yaml".to_owned()));
    begin_trial(&edge).await;
    let key = capture(&edge, "Challenger", 8, &requests("a", 10, 0.0)).await;
    let refused = Fault::Refused(format!("read s3://evidence/{key}: access denied"));
    edge.objects.fail(&key, Some(refused.clone()));
    assert_eq!(ask(&edge, trial(), at(9)).await.unwrap_err(), refused);
    let left = documents(&edge.store).await.unwrap();
    assert!(!left.contains_key("ledger/m/trial.json"), "nothing was counted");
}
