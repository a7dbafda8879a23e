//! The rules that rows and batches can break, and the reason that a broken one gives.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The record has another number of fields than the header.
    Fields,
    /// A quoted field does not close before a separator.
    Quotes,
    /// The line is no JSON object.
    Json,
    /// The record is no UTF-8.
    Encoding,
    /// A value is not of the column's type.
    Type,
    /// A required value is missing.
    Required,
    /// A number is out of range.
    Range,
    /// A value is not in the allowed set.
    Domain,
    /// A text is too short or too long.
    Length,
    /// A text has another shape.
    Pattern,
    /// Values repeat that should differ.
    Unique,
    /// Many values are not among the usual ones.
    Usual,
    /// The newest time is too old.
    Freshness,
    /// Two columns that belong together are too far apart.
    Across,
    /// A number stood still for longer than it ever may.
    Stuck,
    /// Time steps are missing.
    Gap,
    /// A column is missing.
    MissingColumn,
    /// A column is new.
    ExtraColumn,
    /// Too many values are missing.
    Completeness,
    /// Too few or too many rows.
    RowCount,
    /// There is no row at all.
    Empty,
}

impl Rule {
    /// The rule's name as documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Quotes => "quotes",
            Self::Json => "json",
            Self::Encoding => "encoding",
            Self::Type => "type",
            Self::Required => "required",
            Self::Range => "range",
            Self::Domain => "domain",
            Self::Length => "length",
            Self::Pattern => "pattern",
            Self::Unique => "unique",
            Self::Usual => "usual",
            Self::Freshness => "freshness",
            Self::Across => "across",
            Self::Stuck => "stuck",
            Self::Gap => "gap",
            Self::MissingColumn => "missing_column",
            Self::ExtraColumn => "extra_column",
            Self::Completeness => "completeness",
            Self::RowCount => "row_count",
            Self::Empty => "empty",
        }
    }
}

/// Why a row is quarantined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The column; none where the whole record is at fault.
    pub column: Option<String>,
    /// The rule it broke.
    pub rule: Rule,
    /// What the rule asks for.
    pub expected: String,
    /// What the row holds.
    pub observed: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "{column}: ")?;
        }
        write!(f, "expected {}, found {}", self.expected, self.observed)
    }
}
