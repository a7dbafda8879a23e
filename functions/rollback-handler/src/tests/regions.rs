//! A promoted model goes to a further region.

use pawl::documents::{RELEASE, WAVE};
use pawl::ledger::Store;
use pawl::names::Generation;
use pawl::notice::{Notice, Severity};
use pawl::release::{Release, StateName, Wave};
use serde_json::{Value, json};

use super::account::Account;
use super::play::{Play, keys, operator, region, watch};
use crate::edge::Services;

const REGIONS: &str =
    "release: {strategy: all_at_once, regions: [{name: eu-west-1, bucket: there, image: bike-there:1}]}";

fn turn(news: &Value) -> Value {
    json!({ "step": "regions", "model": "bike", "generation": 1, "news": news })
}

fn nothing() -> Value {
    turn(&json!({ "code": "nothing" }))
}

fn copied() -> Value {
    turn(&json!({ "code": "copied", "region": "eu-west-1" }))
}

fn there(play: &Play) -> Account {
    play.account().in_region(&region("eu-west-1"))
}

/// Run 1 was promoted at home.
async fn promoted() -> Play {
    let play = Play::new(REGIONS).await;
    play.deploy(1).await;
    let requests = || ("Invocations".to_owned(), "bike-1".to_owned());
    play.account().with(|home| home.values.insert(requests(), vec![5_000.0]));
    there(&play).with(|there| {
        there.answer = b"0.9\n0.1\n".to_vec();
        there.values.insert(requests(), vec![5_000.0]);
    });
    play.at(200);
    assert_eq!(play.call(watch(1)).await.unwrap()["next"], "promoted");
    play
}

async fn wave(play: &Play) -> Wave {
    WAVE.of(&keys()).require(&play.edge.store).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_promotion_begins_the_wave_once_and_orders_its_state_machine() {
    let play = promoted().await;
    let begun = wave(&play).await;
    assert_eq!((begun.name.as_str(), begun.artifact.as_str()), ("bike-1", "s3://elsewhere/bike-1.tar.gz"));
    assert!(play.edge.store.get(&keys().wave_order(Generation(1))).await.unwrap().is_some());
}

#[tokio::test]
async fn the_region_gets_copy_package_endpoint_and_watch_in_its_turn() {
    let play = promoted().await;
    let copy = play.twice(nothing()).await;
    let key = keys().in_region(&region("eu-west-1")).archive("bike-1");
    assert_eq!(
        copy["copy"],
        json!({ "from": wave(&play).await.artifact, "region": "eu-west-1", "bucket": "there", "key": key })
    );
    let waits = play.twice(copied()).await;
    assert_eq!(waits["next"], "wait", "{waits}");
    let changes = there(&play).changes();
    let made = ["create package", "create model bike-1"];
    assert_eq!(changes[..2], made);
    assert!(changes.contains(&"create config bike-1".to_owned()), "{changes:?}");
    assert!(changes.contains(&"create endpoint with bike-1".to_owned()), "{changes:?}");
    play.twice(nothing()).await;
    assert_eq!(there(&play).changes(), changes, "a turn that is repeated makes nothing twice");
    there(&play).arrive();
    play.at(201);
    assert_eq!(play.twice(nothing()).await["next"], "wait");
    play.at(500);
    assert_eq!(play.twice(nothing()).await, json!({ "next": "over" }));
    let sent = play.edge.notices.sent();
    let told = ("bike run 1 promoted in further regions", "Promoted in eu-west-1.");
    let of = |notice: &&Notice| (notice.headline.as_str(), notice.reason.as_str()) == told;
    assert_eq!(sent.iter().filter(of).count(), 1, "{sent:?}");
}

#[tokio::test]
async fn what_a_region_refuses_stops_the_wave() {
    let play = promoted().await;
    play.call(nothing()).await.unwrap();
    there(&play).with(|there| there.fault = Some(pawl::fault::Fault::Refused("no quota".to_owned())));
    assert_eq!(play.twice(copied()).await, json!({ "next": "over" }));
    assert_eq!(wave(&play).await.stopped.as_deref(), Some("eu-west-1: refused: no quota"));
}

#[tokio::test]
async fn another_generations_turn_is_over() {
    let play = promoted().await;
    let mut other = nothing();
    other["generation"] = json!(2);
    assert_eq!(play.twice(other).await, json!({ "next": "over" }));
}

/// The region's release watches run 1.
async fn watching_there() -> Play {
    let play = promoted().await;
    play.call(nothing()).await.unwrap();
    play.call(copied()).await.unwrap();
    there(&play).arrive();
    play.at(201);
    play.call(nothing()).await.unwrap();
    play
}

async fn release_there(play: &Play) -> Release {
    let there = keys().in_region(&region("eu-west-1"));
    RELEASE.of(&there).require(&play.edge.store).await.unwrap()
}

#[tokio::test]
async fn the_round_visits_the_region_and_what_home_took_back_goes_back_there() {
    let play = watching_there().await;
    let round = json!({ "step": "reconcile", "pipeline": "pipelines/bike/pipeline.yaml" });
    assert_eq!(play.twice(round.clone()).await, json!({ "regions": ["eu-west-1"] }));
    let mut visit = round;
    visit["region"] = json!("eu-west-1");
    play.at(202);
    assert_eq!(play.twice(visit.clone()).await, json!({ "regions": [] }));
    assert_eq!(release_there(&play).await.state.name(), StateName::Watching);
    let mut home = play.release().await;
    home.revoked_configs.push("bike-1".into());
    play.put(&keys().release(), &json!(home).to_string()).await;
    play.twice(visit).await;
    let pages = play.edge.notices.sent();
    let page = |notice: &Notice| {
        notice.severity == Severity::Page && notice.headline.starts_with("bike in eu-west-1: ")
    };
    assert!(pages.iter().any(page), "nothing to go back to there: {pages:?}");
}

#[tokio::test]
async fn upkeep_is_carried_out_in_the_region() {
    let play = watching_there().await;
    play.at(500);
    play.call(nothing()).await.unwrap();
    let upkeep = json!({ "step": "upkeep", "model": "bike", "region": "eu-west-1" });
    there(&play).with(|there| {
        there.configs.insert("bike-0".to_owned(), Vec::new());
        there.changes.clear();
    });
    let at_home = play.account().changes();
    play.twice(upkeep).await;
    assert_eq!(there(&play).changes(), ["delete config bike-0"]);
    assert_eq!(play.account().changes(), at_home);
}

#[tokio::test]
async fn a_person_acts_on_the_region_that_is_named() {
    let play = watching_there().await;
    let before = play.release().await;
    play.twice(operator("freeze", Some("eu-west-1"))).await;
    assert!(release_there(&play).await.freeze.is_some());
    assert_eq!(play.release().await, before);
}

/// The rows that an endpoint of the region is tried with.
async fn rows_there(release: &str) -> String {
    let rest = format!("release: {{strategy: all_at_once, {release}}}");
    let play = Play::new(&rest).await;
    let (region, policy) = (region("eu-west-1"), pawl::release::Policy::default());
    let mut release = Release::new("bike");
    release.current = Some(pawl::release::Deployment::new(Generation(1), "bike-1"));
    play.put(&keys().in_region(&region).release(), &json!(release).to_string()).await;
    there(&play).with(|there| there.answer = b"0.9\n0.1\n".to_vec());
    let now = || play.now();
    let site = crate::site::Site::new(&play.edge, keys().in_region(&region), policy, &now);
    crate::smoke::test(&site, "bike", &"bike-1".into()).await.unwrap();
    there(&play).with(|there| there.rows.clone())
}

#[tokio::test]
async fn no_row_of_home_leaves_it_unless_the_pipeline_says_so() {
    let region = "regions: [{name: eu-west-1, bucket: there, image: bike-there:1";
    assert_eq!(rows_there(&format!("{region}}}]")).await, "{\"x\":3}\n{\"x\":5}\n");
    let written = format!("{region}, smoke_rows: [{{x: 7}}, {{x: 8}}]}}]");
    assert_eq!(rows_there(&written).await, "{\"x\":7}\n{\"x\":8}\n");
    let home = format!("smoke: home, {region}}}]");
    assert_eq!(rows_there(&home).await, "{\"x\":1}\n{\"x\":2}\n");
}
