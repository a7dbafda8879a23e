//! What is around an endpoint.

use pawl::documents::UPKEEP;
use pawl::fault::Fault;
use pawl::release::autoscaling::Scaling;
use serde_json::{Value, json};

use super::play::{PLAIN, Play, guard, keys};

const SCALES: &str = "serve: {autoscaling: {least: 2, most: 6}}, release: {strategy: all_at_once}";
const SCALES_ELSEWHERE: &str = "serve: {instance_type: ml.c5.xlarge, autoscaling: {least: 2, most: 6}}, \
     release: {strategy: all_at_once}";

fn upkeep() -> Value {
    json!({ "step": "upkeep", "model": "bike" })
}

/// Run 1 serves, was promoted, and its upkeep was ordered.
async fn ordered(rest: &str) -> Play {
    let play = Play::new(rest).await;
    play.deploy(1).await;
    let requests = ("Invocations".to_owned(), "bike-1".to_owned());
    play.account().with(|home| home.values.insert(requests, vec![5_000.0]));
    play.at(200);
    play.call(super::play::watch(1)).await.unwrap();
    play
}

#[tokio::test]
async fn a_promotion_orders_autoscaling_and_the_state_machine_has_it_carried_out() {
    let play = ordered(SCALES).await;
    let order = UPKEEP.of(&keys()).require(&play.edge.store).await.unwrap();
    assert!(matches!(order.scaling, Some(Scaling::On { .. })), "{order:?}");
    assert_eq!(play.account().with(|home| home.scaling.clone()), None, "not by the promotion itself");
    assert_eq!(play.twice(upkeep()).await, json!({ "done": "bike" }));
    assert_eq!(play.account().with(|home| home.scaling.clone()), order.scaling);
}

#[tokio::test]
async fn garbage_goes_with_its_alarms_and_what_serves_stays() {
    let play = ordered(PLAIN).await;
    play.account().with(|home| {
        home.configs.insert("bike-0".to_owned(), vec!["bike-0".to_owned()]);
        home.models.insert("bike-0".to_owned(), "s3://elsewhere/0.tar.gz".to_owned());
        let mut alarm = home.alarms["pawl-bike-1-errors"].clone();
        alarm.alarm_name = "pawl-bike-0-errors".to_owned();
        home.alarms.insert(alarm.alarm_name.clone(), alarm);
        home.changes.clear();
    });
    play.twice(upkeep()).await;
    let gone = ["delete config bike-0", "delete alarm pawl-bike-0-errors", "delete model bike-0"];
    assert_eq!(play.account().changes(), gone);
}

#[tokio::test]
async fn what_has_not_its_tags_is_never_deleted() {
    let play = ordered(PLAIN).await;
    play.account().with(|home| {
        home.configs.insert("bike-0".to_owned(), Vec::new());
        home.models.insert("bike-0".to_owned(), "s3://elsewhere/0.tar.gz".to_owned());
        home.foreign.insert("bike-0".to_owned());
        home.changes.clear();
    });
    play.twice(upkeep()).await;
    assert_eq!(play.account().changes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_others_have_does_not_keep_a_sweep_from_its_garbage() {
    let play = ordered(PLAIN).await;
    let old = "bike-0-20260101000000";
    play.account().with(|home| {
        for number in 0..70 {
            home.configs.insert(format!("a-bike-{number}"), Vec::new());
            home.models.insert(format!("a-bike-eu-{number}"), String::new());
        }
        home.configs.insert(old.to_owned(), Vec::new());
        home.models.insert(old.to_owned(), String::new());
        home.page = 5;
        home.changes.clear();
    });
    let (mut request, mut calls) = (upkeep(), 0);
    while request.is_object() {
        let answer = play.call(request).await.unwrap();
        request = answer["next"].clone();
        calls += 1;
    }
    assert!((2..10).contains(&calls), "{calls} calls, each with a bound");
    assert_eq!(play.account().changes(), [format!("delete config {old}"), format!("delete model {old}")]);
}

#[tokio::test]
async fn nothing_is_done_without_an_order_and_a_refusal_is_told() {
    let play = Play::new(SCALES).await;
    play.twice(upkeep()).await;
    assert_eq!(play.account().changes(), Vec::<String>::new());
    let play = ordered(SCALES).await;
    let refused = Fault::Refused("no right".to_owned());
    play.account().with(|home| home.fault = Some(refused.clone()));
    assert_eq!(play.call(upkeep()).await, Err(refused));
}

#[tokio::test]
async fn autoscaling_is_taken_off_before_an_update_to_another_instance_type() {
    let play = ordered(SCALES).await;
    play.call(upkeep()).await.unwrap();
    play.freeze(2, SCALES_ELSEWHERE).await;
    play.at(201);
    assert_eq!(play.twice(guard(2)).await["answer"], "update");
    let scaling = play.account().with(|home| home.scaling.clone());
    assert!(matches!(scaling, Some(Scaling::Off { .. })), "{scaling:?}");
    let order = UPKEEP.of(&keys()).require(&play.edge.store).await.unwrap();
    assert_eq!(order.scaling, scaling, "the state machine makes sure of it");
}
