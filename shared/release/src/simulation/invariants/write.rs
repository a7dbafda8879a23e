//! What must hold whenever the record is replaced.

use std::sync::Arc;

use super::super::world::{World, time};
use crate::*;

impl World {
    pub(in crate::simulation) fn break_rule(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.note(|| format!("BROKEN: {text}"));
        self.broken.get_or_insert(text);
    }

    /// The record is about to be replaced.
    pub(in crate::simulation) fn written(&mut self, after: &Release) {
        let before = match &self.record {
            Some((release, _)) => release.clone(),
            None => Arc::new(Release::new(after.endpoint.clone())),
        };
        let now = time(self.now);
        if before.state.name() != after.state.name() {
            let last = after.outbox.last().map(|audit| (audit.rule, audit.note.clone()));
            self.note(|| format!("{:?} -> {:?} by {last:?}", before.state.name(), after.state.name()));
        }
        if let Some(audit) = after.outbox.last().filter(|audit| audit.sequence > before.sequence) {
            self.coverage.rule(audit.rule);
            self.check_audit(&before, audit);
            if let (ReleaseRule::Forced, Some(subject)) = (audit.rule, before.subject()) {
                self.truth.forced.insert(subject.generation);
            }
            self.truth.passed |= audit.rule == ReleaseRule::Forced && matches!(before.state, State::Stable);
        }
        if after.sequence > before.sequence + 1 || after.sequence < before.sequence {
            self.break_rule(format!("the sequence jumped from {} to {}", before.sequence, after.sequence));
        }
        // Everything decided before lies in the history already, or still in the outbox.
        let dropped = before
            .outbox
            .iter()
            .find(|audit| !self.history.contains_key(&audit.sequence) && !after.outbox.contains(audit));
        if let Some(audit) = dropped {
            let sequence = audit.sequence;
            self.break_rule(format!("the audit entry {sequence} was dropped before it was appended"));
        }
        if let (Some(old), Some(new)) = (&before.lease, &after.lease)
            && old.holder != new.holder
            && now < old.until
        {
            self.break_rule(format!("{} took a lease that {} holds", new.holder, old.holder));
        }
        if let State::Deploying(deploying) = &after.state
            && matches!(deploying.progress, Progress::Updating | Progress::Begun)
        {
            self.truth.seen_updating.insert(deploying.candidate.config.clone());
        }
        self.check_fate(&before, after);
        self.check_stranger(&before, after);
        self.check_surrender(&before, after);
        self.check_grant(&before, after);
        self.check_cool_down(&before, after);
        self.check_rollback(&before, after);
        self.check_promotion(&before, after);
    }
}
