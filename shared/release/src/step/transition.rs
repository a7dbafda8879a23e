//! What a step makes of a release.

use crate::action::Action;
use crate::answer::Answer;
use crate::audit::{Audit, Rule};
use crate::record::Release;

/// What a step makes of a release.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The next record; `pending` holds what is to be done, `outbox` ends with `audit`.
    pub release: Release,
    /// What this step queued, in order.
    pub actions: Vec<Action>,
    /// The rule that decided.
    pub rule: Rule,
    /// The entry for the history; `None` where nothing changed and nothing was decided.
    pub audit: Option<Audit>,
    /// What the caller is told.
    pub answer: Answer,
}
