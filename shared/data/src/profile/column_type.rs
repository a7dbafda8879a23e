//! The types that values read as.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Whole numbers.
    Integral,
    /// Numbers.
    Fractional,
    /// `true` and `false`.
    Boolean,
    /// Dates and times.
    Timestamp,
    /// Text.
    String,
    /// No value was ever seen.
    Unknown,
}

impl ColumnType {
    /// Whether values of this type are numbers.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Integral | Self::Fractional)
    }

    /// The type's name as documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integral => "integral",
            Self::Fractional => "fractional",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::String => "string",
            Self::Unknown => "unknown",
        }
    }

    /// The type's name as tables and summaries write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Integral => "Integral",
            Self::Fractional => "Fractional",
            Self::Boolean => "Boolean",
            Self::Timestamp => "Timestamp",
            Self::String => "String",
            Self::Unknown => "Unknown",
        }
    }
}

/// How many values of a column read as which type; missing values are in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypeCounts {
    /// Whole numbers.
    pub integral: u64,
    /// Numbers with a fraction or an exponent, NaN and infinities.
    pub fractional: u64,
    /// `true` and `false`.
    pub boolean: u64,
    /// Dates and times.
    pub timestamp: u64,
    /// Everything else.
    pub string: u64,
}

impl TypeCounts {
    /// All values that are not missing.
    pub fn total(&self) -> u64 {
        self.integral + self.fractional + self.boolean + self.timestamp + self.string
    }

    /// The values that fit a type: any is a text, and a whole number is a number.
    pub fn fitting(&self, kind: ColumnType) -> u64 {
        match kind {
            ColumnType::Integral => self.integral,
            ColumnType::Fractional => self.integral + self.fractional,
            ColumnType::Boolean => self.boolean,
            ColumnType::Timestamp => self.timestamp,
            ColumnType::String | ColumnType::Unknown => self.total(),
        }
    }

    /// Adds the counts of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.integral += other.integral;
        self.fractional += other.fractional;
        self.boolean += other.boolean;
        self.timestamp += other.timestamp;
        self.string += other.string;
    }
}
