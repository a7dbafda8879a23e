//! What the comparison in a trial remembers between two looks.

use serde::{Deserialize, Serialize};

use super::Component::DriftChecker;
use super::{Document, OfModel};
use crate::gate::live::SideBySide;
use crate::ledger::Keys;
use crate::release::ConfigName;

/// What the comparison in a trial remembers, changed only by compare-and-swap: a look that is repeated counts
/// nothing twice.
pub const TRIAL_MEMORY: Document<TrialMemory, OfModel> =
    Document::object(OfModel(Keys::trial)).written_by(&[DriftChecker]).read_by(&[DriftChecker]);

/// What the comparison in a trial remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrialMemory {
    /// The trial. Another one begins anew.
    pub config: ConfigName,
    /// The last key that was read of the champion's answers.
    pub champion: String,
    /// The last key that was read of the challenger's answers.
    pub challenger: String,
    /// The last key that was read of the truths.
    pub truth: String,
    /// Lines that could not be read.
    pub unreadable: u64,
    /// The rows that have an answer, of each side.
    pub rows: SideBySide,
}
