//! CloudWatch alarms: metric, metric math, anomaly and composite, by EventBridge, by Lambda action, by SNS.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dimensions::Dimensions;
use super::error::DecodeError;
use super::json::{Node, parse_time};

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// The metric is inside its bounds.
    Ok,
    /// The metric is out of its bounds.
    Alarm,
    /// There is too little data to tell.
    InsufficientData,
}

impl AlarmState {
    /// As CloudWatch writes it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "OK" => Some(Self::Ok),
            "ALARM" => Some(Self::Alarm),
            "INSUFFICIENT_DATA" => Some(Self::InsufficientData),
            _ => None,
        }
    }
}

/// What kind of alarm it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmShape {
    /// One metric.
    Metric,
    /// An expression over metrics.
    Math,
    /// A band around what was expected.
    Anomaly,
    /// A rule over other alarms.
    Composite,
    /// The message does not say.
    Unknown,
}

/// Whether the alarm's actions are held back by a suppressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// No suppressor holds it back.
    None,
    /// A suppressor, or the time of waiting for one, holds its actions back.
    Suppressed,
}

impl Suppression {
    /// By the name of what suppresses it; none or an empty name is nobody.
    fn by(suppressor: Option<&str>) -> Self {
        match suppressor {
            None | Some("") => Self::None,
            Some(_) => Self::Suppressed,
        }
    }
}

/// The time that the data behind an alarm covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datapoints {
    /// Begin of the oldest datapoint.
    pub from: Timestamp,
    /// End of the newest datapoint, where the message says so.
    pub until: Option<Timestamp>,
}

/// An alarm that changed its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmChange {
    /// The alarm's ARN.
    pub arn: String,
    /// The alarm's name.
    pub name: String,
    /// The new state.
    pub state: AlarmState,
    /// The state before, where the message names it.
    pub previous: Option<AlarmState>,
    /// When the state changed: `state.timestamp`. Orders alarms, whatever the order in which they arrive.
    pub at: Timestamp,
    /// The kind of alarm.
    pub shape: AlarmShape,
    /// CloudWatch's reason.
    pub reason: String,
    /// The value of the dimension `EndpointName`, where all metrics with one agree.
    pub endpoint: Option<String>,
    /// The value of the dimension `EndpointConfigName`, where all metrics with one agree.
    pub config: Option<String>,
    /// The data behind it, where the message says so.
    pub datapoints: Option<Datapoints>,
    /// Whether a suppressor holds it back.
    pub suppression: Suppression,
    /// Names of the alarms that tripped a composite alarm.
    pub triggered_by: Vec<String>,
}

impl AlarmChange {
    /// The same for the copies by EventBridge, Lambda action and SNS.
    pub(super) fn dedupe_key(&self) -> String {
        let suppressed = match self.suppression {
            Suppression::None => "",
            Suppression::Suppressed => ":suppressed",
        };
        format!("alarm:{}@{}{suppressed}", self.arn, self.at)
    }

    /// The name in an alarm's ARN.
    pub fn name_of(arn: &str) -> &str {
        arn.split_once(":alarm:").map_or(arn, |(_, name)| name)
    }

    /// EventBridge's `CloudWatch Alarm State Change`: `node` is the detail.
    ///
    /// Read from the JSON itself. On an alarm hangs a rollback, and `aws_lambda_events` is too strict for it
    /// and too loose: it refuses a state before without a reason, a metric of an expression and a period of a
    /// day, and it takes a state without a value for OK.
    pub(super) fn from_event(detail: Node<'_>, arn: String) -> Result<Self, DecodeError> {
        let name = detail.text(&["alarmName"]).unwrap_or_else(|| Self::name_of(&arn).to_owned());
        let evidence = detail.text(&["state.reasonData"]);
        let evidence = evidence.and_then(|text| serde_json::from_str(&text).ok());
        let dimensions =
            Dimensions::of_metrics(detail, "configuration.metrics", "metricStat.metric.dimensions");
        Ok(Self {
            arn,
            name,
            state: state(detail, "state.value")?,
            previous: detail.text(&["previousState.value"]).as_deref().and_then(AlarmState::parse),
            at: detail.need_time(&["state.timestamp"])?,
            shape: shape(detail, "configuration.alarmRule", "configuration.metrics", "expression"),
            reason: detail.text(&["state.reason"]).unwrap_or_default(),
            endpoint: dimensions.endpoint(),
            config: dimensions.config(),
            datapoints: evidence.as_ref().and_then(datapoints),
            suppression: Suppression::by(detail.text(&["state.actionsSuppressedBy"]).as_deref()),
            triggered_by: evidence.as_ref().map(triggers).unwrap_or_default(),
        })
    }

    /// The direct Lambda action: `alarmArn`, and under `alarmData` what EventBridge has in its detail.
    pub(super) fn from_action(payload: Node<'_>) -> Result<Self, DecodeError> {
        let arn = payload.need(&["alarmArn"])?;
        let data = payload.at("alarmData").ok_or_else(|| payload.missing(&["alarmData"]))?;
        Self::from_event(data, arn)
    }

    /// The message that an alarm publishes to SNS. AWS's messages are looser than `aws_lambda_events::sns`
    /// has them: the description of an alarm without one is null, a composite alarm has no `Trigger`.
    pub(super) fn from_sns(message: Node<'_>) -> Result<Self, DecodeError> {
        let arn = message.need(&["AlarmArn"])?;
        let mut dimensions =
            Dimensions::of_metrics(message, "Trigger.Metrics", "MetricStat.Metric.Dimensions");
        dimensions.add(message, "Trigger.Dimensions");
        let shape = if message.at("Trigger.MetricName").is_some() {
            AlarmShape::Metric
        } else {
            shape(message, "AlarmRule", "Trigger.Metrics", "Expression")
        };
        let children = message.list("TriggeringChildren").filter_map(|child| child.text(&["Arn"]));
        Ok(Self {
            name: message.text(&["AlarmName"]).unwrap_or_else(|| Self::name_of(&arn).to_owned()),
            state: state(message, "NewStateValue")?,
            previous: message.text(&["OldStateValue"]).as_deref().and_then(AlarmState::parse),
            at: message.need_time(&["StateChangeTime"])?,
            shape,
            reason: message.text(&["NewStateReason"]).unwrap_or_default(),
            endpoint: dimensions.endpoint(),
            config: dimensions.config(),
            datapoints: None,
            suppression: Suppression::by(message.text(&["ActionsSuppressedBy"]).as_deref()),
            triggered_by: children.map(|arn| Self::name_of(&arn).to_owned()).collect(),
            arn,
        })
    }
}

fn state(node: Node<'_>, path: &str) -> Result<AlarmState, DecodeError> {
    let text = node.need(&[path])?;
    AlarmState::parse(&text).ok_or_else(|| node.invalid(&[path], "OK, ALARM or INSUFFICIENT_DATA"))
}

fn shape(node: Node<'_>, rule: &str, metrics: &str, expression: &str) -> AlarmShape {
    if node.at(rule).is_some() {
        return AlarmShape::Composite;
    }
    let (mut any, mut math) = (false, false);
    for metric in node.list(metrics) {
        any = true;
        match metric.text(&[expression]) {
            Some(text) if text.contains("ANOMALY_DETECTION_BAND") => return AlarmShape::Anomaly,
            Some(_) => math = true,
            None => {}
        }
    }
    match (any, math) {
        (_, true) => AlarmShape::Math,
        (true, false) => AlarmShape::Metric,
        (false, false) => AlarmShape::Unknown,
    }
}

/// The window of `reasonData`, which CloudWatch sends as a JSON text, or not at all.
fn datapoints(data: &Value) -> Option<Datapoints> {
    let time = |value: Option<&Value>| value.and_then(Value::as_str).and_then(parse_time);
    let list = |name: &str| data.get(name).and_then(Value::as_array).into_iter().flatten();
    let times: Vec<Timestamp> =
        list("evaluatedDatapoints").filter_map(|point| time(point.get("timestamp"))).collect();
    let from = time(data.get("startDate")).or_else(|| times.iter().min().copied())?;
    let period = data.get("period").and_then(Value::as_i64);
    let after = |begin: Timestamp, periods: usize| {
        let seconds = period?.checked_mul(i64::try_from(periods).ok()?)?;
        begin.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
    };
    let until = match times.iter().max() {
        Some(newest) => after(*newest, 1),
        None => after(from, list("recentDatapoints").count()),
    };
    Some(Datapoints { from, until })
}

fn triggers(data: &Value) -> Vec<String> {
    let list = data.get("triggeringAlarms").and_then(Value::as_array);
    let arns = list.into_iter().flatten().filter_map(|alarm| alarm.get("arn").and_then(Value::as_str));
    arns.map(|arn| AlarmChange::name_of(arn).to_owned()).collect()
}
