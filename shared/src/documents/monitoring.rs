//! What the monitoring remembers of a champion, and its evidence.

use super::Component::DriftChecker;
use super::{Document, Named, OfModel};
use crate::drift::monitor::{Expected, Look, Monitor};
use crate::ledger::Keys;
use crate::names::Generation;

/// What the monitoring remembers between two looks, changed only by compare-and-swap.
pub const MONITOR: Document<Monitor, OfModel> =
    Document::object(OfModel(Keys::monitor)).written_by(&[DriftChecker]).read_by(&[DriftChecker]);

/// What the holdout of a champion's run lets expect of it.
pub const EXPECTED: Document<Expected, Named<Generation>> =
    Document::object(Named(|keys, run: &Generation| keys.expected(*run)))
        .written_by(&[DriftChecker])
        .read_by(&[DriftChecker]);

/// One look at a champion: the run of the champion, and the number of the look.
pub const LOOK: Document<Look, Named<(Generation, u64)>> =
    Document::object(Named(|keys, (run, number): &(Generation, u64)| keys.look(*run, *number)))
        .written_by(&[DriftChecker]);
