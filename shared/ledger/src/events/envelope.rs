//! Finding out what a payload is.

use serde_json::Value;

use super::json::Node;
use super::object::ObjectEvent;
use super::sagemaker::JobKind;
use super::{
    AlarmChange, CodePush, DecodeError, EndpointChange, ExecutionChange, JobChange, ObjectChange, Operator,
    PackageChange, PersonRequest, ScheduleTick, Signal,
};

/// What a payload says. An event that concerns nobody (S3's test event, a tag) has no signal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// The signals, in the order of the payload.
    pub signals: Vec<Signal>,
}

/// SNS around EventBridge around S3, with SQS before it: nobody nests deeper.
const DEEPEST: usize = 4;

/// Reads a payload. See the [module](super) for the shapes.
///
/// # Errors
/// [`DecodeError`] names the field and the reason. One unreadable record makes the whole payload an error: the others
/// come again with it and are known by their dedupe keys.
pub fn decode(payload: &[u8]) -> Result<Decoded, DecodeError> {
    let value: Value = serde_json::from_slice(payload).map_err(|e| DecodeError::NotJson(e.to_string()))?;
    let mut decoded = Decoded::default();
    unwrap(&value, 0, &mut decoded.signals)?;
    Ok(decoded)
}

fn unwrap(value: &Value, depth: usize, signals: &mut Vec<Signal>) -> Result<(), DecodeError> {
    if depth > DEEPEST {
        return Err(DecodeError::TooDeep(DEEPEST));
    }
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        return records.iter().try_for_each(|record| unwrap_record(record, depth, signals));
    }
    if value.get("operator").is_some() {
        signals.push(Signal::Operator(Operator::from_payload(Node::new("operator request", value))?));
    } else if value.get("request").is_some() {
        signals.push(Signal::Request(PersonRequest::from_payload(Node::new("request for a run", value))?));
    } else if value.get("alarmArn").is_some() {
        signals.push(Signal::Alarm(AlarmChange::from_action(Node::new("alarm action", value))?));
    } else if value.get("AlarmArn").is_some() {
        signals.push(Signal::Alarm(AlarmChange::from_sns(Node::new("alarm by SNS", value))?));
    } else if value.get("detail-type").is_some() {
        signals.extend(from_event_bridge(value)?);
    } else if value.get("Type").and_then(Value::as_str) == Some("Notification") {
        // SNS into SQS without raw delivery.
        unwrap_text(Node::new("SNS notification", value), "Message", depth, signals)?;
    } else if value.get("Event").and_then(Value::as_str) != Some("s3:TestEvent") {
        return Err(unknown(value));
    }
    Ok(())
}

fn unwrap_record(record: &Value, depth: usize, signals: &mut Vec<Signal>) -> Result<(), DecodeError> {
    let node = Node::new("record", record);
    match node.text(&["eventSource", "EventSource"]).as_deref() {
        Some("aws:sns") => unwrap_text(node, "Sns.Message", depth, signals),
        Some("aws:sqs") => unwrap_text(node, "body", depth, signals),
        Some(_) if record.get("s3").is_some() => {
            signals
                .extend(ObjectChange::from_record(Node::new("S3 notification", record))?.map(Signal::Object));
            Ok(())
        }
        _ => Err(unknown(record)),
    }
}

/// Opens a message that is JSON inside a text.
fn unwrap_text(
    node: Node<'_>,
    path: &str,
    depth: usize,
    signals: &mut Vec<Signal>,
) -> Result<(), DecodeError> {
    let text = node.need(&[path])?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|_| node.at(path).unwrap_or(node).invalid(&[path], "a JSON message"))?;
    unwrap(&value, depth + 1, signals)
}

fn from_event_bridge(value: &Value) -> Result<Option<Signal>, DecodeError> {
    let event = Node::new("EventBridge event", value);
    let (source, kind) = (event.need(&["source"])?, event.need(&["detail-type"])?);
    let sent = event.need_time(&["time"])?;
    let resource = event.text(&["resources"]);
    let empty = Value::Null;
    let detail = |name| Node::new(name, value.get("detail").unwrap_or(&empty));
    let job = |name, kind| JobChange::from_detail(kind, detail(name), sent).map(|job| Some(Signal::Job(job)));

    match (source.as_str(), kind.as_str()) {
        ("aws.s3", "Object Created") => {
            let node = Node::new("S3 Object Created", value);
            Ok(Some(Signal::Object(ObjectChange::from_event(node, ObjectEvent::Created, sent)?)))
        }
        ("aws.s3", "Object Deleted") => {
            let node = Node::new("S3 Object Deleted", value);
            Ok(Some(Signal::Object(ObjectChange::from_event(node, ObjectEvent::Deleted, sent)?)))
        }
        ("aws.s3", _) => Ok(None),
        ("aws.events" | "aws.scheduler", "Scheduled Event") => Ok(Some(Signal::Schedule(ScheduleTick {
            rule: resource.ok_or_else(|| event.missing(&["resources"]))?,
            model: event.text(&["detail.model"]),
            at: sent,
        }))),
        ("aws.cloudwatch", "CloudWatch Alarm State Change") => {
            Ok(Some(Signal::Alarm(AlarmChange::from_event(detail("alarm state change"), resource)?)))
        }
        ("aws.cloudwatch", "CloudWatch Alarm Configuration Change") => Ok(Some(Signal::AlarmEdited {
            arn: resource.ok_or_else(|| event.missing(&["resources"]))?,
            operation: event.need(&["detail.operation"])?,
            at: sent,
        })),
        (
            "aws.sagemaker",
            "SageMaker Endpoint State Change" | "SageMaker Endpoint Deployment State Change",
        ) => Ok(Some(Signal::Endpoint(EndpointChange::from_detail(detail("endpoint change"), sent)?))),
        ("aws.sagemaker", "SageMaker Model Package State Change") => {
            Ok(Some(Signal::Package(PackageChange::from_detail(detail("model package change"), sent)?)))
        }
        ("aws.sagemaker", "SageMaker Training Job State Change") => job("training job", JobKind::Training),
        ("aws.sagemaker", "SageMaker Transform Job State Change") => job("transform job", JobKind::Transform),
        ("aws.sagemaker", "SageMaker HyperParameter Tuning Job State Change") => {
            job("tuning job", JobKind::Tuning)
        }
        ("aws.sagemaker", "SageMaker Processing Job State Change") => {
            job("processing job", JobKind::Processing)
        }
        ("aws.sagemaker", "SageMaker Model Building Pipeline Execution Status Change") => {
            Ok(Some(Signal::Execution(ExecutionChange::of_pipeline(detail("pipeline execution"), sent)?)))
        }
        ("aws.states", "Step Functions Execution Status Change") => {
            Ok(Some(Signal::Execution(ExecutionChange::of_step_functions(detail("execution status"), sent)?)))
        }
        ("aws.codecommit" | "aws.codepipeline" | "aws.ecr", _) => {
            Ok(CodePush::from_event(&source, detail("code push"), sent)?.map(Signal::Code))
        }
        ("custom.pawl", _) => from_custom(value, &source, sent),
        _ => Err(unknown(value)),
    }
}

/// Our own events under the source `custom.pawl`: the detail is an operator's act, a request or a code push.
fn from_custom(value: &Value, source: &str, sent: jiff::Timestamp) -> Result<Option<Signal>, DecodeError> {
    let detail = value.get("detail").unwrap_or(value);
    if detail.get("operator").is_some() {
        Ok(Some(Signal::Operator(Operator::from_payload(Node::new("operator request", detail))?)))
    } else if detail.get("request").is_some() {
        Ok(Some(Signal::Request(PersonRequest::from_payload(Node::new("request for a run", detail))?)))
    } else {
        Ok(CodePush::from_event(source, Node::new("code push", detail), sent)?.map(Signal::Code))
    }
}

fn unknown(value: &Value) -> DecodeError {
    let node = Node::new("payload", value);
    let what = match (node.text(&["source"]), node.text(&["detail-type"])) {
        (Some(source), Some(kind)) => format!("{source}: {kind}"),
        _ => match value.as_object() {
            Some(map) if map.is_empty() => "an empty object".to_owned(),
            Some(map) => {
                let names: Vec<&str> = map.keys().take(8).map(String::as_str).collect();
                format!("fields {}", names.join(", "))
            }
            None => "no object".to_owned(),
        },
    };
    DecodeError::Unknown { what }
}
