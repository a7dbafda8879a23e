//! What must hold when traffic goes back, and after it.

use super::super::world::{Denial, HOUR, MINUTE, Nature, World, time};
use crate::*;
use pawl_ledger::events::AlarmState;

impl World {
    /// Nothing is given up while there is another good config to go back to.
    pub(in crate::simulation) fn check_surrender(&mut self, before: &Release, after: &Release) {
        let State::RollingBack(rolling) = &before.state else { return };
        let surrendered = after.outbox.last().is_some_and(|audit| {
            audit.rule == ReleaseRule::GaveUp
                && audit.note.contains("nothing left")
                && after.sequence > before.sequence
        });
        let other = |good: &Deployment| {
            good.config != rolling.to.config
                && good.config != rolling.from.config
                && !rolling.refused.contains(&good.config)
                && !before.is_revoked(good)
        };
        if surrendered && before.good.iter().any(other) {
            self.break_rule("gave up with a good config left");
        }
        // SageMaker refuses no config that is there: a call that was not answered is no refusal.
        let denied = matches!(self.denied, Some(("update_endpoint" | "recreate_endpoint", Denial::Refused)));
        let stands = |good: &Deployment| {
            good.config != rolling.from.config
                && !before.is_revoked(good)
                && self.configs.get(&good.config).is_some_and(|config| config.exists)
        };
        if surrendered && !denied && before.good.iter().any(stands) {
            self.break_rule("gave up while a good config stands");
        }
        let stranger = |audit: &Audit| audit.note.contains("serves neither the old nor the new config");
        let own = self.endpoint.serving.as_ref().is_some_and(|config| rolling.from.has_stage(config));
        if own && !self.truth.console && after.outbox.last().is_some_and(stranger) {
            self.break_rule("a stage of what is taken out was taken for a stranger");
        }
    }

    pub(in crate::simulation) fn check_cool_down(&mut self, before: &Release, after: &Release) {
        if let State::RollingBack(rolling) = &after.state
            && rolling.attempts > 2
        {
            self.break_rule("a lost rollback was tried more than twice");
        }
        if matches!(before.state, State::CoolDown { .. }) || !matches!(after.state, State::CoolDown { .. }) {
            return;
        }
        let day = time(self.now - 24 * HOUR);
        if after.rollbacks.iter().filter(|rollback| rollback.at > day).count() >= 2 && after.freeze.is_none()
        {
            self.break_rule("two rollbacks within a day, and the endpoint is not frozen");
        }
    }

    pub(in crate::simulation) fn check_rollback(&mut self, before: &Release, after: &Release) {
        let State::RollingBack(rolling) = &after.state else { return };
        if matches!(&before.state, State::RollingBack(_)) {
            return;
        }
        let of_the_past = |action: &Action| match action {
            Action::SmokeTest { config, .. } => *config == rolling.from.config,
            Action::ReadAlarm { .. } | Action::CompareFleets { .. } | Action::DescribeEndpoint { .. } => true,
            _ => false,
        };
        if after.pending.iter().any(|pending| of_the_past(&pending.action)) {
            self.break_rule("a rollback begins with questions about what it takes out");
        }
        let by_person = matches!(rolling.cause, Cause::Operator { .. } | Cause::PackageRejected);
        if matches!(before.state, State::CoolDown { until } if time(self.now) < until) && !by_person {
            self.break_rule("rolled back by itself in the cool-down");
        }
        if before.was_rolled_back(rolling.from.generation) && !by_person {
            self.break_rule(format!("generation {} was rolled back twice", rolling.from.generation));
        }
        if self.truth.taken_out.contains(&rolling.to.config) {
            self.break_rule(format!("{} was taken out and is to come back", rolling.to.config));
        }
        let blamed = match &rolling.cause {
            Cause::Alarm { alarm } | Cause::Flapping { alarm } => Some(alarm),
            _ => None,
        };
        if let Some(alarm) = blamed
            && alarm.starts_with("pawl-")
            && !names_stage(alarm, &rolling.from)
        {
            self.break_rule(format!("{} was rolled back for {alarm}", rolling.from.config));
        }
        let told = after.outbox.last().map(|audit| audit.event);
        if blamed.is_some_and(|alarm| !alarm.starts_with("pawl-")) && told != Some(EventName::Performed) {
            self.break_rule("rolled back for a shared alarm, and the fleets were not compared");
        }
        let truth = blamed.and_then(|alarm| self.alarms.get(alarm)).cloned();
        let since = rolling.from.activated_at;
        let during = |at: &&i64| since.is_none_or(|since| time(**at) >= since);
        if let (Cause::Flapping { alarm }, Some(truth)) = (&rolling.cause, &truth) {
            let changes: Vec<i64> = truth.changes.clone();
            if !changes.windows(3).any(|three| three[2] - three[0] <= 15 * MINUTE) {
                self.break_rule(format!("{alarm} was said to flap and does not"));
            }
        }
        if let (Cause::Alarm { alarm }, Some(truth)) = (&rolling.cause, &truth) {
            let named = |config: &ConfigName| alarm.starts_with(&format!("pawl-{config}-"));
            let nature =
                self.configs.iter().find(|(config, _)| named(config)).map(|(_, config)| config.nature);
            let never =
                matches!(nature, Some(Nature::Good)) && truth.changes.iter().filter(during).count() > 0;
            if never && truth.state != AlarmState::Alarm {
                self.break_rule(format!("{alarm} never fired, and its config was rolled back"));
            }
            let confirmed = matches!(before.state, State::Stable);
            if confirmed && truth.state != AlarmState::Alarm && self.now - truth.since > 2 * MINUTE {
                self.break_rule(format!("{alarm} no longer fires, and its config was rolled back"));
            }
        }
        if let (Cause::PackageRejected, Some(package)) = (&rolling.cause, &rolling.from.package)
            && !self.truth.rejected_by_person.contains(package)
        {
            self.break_rule("Pawl's own rejection was taken for a person's");
        }
        if let (Cause::Alarm { alarm }, State::Stable) = (&rolling.cause, &before.state) {
            let read = self.truth.read_firing.get(alarm).is_some_and(|at| self.now - at < 2 * MINUTE);
            if !read {
                self.break_rule(format!("{alarm} was not read as firing, and its config was rolled back"));
            }
        }
        if before.freeze.is_some() && matches!(before.state, State::Stable) && !by_person {
            self.break_rule("rolled back by itself on a frozen endpoint");
        }
        if matches!(before.state, State::Stable) && !by_person {
            let confirmed = after
                .outbox
                .last()
                .is_some_and(|audit| matches!(audit.event, EventName::Performed | EventName::WatchTick));
            if !confirmed {
                self.break_rule("a stable config was rolled back without reading the alarm again");
            }
        }
    }
}

/// Whether an alarm is of one of a deployment's stages.
fn names_stage(alarm: &str, deployment: &Deployment) -> bool {
    let of = |config: &str| deployment.has_stage(&config.into());
    alarm.strip_prefix("pawl-").is_some_and(|rest| rest.match_indices('-').any(|(at, _)| of(&rest[..at])))
}
