//! Events: alarms, and people.

use pawl::events::PackageApproval;
use pawl::fault::Fault;
use pawl::release::StateName;
use serde_json::{Value, json};

use super::play::{PLAIN, Play, at, operator, watch};

/// CloudWatch's event that an alarm of a config went on.
fn alarm(config: &str, minute: i64) -> Value {
    let name = format!("pawl-{config}-errors");
    let dimensions =
        json!({ "EndpointName": "bike", "VariantName": "AllTraffic", "EndpointConfigName": config });
    let metric =
        json!({ "namespace": "AWS/SageMaker", "name": "Invocation5XXErrors", "dimensions": dimensions });
    let statistic = json!({ "period": 60, "stat": "Average", "metric": metric });
    let metrics = json!([{ "id": "m1", "returnData": true, "metricStat": statistic }]);
    json!({
        "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "time": at(minute),
        "resources": [format!("arn:aws:cloudwatch:eu-west-1:1:alarm:{name}")],
        "detail": {
            "alarmName": name,
            "state": { "value": "ALARM", "reason": "crossed", "timestamp": at(minute) },
            "previousState": { "value": "OK" },
            "configuration": { "metrics": metrics },
        },
    })
}

/// Run 2 serves beside the champion's config and bakes.
async fn baking() -> Play {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    assert_eq!(play.deploy(2).await["next"], "watch");
    assert_eq!(play.state().await, StateName::Watching);
    play.at(10);
    play
}

fn fires(play: &Play, config: &str) {
    let values = |config: &str| ("Invocation5XXErrors".to_owned(), config.to_owned());
    play.account().with(|home| {
        home.firing.insert(format!("pawl-{config}-errors"), at(9));
        home.values.insert(values("bike-1"), vec![0.0]);
        home.values.insert(values("bike-2"), vec![0.5]);
    });
}

#[tokio::test]
async fn an_alarm_of_a_baking_config_brings_the_champion_back() {
    let play = baking().await;
    fires(&play, "bike-2");
    let answer = play.twice(alarm("bike-2", 9)).await;
    assert_eq!(answer["answers"][0]["model"], "bike");
    assert_eq!(play.account().config().as_deref(), Some("bike-1"));
    assert_eq!(play.state().await, StateName::RollingBack);
    play.account().arrive();
    play.at(12);
    assert_eq!(play.twice(watch(2)).await["next"], "rolled_back");
    let rejected = play.account().with(|home| home.packages.get("arn:package/2").copied());
    assert_eq!(rejected, Some(PackageApproval::Rejected));
    assert_eq!(play.account().changes().iter().filter(|change| *change == "update to bike-1").count(), 1);
    let notices = play.edge.notices.sent();
    let told = "bike: bike-2 is rolled back to bike-1: ";
    assert!(notices.iter().any(|notice| notice.headline.starts_with(told)), "{notices:?}");
}

#[tokio::test]
async fn an_alarm_of_no_pipeline_and_of_an_older_config_changes_nothing() {
    let play = baking().await;
    let before = play.account().changes();
    let mut other = alarm("bike-2", 9);
    other["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"]["EndpointName"] =
        json!("other");
    assert_eq!(play.twice(other).await, json!({ "answers": [] }));
    play.twice(alarm("bike-0", 9)).await;
    assert_eq!(play.account().changes(), before);
    assert_eq!(play.state().await, StateName::Watching);
}

#[tokio::test]
async fn a_pipeline_that_cannot_be_read_does_not_keep_a_bad_model() {
    let play = baking().await;
    fires(&play, "bike-2");
    play.put(&pawl::ledger::pipeline(super::play::keys().model()), "model: [").await;
    play.call(alarm("bike-2", 9)).await.unwrap();
    assert_eq!(play.account().config().as_deref(), Some("bike-1"));
}

#[tokio::test]
async fn a_person_rolls_back_what_serves() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1, 2]).await;
    play.at(1);
    play.twice(operator("rollback", None)).await;
    assert_eq!(play.account().config().as_deref(), Some("bike-1"));
}

#[tokio::test]
async fn a_person_who_names_nothing_that_was_released_is_told() {
    let play = Play::new(PLAIN).await;
    let mut unknown = operator("rollback", None);
    unknown["operator"]["model"] = json!("car");
    let reason = "operator.model: no pipeline is called \"car\"".to_owned();
    assert_eq!(play.call(unknown).await, Err(Fault::BadInput(reason)));
    let reason = "operator.region: bike was never released in eu-west-1".to_owned();
    assert_eq!(play.call(operator("rollback", Some("eu-west-1"))).await, Err(Fault::BadInput(reason)));
    assert!(matches!(play.call(json!({ "what": 1 })).await, Err(Fault::BadInput(_))));
}
