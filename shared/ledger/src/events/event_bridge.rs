//! EventBridge's envelope, and which service's event lies in it.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::alarm::AlarmChange;
use super::error::DecodeError;
use super::json::Node;
use super::object::{ObjectChange, ObjectEvent};
use super::request::{Operator, PersonRequest};
use super::sagemaker::{EndpointChange, JobChange, JobKind, PackageChange};
use super::signal::Signal;
use super::workflow::{CodePush, ExecutionChange, ScheduleTick};

/// What an EventBridge event says; `None` where it concerns nobody.
pub(super) fn signal(value: &Value) -> Result<Option<Signal>, DecodeError> {
    let (event, sent) = envelope(value)?;
    match event.source.as_str() {
        "aws.s3" => of_s3(&event, value, sent),
        "aws.events" | "aws.scheduler" => of_schedule(&event, value, sent).map(Some),
        "aws.cloudwatch" => of_cloudwatch(&event, value, sent).map(Some),
        "aws.sagemaker" => of_sagemaker(&event, value, sent).map(Some),
        "aws.states" if event.detail_type == "Step Functions Execution Status Change" => {
            let detail = Node::new("execution status", &event.detail);
            Ok(Some(Signal::Execution(ExecutionChange::of_step_functions(detail, sent)?)))
        }
        "aws.codecommit" | "aws.codepipeline" | "aws.ecr" => {
            let detail = Node::new("code push", &event.detail);
            Ok(CodePush::from_event(&event.source, detail, sent)?.map(Signal::Code))
        }
        "custom.pawl" => of_pawl(&event, sent),
        _ => Err(DecodeError::unknown(value)),
    }
}

/// The envelope, and when it was sent.
///
/// AWS's events are looser than the type. It takes times of RFC 3339 only; SageMaker's documented endpoint
/// event has milliseconds since 1970 in a text. It takes one source; the documented event of a model package
/// has a list of them. So these fields are read by [`Node`], and handed to the type as it wants them.
fn envelope(value: &Value) -> Result<(EventBridgeEvent, Timestamp), DecodeError> {
    let node = Node::new("EventBridge event", value);
    let sent = node.need_time(&["time"])?;
    let mut fields = Map::new();
    fields.insert("time".to_owned(), Value::String(sent.to_string()));
    for name in ["source", "detail-type"] {
        fields.insert(name.to_owned(), Value::String(node.need(&[name])?));
    }
    let resources = node.list("resources").map(|resource| resource.value.clone());
    fields.insert("resources".to_owned(), resources.collect());
    fields.insert("detail".to_owned(), value.get("detail").cloned().unwrap_or_default());
    Ok((Node { value: &Value::Object(fields), ..node }.typed()?, sent))
}

fn of_s3(event: &EventBridgeEvent, value: &Value, sent: Timestamp) -> Result<Option<Signal>, DecodeError> {
    let (node, kind) = match event.detail_type.as_str() {
        "Object Created" => (Node::new("S3 Object Created", value), ObjectEvent::Created),
        "Object Deleted" => (Node::new("S3 Object Deleted", value), ObjectEvent::Deleted),
        // Tags, restores, storage classes: they neither bring nor take data.
        _ => return Ok(None),
    };
    Ok(Some(Signal::Object(ObjectChange::from_event(node, kind, sent)?)))
}

fn of_schedule(event: &EventBridgeEvent, value: &Value, sent: Timestamp) -> Result<Signal, DecodeError> {
    if event.detail_type != "Scheduled Event" {
        return Err(DecodeError::unknown(value));
    }
    let model = Node::new("schedule", &event.detail).text(&["model"]);
    Ok(Signal::Schedule(ScheduleTick { rule: resource(event, value)?, model, at: sent }))
}

fn of_cloudwatch(event: &EventBridgeEvent, value: &Value, sent: Timestamp) -> Result<Signal, DecodeError> {
    match event.detail_type.as_str() {
        "CloudWatch Alarm State Change" => {
            let detail = Node::new("alarm state change", &event.detail);
            Ok(Signal::Alarm(AlarmChange::from_event(detail, resource(event, value)?)?))
        }
        "CloudWatch Alarm Configuration Change" => Ok(Signal::AlarmEdited {
            arn: resource(event, value)?,
            operation: Node::new("alarm configuration change", &event.detail).need(&["operation"])?,
            at: sent,
        }),
        _ => Err(DecodeError::unknown(value)),
    }
}

fn of_sagemaker(event: &EventBridgeEvent, value: &Value, sent: Timestamp) -> Result<Signal, DecodeError> {
    let detail = |name| Node::new(name, &event.detail);
    let job = |name, kind| JobChange::from_detail(kind, detail(name), sent).map(Signal::Job);
    match event.detail_type.as_str() {
        "SageMaker Endpoint State Change" | "SageMaker Endpoint Deployment State Change" => {
            Ok(Signal::Endpoint(EndpointChange::from_detail(detail("endpoint change"), sent)?))
        }
        "SageMaker Model Package State Change" => {
            Ok(Signal::Package(PackageChange::from_detail(detail("model package change"), sent)?))
        }
        "SageMaker Training Job State Change" => job("training job", JobKind::Training),
        "SageMaker Transform Job State Change" => job("transform job", JobKind::Transform),
        "SageMaker HyperParameter Tuning Job State Change" => job("tuning job", JobKind::Tuning),
        "SageMaker Processing Job State Change" => job("processing job", JobKind::Processing),
        "SageMaker Model Building Pipeline Execution Status Change" => {
            Ok(Signal::Execution(ExecutionChange::of_pipeline(detail("pipeline execution"), sent)?))
        }
        _ => Err(DecodeError::unknown(value)),
    }
}

/// Our own events under the source `custom.pawl`: the detail is an operator's act, a request or a code push.
fn of_pawl(event: &EventBridgeEvent, sent: Timestamp) -> Result<Option<Signal>, DecodeError> {
    let detail = &event.detail;
    if detail.get("operator").is_some() {
        Ok(Some(Signal::Operator(Operator::from_payload(Node::new("operator request", detail))?)))
    } else if detail.get("request").is_some() {
        Ok(Some(Signal::Request(PersonRequest::from_payload(Node::new("request for a run", detail))?)))
    } else {
        Ok(CodePush::from_event(&event.source, Node::new("code push", detail), sent)?.map(Signal::Code))
    }
}

/// The first resource: the alarm or the rule that the event is about.
fn resource(event: &EventBridgeEvent, value: &Value) -> Result<String, DecodeError> {
    let first = event.resources.iter().flatten().find(|resource| !resource.is_empty());
    first.cloned().ok_or_else(|| Node::new("EventBridge event", value).missing(&["resources"]))
}
