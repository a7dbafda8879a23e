//! Why a payload is no event that Pawl knows.

use serde_json::Value;

/// A payload that could not be read. Keep the payload and tell somebody: it must not vanish.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// JSON, but no event of a known sender.
    #[error("no known event ({what}): send an S3, EventBridge, CloudWatch, SNS or operator event")]
    Unknown {
        /// What it seems to be: its source and detail type, or its top-level fields.
        what: String,
    },
    /// A known event without a field that it must have.
    #[error("{event}: field {field} is missing or empty")]
    Missing {
        /// Which event.
        event: &'static str,
        /// Path of the field, with dots.
        field: String,
    },
    /// A field that cannot be read.
    #[error("{event}: field {field} is {found}: expected {expected}")]
    Invalid {
        /// Which event.
        event: &'static str,
        /// Path of the field, with dots.
        field: String,
        /// What stood there, shortened.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A known event that is not of the shape that AWS documents.
    #[error("{event}: {reason}")]
    Shape {
        /// Which event.
        event: &'static str,
        /// Which field, and what was expected there.
        reason: String,
    },
    /// Envelopes inside envelopes, more than any sender makes.
    #[error("envelopes nested more than {0} deep")]
    TooDeep(usize),
}

impl DecodeError {
    /// JSON of no known sender, named by its source and detail type, or by its top-level fields.
    pub(super) fn unknown(value: &Value) -> Self {
        let text = |field: &str| value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let what = match (text("source"), text("detail-type")) {
            (Some(source), Some(kind)) => format!("{source}: {kind}"),
            _ => match value.as_object() {
                Some(map) if map.is_empty() => "an empty object".to_owned(),
                Some(map) => {
                    let names: Vec<&str> = map.keys().take(8).map(String::as_str).collect();
                    format!("fields {}", names.join(", "))
                }
                None => "no object".to_owned(),
            },
        };
        Self::Unknown { what }
    }
}
