//! How many rows of a holdout may repeat another one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Consequence;
use super::error::PolicyError;

/// The alarm on rows that were copied: a copy is no evidence of its own, but counts as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CopiesPolicy {
    /// Of the rows that a model gets wrong, the largest share that may repeat another one: label and
    /// predictions alike to the last digit, where predictions do not repeat by nature. Default 0.05: where
    /// so many were copied once, a useless challenger is promoted in 3.1 % of judgements, not in 2.5 %.
    pub at_most: f64,
    /// What follows beyond it. Default: ask a person.
    pub action: Consequence,
}

impl Default for CopiesPolicy {
    fn default() -> Self {
        Self { at_most: 0.05, action: Consequence::Ask }
    }
}

impl CopiesPolicy {
    /// Checks what the types cannot.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        if (0.0..=1.0).contains(&self.at_most) {
            return Ok(());
        }
        PolicyError::refuse("copies.at_most", self.at_most, "write a share from 0 to 1, such as 0.05")
    }
}
