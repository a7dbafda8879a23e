//! What the answers of the services mean.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pawl::events::{EndpointStatus, PackageApproval};
use pawl::fault::Fault;
use pawl::jobs::{Job, Platform};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::{ListedPage, ListedResource};
use pawl::release::serving::Serve;
use pawl::release::{ConfigName, Deployment, UpdateCall};
use pawl::requests::{Container, CreateModel};

use super::server::answering;
use crate::{Asked, SageMaker, Standing};

const REFUSED: &str = "400 Bad Request";
const GONE: &str = r#"{"__type": "ValidationException", "message": "Could not find model \"bike-1\"."}"#;

fn model() -> CreateModel {
    CreateModel {
        vpc_config: None,
        enable_network_isolation: false,
        model_name: "bike-1".to_owned(),
        execution_role_arn: "role".to_owned(),
        primary_container: Container {
            image: "i".to_owned(),
            model_data_url: "s3://b/model.tar.gz".to_owned(),
            environment: BTreeMap::new(),
        },
        tags: Vec::new(),
    }
}

/// Asks once, of a service that answers so.
async fn asked<T>(head: &'static str, body: &'static str, ask: impl AsyncFnOnce(SageMaker) -> T) -> T {
    let (sagemaker, server) = answering(head, body);
    let answer = ask(sagemaker).await;
    server.join().unwrap();
    answer
}

#[tokio::test]
async fn an_endpoint_is_described_or_absent() {
    let body = r#"{"EndpointStatus": "RollingBack", "EndpointConfigName": "bike-1", "CreationTime": 1.5}"#;
    let found = asked("200 OK", body, async |sagemaker| sagemaker.describe("bike").await).await;
    let rolling = EndpointStatus::parse("RollingBack");
    assert_eq!(found, Ok((rolling, Some(ConfigName::from("bike-1")))));
    let found = asked("200 OK", "{}", async |sagemaker| sagemaker.describe("bike").await).await;
    assert_eq!(found, Ok((EndpointStatus::Unknown, None)));
    let found = asked(REFUSED, GONE, async |sagemaker| sagemaker.describe("bike").await).await;
    assert_eq!(found, Ok((EndpointStatus::Absent, None)));
}

#[tokio::test]
async fn a_config_that_is_gone_is_named() {
    let found = asked(REFUSED, GONE, async |sagemaker| sagemaker.verify(&"bike-1".into()).await).await;
    assert_eq!(found, Ok(Standing::Missing { what: "endpoint config bike-1".to_owned() }));
}

#[tokio::test]
async fn a_package_that_may_not_be_read_has_no_approval() {
    let approval = async |sagemaker: SageMaker| sagemaker.approval("arn").await;
    for (head, body, expected) in [
        ("200 OK", r#"{"ModelApprovalStatus": "Approved"}"#, Some(PackageApproval::Approved)),
        ("200 OK", r#"{"ModelApprovalStatus": "Rejected"}"#, Some(PackageApproval::Rejected)),
        ("200 OK", r#"{"ModelApprovalStatus": "PendingManualApproval"}"#, Some(PackageApproval::Pending)),
        (REFUSED, GONE, None),
        (REFUSED, r#"{"__type": "AccessDeniedException", "message": "no"}"#, None),
    ] {
        assert_eq!(asked(head, body, approval).await, Ok(expected), "{body}");
    }
}

#[tokio::test]
async fn what_exists_counts_as_created_and_any_other_refusal_names_the_request() {
    let create = async |sagemaker: SageMaker| sagemaker.create_model(&model()).await;
    let exists = r#"{"__type": "ValidationException", "message": "Cannot create already existing model"}"#;
    assert_eq!(asked(REFUSED, exists, create).await, Ok(()));
    let refused = r#"{"__type": "ValidationException", "message": "no such role"}"#;
    let Err(Fault::Refused(reason)) = asked(REFUSED, refused, create).await else {
        unreachable!("SageMaker refused")
    };
    let begins = r#"CreateModel {"ModelName":"bike-1","ExecutionRoleArn":"role""#;
    assert!(reason.starts_with(begins) && reason.contains("no such role"), "{reason}");
}

#[tokio::test]
async fn a_package_has_its_arn_where_sagemaker_says_it() {
    let yaml =
        "{model: m, data: {bucket: b, prefix: p/, label: {column: y}, features: [x]}, train: {image: i}}";
    let pipeline = Pipeline::parse(yaml.as_bytes()).unwrap();
    let job = Job {
        pipeline: &pipeline,
        generation: Generation(1),
        name: "m-1",
        bucket: "b",
        run: "r/",
        platform: &Platform::with_one_role("role"),
    };
    let request = job.package_in_region("s3://b/model.tar.gz", None);
    let create = async |sagemaker: SageMaker| sagemaker.create_package(&request).await;
    let made = asked("200 OK", r#"{"ModelPackageArn": "arn"}"#, create).await;
    assert_eq!(made, Ok(Some("arn".to_owned())));
}

#[tokio::test]
async fn an_endpoint_that_moves_already_is_busy() {
    let (from, to) = (Deployment::new(Generation(2), "bike-2"), Deployment::new(Generation(1), "bike-1"));
    let call = UpdateCall::back_to("bike", &from, &to);
    let update = async |sagemaker: SageMaker| sagemaker.update(&call).await;
    let busy =
        r#"{"__type": "ValidationException", "message": "Cannot update in-progress endpoint \"arn\"."}"#;
    assert_eq!(asked("200 OK", r#"{"EndpointArn": "arn"}"#, update).await, Ok(Asked::Begun));
    assert_eq!(asked(REFUSED, busy, update).await, Ok(Asked::Busy));
    assert!(matches!(asked(REFUSED, GONE, update).await, Err(Fault::Refused(_))));
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted_and_an_answer_may_be_empty() {
    for (head, body) in [("200 OK", ""), (REFUSED, GONE)] {
        let config = asked(head, body, async |sagemaker| sagemaker.delete_config("bike-1").await).await;
        let model = asked(head, body, async |sagemaker| sagemaker.delete_model("bike-1").await).await;
        let endpoint = asked(head, body, async |sagemaker| sagemaker.delete("bike").await).await;
        assert_eq!((config, model, endpoint), (Ok(()), Ok(()), Ok(())), "{head}");
    }
}

#[tokio::test]
async fn a_target_that_is_gone_counts_as_taken_off() {
    let serve = Serve::default();
    let other = Serve { instance_type: "ml.c5.xlarge".to_owned(), ..serve.clone() };
    let off = Scaling::before_update("bike", &serve, &other).unwrap();
    let scale = async |sagemaker: SageMaker| sagemaker.scale(&off).await;
    let gone = r#"{"__type": "ObjectNotFoundException", "Message": "No scalable target found"}"#;
    assert_eq!(asked(REFUSED, gone, scale).await, Ok(()));
    let other = r#"{"__type": "ValidationException", "Message": "no"}"#;
    assert!(matches!(asked(REFUSED, other, scale).await, Err(Fault::Refused(_))));
}

#[tokio::test]
async fn a_list_holds_names_and_times() {
    let body = r#"{"Models": [
        {"ModelName": "bike-1", "CreationTime": 1700000000.25, "ModelArn": "arn"},
        {"ModelName": "bike-2"},
        {"CreationTime": 1700000000}], "NextToken": "more"}"#;
    let bike = ModelName::try_from("bike".to_owned()).unwrap();
    let found = asked("200 OK", body, async |sagemaker| sagemaker.models(&bike, None).await).await;
    let created_at = Timestamp::from_millisecond(1_700_000_000_250).unwrap();
    let first = ListedResource { name: "bike-1".to_owned(), arn: "arn".to_owned(), created_at };
    assert_eq!(found, Ok(ListedPage { found: vec![first], next: Some("more".to_owned()) }));
    let found = asked("200 OK", "{}", async |sagemaker| sagemaker.configs(&bike, Some("t")).await).await;
    assert_eq!(found, Ok(ListedPage::default()));
}

#[tokio::test]
async fn an_asynchronous_endpoint_answers_where_its_rows_lie() {
    let head = "202 Accepted\r\n\
        x-amzn-sagemaker-outputlocation: s3://b/out\r\nx-amzn-sagemaker-failurelocation: s3://b/bad";
    let (sagemaker, server) = answering(head, r#"{"InferenceId": "7"}"#);
    let awaited = sagemaker.invoke_later("bike", "s3://b/in.jsonl").await.unwrap();
    assert_eq!((awaited.answer.as_str(), awaited.failure.as_deref()), ("s3://b/out", Some("s3://b/bad")));
    let head = server.join().unwrap().head;
    for wanted in
        ["post /endpoints/bike/async-invocations ", "inputlocation: s3://b/in.jsonl", "application/jsonlines"]
    {
        assert!(head.contains(wanted), "{wanted} is missing in {head}");
    }
}
