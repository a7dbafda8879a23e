use super::*;

use pawl::edge::Objects;
use pawl::names::RegionName;

const KEY: &str = "models/m/m-1/model.tar.gz";

fn replicate(from: &str) -> Value {
    let copy = json!({ "from": from, "region": "eu-west-1", "bucket": "further", "key": KEY });
    json!({ "step": "replicate", "copy": copy })
}

#[tokio::test]
async fn an_archive_is_copied_once() {
    let edge = edge("").await;
    // Larger than one part of an upload.
    let archive: Vec<u8> = (0..5_000_u32).map(|n| (n % 251) as u8).collect();
    edge.objects.put(HOME, "m-1/model.tar.gz", archive.clone());
    edge.objects.put(HOME, "m-1/model.tar.gz.more", "not this one");
    let request = replicate("s3://evidence/m-1/model.tar.gz");
    let answer = ask(&edge, request.clone(), at(0)).await.unwrap();
    assert_eq!(answer, json!({ "bytes": 5_000, "copied": "now" }));
    let region = RegionName::try_from("eu-west-1".to_owned()).unwrap();
    let there = edge.objects.in_region(&region);
    assert_eq!(there.get("further", KEY).unwrap(), archive);
    assert_eq!(edge.objects.keys("further"), Vec::<String>::new(), "not at home");
    let answer = ask(&edge, request, at(1)).await.unwrap();
    assert_eq!(answer, json!({ "bytes": 5_000, "copied": "before" }));
}

#[tokio::test]
async fn what_a_training_writes_after_the_copy_changes_nothing() {
    let edge = edge("").await;
    let copy = json!({ "from": "s3://evidence/runs/m/1/artifact/model.tar.gz", "bucket": HOME, "key": KEY });
    let request = json!({ "step": "replicate", "copy": copy });
    edge.objects.put(HOME, "runs/m/1/artifact/model.tar.gz", "what was judged");
    assert_eq!(ask(&edge, request.clone(), at(0)).await.unwrap()["copied"], "now");
    edge.objects.put(HOME, "runs/m/1/artifact/model.tar.gz", "what was forged");
    assert_eq!(ask(&edge, request, at(1)).await.unwrap()["copied"], "before");
    assert_eq!(edge.objects.get(HOME, KEY).unwrap().as_ref(), b"what was judged");
}

#[tokio::test]
async fn what_cannot_be_copied_is_named() {
    let edge = edge("").await;
    for (from, fault) in [
        ("file:///tmp/a", Fault::BadInput("copy.from: file:///tmp/a is no s3:// URI".to_owned())),
        ("s3://evidence/gone", Fault::NotFound("s3://evidence/gone: no archive stands there".to_owned())),
    ] {
        assert_eq!(ask(&edge, replicate(from), at(0)).await.unwrap_err(), fault);
    }
    edge.objects.put(HOME, "m-1/model.tar.gz", "an archive");
    let refused = Fault::Refused(format!("write s3://further/{KEY}: access denied"));
    edge.objects.fail(KEY, Some(refused.clone()));
    assert_eq!(ask(&edge, replicate("s3://evidence/m-1/model.tar.gz"), at(0)).await.unwrap_err(), refused);
}
