//! How a run ends, and the record that stays.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::{Generation, ModelName};

/// The ways in which a run can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The challenger serves, and its watch ended healthy.
    Promoted,
    /// The gate rejected the challenger.
    Rejected,
    /// The new data was corrupt.
    Quarantined,
    /// Nothing was trained, for the stated reason.
    Skipped,
    /// The training did not converge; the breaker is open.
    Diverged,
    /// A person declined, or nobody answered in time.
    Declined,
    /// Deployment waits for a person.
    Held,
    /// The challenger was live and was taken back.
    RolledBack,
    /// A step failed.
    Failed,
}

/// How one run ended, as the state machine hands it over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which way.
    pub code: Ending,
    /// Why, in plain words.
    #[serde(default)]
    pub reason: String,
    /// The state that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The failure's error name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The document `runs/<model>/<run>/run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The model.
    pub model: ModelName,
    /// The run.
    pub generation: Generation,
    /// How it ended.
    pub outcome: Outcome,
    /// What started it, in a few words each.
    pub triggers: Vec<String>,
    /// When it was opened, where the ledger still knew.
    pub opened_at: Option<Timestamp>,
    /// When it closed.
    pub closed_at: Timestamp,
}
