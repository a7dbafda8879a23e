//! What must hold when the world has come to rest, and when a person was heard.

use super::super::world::{Happening, MINUTE, World, time};
use crate::*;
use pawl_base::names::Generation;
use pawl_ledger::events::{DedupeKey, EndpointStatus, Signal, Verb};

impl World {
    /// Whether nothing is under way.
    pub(in crate::simulation) fn is_at_rest(&self) -> bool {
        let Some((release, _)) = &self.record else { return true };
        matches!(release.state, State::Stable | State::CoolDown { .. })
            && release.pending.is_empty()
            && release.lease.as_ref().is_none_or(|lease| lease.until <= time(self.now))
            && self.endpoint.update.is_none()
    }

    /// Whether nothing will happen any more, and the reconciler has looked several times since.
    pub(in crate::simulation) fn is_over(&mut self) -> bool {
        let alone = self.queue.values().all(|what| matches!(what, Happening::Reconcile));
        if !alone || !self.is_at_rest() {
            self.last_stir = self.now;
        }
        self.now - self.last_stir > 30 * MINUTE
    }

    /// The world has had all the time it needs, and no more faults.
    pub(in crate::simulation) fn check_rest(&mut self) {
        let Some((release, _)) = self.record.clone() else { return };
        if !self.is_at_rest() {
            let pending: Vec<_> = release.pending.iter().map(|p| p.action.name()).collect();
            let (state, lease) = (release.state.name(), &release.lease);
            return self
                .break_rule(format!("does not settle: {state:?}, pending {pending:?}, lease {lease:?}"));
        }
        if !(1..=release.sequence).all(|sequence| self.history.contains_key(&sequence)) {
            self.break_rule("the history has a gap");
        }
        for generation in self.truth.granted.clone() {
            let untold = self.denied.is_some_and(|(name, _)| name == "record_outcome");
            if !self.outcomes.contains_key(&generation) && !untold {
                self.break_rule(format!("nobody was told what became of generation {generation}"));
            }
        }
        // Autoscaling was taken off for an update; what serves in the end has it back, proven or not.
        let settled = matches!(release.state, State::Stable | State::CoolDown { .. });
        let unkept = self.denied.is_some_and(|(name, _)| name == "upkeep")
            || self.coverage.came_to(ReleaseRule::GaveUp);
        // Where no deployment was ever allowed, nothing was taken off: what was found serves as it did.
        let untouched = self.truth.granted.is_empty();
        let serves = release.current.as_ref().map(|current| current.generation);
        if settled && !unkept && !untouched && !self.truth.console && self.truth.kept_up != serves {
            self.break_rule(format!(
                "{serves:?} serves, and upkeep was ordered for {:?}",
                self.truth.kept_up
            ));
        }
        let paged = self.pages > 0 || self.denied.is_some_and(|(name, _)| name == "page");
        let Some(serving) = self.endpoint.serving.clone() else { return };
        if self.endpoint.status != EndpointStatus::InService {
            if !paged {
                self.break_rule(format!(
                    "rests with the status {:?}, and nobody was paged",
                    self.endpoint.status
                ));
            }
            return;
        }
        if release.current.as_ref().is_some_and(|current| current.trial.is_some()) && !paged {
            self.break_rule(format!("the trial {serving} serves for ever, and nobody was paged"));
        }
        let recorded = release.current.as_ref().map(|current| current.config.clone());
        if self.truth.squatted && recorded.is_none() {
            // Left alone, and told.
            if !paged && self.coverage.came_to(ReleaseRule::Held) {
                self.break_rule("somebody else's endpoint is in the way, and nobody was paged");
            }
            return;
        }
        if recorded.as_ref() != Some(&serving) {
            self.break_rule(format!("{serving} serves, the record says {recorded:?}"));
        }
        if self.truth.taken_out.contains(&serving) && !paged {
            self.break_rule(format!("{serving} was taken out and serves, and nobody was paged"));
        }
        let package = release.current.as_ref().and_then(|current| current.package.as_ref());
        if package.is_some_and(|package| self.truth.rejected_by_person.contains(package)) && !paged {
            self.break_rule(format!("{serving} was rejected and serves, and nobody was paged"));
        }
        if self.is_bad(&serving) && !paged {
            self.break_rule(format!("{serving} serves while its alarm fires, and nobody was paged"));
        }
        let can_go_back = release.rollback_target().is_some()
            && release.freeze.is_none()
            && !self.notify_only
            && matches!(release.state, State::Stable)
            && !release.was_rolled_back(release.current.as_ref().map_or(Generation(0), |c| c.generation));
        if self.is_bad(&serving) && can_go_back {
            self.break_rule(format!("{serving} serves while its alarm fires, and could have gone back"));
        }
        if self.pages > 40 {
            self.break_rule(format!("{} pages: nobody reads so many", self.pages));
        }
    }

    /// What a person did was taken: it must have left its record.
    pub(in crate::simulation) fn check_heard(&mut self, event: &Event) {
        let key = match event {
            Event::Operator(operator) => DedupeKey::new(operator.key.clone()),
            Event::Package(change) => Signal::Package(change.clone()).dedupe_key(),
            _ => return,
        };
        if !self.truth.heard.contains(&key) {
            self.break_rule(format!("{key} was handled and left no record"));
        }
        if let (Event::Operator(operator), Some((release, _))) = (event, &self.record)
            && operator.verb == Verb::Rollback
            && matches!(release.state, State::Watching(_))
            && release.current.as_ref().and_then(|current| current.activated_at) < operator.at
            && release.rollback_target().is_some()
        {
            self.break_rule("a person asked for a rollback and the watch goes on");
        }
    }
}
