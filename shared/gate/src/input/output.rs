//! What a container answered to one row.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::policy::Task;
use crate::row::{Response, RowValue};

/// What the container answered: `{"score": …, "predicted_label": …, "latency_ms": …}`, `{"error": …}`, a
/// bare number, text or list; also alone in a list under `predictions`, as SageMaker's built-in algorithms
/// answer. Of `{"label": "SPAM", "score": …}`, as Hugging Face's containers answer, the label is read alone:
/// the score is that of the label named, which need not be the positive class.
#[derive(Default)]
pub struct ContainerOutput {
    score: Option<Prediction>,
    label: Option<Prediction>,
    latency_ms: Option<f64>,
    failed: bool,
}

impl ContainerOutput {
    /// How long the answer took by the container's own clock; whether there was none, where failures count.
    pub(crate) fn response(&self, counts_errors: bool) -> Response {
        Response { latency_ms: self.latency_ms, failed: counts_errors.then_some(self.failed) }
    }

    /// What the model answered, in the form that the task takes: scores of all classes say more of a class
    /// than its name, and its name more than one score.
    pub fn prediction(&self, task: Task) -> Option<RowValue<'_>> {
        let Self { score, label, .. } = self;
        let chosen = match (task, score) {
            (Task::Multiclass, Some(Prediction::Scores(_) | Prediction::Named(_))) => score.as_ref(),
            (Task::Multiclass, _) => label.as_ref().or(score.as_ref()),
            (Task::Binary | Task::Regression, _) => score.as_ref().or(label.as_ref()),
        };
        chosen.map(|answer| match (answer, task) {
            (Prediction::One(scalar), _) => scalar.value(),
            // A list as long as the model has outputs.
            (Prediction::Scores(scores), Task::Binary | Task::Regression) if scores.len() == 1 => {
                scores.first().map_or(RowValue::Null, |score| RowValue::Number(*score))
            }
            (Prediction::Scores(scores), _) => RowValue::Scores(scores),
            (Prediction::Named(scores), _) => RowValue::Named(scores),
        })
    }
}

impl<'de> Deserialize<'de> for ContainerOutput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OutputVisitor;
        impl<'de> Visitor<'de> for OutputVisitor {
            type Value = ContainerOutput;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{\"score\": number} or a number")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ContainerOutput, A::Error> {
                let mut output = ContainerOutput::default();
                let mut label = None;
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "score" => output.score = Some(map.next_value()?),
                        "predicted_label" => output.label = Some(map.next_value()?),
                        "label" => label = Some(map.next_value()?),
                        "predictions" => {
                            let [only] = map.next_value::<[ContainerOutput; 1]>()?;
                            output = only;
                        }
                        "latency_ms" => output.latency_ms = map.next_value()?,
                        "error" => output.failed = map.next_value::<Option<IgnoredAny>>()?.is_some(),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                if let Some(Prediction::One(JsonScalar::Text(_))) = label {
                    output.score = None;
                }
                output.label = output.label.or(label);
                Ok(output)
            }
            fn visit_unit<E>(self) -> Result<ContainerOutput, E> {
                Ok(ContainerOutput::default())
            }
            fn visit_u64<E>(self, value: u64) -> Result<ContainerOutput, E> {
                Ok(JsonScalar::Number(value as f64).into())
            }
            fn visit_i64<E>(self, value: i64) -> Result<ContainerOutput, E> {
                Ok(JsonScalar::Number(value as f64).into())
            }
            fn visit_f64<E>(self, value: f64) -> Result<ContainerOutput, E> {
                Ok(JsonScalar::Number(value).into())
            }
            fn visit_str<E>(self, value: &str) -> Result<ContainerOutput, E> {
                Ok(JsonScalar::Text(value.to_owned()).into())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ContainerOutput, A::Error> {
                let mut scores = Vec::new();
                while let Some(score) = list.next_element()? {
                    scores.push(score);
                }
                Ok(ContainerOutput { score: Some(Prediction::Scores(scores)), ..ContainerOutput::default() })
            }
        }
        deserializer.deserialize_any(OutputVisitor)
    }
}

impl From<JsonScalar> for ContainerOutput {
    fn from(scalar: JsonScalar) -> Self {
        Self { score: Some(Prediction::One(scalar)), ..Self::default() }
    }
}

/// A JSON value that is no object and no list.
pub(crate) enum JsonScalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl JsonScalar {
    pub(crate) fn value(&self) -> RowValue<'_> {
        match self {
            Self::Null => RowValue::Null,
            Self::Bool(truth) => RowValue::Truth(*truth),
            Self::Number(number) => RowValue::Number(*number),
            Self::Text(text) => RowValue::Text(text),
        }
    }
}

/// A scalar, a list of numbers, or numbers under the names of classes.
enum Prediction {
    One(JsonScalar),
    Scores(Vec<f64>),
    Named(Vec<(String, f64)>),
}

impl<'de> Deserialize<'de> for Prediction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnswerVisitor;
        impl<'de> Visitor<'de> for AnswerVisitor {
            type Value = Prediction;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a truth value, a text, null, a list of numbers or an object of them")
            }
            fn visit_unit<E>(self) -> Result<Prediction, E> {
                Ok(Prediction::One(JsonScalar::Null))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Prediction, E> {
                Ok(Prediction::One(JsonScalar::Bool(value)))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Prediction, E> {
                Ok(Prediction::One(JsonScalar::Number(value as f64)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Prediction, E> {
                Ok(Prediction::One(JsonScalar::Number(value as f64)))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Prediction, E> {
                Ok(Prediction::One(JsonScalar::Number(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Prediction, E> {
                Ok(Prediction::One(JsonScalar::Text(value.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Prediction, A::Error> {
                let mut scores = Vec::new();
                while let Some(score) = list.next_element()? {
                    scores.push(score);
                }
                Ok(Prediction::Scores(scores))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Prediction, A::Error> {
                let mut named = Vec::new();
                while let Some(score) = map.next_entry()? {
                    named.push(score);
                }
                Ok(Prediction::Named(named))
            }
        }
        deserializer.deserialize_any(AnswerVisitor)
    }
}

impl<'de> Deserialize<'de> for JsonScalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Prediction::deserialize(deserializer)? {
            Prediction::One(scalar) => Ok(scalar),
            Prediction::Scores(_) => Err(serde::de::Error::custom("a list, where one value belongs")),
            Prediction::Named(_) => Err(serde::de::Error::custom("an object, where one value belongs")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_the_usual_containers_are_read() {
        let read = |text: &str, task: Task| {
            let output: ContainerOutput = serde_json::from_str(text).unwrap();
            output.prediction(task).map(|value| value.to_string())
        };
        for (text, binary, multiclass) in [
            (r#"{"predictions": [{"score": 0.25, "predicted_label": 1}]}"#, Some("0.25"), Some("1")),
            (r#"{"predictions": [[0.25]]}"#, Some("0.25"), Some("[0.25]")),
            ("[0.25]", Some("0.25"), Some("[0.25]")),
            ("[0.25, 0.75]", Some("[0.25, 0.75]"), Some("[0.25, 0.75]")),
            // The score of a class that is named is not that of a yes.
            (r#"{"label": "SPAM", "score": 0.9}"#, Some("\"SPAM\""), Some("\"SPAM\"")),
            (r#"{"score": 0.9, "label": "SPAM"}"#, Some("\"SPAM\""), Some("\"SPAM\"")),
            (r#"{"score": 0.9, "label": 1}"#, Some("0.9"), Some("1")),
            (r#"{"closest_cluster": 3}"#, None, None),
        ] {
            let expected = [binary, multiclass].map(|text| text.map(str::to_owned));
            assert_eq!([read(text, Task::Binary), read(text, Task::Multiclass)], expected, "{text}");
        }
        assert!(serde_json::from_str::<ContainerOutput>(r#"{"predictions": [1, 2]}"#).is_err());
    }
}
