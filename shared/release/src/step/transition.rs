//! What a step makes of a release.

use crate::action::Action;
use crate::audit::{Audit, ReleaseRule};
use crate::record::Release;
use crate::reply::Reply;

/// What a step makes of a release.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The next record; `pending` holds what is to be done, `outbox` ends with `audit`.
    pub release: Release,
    /// What this step queued, in order.
    pub actions: Vec<Action>,
    /// The rule that decided.
    pub rule: ReleaseRule,
    /// The entry for the history; `None` where nothing changed and nothing was decided.
    pub audit: Option<Audit>,
    /// What the caller is told.
    pub reply: Reply,
}
