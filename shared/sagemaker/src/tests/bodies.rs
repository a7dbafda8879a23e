//! What the SDK sends is the document that a state machine sends: for each request, with every field.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use pawl::jobs::{Job, Platform};
use pawl::names::Generation;
use pawl::pipeline::Pipeline;
use pawl::release::autoscaling::Scaling;
use pawl::release::serving::{Autoscaling, Serve, Vpc};
use pawl::release::strategy::{
    AlarmRef, AutoRollback, BlueGreen, Capacity, CapacityKind, DeploymentConfig, Rolling, RoutingKind,
    TrafficRouting,
};
use pawl::release::{UpdateCall, VariantProperty};
use pawl::requests::{
    ApprovalStatus, CreateEndpoint, CreateEndpointConfig, CreateModel, CreateModelPackage, ProductionVariant,
    ResourceTag, VariantCapacity,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::server::{Request, answering};
use crate::SageMaker;

/// JSON has one type of number; this crate's document has two, so that 1 is not 1.0.
fn with_floats(document: Value) -> Value {
    match document {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(all) => all.into_iter().map(with_floats).collect(),
        Value::Object(all) => all.into_iter().map(|(name, value)| (name, with_floats(value))).collect(),
        other => other,
    }
}

/// Sends a request by the SDK, and holds it against the document that the state machine would send.
async fn check<R: Serialize>(target: &str, request: &R, send: impl AsyncFnOnce(SageMaker, &R)) {
    let (sagemaker, server) = answering("200 OK", "{}");
    send(sagemaker, request).await;
    let sent: Request = server.join().unwrap();
    let header = format!("x-amz-target: {}", target.to_lowercase());
    assert!(sent.head.contains(&header), "{header} is missing in {}", sent.head);
    assert_eq!(with_floats(sent.document()), with_floats(json!(request)), "{target}");
}

const SERVE: &str = "{kind: asynchronous, instance_count: 3, environment: {MODE: fast}, capture_percent: 0}";
const CAPTURES: &str = "{instance_count: 3, capture_percent: 40}";

fn pipeline(serve: &str) -> Pipeline {
    let yaml = format!(
        "{{model: bike, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, \
         train: {{image: i}}, serve: {serve}, release: {{strategy: all_at_once}}}}"
    );
    Pipeline::parse(yaml.as_bytes()).unwrap()
}

static PLATFORM: LazyLock<Platform> = LazyLock::new(|| Platform::with_one_role("role"));

fn job(pipeline: &Pipeline) -> Job<'_> {
    let platform = &PLATFORM;
    Job { pipeline, generation: Generation(7), name: "bike-7", bucket: "b", run: "runs/7/", platform }
}

#[tokio::test]
async fn create_endpoint() {
    let (endpoint_name, endpoint_config_name) = ("bike".to_owned(), "bike-7".into());
    let tags = vec![ResourceTag { key: "pawl:model".to_owned(), value: "bike".to_owned() }];
    let request = CreateEndpoint { endpoint_name, endpoint_config_name, tags };
    check("SageMaker.CreateEndpoint", &request, async |sagemaker, request| {
        sagemaker.create_endpoint(request).await.unwrap();
    })
    .await;
}

async fn check_config(request: &CreateEndpointConfig) {
    check("SageMaker.CreateEndpointConfig", request, async |sagemaker, request| {
        sagemaker.create_endpoint_config(request).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn create_endpoint_config_on_instances() {
    let later = pipeline(SERVE);
    let asynchronous = job(&later).endpoint_config();
    assert!(asynchronous.async_inference_config.is_some());
    check_config(&asynchronous).await;
    let captures = pipeline(CAPTURES);
    let vpc = Vpc { subnets: vec!["subnet-1".to_owned()], security_groups: vec!["sg-1".to_owned()] };
    let platform = Platform { kms_key: Some("key".to_owned()), vpc: Some(vpc), ..PLATFORM.clone() };
    check_config(&Job { platform: &platform, ..job(&later) }.endpoint_config()).await;
    check_model(&Job { platform: &platform, ..job(&later) }.model("s3://b/model.tar.gz")).await;
    let mut request = Job { platform: &platform, ..job(&captures) }.endpoint_config();
    assert!(request.data_capture_config.is_some());
    let shadow = ProductionVariant {
        variant_name: "Challenger".to_owned(),
        model_name: "bike-8".to_owned(),
        initial_variant_weight: 35,
        capacity: VariantCapacity::Instances {
            initial_instance_count: 2,
            instance_type: "ml.new9.metal".to_owned(),
        },
    };
    request.shadow_production_variants = vec![shadow];
    check_config(&request).await;
}

#[tokio::test]
async fn create_endpoint_config_without_servers() {
    let pipeline = pipeline("{kind: serverless, capture_percent: 0}");
    check_config(&job(&pipeline).endpoint_config()).await;
}

#[tokio::test]
async fn create_model() {
    let pipeline = pipeline(SERVE);
    let request = job(&pipeline).model("s3://b/model.tar.gz");
    assert!(!request.primary_container.environment.is_empty());
    check_model(&request).await;
}

async fn check_model(request: &CreateModel) {
    check("SageMaker.CreateModel", request, async |sagemaker, request| {
        sagemaker.create_model(request).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn create_model_package_group() {
    let pipeline = pipeline(SERVE);
    let request = job(&pipeline).package_group();
    check("SageMaker.CreateModelPackageGroup", &request, async |sagemaker, request| {
        sagemaker.create_package_group(request).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn create_model_package() {
    let pipeline = pipeline(SERVE);
    let lineage = BTreeMap::from([("pawl.generation".to_owned(), "7".to_owned())]);
    let full = |status| job(&pipeline).package("s3://b/model.tar.gz", status, "better", lineage.clone());
    let requests: [CreateModelPackage; 4] = [
        full(ApprovalStatus::Approved),
        full(ApprovalStatus::Rejected),
        full(ApprovalStatus::PendingManualApproval),
        job(&pipeline).package_in_region("s3://b/model.tar.gz", Some("arn")),
    ];
    for request in requests {
        check("SageMaker.CreateModelPackage", &request, async |sagemaker, request| {
            sagemaker.create_package(request).await.unwrap();
        })
        .await;
    }
}

fn percent(value: u8) -> Capacity {
    Capacity { kind: CapacityKind::CapacityPercent, value }
}

#[tokio::test]
async fn update_endpoint_with_each_way_of_moving_traffic() {
    let blue_green = |kind, canary, step| {
        let routing = TrafficRouting { kind, wait_seconds: 60, canary, step };
        BlueGreen { routing, termination_wait_seconds: 120, timeout_seconds: Some(3_600) }
    };
    let rolling = Rolling { batch: percent(25), wait_seconds: 60, timeout_seconds: Some(3_600) };
    let alarm = |name: &str| AlarmRef { name: name.to_owned() };
    let rollback = AutoRollback { alarms: vec![alarm("errors"), alarm("latency")] };
    let by_fleet =
        |fleet| DeploymentConfig { blue_green: Some(fleet), rolling: None, rollback: Some(rollback.clone()) };
    for deployment in [
        None,
        Some(DeploymentConfig::at_once()),
        Some(by_fleet(blue_green(RoutingKind::Canary, Some(percent(10)), None))),
        Some(by_fleet(blue_green(RoutingKind::Linear, None, Some(percent(20))))),
        Some(DeploymentConfig { blue_green: None, rolling: Some(rolling), rollback: Some(rollback.clone()) }),
    ] {
        let exclude = vec![VariantProperty::DesiredWeight];
        let request = UpdateCall {
            endpoint: "bike".to_owned(),
            config: "bike-7".into(),
            retain_all_variant_properties: deployment.is_some(),
            exclude: if deployment.is_some() { exclude } else { Vec::new() },
            deployment,
        };
        check("SageMaker.UpdateEndpoint", &request, async |sagemaker, request| {
            sagemaker.update(request).await.unwrap();
        })
        .await;
    }
}

fn scaling() -> Scaling {
    let serve = Serve { autoscaling: Some(Autoscaling::default()), ..Serve::default() };
    Scaling::at_rest("bike", &serve, None).unwrap()
}

#[tokio::test]
async fn register_and_deregister_a_scalable_target_and_put_its_policy() {
    let Scaling::On { target, policy } = scaling() else { unreachable!("autoscaling is asked for") };
    check("AnyScaleFrontendService.RegisterScalableTarget", &target, async |sagemaker, target| {
        sagemaker.register(target).await.unwrap();
    })
    .await;
    check("AnyScaleFrontendService.PutScalingPolicy", &policy, async |sagemaker, policy| {
        sagemaker.put_policy(policy).await.unwrap();
    })
    .await;
    check("AnyScaleFrontendService.DeregisterScalableTarget", &target.target, async |sagemaker, target| {
        sagemaker.deregister(target).await.unwrap();
    })
    .await;
}
