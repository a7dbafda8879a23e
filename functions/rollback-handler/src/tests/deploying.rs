//! What a run asks: may I deploy, has it arrived, is it healthy, I could not.

use pawl::fault::Fault;
use pawl::release::StateName;
use serde_json::json;

use super::play::{PLAIN, Play, guard, observe, operator, watch};

#[tokio::test]
async fn the_first_deployment_is_granted_with_its_alarms_and_ends_promoted() {
    let play = Play::new(PLAIN).await;
    let granted = play.twice(guard(1)).await;
    assert_eq!((&granted["answer"], &granted["stage"]), (&json!("create"), &json!("all")));
    let tags = json!([{ "Key": "pawl:model", "Value": "bike" }, { "Key": "pawl:bucket", "Value": "pawl" }]);
    let endpoint = json!({ "EndpointName": "bike", "EndpointConfigName": "bike-1", "Tags": tags });
    assert_eq!(granted["endpoint"], endpoint);
    assert_eq!(granted["config"]["ProductionVariants"][0]["ModelName"], "bike-1");
    let alarms = ["put alarm pawl-bike-1-errors", "put alarm pawl-bike-1-latency"];
    assert_eq!(play.account().changes()[..2], alarms);
    assert_eq!(play.twice(observe(1)).await["next"], "wait");
    play.account().serve("bike-1");
    assert_eq!(play.twice(observe(1)).await["next"], "watch");
    assert_eq!(play.account().with(|home| home.rows.clone()), "{\"x\":1}\n{\"x\":2}\n");
    let requests = ("Invocations".to_owned(), "bike-1".to_owned());
    play.account().with(|home| home.values.insert(requests, vec![5_000.0]));
    play.at(20);
    assert_eq!(play.twice(watch(1)).await["next"], "watch", "it still bakes");
    play.at(200);
    assert_eq!(play.twice(watch(1)).await["next"], "promoted");
    assert_eq!(play.state().await, StateName::Stable);
}

#[tokio::test]
async fn somebody_elses_endpoint_is_left_alone_until_a_person_hands_it_over() {
    let play = Play::new(PLAIN).await;
    play.account().serve("by-hand");
    play.account().with(|home| home.foreign.insert("bike".to_owned()));
    let held = play.twice(guard(1)).await;
    assert_eq!(held["answer"], "hold");
    let reason = held["reason"].as_str().unwrap();
    assert!(reason.starts_with("the endpoint bike was there before, without the tags of this"), "{reason}");
    assert_eq!(play.account().changes(), Vec::<String>::new());
    play.call(operator("force", None)).await.unwrap();
    let granted = play.twice(guard(2)).await;
    assert_eq!(
        (&granted["answer"], &granted["endpoint"]["EndpointName"]),
        (&json!("update"), &json!("bike"))
    );
    assert_eq!(play.release().await.generation, pawl::names::Generation(2));
}

#[tokio::test]
async fn an_update_is_granted_with_exactly_one_call() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    let granted = play.twice(guard(2)).await;
    assert_eq!(granted["answer"], "update");
    let call = &granted["endpoint"];
    assert_eq!(
        (&call["EndpointName"], &call["EndpointConfigName"], &call["RetainAllVariantProperties"]),
        (&json!("bike"), &json!("bike-2"), &json!(false))
    );
    assert!(call["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"][0].is_object(), "{call}");
}

#[tokio::test]
async fn a_run_that_an_earlier_release_froze_is_deployed_whatever_is_checked_today() {
    // Captures, where SageMaker has no capture: accepted by 0.1.0, refused today.
    let play = Play::new("serve: {kind: asynchronous}, release: {strategy: all_at_once}").await;
    let granted = play.twice(guard(1)).await;
    assert_eq!(granted["answer"], "create", "{granted}");
    assert!(granted["config"]["AsyncInferenceConfig"].is_object());
    assert!(granted["config"].get("DataCaptureConfig").is_none());
}

#[tokio::test]
async fn a_trial_puts_the_challenger_beside_the_champion() {
    let play = Play::new("release: {strategy: all_at_once, trial: {ab: {percent: 20, at_most: 7d}}}").await;
    play.promoted(&[1]).await;
    let requests = ("Invocations".to_owned(), "bike-1".to_owned());
    play.account().with(|home| home.values.insert(requests, vec![1e7]));
    let granted = play.twice(guard(2)).await;
    assert_eq!(granted["stage"], "trial", "{granted}");
    let variants = &granted["config"]["ProductionVariants"];
    let model_and_weight = |at: usize| {
        let variant: &serde_json::Value = &variants[at];
        (variant["ModelName"].clone(), variant["InitialVariantWeight"].clone())
    };
    assert_eq!(model_and_weight(0), (json!("bike-1"), json!(80)));
    assert_eq!(model_and_weight(1), (json!("bike-2"), json!(20)));
}

#[tokio::test]
async fn a_frozen_endpoint_takes_no_deployment() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    play.call(operator("freeze", None)).await.unwrap();
    let before = play.account().changes();
    let held = play.twice(guard(2)).await;
    let reason = "frozen by ada: slow; `pawl unfreeze` lifts it";
    assert_eq!(held, json!({ "answer": "hold", "reason": reason }));
    assert_eq!(play.account().changes(), before, "nothing is made for what is refused");
}

#[tokio::test]
async fn a_guard_that_cannot_read_the_endpoint_is_asked_again() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    play.account().with(|home| home.fault = Some(Fault::Unavailable("throttled".to_owned())));
    for _ in 0..2 {
        let failed = play.call(guard(2)).await;
        let reason = "endpoint could not be read: unavailable: throttled".to_owned();
        assert_eq!(failed, Err(Fault::Unavailable(reason)));
    }
    play.account().with(|home| home.fault = None);
    assert_eq!(play.call(guard(2)).await.unwrap()["answer"], "update");
}

#[tokio::test]
async fn a_run_that_could_not_deploy_says_so_and_the_next_one_may() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    play.call(guard(2)).await.unwrap();
    let failure = json!({ "code": "failed", "reason": "no capacity" });
    let abandon = json!({ "step": "abandon", "model": "bike", "generation": 2, "failure": failure });
    play.at(1);
    assert_eq!(play.twice(abandon).await["next"], "held");
    assert_eq!(play.state().await, StateName::Stable);
    play.at(2);
    assert_eq!(play.call(guard(3)).await.unwrap()["answer"], "update");
}

#[tokio::test]
async fn a_run_without_its_configuration_is_an_error() {
    let play = Play::new(PLAIN).await;
    assert!(matches!(play.call(guard(9)).await, Err(Fault::NotFound(_))));
    let step = play.call(json!({ "step": "explode" })).await;
    assert!(matches!(step, Err(Fault::BadInput(reason)) if reason.starts_with("step: unknown variant")));
}
