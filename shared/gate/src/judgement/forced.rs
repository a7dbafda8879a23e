//! A promotion against the verdict, as it is recorded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::findings::Verdict;
use pawl_base::names::Generation;

/// Who forced a promotion, when, why, and what the gate had said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// The person.
    pub by: String,
    /// Their reason.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The run that trained and judged the challenger.
    pub run: Generation,
    /// The verdict that was overridden; its reasons stay in the judgement.
    pub instead_of: Verdict,
}
