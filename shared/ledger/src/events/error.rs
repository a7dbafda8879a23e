//! Why a payload is no event that Pawl knows.

/// A payload that could not be read. Keep the payload and tell somebody: it must not vanish.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no JSON.
    #[error("the payload is no JSON: {0}")]
    NotJson(String),
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
    /// Envelopes inside envelopes, more than any sender makes.
    #[error("envelopes nested more than {0} deep")]
    TooDeep(usize),
}
