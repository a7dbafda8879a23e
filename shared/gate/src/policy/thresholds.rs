//! Where each model's scores begin to predict the positive class.

use super::error::PolicyError;
use super::section::Policy;

pub(super) const NUMBER: &str = "write a number between 0 and 1";

/// Whether scores on both sides of it are possible.
pub fn is_threshold(value: f64) -> bool {
    value > 0.0 && value < 1.0
}

/// Where each model's scores begin to predict the positive class. A threshold is part of a model: chosen on
/// its training data, and never moved by the rows that judge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// The champion's.
    pub champion: f64,
    /// The challenger's.
    pub challenger: f64,
}

impl Thresholds {
    /// The policy's, for both models.
    pub fn of(policy: &Policy) -> Self {
        Self { champion: policy.threshold, challenger: policy.threshold }
    }

    /// Checks what the types cannot.
    pub(crate) fn check(self) -> Result<(), PolicyError> {
        for (model, threshold) in [("champion", self.champion), ("challenger", self.challenger)] {
            if !is_threshold(threshold) {
                let found = format!("{threshold}, the {model}'s own");
                return PolicyError::refuse("threshold", found, NUMBER);
            }
        }
        Ok(())
    }
}
