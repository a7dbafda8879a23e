//! The moves between states that several events share.

use jiff::{SignedDuration, Timestamp};

use super::turn::Turn;
use crate::action::{Action, ReleaseOutcome, UpdateCall};
use crate::alarms;
use crate::audit::ReleaseRule;
use crate::cause::Cause;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::record::{Freeze, Rollback};
use crate::state::{Progress, RollingBack, Smoke, State, Watching};
use pawl_base::names::Generation;

/// Two rollbacks within this time lock the endpoint.
const TWO_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// The name under which Pawl itself locks.
pub(super) const PAWL: &str = "pawl";
/// Why Pawl locks an endpoint that somebody else moved.
pub(super) const FOREIGN: &str = "the endpoint serves a config that Pawl did not put there";

impl Turn<'_> {
    /// Traffic goes back to the last known good config, or to the configured fallback; where there is
    /// neither, a person is paged and nothing is touched.
    pub(super) fn begin_rollback(&mut self, cause: Cause) -> ReleaseRule {
        let Some(from) = self.release.current.clone() else {
            self.page_once("no-target", "a rollback was asked for, but nothing serves");
            return ReleaseRule::NoTarget;
        };
        let by_person = matches!(cause, Cause::Operator { .. } | Cause::PackageRejected);
        if !by_person && self.release.was_rolled_back(from.generation) {
            self.page_once(
                &format!("again:{}", from.config),
                format!("{} was to be rolled back a second time: a person must act", from.config),
            );
            return ReleaseRule::Paged;
        }
        let Some(to) = self.release.target_from(&from.config, self.policy) else {
            return self.no_target(&from, &cause);
        };
        let update = Action::UpdateEndpoint { call: self.call_back(&from, &to) };
        self.roll_back(from, to, cause, update)
    }

    /// A reason to take out what is deployed: acted upon at the end of the update, since its run cannot be
    /// called back. What has only been offered is taken back at once.
    pub(super) fn intend(&mut self, cause: Cause) -> ReleaseRule {
        match &mut self.release.state {
            State::Deploying(deploying) if deploying.progress != Progress::Offered => {
                deploying.intent.get_or_insert(cause);
                ReleaseRule::QueueIntent
            }
            _ => self.begin_rollback(cause),
        }
    }

    /// The call that brings a config back. While a mixed fleet serves, what served before counts too.
    pub(super) fn call_back(&self, from: &Deployment, to: &Deployment) -> UpdateCall {
        let split = self.release.current.as_ref().filter(|current| current.is_split());
        UpdateCall::back_to(&self.release.endpoint, split.unwrap_or(from), to)
    }

    /// Whether what serves is the trial of this candidate. One that could not go back may serve still, under
    /// another's deployment.
    pub(super) fn on_trial(&self, candidate: &Deployment) -> bool {
        let own =
            |current: &Deployment| current.trial.is_some() && current.generation == candidate.generation;
        self.release.current.as_ref().is_some_and(own)
    }

    /// Claims the rollback and writes down every step of it, traffic first.
    pub(super) fn roll_back(
        &mut self,
        from: Deployment,
        to: Deployment,
        cause: Cause,
        switch: Action,
    ) -> ReleaseRule {
        // Reads about the config that is taken out are dropped; bookkeeping and notices stay, behind the
        // traffic.
        let kept: Vec<_> = std::mem::take(&mut self.release.pending)
            .into_iter()
            .filter(|pending| pending.action.is_bookkeeping())
            .collect();
        let endpoint = self.release.endpoint.clone();
        self.queue(switch);
        self.queue(Action::AwaitConfig { endpoint: endpoint.clone(), config: to.config.clone() });
        self.queue(Action::SmokeTest { endpoint, config: to.config.clone() });
        self.release.pending.extend(kept);
        self.take_out(&from, &cause);
        self.notify(format!("{} is rolled back to {}: {}", from.config, to.config, cause));
        self.note(format!("{} to {}: {}", from.config, to.config, cause));
        self.release.state = State::RollingBack(RollingBack {
            from,
            to,
            cause,
            since: self.now,
            attempts: 1,
            refused: Vec::new(),
        });
        ReleaseRule::RollBack
    }

    /// Revokes a deployment in the record, and queues the same for the registry and the ledgers.
    pub(super) fn take_out(&mut self, from: &Deployment, cause: &Cause) {
        let served_well = self.release.good_with(&from.config).is_some();
        self.release.revoke_config(&from.config);
        self.release.revoke_config(from.last_config());
        let rollback = Rollback { generation: from.generation, cause: cause.clone(), at: self.now };
        self.release.add_rollback(rollback);
        if let Some(package) = &from.package {
            self.release.reject(package);
            let description = format!("Rolled back by Pawl: {cause}");
            self.queue(Action::RejectPackage { package: package.clone(), description });
        }
        if let Some(dataset) = from.dataset.as_ref().filter(|_| cause.blames_data(served_well)) {
            self.release.quarantine(dataset);
            let reason = format!("{} was rolled back: {}", from.config, cause);
            self.queue(Action::QuarantineDataset { dataset: dataset.clone(), reason });
        }
        self.queue(Action::RecordOutcome {
            generation: from.generation,
            outcome: ReleaseOutcome::RolledBack,
        });
    }

    /// There is nothing to go back to: what serves stays, unproven, and a person is paged. Nothing is
    /// deleted.
    fn no_target(&mut self, serving: &Deployment, cause: &Cause) -> ReleaseRule {
        self.page_once(
            &format!("no-target:{}", serving.config),
            format!("{} is bad and there is nothing to go back to: a person must act", serving.config),
        );
        let state = std::mem::replace(&mut self.release.state, State::Stable);
        match state {
            State::Watching(_) => {
                self.release.pending.retain(|pending| pending.action.is_bookkeeping());
                let generation = serving.generation;
                self.queue(Action::RecordOutcome { generation, outcome: ReleaseOutcome::Unproven });
                self.order_upkeep();
            }
            // A trial serves, and its full deployment was undone or never began: the trial must not go on to
            // it again.
            State::Deploying(deploying) => {
                self.release.pending.retain(|pending| pending.action.is_bookkeeping());
                self.take_out(&deploying.candidate, cause);
                self.order_upkeep();
            }
            other => self.release.state = other,
        }
        ReleaseRule::NoTarget
    }

    /// The new config serves: it bakes.
    pub(super) fn enter_watch(&mut self, candidate: Deployment, since: Timestamp) -> ReleaseRule {
        let until = self.later(self.policy.bake);
        let deadline = match (&candidate.trial, &self.policy.trial) {
            (Some(_), Some(trial)) => self.later(trial.at_most()).max(until),
            _ => until.saturating_add(self.policy.patience.signed()).unwrap_or(Timestamp::MAX),
        };
        let config = candidate.config.clone();
        self.serve_since(candidate, since);
        self.release.state = State::Watching(Watching {
            since: self.now,
            until,
            deadline,
            decide_by: None,
            smoke: Smoke::Pending,
        });
        self.queue(Action::SmokeTest { endpoint: self.release.endpoint.clone(), config });
        ReleaseRule::Watch
    }

    /// Notes what serves from now on.
    pub(super) fn serve(&mut self, deployment: Deployment) {
        self.serve_since(deployment, self.now);
    }

    /// Notes what serves, and since when it may have taken traffic.
    pub(super) fn serve_since(&mut self, deployment: Deployment, since: Timestamp) {
        self.release.current = Some(Deployment { activated_at: Some(since), ..deployment });
    }

    /// The stage was proven good, or a person forces it: after a trial all traffic may move, otherwise the
    /// config is promoted.
    pub(super) fn pass_stage(&mut self) -> ReleaseRule {
        let Some(next) = self.release.current.as_ref().and_then(Deployment::next_stage) else {
            self.promote();
            return ReleaseRule::Promoted;
        };
        self.release.pending.retain(|pending| pending.action.is_bookkeeping());
        self.notify(format!("the trial of {} is won", next.config));
        self.grant_stage(next, Progress::Offered);
        ReleaseRule::TrialWon
    }

    fn promote(&mut self) {
        let Some(mut current) = self.release.current.clone() else { return };
        self.release.state = State::Stable;
        self.release.cool_downs = 0;
        // If a person forced the config, its smoke test no longer decides anything.
        self.release.pending.retain(|pending| pending.action.is_bookkeeping());
        // Earlier, a fleet that is just starting or gets a tenth of the traffic would trip it.
        if let Some(alarm) = alarms::on_traffic(&self.policy.alarms, &self.release.endpoint, &current.config)
        {
            current.alarms.push(alarm.alarm_name.clone());
            self.queue(Action::PutAlarms { alarms: vec![alarm] });
            self.release.current = Some(current.clone());
        }
        let (generation, outcome) = (current.generation, ReleaseOutcome::Promoted);
        self.queue(Action::RecordOutcome { generation, outcome });
        self.notify(format!("{} is promoted", current.config));
        self.release.add_good(current);
        self.order_upkeep();
    }

    /// After a rollback: a pause, longer each time, and a lock after two within a day.
    pub(super) fn cool_down(&mut self) {
        self.release.cool_downs = self.release.cool_downs.saturating_add(1);
        let until = self.later(self.policy.cool_downs.after(self.release.cool_downs));
        self.release.state = State::CoolDown { until };
        self.order_upkeep();
        let since = self.now.saturating_sub(TWO_WITHIN).unwrap_or(Timestamp::MIN);
        if self.release.rollbacks.iter().filter(|rollback| rollback.at > since).count() >= 2 {
            self.lock("two rollbacks within 24 hours");
            self.page("two rollbacks within 24 hours: locked until a person unfreezes it");
        }
    }

    /// Locks against new deployments, unless a lock is there.
    pub(super) fn lock(&mut self, why: &str) {
        let freeze = || Freeze { who: PAWL.to_owned(), why: why.to_owned(), at: self.now };
        if self.release.freeze.is_none() {
            self.release.freeze = Some(freeze());
        }
    }

    /// SageMaker rolled back by itself: traffic is safe, and only the bookkeeping is left.
    pub(super) fn close_rolled_back(&mut self, candidate: &Deployment, cause: Cause) {
        self.release.pending.retain(|pending| pending.action.is_bookkeeping());
        if let Some(current) = &self.release.current {
            let (endpoint, config) = (self.release.endpoint.clone(), current.config.clone());
            self.queue(Action::SmokeTest { endpoint, config });
        }
        self.take_out(candidate, &cause);
        self.cool_down();
        self.notify(format!("{} was taken out: {}", candidate.config, cause));
    }

    /// A stage never began: a trial goes back to its champion, and what served before stays.
    pub(super) fn never_began(&mut self, candidate: &Deployment, reason: &str) -> ReleaseRule {
        match self.on_trial(candidate) {
            true => self.begin_rollback(Cause::NotDeployed { reason: reason.to_owned() }),
            false => self.abandon(candidate, reason),
        }
    }

    /// A granted deployment never began.
    pub(super) fn abandon(&mut self, candidate: &Deployment, reason: &str) -> ReleaseRule {
        self.release.pending.retain(|pending| pending.action.is_bookkeeping());
        self.release.state = State::Stable;
        let (generation, outcome) = (candidate.generation, ReleaseOutcome::Abandoned);
        self.queue(Action::RecordOutcome { generation, outcome });
        self.notify(format!("the deployment of {} never began: {reason}", candidate.config));
        self.note(reason);
        self.order_upkeep();
        ReleaseRule::Abandoned
    }

    /// The release is finished: autoscaling and garbage collection are ordered.
    fn order_upkeep(&mut self) {
        let Some(generation) = self.release.current.as_ref().map(|current| current.generation) else {
            return;
        };
        self.release.pending.retain(|pending| !matches!(pending.action, Action::Upkeep { .. }));
        self.queue(Action::Upkeep { generation });
    }

    /// Pawl cannot go on by itself: locked, paged, settled. A person's `rollback` tries again.
    pub(super) fn give_up(&mut self, reason: &str) -> ReleaseRule {
        self.release.pending.retain(|pending| pending.action.is_bookkeeping());
        self.release.state = State::Stable;
        self.lock(reason);
        self.page(format!("{reason}: a person must act"));
        ReleaseRule::GaveUp
    }

    /// The endpoint serves something that Pawl did not put there. It is unknown since when, so no alarm about
    /// it counts as too old.
    pub(super) fn foreign(&mut self, config: &ConfigName) -> ReleaseRule {
        match self.release.good_with(config) {
            Some(known) => self.release.current = Some(known.clone()),
            None => self.release.current = Some(Deployment::new(Generation::default(), config.clone())),
        }
        self.lock(FOREIGN);
        self.page(format!("serves {config}, which Pawl did not put there: locked"));
        ReleaseRule::Paged
    }
}
