//! The rows so far, and the tests that their task asks for.

mod accuracy;
mod binary;
mod blockwise;
mod by_task;
mod evidence;
mod means;
mod multiclass;
mod order;
mod regression;

pub(crate) use accuracy::accuracy_tests;
pub(crate) use by_task::Tally;
pub(crate) use evidence::{HeavyTail, RowEvidence};
