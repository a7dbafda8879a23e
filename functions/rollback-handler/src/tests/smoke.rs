//! Real rows, sent to what serves.

use pawl::fault::Fault;
use pawl::release::{ActionResult, Policy};

use super::play::{PLAIN, Play, keys};
use crate::site::Site;
use crate::smoke;

const ASYNCHRONOUS: &str =
    "serve: {kind: asynchronous, capture_percent: 0}, release: {strategy: all_at_once}";

/// Tests the config twice: the same comes of it.
async fn test(play: &Play, config: &str) -> ActionResult {
    let now = || play.now();
    let site = Site::new(&play.edge, keys(), Policy::default(), &now);
    let first = smoke::test(&site, "bike", &config.into()).await.unwrap();
    assert_eq!(smoke::test(&site, "bike", &config.into()).await.as_ref(), Ok(&first));
    first
}

async fn serving(rest: &str) -> Play {
    let play = Play::new(rest).await;
    play.deploy(1).await;
    play
}

fn failed(reason: &str) -> ActionResult {
    ActionResult::SmokeFailed { reason: reason.to_owned() }
}

#[tokio::test]
async fn each_row_must_get_an_answer_that_the_task_can_use() {
    let play = serving(PLAIN).await;
    assert_eq!(test(&play, "bike-1").await, ActionResult::SmokePassed);
    play.account().with(|home| home.answer = b"0.9\nwhat?\n".to_vec());
    let reason = "2 rows were sent, 1 got an answer that task binary can use";
    assert_eq!(test(&play, "bike-1").await, failed(reason));
}

#[tokio::test]
async fn a_refusal_fails_and_silence_is_tried_again() {
    let play = serving(PLAIN).await;
    play.account().with(|home| home.silence = Some(Fault::Refused("500".to_owned())));
    assert_eq!(test(&play, "bike-1").await, failed("refused: 500"));
    play.account().with(|home| home.silence = Some(Fault::Unavailable("timeout".to_owned())));
    let reason = "unavailable: timeout".to_owned();
    assert_eq!(test(&play, "bike-1").await, ActionResult::Retry { reason });
}

#[tokio::test]
async fn a_config_of_no_run_has_no_rows() {
    let play = serving(PLAIN).await;
    assert_eq!(test(&play, "by-hand").await, failed("there is no holdout row to send"));
}

#[tokio::test]
async fn an_asynchronous_endpoint_is_asked_once_and_answers_in_the_bucket() {
    let play = serving(ASYNCHRONOUS).await;
    let reason = "unavailable: bike-1 has not answered yet".to_owned();
    assert_eq!(test(&play, "bike-1").await, ActionResult::Retry { reason });
    let asked = play.account().changes();
    assert_eq!(asked.iter().filter(|change| change.starts_with("invoke with s3://pawl/")).count(), 1);
    play.put("answers-failed/1.out", "no such column").await;
    assert_eq!(test(&play, "bike-1").await, failed("refused: no such column"));
    play.put("answers/1.out", "0.9\n0.1\n").await;
    assert_eq!(test(&play, "bike-1").await, ActionResult::SmokePassed);
}
