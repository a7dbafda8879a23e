//! CloudWatch alarms: metric, metric math, anomaly and composite, by EventBridge, by Lambda action, by SNS.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DecodeError;
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

/// The time that the data behind an alarm covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datapoints {
    /// Begin of the oldest datapoint.
    pub from: Timestamp,
    /// End of the newest datapoint, where the message tells.
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
    /// The data behind it, where the message tells.
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
    pub(super) fn from_event(detail: Node<'_>, arn: Option<String>) -> Result<Self, DecodeError> {
        let arn = arn.ok_or_else(|| detail.missing(&["resources"]))?;
        Self::from_state(detail, arn)
    }

    /// The direct Lambda action: `alarmArn` and `alarmData`.
    pub(super) fn from_action(payload: Node<'_>) -> Result<Self, DecodeError> {
        let arn = payload.need(&["alarmArn"])?;
        let data = payload.at("alarmData").ok_or_else(|| payload.missing(&["alarmData"]))?;
        Self::from_state(data, arn)
    }

    fn from_state(node: Node<'_>, arn: String) -> Result<Self, DecodeError> {
        let name = node.text(&["alarmName"]).unwrap_or_else(|| Self::name_of(&arn).to_owned());
        let data = node.text(&["state.reasonData"]).and_then(|text| serde_json::from_str(&text).ok());
        let dimensions =
            Dimensions::of_metrics(node, "configuration.metrics", &["metricStat.metric.dimensions"]);
        let suppressed = node.text(&["state.actionsSuppressedBy"]);
        Ok(Self {
            arn,
            name,
            state: state(node, "state.value")?,
            previous: node.text(&["previousState.value"]).as_deref().and_then(AlarmState::parse),
            at: node.need_time(&["state.timestamp"])?,
            shape: shape(node, "configuration.alarmRule", "configuration.metrics", "expression"),
            reason: node.text(&["state.reason"]).unwrap_or_default(),
            endpoint: dimensions.endpoint.single(),
            config: dimensions.config.single(),
            datapoints: data.as_ref().and_then(datapoints),
            suppression: suppressed.map_or(Suppression::None, |_| Suppression::Suppressed),
            triggered_by: data.as_ref().map(triggers).unwrap_or_default(),
        })
    }

    /// The message that an alarm publishes to SNS.
    pub(super) fn from_sns(message: Node<'_>) -> Result<Self, DecodeError> {
        let arn = message.need(&["AlarmArn"])?;
        let mut dimensions =
            Dimensions::of_metrics(message, "Trigger.Metrics", &["MetricStat.Metric.Dimensions"]);
        dimensions.add(message, "Trigger.Dimensions");
        let shape = if message.at("Trigger.MetricName").is_some() {
            AlarmShape::Metric
        } else {
            shape(message, "AlarmRule", "Trigger.Metrics", "Expression")
        };
        let children = message.list("TriggeringChildren").filter_map(|child| child.text(&["Arn"]));
        let suppressed = message.text(&["ActionsSuppressedBy"]);
        Ok(Self {
            name: message.text(&["AlarmName"]).unwrap_or_else(|| Self::name_of(&arn).to_owned()),
            state: state(message, "NewStateValue")?,
            previous: message.text(&["OldStateValue"]).as_deref().and_then(AlarmState::parse),
            at: message.need_time(&["StateChangeTime"])?,
            shape,
            reason: message.text(&["NewStateReason"]).unwrap_or_default(),
            endpoint: dimensions.endpoint.single(),
            config: dimensions.config.single(),
            datapoints: None,
            suppression: suppressed.map_or(Suppression::None, |_| Suppression::Suppressed),
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

/// The values that one dimension takes over an alarm's metrics.
#[derive(Debug, Default)]
enum Values {
    #[default]
    None,
    One(String),
    Several,
}

impl Values {
    fn add(&mut self, value: &str) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(value.to_owned()),
            Self::One(known) if known == value => Self::One(known),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    /// The value, where all agree: an alarm over two configs belongs to neither.
    fn single(self) -> Option<String> {
        match self {
            Self::One(value) => Some(value),
            Self::None | Self::Several => None,
        }
    }
}

#[derive(Debug, Default)]
struct Dimensions {
    endpoint: Values,
    config: Values,
}

impl Dimensions {
    fn of_metrics(node: Node<'_>, metrics: &str, paths: &[&str]) -> Self {
        let mut found = Self::default();
        for metric in node.list(metrics) {
            paths.iter().for_each(|path| found.add(metric, path));
        }
        found
    }

    /// Dimensions come as an object (EventBridge, Lambda) or as a list of name and value (SNS).
    fn add(&mut self, node: Node<'_>, path: &str) {
        let Some(dimensions) = node.at(path) else { return };
        match dimensions.value {
            Value::Object(map) => {
                for (name, value) in map {
                    self.put(name, value.as_str());
                }
            }
            Value::Array(list) => {
                for entry in list {
                    let text = |lower: &str, upper: &str| {
                        entry.get(lower).or_else(|| entry.get(upper)).and_then(Value::as_str)
                    };
                    self.put(text("name", "Name").unwrap_or_default(), text("value", "Value"));
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, name: &str, value: Option<&str>) {
        match (name, value) {
            ("EndpointName", Some(value)) => self.endpoint.add(value),
            ("EndpointConfigName", Some(value)) => self.config.add(value),
            _ => {}
        }
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
