//! The judgement on new data.

use serde::{Deserialize, Serialize};

use super::Component::{DataValidator, NewDataTrigger};
use super::{Document, OfRun};
use crate::constraints::Validation;
use crate::ledger::Object;
use crate::ledger::dataset::ObjectFate;
use crate::pipeline::Treated;

/// The judgement on new data: one entry for each new object.
pub const VALIDATION: Document<Vec<Judged>, OfRun> =
    Document::list(OfRun("validation.json")).written_by(&[DataValidator]).read_by(&[NewDataTrigger]);

/// The judgement on one new object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judged {
    /// The object.
    pub object: Object,
    /// What became of it.
    pub fate: ObjectFate,
    /// Why, in plain words; empty where nothing is wrong.
    #[serde(default)]
    pub reason: String,
    /// `None` where the object could not be read.
    #[serde(default)]
    pub validation: Option<Validation>,
    /// How many violations are not listed, since the batch has too many: the gravest stay.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// What training makes of rows that the model selected, where the pipeline says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treated: Option<Treated>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
