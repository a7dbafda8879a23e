//! Ground truth, in the form that teams merged for Model Monitor. Source:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html>.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use crate::gate::Task;
use crate::pipeline::Label;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    ground_truth_data: Truth,
    #[serde(borrow)]
    event_metadata: Meta<'a>,
}

#[derive(Deserialize)]
struct Truth {
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    event_id: Cow<'a, str>,
}

/// Hands each truth of an object over under its id; says how many lines could not be read.
///
/// `eventId` is the inference id that the client gave, else the event id of the capture; for the second row and on of one request
/// `<id>_<index from 0>`, and `<id>_0` for its first.
pub fn truths(bytes: &[u8], label: &Label, task: Task, mut take: impl FnMut(&str, f64)) -> u64 {
    let mut unreadable = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let read = serde_json::from_slice::<Line<'_>>(line).ok();
        match read.and_then(|line| Some((number(&line.ground_truth_data.data, label, task)?, line))) {
            Some((truth, line)) => take(&line.event_metadata.event_id, truth),
            None => unreadable += 1,
        }
    }
    unreadable
}

/// What a value means: the number itself, and where a yes or no is learnt, 1 or 0 by the label's rule. None where it is no
/// number, or neither 0 nor 1 without a rule.
fn number(value: &Value, label: &Label, task: Task) -> Option<f64> {
    let number = match value {
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    let usable = match (task, label.at_least) {
        (Task::Binary, Some(least)) => {
            return number.is_finite().then(|| f64::from(u8::from(number >= least)));
        }
        (Task::Binary, None) => number == 0.0 || number == 1.0,
        (Task::Multiclass | Task::Regression, _) => number.is_finite(),
    };
    usable.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::{Join, QualityPolicy, Verdict};

    #[test]
    fn truth_meets_its_answer_by_the_label_rule() {
        let policy = QualityPolicy::default();
        let mut join = Join::new(Task::Binary, &policy, 10);
        join.predicted("a", 0.9);
        join.predicted("b", 0.9);
        let label = Label { column: "cnt".to_owned(), at_least: Some(260.0) };
        let lines = r#"{"groundTruthData": {"data": "300", "encoding": "CSV"}, "eventMetadata": {"eventId": "a"}, "eventVersion": "0"}
{"groundTruthData": {"data": 12}, "eventMetadata": {"eventId": "b"}}
{"groundTruthData": {"data": "NaN"}, "eventMetadata": {"eventId": "a"}}

nonsense"#;
        let task = join.task();
        assert_eq!(truths(lines.as_bytes(), &label, task, |id, truth| join.truth(id, truth)), 2);
        let quality = join.judge(Some(0.9), &Default::default(), Verdict::None, &policy);
        assert_eq!((quality.rows, quality.accuracy), (2, Some(0.5)));
    }

    #[test]
    fn a_number_is_its_own_truth() {
        let policy = QualityPolicy::default();
        let mut join = Join::new(Task::Regression, &policy, 10);
        join.predicted("a", 110.0);
        join.predicted("b", 5.0);
        let label = Label { column: "cnt".to_owned(), at_least: None };
        let lines = r#"{"groundTruthData": {"data": "100.0"}, "eventMetadata": {"eventId": "a"}}
{"groundTruthData": {"data": "inf"}, "eventMetadata": {"eventId": "b"}}
{"groundTruthData": {"data": 9}, "eventMetadata": {"eventId": "b"}}"#;
        assert_eq!(truths(lines.as_bytes(), &label, Task::Regression, |id, truth| join.truth(id, truth)), 1);
        let quality = join.judge(Some(7.0), &Default::default(), Verdict::None, &policy);
        assert_eq!((quality.rows, quality.mae), (2, Some(7.0)));
    }
}
