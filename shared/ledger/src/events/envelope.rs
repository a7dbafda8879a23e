//! Opening the envelopes of a payload: SNS, SQS and S3 records, down to what happened.

use aws_lambda_events::sns::{SnsMessage, SnsRecord};
use aws_lambda_events::sqs::SqsMessage;
use serde_json::Value;

use super::alarm::AlarmChange;
use super::error::DecodeError;
use super::event_bridge;
use super::json::Node;
use super::object::ObjectChange;
use super::request::{Operator, PersonRequest};
use super::signal::Signal;

/// SNS around EventBridge around S3, with SQS before it: nobody nests deeper.
const DEEPEST: usize = 4;

/// What a payload says, in its order. A payload that concerns nobody (S3's test event, a tag) says nothing.
/// See the [module](super) for the shapes.
///
/// # Errors
/// [`DecodeError`] names the field and the reason. One unreadable record makes the whole payload an error:
/// the others come again with it and are known by their dedupe keys.
pub fn decode(payload: &Value) -> Result<Vec<Signal>, DecodeError> {
    let mut signals = Vec::new();
    open(payload, 0, &mut signals)?;
    Ok(signals)
}

fn open(value: &Value, depth: usize, signals: &mut Vec<Signal>) -> Result<(), DecodeError> {
    if depth > DEEPEST {
        return Err(DecodeError::TooDeep(DEEPEST));
    }
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        return records.iter().try_for_each(|record| open_record(record, depth, signals));
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
        signals.extend(event_bridge::signal(value)?);
    } else if value.get("Type").and_then(Value::as_str) == Some("Notification") {
        // SNS into SQS without raw delivery.
        let message: SnsMessage = Node::new("SNS notification", value).typed()?;
        open_text("SNS notification", "Message", message.message, depth, signals)?;
    } else if value.get("Event").and_then(Value::as_str) != Some("s3:TestEvent") {
        return Err(DecodeError::unknown(value));
    }
    Ok(())
}

fn open_record(record: &Value, depth: usize, signals: &mut Vec<Signal>) -> Result<(), DecodeError> {
    let node = Node::new("record", record);
    match node.text(&["eventSource", "EventSource"]).as_deref() {
        Some("aws:sns") => {
            let record: SnsRecord = Node::new("SNS record", record).typed()?;
            open_text("SNS record", "Sns.Message", record.sns.message, depth, signals)
        }
        Some("aws:sqs") => {
            let message: SqsMessage = Node::new("SQS message", record).typed()?;
            open_text("SQS message", "body", message.body.unwrap_or_default(), depth, signals)
        }
        Some(_) if record.get("s3").is_some() => {
            let change = ObjectChange::from_record(Node::new("S3 notification", record))?;
            signals.extend(change.map(Signal::Object));
            Ok(())
        }
        _ => Err(DecodeError::unknown(record)),
    }
}

/// Opens a message that is JSON inside a text.
fn open_text(
    event: &'static str,
    field: &str,
    text: String,
    depth: usize,
    signals: &mut Vec<Signal>,
) -> Result<(), DecodeError> {
    let value: Value = serde_json::from_str(&text)
        .map_err(|_| Node::new(event, &Value::String(text)).invalid(&[field], "a JSON message"))?;
    open(&value, depth + 1, signals)
}
