//! `constraint_violations.json`: what does not hold.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The document.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Violations {
    /// One entry each.
    pub violations: Vec<Violation>,
}

/// What does not hold. Readers of these files parse the description, so its words are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The column.
    pub feature_name: String,
    /// What was checked.
    pub constraint_check_type: CheckType,
    /// What was expected and what was found.
    pub description: String,
}

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckType {
    /// The share of values of the column's type.
    DataTypeCheck,
    /// The share of rows with a value.
    CompletenessCheck,
    /// The distance from the baseline.
    BaselineDriftCheck,
    /// A column that is gone.
    MissingColumnCheck,
    /// A column that is new.
    ExtraColumnCheck,
    /// The share of values among those allowed.
    CategoricalValuesCheck,
}

impl CheckType {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataTypeCheck => "data_type_check",
            Self::CompletenessCheck => "completeness_check",
            Self::BaselineDriftCheck => "baseline_drift_check",
            Self::MissingColumnCheck => "missing_column_check",
            Self::ExtraColumnCheck => "extra_column_check",
            Self::CategoricalValuesCheck => "categorical_values_check",
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.violations.is_empty() {
            return writeln!(f, "no violations");
        }
        self.violations.iter().try_for_each(|violation| {
            let Violation { feature_name, constraint_check_type, description } = violation;
            writeln!(f, "{feature_name}: {}: {description}", constraint_check_type.name())
        })
    }
}
