//! Ground truth, in the form that teams merged for Model Monitor. Source:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html>.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::super::live::{GroundTruth, GroupSource, LiveGroups, Membership};
use pawl_data::dataset::Label;
use pawl_gate::{Task, scalar};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    ground_truth_data: TruthData,
    #[serde(borrow)]
    event_metadata: Meta<'a>,
    #[serde(default)]
    groups: Value,
}

#[derive(Deserialize)]
struct TruthData {
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    event_id: Cow<'a, str>,
}

/// Hands each truth of an object over under its id, with the line's `groups`; says how many lines could not
/// be read.
///
/// `eventId` is the inference id that the client gave, else the event id of the capture; for the second row
/// and on of one request `<id>_<index from 0>`, and `<id>_0` for its first.
pub fn truths(
    bytes: &[u8],
    label: &Label,
    task: Task,
    mut take: impl FnMut(&str, GroundTruth, &Value),
) -> u64 {
    let mut unreadable = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let read = serde_json::from_slice::<Line<'_>>(line).ok();
        // By the label's rule, as in the data.
        let known =
            read.and_then(|line| Some((truth(&label.of(line.ground_truth_data.data.clone()), task)?, line)));
        match known {
            Some((truth, line)) => take(&line.event_metadata.event_id, truth, &line.groups),
            None => unreadable += 1,
        }
    }
    unreadable
}

/// The groups that a line of truth tells, in an object of columns and their values; none where requests tell
/// all of them.
pub fn told_groups(groups: &LiveGroups, told: &Value) -> Option<Membership> {
    let asked = groups.known_by(GroupSource::Truth);
    asked.then(|| groups.membership(GroupSource::Truth, |column| text(told.get(column)?)))
}

/// A value as text; none of what is no value, or more than one.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a label is to the task: a class by its name, the number itself, 1 or 0 where a yes or no is learnt;
/// none where it is none of these.
pub(super) fn truth(label: &Value, task: Task) -> Option<GroundTruth> {
    match task {
        Task::Multiclass => GroundTruth::class(scalar(label)),
        Task::Binary => number(label).filter(|number| [0.0, 1.0].contains(number)).map(GroundTruth::Number),
        Task::Regression => number(label).filter(|number| number.is_finite()).map(GroundTruth::Number),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Join, QualityPolicy, Verdict};

    #[test]
    fn truth_meets_its_answer_by_the_label_rule() {
        let policy = QualityPolicy::default();
        let mut join = Join::new(Task::Binary, &policy, 10);
        join.predicted("a", 0.9);
        join.predicted("b", 0.9);
        let label = Label { column: "cnt".to_owned(), at_least: Some(260.0), ..Label::default() };
        // Long: a line of the file as teams have it.
        let lines = r#"{"groundTruthData": {"data": "300", "encoding": "CSV"}, "eventMetadata": {"eventId": "a"}, "eventVersion": "0"}
{"groundTruthData": {"data": 12}, "eventMetadata": {"eventId": "b"}}
{"groundTruthData": {"data": "NaN"}, "eventMetadata": {"eventId": "a"}}

nonsense"#;
        assert_eq!(truths(lines.as_bytes(), &label, Task::Binary, |id, truth, _| join.truth(id, truth)), 2);
        let quality = join.judge(Some(0.9), &Default::default(), Verdict::None, &policy);
        assert_eq!((quality.rows, quality.accuracy), (2, Some(0.5)));
    }

    #[test]
    fn a_number_is_its_own_truth() {
        let policy = QualityPolicy::default();
        let mut join = Join::new(Task::Regression, &policy, 10);
        join.predicted("a", 110.0);
        join.predicted("b", 5.0);
        let label = Label { column: "cnt".to_owned(), ..Label::default() };
        let lines = r#"{"groundTruthData": {"data": "100.0"}, "eventMetadata": {"eventId": "a"}}
{"groundTruthData": {"data": "inf"}, "eventMetadata": {"eventId": "b"}}
{"groundTruthData": {"data": 9}, "eventMetadata": {"eventId": "b"}}"#;
        assert_eq!(
            truths(lines.as_bytes(), &label, Task::Regression, |id, truth, _| join.truth(id, truth)),
            1
        );
        let quality = join.judge(Some(7.0), &Default::default(), Verdict::None, &policy);
        assert_eq!((quality.rows, quality.mae), (2, Some(7.0)));
    }

    #[test]
    fn a_class_is_its_name_however_it_is_written() {
        let read = |label: &Label, data: &str| {
            let line =
                format!(r#"{{"groundTruthData": {{"data": {data}}}, "eventMetadata": {{"eventId": "a"}}}}"#);
            let mut told = None;
            let unreadable =
                truths(line.as_bytes(), label, Task::Multiclass, |_, truth, _| told = Some(truth));
            assert_eq!(unreadable, u64::from(told.is_none()));
            told
        };
        let class = |name: &str| Some(GroundTruth::Class(name.to_owned()));
        let plain = Label { column: "kind".to_owned(), ..Label::default() };
        for (data, expected) in [
            (r#"" owl""#, class("owl")),
            (r#""2.0""#, class("2")),
            ("2", class("2")),
            ("true", class("true")),
            ("null", None),
            (r#""""#, None),
            ("[1]", None),
        ] {
            assert_eq!(read(&plain, data), expected, "{data}");
        }
        let above = Label { at_least: Some(260.0), ..plain };
        assert_eq!(read(&above, "300"), class("1"));
        assert_eq!(read(&above, r#""owl""#), None);
    }
}
