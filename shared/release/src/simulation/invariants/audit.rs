//! What must hold for each entry of the history.

use super::super::world::{World, time};
use crate::*;
use pawl_gate::live::LiveVerdict;
use pawl_ledger::ledger::Wrote;

impl World {
    pub(in crate::simulation) fn check_audit(&mut self, before: &Release, audit: &Audit) {
        if matches!(
            audit.rule,
            ReleaseRule::Duplicate | ReleaseRule::OutOfOrder | ReleaseRule::NotOurs | ReleaseRule::Suppressed
        ) {
            return;
        }
        if let Some(key) = &audit.key
            && !self.truth.heard.insert(key.clone())
        {
            self.break_rule(format!("{key} was acted upon twice"));
        }
        let tried = before.current.as_ref().filter(|current| current.trial.is_some());
        let goes_on = matches!(
            audit.rule,
            ReleaseRule::KeepWatching | ReleaseRule::ExtendWatch | ReleaseRule::AskPerson
        );
        if let Some(tried) = tried.filter(|_| goes_on && audit.event == EventName::WatchTick)
            && self.truth.told.get(&tried.config) == Some(&LiveVerdict::Harm)
        {
            self.break_rule(format!("{} does harm and is tried on", tried.config));
        }
        if let (Actor::Alarm { arn }, Some(at)) = (&audit.actor, audit.event_at) {
            if arn.contains("other-") {
                self.break_rule("an alarm of another endpoint was acted upon");
            }
            if before.alarms.get(arn).is_some_and(|memory| memory.at >= at) {
                self.break_rule(format!("{arn} was acted upon after a newer state of it"));
            }
            // What came back serves before anybody looks.
            let serving = before.current.as_ref().filter(|current| {
                matches!(before.state, State::Stable | State::CoolDown { .. })
                    && self.endpoint.serving.as_ref() == Some(&current.config)
                    && arn.contains(&format!("pawl-{}-", current.config))
            });
            let late = audit.rule == ReleaseRule::Stale && !audit.note.contains("noise");
            if late && serving.is_some() && at > time(self.endpoint.since) {
                self.break_rule(format!("{arn} is of what serves, and was taken for one from the past"));
            }
            let since = match &before.state {
                State::Deploying(deploying) => Some(deploying.since),
                _ => before.subject().and_then(|subject| subject.activated_at),
            };
            let acts = matches!(
                audit.rule,
                ReleaseRule::ConfirmAlarm | ReleaseRule::QueueIntent | ReleaseRule::RollBack
            );
            if acts && audit.note.contains("noise") {
                self.break_rule(format!("{arn} was acted upon though it must not matter"));
            }
            if acts && since.is_some_and(|since| at <= since) {
                self.break_rule(format!("{arn} was acted upon though it is from before the activation"));
            }
        }
        for action in &audit.actions {
            if let Action::CompareFleets { change, .. } = action
                && change.name.starts_with("pawl-")
            {
                self.break_rule("fleets were compared for an alarm that names its config");
            }
        }
    }

    pub(in crate::simulation) fn appended(&mut self, audit: &Audit) -> Wrote {
        if let Some(known) = self.history.get(&audit.sequence) {
            if known != audit {
                self.break_rule(format!("the audit entry {} has two versions", audit.sequence));
            }
            return Wrote::Before;
        }
        self.history.insert(audit.sequence, audit.clone());
        Wrote::Now
    }
}
