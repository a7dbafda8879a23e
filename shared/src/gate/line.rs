//! One line of a joined transform output.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::pairs::{PairError, Side};

/// The parts of a line the gate needs; the rest is skipped unread.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    row: Cow<'a, str>,
    label: Scalar,
    #[serde(default, rename = "SageMakerOutput")]
    output: Output,
    #[serde(default)]
    columns: Columns,
}

/// A parsed line: a label and a score that hold.
pub(super) struct Line {
    pub(super) positive: bool,
    pub(super) score: f64,
    /// Name and value, for those that are texts, numbers or truth values.
    pub(super) columns: Vec<(String, String)>,
}

impl Line {
    /// Reads one line; its row id comes beside it.
    pub(super) fn parse(bytes: &[u8], side: Side, line: u64) -> Result<(Cow<'_, str>, Self), PairError> {
        let fields: Fields<'_> = serde_json::from_slice(bytes).map_err(|error| {
            // Python writes these three though JSON has no such numbers: say what it is.
            let text = String::from_utf8_lossy(bytes);
            match ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| text.contains(word)) {
                Some(word) => PairError::BadScore { side, line, found: word.to_owned() },
                None => PairError::NotAnOutputLine { side, line, reason: error.to_string() },
            }
        })?;
        let positive = match fields.label {
            Scalar::Bool(label) => label,
            Scalar::Number(0.0) => false,
            Scalar::Number(1.0) => true,
            other => return Err(PairError::BadLabel { side, line, found: other.to_string() }),
        };
        match fields.output.0 {
            None => Err(PairError::MissingOutput { side, line, row: fields.row.into_owned() }),
            Some(Scalar::Number(score)) if (0.0..=1.0).contains(&score) => {
                Ok((fields.row, Self { positive, score, columns: fields.columns.0 }))
            }
            Some(other) => Err(PairError::BadScore { side, line, found: other.to_string() }),
        }
    }
}

/// A JSON value that is no object and no list.
enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalars;
        impl Visitor<'_> for Scalars {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a truth value, a text or null")
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value as f64))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Scalars)
    }
}

/// The columns the gate may need, as text; nested values and nulls are left out.
#[derive(Default)]
struct Columns(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Columns;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Columns, A::Error> {
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    match map.next_value::<Scalar>()? {
                        Scalar::Null => {}
                        Scalar::Text(text) => pairs.push((key, text)),
                        plain => pairs.push((key, plain.to_string())),
                    }
                }
                Ok(Columns(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// What the container answered: `{"score": number, ...}` or the bare number.
#[derive(Default)]
struct Output(Option<Scalar>);

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Outputs;
        impl<'de> Visitor<'de> for Outputs {
            type Value = Output;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{\"score\": number} or a number")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Output, A::Error> {
                let mut score = None;
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    if key == "score" {
                        score = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Output(score))
            }
            fn visit_unit<E>(self) -> Result<Output, E> {
                Ok(Output(None))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Output, E> {
                Ok(Output(Some(Scalar::Number(value as f64))))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Output, E> {
                Ok(Output(Some(Scalar::Number(value as f64))))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Output, E> {
                Ok(Output(Some(Scalar::Number(value))))
            }
            fn visit_str<E>(self, value: &str) -> Result<Output, E> {
                Ok(Output(Some(Scalar::Text(value.to_owned()))))
            }
        }
        deserializer.deserialize_any(Outputs)
    }
}
