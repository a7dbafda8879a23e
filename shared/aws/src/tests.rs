//! The edge against a server that answers what each test says.

#![allow(clippy::unwrap_used)]

use pawl_base::fault::Fault;
use pawl_base::names::RegionName;
use pawl_ledger::edge::{Body, ExecutionStart, ExecutionState, Executions, Notices, Objects, Upload};
use pawl_ledger::ledger::{Condition, ETag, Object, Store, StoreError};
use pawl_ledger::notice::{Notice, NoticeKind, Origin};

use crate::stub::{Answer, Stub};
use crate::{S3Objects, S3Store, Setting, Settings, StateMachine, Topic};

const NO_SUCH_KEY: Answer = (404, "", "<Error><Code>NoSuchKey</Code></Error>");
const DENIED: Answer = (403, "", "<Error><Code>AccessDenied</Code><Message>not you</Message></Error>");
const SLOW_DOWN: Answer = (503, "", "<Error><Code>SlowDown</Code></Error>");
const PRECONDITION: Answer = (412, "", "<Error><Code>PreconditionFailed</Code></Error>");
const OVERLAP: Answer = (409, "", "<Error><Code>ConditionalRequestConflict</Code></Error>");

fn store(stub: &Stub) -> S3Store {
    S3Store::new(stub.config(), "evidence".to_owned())
}

/// The kind of an error, without its words.
fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { .. } => "conflict",
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Refused { .. } => "refused",
        StoreError::Unreadable { .. } => "unreadable",
    }
}

#[tokio::test]
async fn what_s3_says_to_a_read_is_sorted() {
    let stub =
        Stub::with(&[NO_SUCH_KEY, DENIED, SLOW_DOWN, (404, "", "<Error><Code>NoSuchBucket</Code></Error>")]);
    let store = store(&stub);
    assert_eq!(store.get("k").await, Ok(None));
    let denied = store.get("k").await.unwrap_err();
    assert_eq!(kind(&denied), "refused");
    assert!(
        denied.to_string().starts_with("k: the store refused: ") && denied.to_string().contains("not you")
    );
    assert_eq!(kind(&store.get("k").await.unwrap_err()), "unavailable");
    assert_eq!(kind(&store.get("k").await.unwrap_err()), "refused", "no bucket is no missing document");
    assert!(stub.requests()[0].starts_with("GET /evidence/k"), "path style");
}

#[tokio::test]
async fn a_document_that_is_too_large_is_not_read() {
    let stub = Stub::with(&[(200, "Content-Length: 134217729\r\nETag: \"e\"\r\n", "")]);
    let reason = "larger than 134217728 bytes; give the pipeline a narrower data.prefix".to_owned();
    assert_eq!(store(&stub).get("k").await, Err(StoreError::Unreadable { key: "k".to_owned(), reason }));
}

#[tokio::test]
async fn a_document_that_is_cut_short_is_no_document() {
    let stub = Stub::with(&[(200, "Content-Length: 100\r\nETag: \"e\"\r\n", "half of it")]);
    assert_eq!(kind(&store(&stub).get("k").await.unwrap_err()), "unavailable");
}

#[tokio::test]
async fn what_s3_says_to_a_write_is_sorted() {
    let stub = Stub::with(&[
        PRECONDITION,
        OVERLAP,
        OVERLAP,
        NO_SUCH_KEY,
        SLOW_DOWN,
        DENIED,
        (200, "ETag: \"e\"\r\n", ""),
    ]);
    let store = store(&stub);
    let read = || Condition::IfMatch(ETag("\"e\"".to_owned()));
    for (condition, expected) in [
        (Condition::IfAbsent, "conflict"),
        // A delete overlapped: nothing may stand there, so it is worth trying again.
        (Condition::IfAbsent, "unavailable"),
        (read(), "conflict"),
        // The document that was read is gone.
        (read(), "conflict"),
        (Condition::Always, "unavailable"),
        (Condition::Always, "refused"),
    ] {
        assert_eq!(kind(&store.put("k", vec![1], condition).await.unwrap_err()), expected);
    }
    assert_eq!(store.put("k", vec![1], read()).await, Ok(ETag("\"e\"".to_owned())));
    let requests = stub.requests();
    assert!(requests[0].to_ascii_lowercase().contains("\r\nif-none-match: *\r\n"), "{}", requests[0]);
    assert!(requests[6].to_ascii_lowercase().contains("\r\nif-match: \"e\"\r\n"), "{}", requests[6]);
}

#[tokio::test]
async fn nobody_who_answers_is_unavailable() {
    let stub = Stub::with(&[]);
    let store = store(&stub);
    stub.requests();
    assert_eq!(kind(&store.get("k").await.unwrap_err()), "unavailable");
}

fn object(version: Option<&str>) -> Object {
    Object::new("data".to_owned(), "a.csv".to_owned(), version.map(str::to_owned), "e".to_owned(), 10)
}

#[tokio::test]
async fn exactly_the_version_that_was_listed_is_read() {
    let stub = Stub::with(&[(206, "", "234"), (206, "", "234"), PRECONDITION, NO_SUCH_KEY]);
    let objects = S3Objects::new(stub.config());
    for version in [Some("v1"), None] {
        let mut body = objects.open(&object(version), 2, 5).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), "234");
        assert_eq!(body.next().await.unwrap(), None);
    }
    assert_eq!(objects.open(&object(None), 2, 5).await.unwrap_err().name(), "Pawl.Conflict");
    let gone = objects.open(&object(Some("v1")), 2, 5).await.unwrap_err();
    assert_eq!(gone.name(), "Pawl.NotFound");
    assert!(gone.to_string().starts_with("not found: read s3://data/a.csv: "), "{gone}");
    let requests = stub.requests();
    assert!(requests[0].contains("versionId=v1") && requests[0].contains("bytes=2-4"), "{}", requests[0]);
    assert!(requests[1].to_ascii_lowercase().contains("if-match: e\r\n"), "{}", requests[1]);
}

#[tokio::test]
async fn a_body_that_breaks_off_names_its_object() {
    let stub = Stub::with(&[(200, "Content-Length: 100\r\n", "half of it")]);
    let mut body = S3Objects::new(stub.config()).open_key("data", "a.csv").await.unwrap();
    let fault = loop {
        match body.next().await {
            Ok(piece) => assert!(piece.is_some(), "the end came without a fault"),
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault.name(), "Pawl.Unavailable");
    assert!(fault.to_string().starts_with("unavailable: read s3://data/a.csv: "), "{fault}");
}

#[tokio::test]
async fn a_listing_has_current_objects_and_a_place_to_go_on_from() {
    const PAGE: &str = "<ListVersionsResult><IsTruncated>true</IsTruncated>\
        <NextKeyMarker>m/b</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>\
        <Version><Key>m/a</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><ETag>\"e1\"</ETag><Size>3</Size></Version>\
        <Version><Key>m/a</Key><VersionId>v0</VersionId><IsLatest>false</IsLatest><ETag>\"e0\"</ETag><Size>3</Size></Version>\
        <Version><Key>m/folder/</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><Size>0</Size></Version>\
        <Version><Key>m/b</Key><VersionId>null</VersionId><IsLatest>true</IsLatest><ETag>\"e2\"</ETag><Size>4</Size></Version>\
        </ListVersionsResult>";
    const LAST: &str = "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>";
    let stub = Stub::with(&[(200, "", PAGE), (200, "", LAST)]);
    let listed = S3Objects::new(stub.config()).list("data", "m/").await.unwrap();
    let named: Vec<_> = listed
        .iter()
        .map(|found| (found.key.as_str(), found.version.as_deref(), found.etag.as_str()))
        .collect();
    assert_eq!(named, [("m/a", Some("v1"), "e1"), ("m/b", None, "e2")]);
    let requests = stub.requests();
    assert!(
        requests[1].contains("key-marker=m%2Fb") && requests[1].contains("version-id-marker=v2"),
        "{}",
        requests[1]
    );
}

#[tokio::test]
async fn a_small_object_is_written_at_once_and_a_large_one_in_parts() {
    const BEGUN: &str =
        "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
    let stub = Stub::with(&[
        (200, "", ""),
        (200, "", BEGUN),
        (200, "ETag: \"p1\"\r\n", ""),
        (200, "ETag: \"p2\"\r\n", ""),
        (200, "", "<CompleteMultipartUploadResult/>"),
        DENIED,
    ]);
    let objects = S3Objects::new(stub.config());
    let mut small = objects.upload("data", "small");
    small.buffer().extend_from_slice(b"abc");
    assert!(!small.is_full());
    small.finish().await.unwrap();
    let mut large = objects.upload("data", "large");
    large.buffer().resize(8 << 20, 7);
    assert!(large.is_full());
    large.send_part().await.unwrap();
    assert!(large.buffer().is_empty(), "memory holds one part");
    large.buffer().extend_from_slice(b"the rest");
    large.finish().await.unwrap();
    let denied = objects.upload("data", "denied").finish().await.unwrap_err();
    assert!(denied.to_string().starts_with("refused: write s3://data/denied: "), "{denied}");
    let requests = stub.requests();
    for (request, line) in requests.iter().zip([
        "PUT /data/small",
        "POST /data/large?uploads",
        "PUT /data/large?",
        "PUT /data/large?",
        "POST /data/large?",
    ]) {
        assert!(request.starts_with(line), "{}", request.lines().next().unwrap_or_default());
    }
    assert!(requests[4].contains("<PartNumber>2</PartNumber>"), "{}", requests[4]);
}

fn machine(stub: &Stub) -> StateMachine {
    StateMachine::new(stub.config(), "arn:aws:states:us-east-1:1:stateMachine:retraining".to_owned())
}

#[tokio::test]
async fn an_execution_is_started_unless_its_name_is_taken() {
    let stub = Stub::with(&[
        (200, "", "{\"executionArn\": \"a\", \"startDate\": 1.0}"),
        (400, "", "{\"__type\": \"ExecutionAlreadyExists\"}"),
        (400, "", "{\"__type\": \"StateMachineDoesNotExist\", \"message\": \"gone\"}"),
        (400, "", "{\"__type\": \"ThrottlingException\"}"),
    ]);
    let machine = machine(&stub);
    assert_eq!(machine.start("m-1", "{}").await, Ok(ExecutionStart::Runs));
    assert_eq!(machine.start("m-1", "{}").await, Ok(ExecutionStart::NameTaken));
    let refused = machine.start("m-1", "{}").await.unwrap_err();
    assert_eq!(refused.name(), "Pawl.Refused");
    assert!(refused.to_string().starts_with("refused: start execution m-1: "), "{refused}");
    assert_eq!(machine.start("m-1", "{}").await.unwrap_err().name(), "Pawl.Unavailable");
}

#[tokio::test]
async fn an_execution_that_ended_or_never_was_is_over() {
    const RUNNING: &str =
        "{\"executionArn\": \"a\", \"stateMachineArn\": \"s\", \"status\": \"RUNNING\", \"startDate\": 1.0}";
    const FAILED: &str =
        "{\"executionArn\": \"a\", \"stateMachineArn\": \"s\", \"status\": \"FAILED\", \"startDate\": 1.0}";
    let stub = Stub::with(&[
        (200, "", RUNNING),
        (200, "", FAILED),
        (400, "", "{\"__type\": \"ExecutionDoesNotExist\"}"),
        (500, "", "{}"),
    ]);
    let machine = machine(&stub);
    assert_eq!(machine.state("m-1").await, Ok(ExecutionState::Running));
    for _ in 0..2 {
        assert_eq!(machine.state("m-1").await, Ok(ExecutionState::Over));
    }
    assert_eq!(machine.state("m-1").await.unwrap_err().name(), "Pawl.Unavailable");
    assert!(stub.requests()[0].contains("arn:aws:states:us-east-1:1:execution:retraining:m-1"));
}

#[tokio::test]
async fn a_notice_goes_to_the_topic_with_its_attributes() {
    const PUBLISHED: &str =
        "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
    let stub = Stub::with(&[(200, "", PUBLISHED), (403, "", "<ErrorResponse/>")]);
    let region = RegionName::try_from("us-east-1".to_owned()).unwrap();
    let origin = Origin { region, bucket: "pawl".to_owned() };
    let topic = Topic::new(stub.config(), "arn:aws:sns:us-east-1:1:pawl".to_owned(), origin);
    let notice = Notice::new(NoticeKind::EventKept, "an event\nstarted nothing", "why");
    topic.notify(&notice).await.unwrap();
    let refused = topic.notify(&notice).await.unwrap_err();
    assert!(matches!(refused, Fault::Refused(_)), "{refused}");
    let asked = stub.requests()[0].clone();
    for part in ["Subject=Pawl%3A%20an%20event%20started%20nothing", "MessageStructure=json", "event_kept"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
}

#[test]
fn a_setting_that_is_missing_is_named_with_where_it_is_set() {
    // No test sets it: the environment of a process is one for all its tests.
    let fault = Settings.get(Setting::TrainingRole).unwrap_err();
    let text = "configuration: the environment variable PAWL_TRAINING_ROLE_ARN is not set; \
                template.yaml sets it for each function that needs it";
    assert_eq!(fault.to_string(), text);
    let names = [Setting::Bucket, Setting::Topic, Setting::Retraining].map(Setting::name);
    assert_eq!(names, ["PAWL_BUCKET", "PAWL_TOPIC_ARN", "PAWL_RETRAINING_ARN"]);
}
