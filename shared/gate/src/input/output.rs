//! What a container answered to one row.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::policy::Task;
use crate::row::{Answered, Value};

/// What the container answered: `{"score": …, "predicted_label": …, "latency_ms": …}`, `{"error": …}`, a bare number,
/// text or list.
#[derive(Default)]
pub struct Output {
    score: Option<Answer>,
    label: Option<Answer>,
    latency_ms: Option<f64>,
    failed: bool,
}

impl Output {
    /// How long the answer took by the container's own clock; whether there was none, where failures count.
    pub(crate) fn answered(&self, counts_errors: bool) -> Answered {
        Answered { latency_ms: self.latency_ms, failed: counts_errors.then_some(self.failed) }
    }

    /// What the model answered, in the form that the task takes: scores of all classes say more of a class than its name,
    /// and its name more than one score.
    pub fn prediction(&self, task: Task) -> Option<Value<'_>> {
        let Self { score, label, .. } = self;
        let chosen = match (task, score) {
            (Task::Multiclass, Some(Answer::Scores(_) | Answer::Named(_))) => score.as_ref(),
            (Task::Multiclass, _) => label.as_ref().or(score.as_ref()),
            (Task::Binary | Task::Regression, _) => score.as_ref().or(label.as_ref()),
        };
        chosen.map(|answer| match answer {
            Answer::One(scalar) => scalar.value(),
            Answer::Scores(scores) => Value::Scores(scores),
            Answer::Named(scores) => Value::Named(scores),
        })
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Outputs;
        impl<'de> Visitor<'de> for Outputs {
            type Value = Output;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{\"score\": number} or a number")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Output, A::Error> {
                let mut output = Output::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "score" => output.score = Some(map.next_value()?),
                        "predicted_label" => output.label = Some(map.next_value()?),
                        "latency_ms" => output.latency_ms = map.next_value()?,
                        "error" => output.failed = map.next_value::<Option<IgnoredAny>>()?.is_some(),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(output)
            }
            fn visit_unit<E>(self) -> Result<Output, E> {
                Ok(Output::default())
            }
            fn visit_u64<E>(self, value: u64) -> Result<Output, E> {
                Ok(Scalar::Number(value as f64).into())
            }
            fn visit_i64<E>(self, value: i64) -> Result<Output, E> {
                Ok(Scalar::Number(value as f64).into())
            }
            fn visit_f64<E>(self, value: f64) -> Result<Output, E> {
                Ok(Scalar::Number(value).into())
            }
            fn visit_str<E>(self, value: &str) -> Result<Output, E> {
                Ok(Scalar::Text(value.to_owned()).into())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Output, A::Error> {
                let mut scores = Vec::new();
                while let Some(score) = list.next_element()? {
                    scores.push(score);
                }
                Ok(Output { score: Some(Answer::Scores(scores)), ..Output::default() })
            }
        }
        deserializer.deserialize_any(Outputs)
    }
}

impl From<Scalar> for Output {
    fn from(scalar: Scalar) -> Self {
        Self { score: Some(Answer::One(scalar)), ..Self::default() }
    }
}

/// A JSON value that is no object and no list.
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl Scalar {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Truth(*truth),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text),
        }
    }
}

/// A scalar, a list of numbers, or numbers under the names of classes.
enum Answer {
    One(Scalar),
    Scores(Vec<f64>),
    Named(Vec<(String, f64)>),
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Answers;
        impl<'de> Visitor<'de> for Answers {
            type Value = Answer;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a truth value, a text, null, a list of numbers or an object of them")
            }
            fn visit_unit<E>(self) -> Result<Answer, E> {
                Ok(Answer::One(Scalar::Null))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Answer, E> {
                Ok(Answer::One(Scalar::Bool(value)))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Answer, E> {
                Ok(Answer::One(Scalar::Number(value as f64)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Answer, E> {
                Ok(Answer::One(Scalar::Number(value as f64)))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Answer, E> {
                Ok(Answer::One(Scalar::Number(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Answer, E> {
                Ok(Answer::One(Scalar::Text(value.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Answer, A::Error> {
                let mut scores = Vec::new();
                while let Some(score) = list.next_element()? {
                    scores.push(score);
                }
                Ok(Answer::Scores(scores))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
                let mut named = Vec::new();
                while let Some(score) = map.next_entry()? {
                    named.push(score);
                }
                Ok(Answer::Named(named))
            }
        }
        deserializer.deserialize_any(Answers)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Answer::deserialize(deserializer)? {
            Answer::One(scalar) => Ok(scalar),
            Answer::Scores(_) => Err(serde::de::Error::custom("a list, where one value belongs")),
            Answer::Named(_) => Err(serde::de::Error::custom("an object, where one value belongs")),
        }
    }
}
