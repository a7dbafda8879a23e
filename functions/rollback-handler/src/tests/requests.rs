//! Requests of people, which lie in the bucket under their user ids.

use pawl::release::{Actor, ReleaseRule};
use serde_json::{Value, json};

use super::play::{PLAIN, Play};

/// A person puts a request; the event that tells of it.
async fn asked(play: &Play, key: &str, body: Value) -> Value {
    let body = body.to_string();
    play.put(key, &body).await;
    json!({ "source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-20T08:00:00Z",
        "detail": { "bucket": { "name": "pawl" }, "object": { "key": key, "size": body.len(), "version-id": "1" } } })
}

#[tokio::test]
async fn a_request_acts_in_the_name_that_aws_tells() {
    let play = Play::new(PLAIN).await;
    play.promoted(&[1]).await;
    let key = "requests/release/AROA1:ada/bike/1.json";
    let body = json!({ "act": "release", "verb": "freeze", "why": "holidays", "says": "bob", "who": "bob" });
    play.twice(asked(&play, key, body).await).await;
    let release = play.release().await;
    assert_eq!(release.freeze.as_ref().map(|freeze| freeze.who.as_str()), Some("ada (AROA1)"));
    let entries = play.entries().await;
    let frozen = entries.iter().filter(|entry| entry.rule == ReleaseRule::Frozen).collect::<Vec<_>>();
    assert_eq!(frozen.len(), 1, "{entries:?}");
    let frozen = frozen[0];
    assert_eq!(frozen.actor, Actor::Person { who: "ada (AROA1)".to_owned() });
    assert_eq!(frozen.key.as_ref().map(|found| found.as_str().to_owned()), Some(format!("request:{key}")));
}

#[tokio::test]
async fn what_is_no_act_on_a_release_is_refused() {
    let play = Play::new(PLAIN).await;
    let freeze = json!({ "act": "release", "verb": "freeze", "why": "x" });
    for (key, body) in [
        ("requests/run/AIDA7/bike/1.json", json!({ "act": "reset", "why": "x" })),
        ("requests/answer/AIDA7/bike/1.json", freeze.clone()),
        ("requests/release/AIDA7/bike/1.json", json!({ "act": "reset", "why": "x" })),
        ("requests/release/AIDA7/nobody/1.json", freeze.clone()),
        ("requests/release/AIDA7/bike.json", freeze),
    ] {
        let fault = play.call(asked(&play, key, body).await).await.unwrap_err();
        assert_eq!(fault.name(), "Pawl.BadInput", "{key}: {fault}");
    }
}
