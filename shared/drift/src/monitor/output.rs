//! What an endpoint answered to one request, cut into one answer a row, whatever form the container chose.

use serde::Deserialize;
use serde_json::Deserializer;
use serde_json::value::RawValue;

use pawl_data::dataset::{RecordCut, cut};

/// A document around the answers: what SageMaker's built-in algorithms, TensorFlow Serving and MLflow send.
/// Source: <https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html>.
#[derive(Deserialize)]
struct Predictions<'a> {
    #[serde(borrow)]
    predictions: Vec<&'a RawValue>,
}

/// The answers in a payload to this many rows, each as JSON or as a line of CSV; where they are fewer or
/// more, their number is another. Known forms: a line or a JSON value a row; `{"predictions": […]}`; a JSON
/// list, or one line of CSV, with as many values as rows.
pub(super) fn answers_to(rows: usize, payload: &str) -> Vec<&str> {
    let values = Deserializer::from_str(payload).into_iter::<&RawValue>().collect::<Result<Vec<_>, _>>();
    match values.as_deref() {
        Ok([document]) => in_document(rows, document),
        Ok(values) => values.iter().map(|value| value.get()).collect(),
        Err(_) => in_lines(rows, payload),
    }
}

/// One JSON value is the answer to one row, or holds an answer for each.
fn in_document(rows: usize, document: &RawValue) -> Vec<&str> {
    let text = document.get();
    let list = match text.as_bytes().first() {
        Some(b'{') => serde_json::from_str::<Predictions<'_>>(text).ok().map(|outer| outer.predictions),
        // To one row a list of several numbers is a score for each class.
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text).ok().filter(|list| list.len() == rows),
        _ => None,
    };
    list.map_or_else(|| vec![text], |list| list.into_iter().map(RawValue::get).collect())
}

/// A line a row; else one line of CSV with a field a row.
fn in_lines(rows: usize, payload: &str) -> Vec<&str> {
    let lines: Vec<&str> = payload.lines().filter(|line| !line.trim().is_empty()).collect();
    let ([line], true) = (lines.as_slice(), rows > 1) else { return lines };
    let mut spans = Vec::new();
    let RecordCut::Record { .. } = cut(line.as_bytes(), b',', true, &mut spans) else { return lines };
    let fields: Vec<&str> = line.split(',').collect();
    if fields.len() == rows && spans.len() == rows { fields } else { lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_container_gives_an_answer_a_row() {
        for (rows, payload, answers) in [
            (1, "0.25", vec!["0.25"]),
            (1, "0.25\n", vec!["0.25"]),
            (2, "0.25\n0.75\n", vec!["0.25", "0.75"]),
            (3, "0.1,0.2,0.3\n", vec!["0.1", "0.2", "0.3"]),
            (2, "owl,hawk", vec!["owl", "hawk"]),
            (2, "[0.1, 0.9]", vec!["0.1", "0.9"]),
            (1, "[0.1, 0.9]", vec!["[0.1, 0.9]"]),
            (1, "[0.1]", vec!["0.1"]),
            (2, "[[0.1, 0.9], [0.8, 0.2]]", vec!["[0.1, 0.9]", "[0.8, 0.2]"]),
            (1, r#"{"score": 0.5}"#, vec![r#"{"score": 0.5}"#]),
            (2, "{\"score\": 0.5}\n{\"score\": 0.7}", vec![r#"{"score": 0.5}"#, r#"{"score": 0.7}"#]),
            (1, r#"{"predictions": [{"score": 0.5}]}"#, vec![r#"{"score": 0.5}"#]),
            (2, "{\n \"predictions\": [\n  [0.5],\n  [0.7]\n ]\n}", vec!["[0.5]", "[0.7]"]),
            (1, "{\n \"score\":\n 0.5\n}", vec!["{\n \"score\":\n 0.5\n}"]),
            (1, "0.1,0.9", vec!["0.1,0.9"]),
            // Other answers than rows: the caller sees their number.
            (3, "0.1,0.2", vec!["0.1,0.2"]),
            (3, "[0.1, 0.2]", vec!["[0.1, 0.2]"]),
            (1, r#"{"predictions": [1, 2]}"#, vec!["1", "2"]),
            (2, "", vec![]),
            // A broken line is an answer that says nothing; the others count.
            (2, "0.5\n[0.1", vec!["0.5", "[0.1"]),
            // A comma within quotes parts nothing.
            (2, "\"hawk, grey\"", vec!["\"hawk, grey\""]),
        ] {
            assert_eq!(answers_to(rows, payload), answers, "{rows} rows: {payload}");
        }
    }
}
