//! Ground truth, in the form that teams merged for Model Monitor. Source:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html>.

use serde::Deserialize;
use serde_json::Value;

use crate::pipeline::Label;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    ground_truth_data: Truth,
    event_metadata: Meta,
}

#[derive(Deserialize)]
struct Truth {
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    event_id: String,
}

/// Hands each truth of an object over under its id; says how many lines could not be read.
///
/// `eventId` is the inference id that the client gave, else the event id of the capture; for the second row and on of one request
/// `<id>_<index from 0>`, and `<id>_0` for its first.
pub fn truths(bytes: &[u8], label: &Label, mut take: impl FnMut(&str, bool)) -> u64 {
    let mut unreadable = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let read = serde_json::from_slice::<Line>(line).ok();
        match read.and_then(|line| Some((positive(&line.ground_truth_data.data, label)?, line))) {
            Some((positive, line)) => take(&line.event_metadata.event_id, positive),
            None => unreadable += 1,
        }
    }
    unreadable
}

/// What the label's rule makes of a value; none where it is no number, or neither 0 nor 1 without a rule.
fn positive(value: &Value, label: &Label) -> Option<bool> {
    let number = match value {
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    match label.at_least {
        Some(least) => number.is_finite().then_some(number >= least),
        None if number == 0.0 || number == 1.0 => Some(number == 1.0),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::{Join, QualityPolicy, Verdict};

    #[test]
    fn truth_meets_its_answer_by_the_label_rule() {
        let policy = QualityPolicy::default();
        let mut join = Join::new(&policy, 10);
        join.predicted("a", 0.9);
        join.predicted("b", 0.9);
        let label = Label { column: "cnt".to_owned(), at_least: Some(260.0) };
        let lines = r#"{"groundTruthData": {"data": "300", "encoding": "CSV"}, "eventMetadata": {"eventId": "a"}, "eventVersion": "0"}
{"groundTruthData": {"data": 12}, "eventMetadata": {"eventId": "b"}}
{"groundTruthData": {"data": "NaN"}, "eventMetadata": {"eventId": "a"}}

nonsense"#;
        assert_eq!(truths(lines.as_bytes(), &label, |id, positive| join.truth(id, positive)), 2);
        let quality = join.judge(0.9, &Default::default(), Verdict::None, &policy);
        assert_eq!((quality.rows, quality.accuracy), (2, Some(0.5)));
    }
}
