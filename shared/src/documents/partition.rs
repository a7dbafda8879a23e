//! How the objects of a run are shared out among functions.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Component::{DataValidator, StateMachine};
use super::{Document, OfRun};
use crate::dataset::ByteRange;
use crate::ledger::dataset::part_name;
use crate::ledger::{Keys, Object};

/// All partitions of a run, the parts of an object one behind the other.
pub const PARTITIONS: Document<Vec<Partition>, OfRun> =
    Document::list(OfRun("partitions.json")).written_by(&[DataValidator]).read_by(&[DataValidator]);

/// The same partitions shared out among calls of the function: the state machine's Distributed Map reads the
/// list, and makes a call for each entry.
pub const CALLS: Document<Vec<Call>, OfRun> =
    Document::list(OfRun("calls.json")).written_by(&[DataValidator]).read_by(&[StateMachine]);

/// What one call reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The partitions.
    pub partitions: Vec<Partition>,
}

/// What is read in one pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partition {
    /// The object.
    pub object: Object,
    /// What of it is read.
    pub piece: Piece,
    /// Which of the object's parts, from 0.
    pub part: u32,
    /// How many the object has.
    pub parts: u32,
    /// The key of the frozen reference that its rows are counted in, where there is one.
    pub reference: Option<String>,
}

/// What of an object one function reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// All of it.
    Whole,
    /// The records that start in these bytes.
    Bytes(ByteRange),
    /// These row groups.
    RowGroups(Range<usize>),
}

impl Partition {
    /// Names the files of its rows.
    pub fn name(&self) -> String {
        part_name(&self.object.id, self.part, self.parts)
    }

    /// Where its profile lies.
    pub(super) fn key(&self, keys: &Keys) -> String {
        if self.parts > 1 { keys.part(&self.object.id, self.part) } else { keys.profile(&self.object.id) }
    }
}
