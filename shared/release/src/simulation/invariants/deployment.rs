//! What must hold when a deployment is granted, goes on, or is promoted.

use super::super::world::{Alarm, MINUTE, Nature, World, time};
use crate::*;
use pawl_gate::live::LiveVerdict;
use pawl_ledger::events::{AlarmState, EndpointStatus};

impl World {
    /// What Pawl saw begin and what SageMaker took out is rolled back, and never returns.
    pub(in crate::simulation) fn check_fate(&mut self, before: &Release, after: &Release) {
        let State::Deploying(deploying) = &before.state else { return };
        let candidate = &deploying.candidate;
        if deploying.intent.is_some() && matches!(after.state, State::Watching(_)) {
            self.break_rule(format!("a reason to take {} out was forgotten", candidate.config));
        }
        let permitted = after.outbox.last().is_some_and(|audit| audit.rule == ReleaseRule::Granted);
        if deploying.intent.is_some() && permitted && after.sequence > before.sequence {
            self.break_rule(format!("{} may begin, though it is to be taken out", candidate.config));
        }
        let undone = self.truth.undone.contains(&candidate.config)
            && self.truth.seen_updating.contains(&candidate.config)
            && !self.truth.console;
        if undone && matches!(after.state, State::Stable) && !after.is_revoked(candidate) {
            self.break_rule(format!("{} was undone without a word and may return", candidate.config));
        }
    }

    /// Pawl must know what it put there itself, unless it gave up on the way.
    pub(in crate::simulation) fn check_stranger(&mut self, before: &Release, after: &Release) {
        let locked = after.freeze.as_ref().filter(|_| before.freeze.is_none());
        let excused = self.truth.console || self.coverage.came_to(ReleaseRule::GaveUp);
        if locked.is_some_and(|freeze| freeze.why.contains("did not put there")) && !excused {
            self.break_rule("the endpoint was locked for a config that nobody moved by hand");
        }
    }

    pub(in crate::simulation) fn check_grant(&mut self, before: &Release, after: &Release) {
        let State::Deploying(deploying) = &after.state else { return };
        let tried = after.current.as_ref().filter(|current| {
            current.trial.is_some() && *current.last_config() == deploying.candidate.config
        });
        if let Some(tried) = tried {
            return self.check_next_stage(before, after, tried);
        }
        if matches!(before.state, State::Deploying(_)) {
            return;
        }
        if self.truth.squatted && before.current.is_none() && before.pass.is_none() {
            self.break_rule("somebody else's endpoint was taken over without a person's word");
        }
        let full = deploying.candidate.trial.is_none();
        if self.trial.is_some() && full && before.current.is_some() && before.pass.is_none() {
            self.break_rule("the trial was passed over");
        }
        let now = time(self.now);
        let candidate = &deploying.candidate;
        self.truth.granted.insert(candidate.generation);
        // A config of this name may have been here before.
        self.truth.undone.remove(&candidate.config);
        self.truth.seen_updating.remove(&candidate.config);
        if before.pass.is_some() && !std::mem::take(&mut self.truth.passed) {
            self.break_rule("a person's word for one deployment was taken for another");
        }
        if before.freeze.is_some() {
            self.break_rule("a deployment was granted on a frozen endpoint");
        }
        match &before.state {
            State::Stable => {}
            // The step's clock may be a moment behind.
            State::CoolDown { until } if *until <= now || before.pass.is_some() => {}
            state => self.break_rule(format!("a deployment was granted in the state {:?}", state.name())),
        }
        let settled = self.now - self.endpoint.since > 2 * MINUTE;
        let ready = match self.endpoint.status {
            EndpointStatus::Absent => before.current.is_none(),
            EndpointStatus::InService => {
                before.current.as_ref().is_none_or(|c| Some(&c.config) == self.endpoint.serving.as_ref())
            }
            _ => false,
        };
        if settled && !ready {
            self.break_rule("a deployment was granted on an endpoint that is not ready");
        }
        let watches = candidate.alarms.iter().any(|name| name == "business");
        let business = self.alarms.get("business").filter(|_| watches);
        if business.is_some_and(|a| a.state == AlarmState::Alarm && self.now - a.since > 2 * MINUTE) {
            self.break_rule("a deployment was granted while an alarm fired that would watch it");
        }
        if candidate.generation <= before.generation {
            self.break_rule("an old generation was granted a deployment");
        }
        if candidate.dataset.as_ref().is_some_and(|d| self.truth.quarantined.contains(d)) {
            self.break_rule("a model trained on a quarantined dataset was granted a deployment");
        }
        if candidate.package.as_ref().is_some_and(|p| self.truth.rejected.contains(p)) {
            self.break_rule("a rejected package was granted a deployment");
        }
        // It may be deleted between the look and the write.
        let stands = |config: &ConfigName| {
            let gone = |at: Option<i64>| at.is_some_and(|at| self.now - at > 2 * MINUTE);
            self.configs.get(config).is_some_and(|c| !gone(c.gone_at))
        };
        let exists = |good: &Deployment| stands(&good.config) && !self.truth.taken_out.contains(&good.config);
        let fallback = self.fallback.as_ref();
        let safe = after.current.is_none()
            || before.pass.is_some()
            || before.good.iter().any(exists)
            || fallback.is_some_and(|config| stands(config) && !self.truth.taken_out.contains(config));
        if !safe {
            self.break_rule("a deployment was granted with nothing to go back to");
        }
    }

    /// All traffic moves only after a trial that was won, or at a person's word.
    pub(in crate::simulation) fn check_next_stage(
        &mut self,
        before: &Release,
        after: &Release,
        tried: &Deployment,
    ) {
        let State::Deploying(deploying) = &after.state else { return };
        if matches!(&before.state, State::Deploying(d) if d.candidate.config == deploying.candidate.config) {
            return;
        }
        self.truth.undone.remove(&deploying.candidate.config);
        self.truth.seen_updating.remove(&deploying.candidate.config);
        // A pass that a person gave lets one deployment begin without a trial.
        let forced = before.pass.is_some()
            || after.outbox.last().is_some_and(|audit| audit.rule == ReleaseRule::Forced)
            || matches!(&before.state, State::Deploying(deploying) if deploying.forced);
        if forced {
            return;
        }
        let told = self.truth.told.get(&tried.config);
        if told != Some(&LiveVerdict::Promote) {
            self.break_rule(format!("{} went on after {told:?}", tried.config));
        }
        if before.freeze.is_some() {
            self.break_rule("a trial went on on a frozen endpoint");
        }
        let long_bad =
            |alarm: &Alarm| alarm.state == AlarmState::Alarm && self.now - alarm.since > 5 * MINUTE;
        if self.alarms.get(&format!("pawl-{}-errors", tried.config)).is_some_and(long_bad) {
            self.break_rule(format!("{} went on while its alarm fired", tried.config));
        }
    }

    pub(in crate::simulation) fn check_promotion(&mut self, before: &Release, after: &Release) {
        if after.good.iter().any(|good| good.trial.is_some()) {
            self.break_rule("a trial counts as a good config");
        }
        let Some(new) = after.good.first() else { return };
        if before.good_with(&new.config).is_some() {
            return;
        }
        // A pass that a person gave lets one deployment begin without a trial.
        let forced = before.pass.is_some()
            || after.outbox.last().is_some_and(|audit| audit.rule == ReleaseRule::Forced)
            || matches!(&before.state, State::Deploying(deploying) if deploying.forced);
        if forced {
            return;
        }
        let Some(config) = self.configs.get(&new.config) else { return };
        let name = format!("pawl-{}-errors", new.config);
        let long_bad = self
            .alarms
            .get(&name)
            .is_some_and(|alarm| alarm.state == AlarmState::Alarm && self.now - alarm.since > 5 * MINUTE);
        let nature = config.nature;
        if long_bad {
            self.break_rule(format!("{} was promoted while its alarm fired", new.config));
        }
        if matches!(nature, Nature::Idle | Nature::Dumb | Nature::Mute) {
            self.break_rule(format!("{} was promoted without proof: {nature:?}", new.config));
        }
        if let State::Watching(watching) = &before.state
            && time(self.now) < watching.until
        {
            self.break_rule(format!("{} was promoted before its bake was over", new.config));
        }
    }
}
