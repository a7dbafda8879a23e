//! The round: each release is looked at again.

use pawl::events::PackageApproval;
use pawl::release::StateName;
use serde_json::{Value, json};

use super::play::{PLAIN, Play, at};

fn reconcile() -> Value {
    json!({ "step": "reconcile", "pipeline": "pipelines/bike/pipeline.yaml" })
}

#[tokio::test]
async fn what_was_never_deployed_has_nothing_to_heal() {
    let play = Play::new(PLAIN).await;
    assert_eq!(play.twice(reconcile()).await, json!({ "regions": [] }));
    let other = json!({ "step": "reconcile", "pipeline": "notes.txt" });
    assert_eq!(play.twice(other).await, json!({ "regions": [] }));
    assert_eq!(play.account().changes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_lost_alarm_is_found_and_the_champion_comes_back() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    play.deploy(2).await;
    play.at(10);
    play.account().with(|home| home.firing.insert("pawl-bike-2-errors".to_owned(), at(9)));
    assert_eq!(play.twice(reconcile()).await, json!({ "regions": [] }));
    assert_eq!(play.account().config().as_deref(), Some("bike-1"));
    assert_eq!(play.state().await, StateName::RollingBack);
}

#[tokio::test]
async fn a_lost_rejection_is_found() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    play.deploy(2).await;
    play.at(1);
    play.account().with(|home| home.packages.insert("arn:package/2".to_owned(), PackageApproval::Rejected));
    play.twice(reconcile()).await;
    assert_eq!(play.account().config().as_deref(), Some("bike-1"));
}
