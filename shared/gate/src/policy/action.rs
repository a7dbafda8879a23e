//! What follows when something does not hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a broken rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// Rejects the challenger.
    #[default]
    Block,
    /// Asks a person.
    Ask,
    /// Is told and changes nothing.
    Warn,
}
