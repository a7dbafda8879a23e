//! What must hold at every write, at every effect, and at rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::world::{MINUTE, World, time};
use crate::*;
use pawl_base::names::{ContentHash, Generation};
use pawl_gate::live::LiveVerdict;
use pawl_ledger::events::{AlarmState, DedupeKey, EndpointStatus, Verb};
use pawl_ledger::ledger::Wrote;

/// What really happened, kept apart from the record.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// Configs that Pawl or SageMaker took out.
    pub taken_out: BTreeSet<ConfigName>,
    /// Datasets that Pawl quarantined.
    pub quarantined: BTreeSet<ContentHash>,
    /// The last call that acted, its action, and how often in a row.
    pub last_act: (String, String, u32),
    /// Whether a person let the next deployment begin, and none has since.
    pub passed: bool,
    /// When an alarm was last read as firing.
    pub read_firing: std::collections::BTreeMap<String, i64>,
    /// Packages that a person rejected.
    pub rejected_by_person: BTreeSet<String>,
    /// Packages that a person rejected and Pawl heard of.
    pub rejected: BTreeSet<String>,
    /// Keys of what people did and Pawl took.
    pub heard: BTreeSet<DedupeKey>,
    /// Configs whose update SageMaker undid without a word.
    pub undone: BTreeSet<ConfigName>,
    /// Candidates whose update Pawl saw running.
    pub seen_updating: BTreeSet<ConfigName>,
    /// Grants that were given.
    pub granted: BTreeSet<Generation>,
    /// Generations whose config somebody asked for by hand.
    pub console: bool,
    /// The generation that autoscaling and garbage were last ordered for.
    pub kept_up: Option<Generation>,
    /// What Pawl was last told of a trial.
    pub told: std::collections::BTreeMap<ConfigName, LiveVerdict>,
    /// The stretch of time in which an alarm was on, by generation, before a promotion.
    pub forced: BTreeSet<Generation>,
}

impl World {
    pub(super) fn break_rule(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.note(|| format!("BROKEN: {text}"));
        self.broken.get_or_insert(text);
    }

    /// The record is about to be replaced.
    pub(super) fn written(&mut self, after: &Release) {
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
            if let (Rule::Forced, Some(subject)) = (audit.rule, before.subject()) {
                self.truth.forced.insert(subject.generation);
            }
            self.truth.passed |= audit.rule == Rule::Forced && matches!(before.state, State::Stable);
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

    fn check_audit(&mut self, before: &Release, audit: &Audit) {
        if matches!(audit.rule, Rule::Duplicate | Rule::OutOfOrder | Rule::NotOurs | Rule::Suppressed) {
            return;
        }
        if let Some(key) = &audit.key
            && !self.truth.heard.insert(key.clone())
        {
            self.break_rule(format!("{key} was acted upon twice"));
        }
        let tried = before.current.as_ref().filter(|current| current.trial.is_some());
        let goes_on = matches!(audit.rule, Rule::KeepWatching | Rule::ExtendWatch | Rule::AskPerson);
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
            let late = audit.rule == Rule::Stale && !audit.note.contains("noise");
            if late && serving.is_some() && at > time(self.endpoint.since) {
                self.break_rule(format!("{arn} is of what serves, and was taken for one from the past"));
            }
            let since = match &before.state {
                State::Deploying(deploying) => Some(deploying.since),
                _ => before.subject().and_then(|subject| subject.activated_at),
            };
            let acts = matches!(audit.rule, Rule::ConfirmAlarm | Rule::QueueIntent | Rule::RollBack);
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

    /// What Pawl saw begin and what SageMaker took out is rolled back, and never returns.
    fn check_fate(&mut self, before: &Release, after: &Release) {
        let State::Deploying(deploying) = &before.state else { return };
        let candidate = &deploying.candidate;
        if deploying.intent.is_some() && matches!(after.state, State::Watching(_)) {
            self.break_rule(format!("a reason to take {} out was forgotten", candidate.config));
        }
        let permitted = after.outbox.last().is_some_and(|audit| audit.rule == Rule::Granted);
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
    fn check_stranger(&mut self, before: &Release, after: &Release) {
        let locked = after.freeze.as_ref().filter(|_| before.freeze.is_none());
        let excused = self.truth.console || self.coverage.came_to(Rule::GaveUp);
        if locked.is_some_and(|freeze| freeze.why.contains("did not put there")) && !excused {
            self.break_rule("the endpoint was locked for a config that nobody moved by hand");
        }
    }

    /// Nothing is given up while there is another good config to go back to.
    fn check_surrender(&mut self, before: &Release, after: &Release) {
        let State::RollingBack(rolling) = &before.state else { return };
        let surrendered = after.outbox.last().is_some_and(|audit| {
            audit.rule == Rule::GaveUp
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
        let denied = matches!(
            self.denied,
            Some(("update_endpoint" | "recreate_endpoint", super::world::Denial::Refused))
        );
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

    fn check_cool_down(&mut self, before: &Release, after: &Release) {
        if let State::RollingBack(rolling) = &after.state
            && rolling.attempts > 2
        {
            self.break_rule("a lost rollback was tried more than twice");
        }
        if matches!(before.state, State::CoolDown { .. }) || !matches!(after.state, State::CoolDown { .. }) {
            return;
        }
        let day = time(self.now - 24 * super::world::HOUR);
        if after.rollbacks.iter().filter(|rollback| rollback.at > day).count() >= 2 && after.freeze.is_none()
        {
            self.break_rule("two rollbacks within a day, and the endpoint is not frozen");
        }
    }

    /// One call must not do the same over and over.
    pub(super) fn count_call(&mut self, holder: &str, action: &Action) {
        let (last_holder, last_action, times) = &mut self.truth.last_act;
        if last_holder == holder && *last_action == action.name() {
            *times += 1;
        } else {
            (*last_holder, *last_action, *times) = (holder.to_owned(), action.name().to_owned(), 1);
        }
        if *times > 12 {
            self.break_rule(format!("one call did {} again and again", action.name()));
        }
    }

    fn check_grant(&mut self, before: &Release, after: &Release) {
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
    fn check_next_stage(&mut self, before: &Release, after: &Release, tried: &Deployment) {
        let State::Deploying(deploying) = &after.state else { return };
        if matches!(&before.state, State::Deploying(d) if d.candidate.config == deploying.candidate.config) {
            return;
        }
        self.truth.undone.remove(&deploying.candidate.config);
        self.truth.seen_updating.remove(&deploying.candidate.config);
        // A pass that a person gave lets one deployment begin without a trial.
        let forced = before.pass.is_some()
            || after.outbox.last().is_some_and(|audit| audit.rule == Rule::Forced)
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
        let long_bad = |alarm: &super::world::Alarm| {
            alarm.state == AlarmState::Alarm && self.now - alarm.since > 5 * MINUTE
        };
        if self.alarms.get(&format!("pawl-{}-errors", tried.config)).is_some_and(long_bad) {
            self.break_rule(format!("{} went on while its alarm fired", tried.config));
        }
    }

    fn check_rollback(&mut self, before: &Release, after: &Release) {
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
            let never = matches!(nature, Some(super::world::Nature::Good))
                && truth.changes.iter().filter(during).count() > 0;
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

    fn check_promotion(&mut self, before: &Release, after: &Release) {
        if after.good.iter().any(|good| good.trial.is_some()) {
            self.break_rule("a trial counts as a good config");
        }
        let Some(new) = after.good.first() else { return };
        if before.good_with(&new.config).is_some() {
            return;
        }
        // A pass that a person gave lets one deployment begin without a trial.
        let forced = before.pass.is_some()
            || after.outbox.last().is_some_and(|audit| audit.rule == Rule::Forced)
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
        if matches!(
            nature,
            super::world::Nature::Idle | super::world::Nature::Dumb | super::world::Nature::Mute
        ) {
            self.break_rule(format!("{} was promoted without proof: {nature:?}", new.config));
        }
        if let State::Watching(watching) = &before.state
            && time(self.now) < watching.until
        {
            self.break_rule(format!("{} was promoted before its bake was over", new.config));
        }
    }

    pub(super) fn appended(&mut self, audit: &Audit) -> Wrote {
        if let Some(known) = self.history.get(&audit.sequence) {
            if known != audit {
                self.break_rule(format!("the audit entry {} has two versions", audit.sequence));
            }
            return Wrote::Before;
        }
        self.history.insert(audit.sequence, audit.clone());
        Wrote::Now
    }

    /// An action is about to be performed.
    pub(super) fn about_to(&mut self, action: &Action) {
        if !self.history.values().rev().any(|audit| audit.actions.contains(action)) {
            self.break_rule(format!("{} was performed before its audit was written", action.name()));
        }
        let Some((release, _)) = self.record.clone() else {
            return self.break_rule("an action without a record");
        };
        let target = match action {
            Action::UpdateEndpoint { call } => &call.config,
            Action::RecreateEndpoint { config, .. } => config,
            Action::RejectPackage { package, .. } => {
                // What an earlier rollback queued, which was given up, may still be on its way.
                let first = |generation| {
                    release.rollbacks.iter().filter(|rollback| rollback.generation == generation).count() == 1
                };
                let unsafe_yet = matches!(&release.state, State::RollingBack(r) if first(r.from.generation))
                    && self.endpoint.serving.as_ref().is_some_and(|serving| {
                        self.configs[serving].deployment.package.as_ref() == Some(package)
                    })
                    && self.endpoint.status == EndpointStatus::InService;
                if unsafe_yet {
                    self.break_rule("the books came before the traffic");
                }
                return;
            }
            _ => return,
        };
        match &release.state {
            State::RollingBack(rolling) if rolling.to.config == *target => {
                self.truth.taken_out.insert(rolling.from.config.clone());
            }
            state => {
                let name = state.name();
                self.break_rule(format!("traffic was moved to {target} in the state {name:?}"));
            }
        }
        if self.truth.taken_out.contains(target) {
            self.break_rule(format!("{target} was taken out and came back"));
        }
    }

    /// A run starts its update.
    pub(super) fn about_to_deploy(&mut self, config: &ConfigName) {
        let record = self.record.as_ref().map(|(release, _)| &release.state);
        let granted = matches!(record, Some(State::Deploying(d)) if d.candidate.config == *config);
        // Where somebody broke the endpoint by hand, bringing it back outranks a permission that may not be used.
        let broken_by_hand = self.truth.console && self.coverage.has("endpoint failed");
        if !granted && !broken_by_hand {
            self.break_rule(format!("{config} was deployed without a grant"));
        }
        if self.endpoint.serving.as_ref() == Some(config) {
            self.break_rule(format!("{config} serves and was deployed again"));
        }
        if self.truth.taken_out.contains(config) && !broken_by_hand {
            self.break_rule(format!("{config} was taken out and was deployed again"));
        }
        if !self.alarms.contains_key(&format!("pawl-{config}-errors")) {
            self.break_rule(format!("{config} was deployed before its alarms stood"));
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_at_rest(&self) -> bool {
        let Some((release, _)) = &self.record else { return true };
        matches!(release.state, State::Stable | State::CoolDown { .. })
            && release.pending.is_empty()
            && release.lease.as_ref().is_none_or(|lease| lease.until <= time(self.now))
            && self.endpoint.update.is_none()
    }

    /// Whether nothing will happen any more, and the reconciler has looked several times since.
    pub(super) fn is_over(&mut self) -> bool {
        let alone = self.queue.values().all(|what| matches!(what, super::world::Happening::Reconcile));
        if !alone || !self.is_at_rest() {
            self.last_stir = self.now;
        }
        self.now - self.last_stir > 30 * MINUTE
    }

    /// The world has had all the time it needs, and no more faults.
    pub(super) fn check_rest(&mut self) {
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
        let unkept =
            self.denied.is_some_and(|(name, _)| name == "upkeep") || self.coverage.came_to(Rule::GaveUp);
        let serves = release.current.as_ref().map(|current| current.generation);
        if settled && !unkept && !self.truth.console && self.truth.kept_up != serves {
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
    pub(super) fn check_heard(&mut self, event: &Event) {
        let key = match event {
            Event::Operator(operator) => DedupeKey::new(operator.key.clone()),
            Event::Package(change) => pawl_ledger::events::Signal::Package(change.clone()).dedupe_key(),
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

/// Whether an alarm is of one of a deployment's stages.
fn names_stage(alarm: &str, deployment: &Deployment) -> bool {
    let of = |config: &str| deployment.has_stage(&config.into());
    alarm.strip_prefix("pawl-").is_some_and(|rest| rest.match_indices('-').any(|(at, _)| of(&rest[..at])))
}
