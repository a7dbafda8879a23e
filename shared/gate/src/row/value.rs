//! A value of a row, as it was written: each task reads it in its own way.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value as Json;

use pawl_data::profile::value::read;

/// A label or a prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowValue<'a> {
    /// JSON's null.
    Null,
    /// A truth value.
    Truth(bool),
    /// A number.
    Number(f64),
    /// A text, which may read as one of the others.
    Text(&'a str),
    /// A score for each class.
    Scores(&'a [f64]),
    /// The same, each under the name of its class.
    Named(&'a [(String, f64)]),
}

impl<'a> RowValue<'a> {
    /// A binary label: true for the positive class.
    pub(crate) fn truth(self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(truth),
            Self::Number(1.0) | Self::Text("1" | "1.0" | "true" | "True") => Some(true),
            Self::Number(0.0) | Self::Text("0" | "0.0" | "false" | "False") => Some(false),
            _ => None,
        }
    }

    /// A finite number.
    pub fn number(self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => read(text.as_bytes()).number(),
            _ => None,
        };
        number.filter(|number| number.is_finite())
    }

    /// The class that a value names. `2`, `2.0` and the number 2 are one class: the same labels are written
    /// in all three ways.
    pub fn class(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Truth(truth) => Some(Cow::Borrowed(if truth { "true" } else { "false" })),
            Self::Number(number) if number.is_finite() => Some(Cow::Owned(number.to_string())),
            Self::Text(text) => {
                let text = text.trim();
                let whole = text.strip_suffix(".0").filter(|digits| digits.parse::<i64>().is_ok());
                Some(Cow::Borrowed(whole.unwrap_or(text))).filter(|name| !name.is_empty())
            }
            Self::Number(_) | Self::Null | Self::Scores(_) | Self::Named(_) => None,
        }
    }

    /// Whether both mean the same, however they are written.
    pub(crate) fn means(self, other: RowValue<'_>) -> bool {
        match (self.truth(), other.truth()) {
            (None, None) => self == other,
            (one, two) => one == two,
        }
    }
}

impl From<bool> for RowValue<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<f64> for RowValue<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for RowValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for RowValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Truth(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Scores(values) => write!(f, "{values:?}"),
            Self::Named(values) => write!(f, "{values:?}"),
        }
    }
}

/// A JSON value that is no list and no object.
pub fn scalar(json: &Json) -> RowValue<'_> {
    match json {
        Json::Bool(truth) => RowValue::Truth(*truth),
        Json::Number(number) => number.as_f64().map_or(RowValue::Null, RowValue::Number),
        Json::String(text) => RowValue::Text(text),
        Json::Null | Json::Array(_) | Json::Object(_) => RowValue::Null,
    }
}

/// Which part of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowPart {
    /// The truth.
    Label,
    /// The challenger's prediction.
    Challenger,
    /// The champion's prediction.
    Champion,
    /// How long an answer took.
    Latency,
    /// Whether there was none.
    Failure,
}

impl fmt::Display for RowPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Label => "the label",
            Self::Challenger => "the challenger's prediction",
            Self::Champion => "the champion's prediction",
            Self::Latency => "the latency",
            Self::Failure => "the mark of a failure",
        })
    }
}

/// A value that the task cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} is {found}; {expected}")]
pub struct Unfit {
    /// Which part of the row.
    pub part: RowPart,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: &'static str,
}

impl Unfit {
    pub(crate) fn new(part: RowPart, found: RowValue<'_>, expected: &'static str) -> Self {
        Self { part, found: found.to_string(), expected }
    }
}
