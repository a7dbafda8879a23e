//! What a container's output to one row says, by the task.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::live::{ClassPrediction, GroundTruth, LiveTally, Prediction, PredictionKind};
use super::output::answers_to;
use super::row::quoted;
use super::truth::{text, truth};
use pawl_data::dataset::{RecordCut, cut};
use pawl_gate::Classes;
use pawl_gate::{ContainerOutput, RowValue, Task};

/// The answer in an output to one row, JSON or a line of CSV; none where the model gave none.
pub(super) fn read_prediction(reading: PredictionKind<'_>, text: &str) -> Option<Prediction> {
    match reading {
        PredictionKind::Binary | PredictionKind::Regression => score(text).map(Prediction::Number),
        PredictionKind::Multiclass(classes) => class(text, classes),
    }
}

/// How many of this many rows got an answer in the payload that the task can use.
pub fn usable(rows: usize, payload: &[u8], gate: &pawl_gate::Policy) -> usize {
    let tally = LiveTally::new(gate.task, &Classes::new(&gate.classes), &Default::default());
    let text = String::from_utf8_lossy(payload);
    let good =
        |text: &&str| read_prediction(tally.reading(), text).is_some_and(|answer| tally.takes(&answer));
    answers_to(rows, &text).into_iter().filter(good).count()
}

/// A score: as the gate reads a transform's output, else the first field of a line of CSV.
pub(super) fn score(answer: &str) -> Option<f64> {
    match serde_json::from_str::<ContainerOutput>(answer) {
        Ok(output) => output.prediction(Task::Regression)?.number(),
        Err(_) => answer.split(',').next()?.trim().parse().ok().filter(|score: &f64| score.is_finite()),
    }
}

impl Prediction {
    /// Appends it as a field of CSV, which is empty where it is none of the task's.
    pub fn write(&self, row: &mut String) {
        match self {
            Self::Number(number) => drop(write!(row, "{number}")),
            Self::Class(choice) => row.push_str(&quoted(&choice.class)),
            Self::Unfit => {}
        }
    }
}

/// As the gate reads a transform's output; else as a line of CSV, which is a probability for each class, or a
/// class in its first field.
fn class(text: &str, classes: &Classes) -> Option<Prediction> {
    let chosen = |given: RowValue<'_>| {
        ClassPrediction::read(given, classes)
            .map_or(Prediction::Unfit, |choice| Prediction::Class(Box::new(choice)))
    };
    if let Ok(output) = serde_json::from_str::<ContainerOutput>(text) {
        return output.prediction(Task::Multiclass).map(chosen);
    }
    // Broken JSON is no name of a class.
    if text.trim_start().starts_with(['[', '{']) {
        return Some(Prediction::Unfit);
    }
    let mut spans = Vec::new();
    let RecordCut::Record { .. } = cut(text.as_bytes(), b',', true, &mut spans) else {
        return Some(Prediction::Unfit);
    };
    let fields = spans.iter().map(|span| String::from_utf8(span.field(text.as_bytes()).into_owned()));
    let Ok(fields) = fields.collect::<Result<Vec<String>, _>>() else { return Some(Prediction::Unfit) };
    let numbers: Option<Vec<f64>> = fields.iter().map(|field| field.trim().parse().ok()).collect();
    Some(match (numbers, fields.first()) {
        (Some(scores), _) if scores.len() > 1 => chosen(RowValue::Scores(&scores)),
        (_, Some(first)) => chosen(RowValue::Text(first)),
        (_, None) => Prediction::Unfit,
    })
}

/// A row of a transform's output, joined with its input.
#[derive(Deserialize)]
struct Joined<'a> {
    label: Value,
    #[serde(borrow, rename = "SageMakerOutput")]
    output: &'a RawValue,
}

/// The columns and features of a row of a transform's output, joined with its input.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ScoredColumns {
    columns: Map<String, Value>,
    features: Map<String, Value>,
}

impl ScoredColumns {
    /// The value of a column as text; none where it is missing.
    pub fn value(&self, column: &str) -> Option<Cow<'_, str>> {
        text(self.columns.get(column).or_else(|| self.features.get(column))?)
    }
}

/// Prediction and truth of a row of a transform's output, joined with its input; none where one of them is
/// none of the task's. A truth of yes or no is 1 or 0.
pub fn answered(line: &[u8], reading: PredictionKind<'_>) -> Option<(Prediction, GroundTruth)> {
    let Joined { label, output } = serde_json::from_slice(line).ok()?;
    Some((read_prediction(reading, output.get())?, truth(&label, reading.task())?))
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_transforms_rows_are_answers_with_their_truth() {
        let rows: [(&str, Option<(f64, f64)>); 6] = [
            (r#"{"row": "a:1", "label": 212, "SageMakerOutput": {"score": 198.5}}"#, Some((198.5, 212.0))),
            (r#"{"label": true, "SageMakerOutput": 0.25}"#, Some((0.25, 1.0))),
            (r#"{"label": null, "SageMakerOutput": 0.25}"#, None),
            (r#"{"label": 1, "SageMakerOutput": null}"#, None),
            (r#"{"label": 1}"#, None),
            ("NaN", None),
        ];
        for (line, expected) in rows {
            let expected = expected.map(|(answer, truth)| (answer.into(), truth.into()));
            assert_eq!(answered(line.as_bytes(), PredictionKind::Regression), expected, "{line}");
        }
    }

    #[test]
    fn a_class_is_read_from_json_and_csv_alike() {
        let classes = Classes::new(&["owl", "hawk, grey", "2"].map(str::to_owned));
        let read = |text: &str| match read_prediction(PredictionKind::Multiclass(&classes), text) {
            Some(Prediction::Class(choice)) => choice.class,
            Some(Prediction::Number(number)) => panic!("{number}"),
            Some(Prediction::Unfit) => "unfit".to_owned(),
            None => "none".to_owned(),
        };
        for (text, class) in [
            (r#"{"predicted_label": "owl"}"#, "owl"),
            (r#"{"predicted_label": "owl", "score": [0.1, 0.8, 0.1]}"#, "hawk, grey"),
            (r#"{"score": {"2": 0.6, "owl": 0.2, "hawk, grey": 0.2}}"#, "2"),
            ("[0.1, 0.2, 0.7]", "2"),
            (r#""owl""#, "owl"),
            ("2.0", "2"),
            ("owl", "owl"),
            ("0.1,0.8,0.1", "hawk, grey"),
            ("\"hawk, grey\",0.93", "hawk, grey"),
            ("\"[0.8, 0.1, 0.1]\"", "owl"),
            ("an owl that nobody listed", "an owl that nobody listed"),
            // What cannot be used is told apart from what is not there.
            ("[0.1, 0.2]", "unfit"),
            ("0.1,0.2", "unfit"),
            ("[0.1, 0.2", "unfit"),
            ("[[0.1, 0.2, 0.7]]", "unfit"),
            (r#"{"score": {"2": 0.6, "owl": 0.4}}"#, "unfit"),
            (r#"{"predicted_label": null}"#, "unfit"),
            ("\"owl", "unfit"),
            (r#"{"error": "no such feature"}"#, "none"),
            ("null", "none"),
        ] {
            assert_eq!(read(text), class, "{text}");
        }
        assert_eq!(read(&"o".repeat(10_000)), "unfit");
    }

    #[test]
    fn only_answers_of_the_task_are_usable() {
        let of = |task, payload: &str| {
            usable(4, payload.as_bytes(), &pawl_gate::Policy { task, ..pawl_gate::Policy::default() })
        };
        let payload =
            "{\"score\": 0.5}\n\n{\"score\": \"NaN\"}\n3\n{\"score\": [0.5, 0.5]}\n{\"error\": \"x\"}\n";
        assert_eq!(of(Task::Binary, payload), 1);
        assert_eq!(of(Task::Regression, payload), 2);
        assert_eq!(of(Task::Multiclass, payload), 4, "names and probabilities");
        assert_eq!(of(Task::Multiclass, "{\"score\": [0.5, 0.4]}\n[[1.0]]\nnull"), 0);
        assert_eq!(usable(1, b"\xff\xfe", &pawl_gate::Policy::default()), 0);
    }

    #[test]
    fn a_transforms_row_of_several_classes_names_both() {
        let classes = Classes::default();
        let line = br#"{"label": 2.0, "SageMakerOutput": {"score": [0.1, 0.2, 0.7]}}"#;
        let Some((Prediction::Class(choice), truth)) = answered(line, PredictionKind::Multiclass(&classes))
        else {
            panic!()
        };
        assert_eq!((choice.class.as_str(), truth), ("2", GroundTruth::Class("2".to_owned())));
        let failed = br#"{"label": 2.0, "SageMakerOutput": {"error": "no"}}"#;
        assert_eq!(answered(failed, PredictionKind::Multiclass(&classes)), None);
    }
}
