//! What reading an object came to.

use serde::{Deserialize, Serialize};

use super::Component::{DataValidator, DriftChecker};
use super::{Document, Named, Partition};
use crate::dataset::{Part, Scan};
use crate::ledger::{Keys, Object};
use crate::pipeline::Treated;

/// What reading an object came to, by the object's id.
pub const PROFILED: Document<Profiled, Named<str>> = Document::object(Named(Keys::profile))
    .written_by(&[DataValidator])
    .read_by(&[DataValidator, DriftChecker]);

/// What reading one partition came to. An object that is read whole has one partition, and [`PROFILED`] is
/// its document.
pub const PROFILED_PART: Document<Profiled, Named<Partition>> =
    Document::object(Named(|keys, partition: &Partition| partition.key(keys)))
        .written_by(&[DataValidator])
        .read_by(&[DataValidator]);

/// What reading an object, or a part of it, came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Profiled {
    /// The object.
    pub object: Object,
    /// What was found.
    pub found: Found,
    /// What training makes of rows that the model selected, where the pipeline says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treated: Option<Treated>,
}

/// What reading found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The object could be read.
    Scan(Box<Scan>),
    /// A byte range could be read, from where its first record seemed to start.
    Range(Box<Part>),
    /// It could not: why, and what would be right.
    Unreadable(String),
}
