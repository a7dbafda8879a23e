//! The endpoint was described.

use super::moves::FOREIGN;
use super::turn::Turn;
use crate::action::{Action, ReleaseOutcome};
use crate::audit::ReleaseRule;
use crate::cause::Cause;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::observation::{EndpointDescription, EndpointOrigin, Observer};
use crate::reply::HoldReason;
use crate::state::{Deploying, Progress, RollingBack, State};
use jiff::Timestamp;
use pawl_ledger::events::EndpointStatus;

impl Turn<'_> {
    /// An event about the endpoint is only a hint to describe it: it may be late, duplicated or out of order.
    pub(super) fn endpoint_hinted(&mut self) -> ReleaseRule {
        match self.release.state {
            State::RollingBack(_) => self.go_on_at_once(),
            _ => self.describe(),
        }
    }

    /// A rollback looks by itself: what waits for the endpoint need not wait longer. What failed keeps its
    /// pause.
    fn go_on_at_once(&mut self) -> ReleaseRule {
        for pending in self.release.pending.iter_mut().filter(|pending| pending.tries == 0) {
            pending.not_before = None;
        }
        ReleaseRule::Describe
    }

    pub(super) fn describe(&mut self) -> ReleaseRule {
        let waits = |action: &Action| matches!(action, Action::DescribeEndpoint { .. });
        if !self.release.pending.iter().any(|pending| waits(&pending.action)) {
            self.queue(Action::DescribeEndpoint { endpoint: self.release.endpoint.clone() });
        }
        ReleaseRule::Describe
    }

    /// A description counts unless a newer one has changed the record: calls overtake each other.
    pub(super) fn endpoint_observed(&mut self, look: &EndpointDescription, by: &Observer) -> ReleaseRule {
        if let Observer::Run { generation, .. } = by {
            self.subject = Some(*generation);
        }
        if self.release.seen_at.is_some_and(|seen| look.at < seen) {
            return ReleaseRule::OutOfOrder;
        }
        let before = (self.release.state.clone(), self.release.current.clone());
        self.described_at = look.at;
        let rule = self.endpoint(look, by);
        if (&before.0, &before.1) != (&self.release.state, &self.release.current) {
            self.release.seen_at = Some(look.at);
        }
        rule
    }

    fn endpoint(&mut self, look: &EndpointDescription, by: &Observer) -> ReleaseRule {
        let status = look.status;
        if let Observer::Run { generation, config: asked_for } = by
            && let State::Deploying(deploying) = &mut self.release.state
            && deploying.candidate.generation == *generation
            && deploying.candidate.config == *asked_for
        {
            deploying.progress = Progress::Begun;
        }
        // A rollback judges the endpoint only by what it saw after its own update: see `switched`.
        if matches!(self.release.state, State::RollingBack(_)) {
            return ReleaseRule::Wait;
        }
        match status {
            EndpointStatus::Creating | EndpointStatus::Updating | EndpointStatus::RollingBack => {
                if let State::Deploying(deploying) = &mut self.release.state
                    && deploying.progress == Progress::Granted
                {
                    deploying.progress = Progress::Updating;
                }
                if let State::Deploying(Deploying { since, candidate, .. }) = &self.release.state {
                    let (since, config) = (*since, candidate.config.clone());
                    self.page_if_stuck(since, &config, status);
                }
                ReleaseRule::Wait
            }
            EndpointStatus::SystemUpdating | EndpointStatus::Deleting | EndpointStatus::Unknown => {
                ReleaseRule::Wait
            }
            EndpointStatus::InService => match &look.config {
                Some(config) => self.in_service(config, look.origin),
                None => ReleaseRule::Wait,
            },
            EndpointStatus::Failed | EndpointStatus::UpdateRollbackFailed => self.broken(status),
            EndpointStatus::OutOfService => self.page_status(status),
            EndpointStatus::Absent => self.absent(),
        }
    }

    fn in_service(&mut self, config: &ConfigName, origin: EndpointOrigin) -> ReleaseRule {
        let current = self.release.current.as_ref().map(|current| current.config.clone());
        let serves_current = current.as_ref() == Some(config);
        match self.release.state.clone() {
            State::Deploying(deploying) if deploying.candidate.config == *config => self.deployed(deploying),
            State::Deploying(deploying) if serves_current => self.not_deployed(&deploying),
            State::Deploying(deploying) if self.may_still_begin(&deploying) => {
                self.moved_before_the_update(config)
            }
            State::Deploying(deploying) => {
                self.abandon(&deploying.candidate, "the endpoint serves another config");
                match current {
                    Some(_) => self.foreign(config),
                    None => self.found_before(config, origin),
                }
            }
            State::Watching(_) if !serves_current => self.watched_is_gone(config),
            _ if serves_current => ReleaseRule::Logged,
            _ if current.is_none() => self.found_before(config, origin),
            _ => self.foreign(config),
        }
    }

    /// An endpoint that stands where this release has put nothing. Its own is taken as it is: a call that was
    /// given up began after all, or the record was lost. Anybody else's is left alone.
    fn found_before(&mut self, config: &ConfigName, origin: EndpointOrigin) -> ReleaseRule {
        match origin {
            EndpointOrigin::Ours => {
                self.serve(Deployment::new(pawl_base::names::Generation::default(), config.clone()));
                self.notify(format!("{config} serves from before; nobody knows whether it is good"));
                ReleaseRule::Logged
            }
            EndpointOrigin::Foreign => {
                let endpoint = self.release.endpoint.clone();
                let reason = HoldReason::ForeignEndpoint { endpoint, serving: config.clone() };
                self.page_once("endpoint:foreign", reason.message());
                ReleaseRule::Paged
            }
            // A look that read no tags decides nothing: the round's does.
            EndpointOrigin::NotAsked => ReleaseRule::Logged,
        }
    }

    /// A permission holds until its lease ends, whatever happens to the endpoint: its run cannot be called
    /// back. An update that was seen may have been somebody else's.
    fn may_still_begin(&self, deploying: &Deploying) -> bool {
        deploying.progress != Progress::Begun
            && deploying.failure.is_none()
            && self.described_at < deploying.lease_until
    }

    /// Somebody moved the endpoint between the permission and the update.
    fn moved_before_the_update(&mut self, config: &ConfigName) -> ReleaseRule {
        self.lock(FOREIGN);
        self.page_once(
            &format!("foreign:{config}"),
            format!("serves {config}, which Pawl did not put there: locked"),
        );
        ReleaseRule::Wait
    }

    /// The requested config serves.
    fn deployed(&mut self, deploying: Deploying) -> ReleaseRule {
        let Deploying { candidate, intent, forced, since, .. } = deploying;
        match intent {
            Some(cause) => {
                self.enter_watch(candidate, since);
                self.begin_rollback(cause)
            }
            None if forced => {
                self.serve_since(candidate, since);
                self.pass_stage()
            }
            None => self.enter_watch(candidate, since),
        }
    }

    /// The old config serves: not begun, failed to begin, or silently rolled back.
    fn not_deployed(&mut self, deploying: &Deploying) -> ReleaseRule {
        if self.may_still_begin(deploying) {
            return ReleaseRule::Wait;
        }
        if matches!(deploying.progress, Progress::Updating | Progress::Begun) {
            let cause = deploying.intent.clone().unwrap_or(Cause::Guardrail);
            if self.on_trial(&deploying.candidate) {
                return self.begin_rollback(cause);
            }
            self.close_rolled_back(&deploying.candidate, cause);
            return ReleaseRule::GuardrailRolledBack;
        }
        let late = "its run did not begin the update in time";
        self.never_began(&deploying.candidate, deploying.failure.as_deref().unwrap_or(late))
    }

    /// Somebody or something moved the endpoint under the watch.
    fn watched_is_gone(&mut self, config: &ConfigName) -> ReleaseRule {
        let Some(candidate) = self.release.current.clone() else { return ReleaseRule::Logged };
        let known = self.release.good_with(config).cloned();
        match known {
            Some(known) => {
                self.page(format!("{config} serves again while {} was watched", candidate.config));
                self.release.current = Some(known);
                self.close_rolled_back(&candidate, Cause::Guardrail);
            }
            None => {
                self.release.state = State::Stable;
                self.release.pending.retain(|pending| pending.action.is_bookkeeping());
                let generation = candidate.generation;
                self.queue(Action::RecordOutcome { generation, outcome: ReleaseOutcome::Unproven });
                self.foreign(config);
            }
        }
        ReleaseRule::Paged
    }

    fn broken(&mut self, status: EndpointStatus) -> ReleaseRule {
        let State::Deploying(deploying) = self.release.state.clone() else { return self.page_status(status) };
        self.page_status(status);
        if status == EndpointStatus::UpdateRollbackFailed && self.may_still_begin(&deploying) {
            // Somebody else's update: the mixed fleet serves, and the run may still begin its own.
            return ReleaseRule::Paged;
        }
        let candidate = deploying.candidate;
        let cause = Cause::EndpointFailed { status };
        let Some(to) = self.release.target_from(&candidate.config, self.policy) else {
            // The first deployment of all failed: there is nothing to bring back, and nothing is deleted.
            self.abandon(&candidate, "the endpoint failed and there is nothing to go back to");
            return ReleaseRule::NoTarget;
        };
        let endpoint = self.release.endpoint.clone();
        // A mixed fleet still serves: it is moved, never deleted. A failed endpoint serves nothing.
        let switch = match status {
            EndpointStatus::UpdateRollbackFailed => {
                Action::UpdateEndpoint { call: self.call_back(&candidate, &to) }
            }
            _ => Action::RecreateEndpoint { endpoint, config: to.config.clone() },
        };
        self.roll_back(candidate, to, cause, switch)
    }

    fn page_status(&mut self, status: EndpointStatus) -> ReleaseRule {
        let topic = format!("status:{status:?}:{}", self.release.generation);
        self.page_once(&topic, format!("the endpoint's status is {status:?}"));
        ReleaseRule::Paged
    }

    fn absent(&mut self) -> ReleaseRule {
        match self.release.state.clone() {
            State::Deploying(deploying) if self.release.current.is_none() => match &deploying.failure {
                Some(reason) => self.abandon(&deploying.candidate, reason),
                None if self.described_at >= deploying.lease_until => {
                    self.abandon(&deploying.candidate, "its run did not create the endpoint in time")
                }
                None => ReleaseRule::Wait,
            },
            State::Deploying(deploying) if self.described_at >= deploying.lease_until => {
                self.page_status(EndpointStatus::Absent);
                self.abandon(&deploying.candidate, "the endpoint was deleted")
            }
            State::Stable if self.release.current.is_none() => ReleaseRule::Logged,
            _ => self.page_status(EndpointStatus::Absent),
        }
    }

    /// A rollout or a rollback that takes longer than it can: a person must look.
    fn page_if_stuck(&mut self, since: Timestamp, config: &ConfigName, status: EndpointStatus) {
        let bound = self.policy.stuck_after();
        if self.now.duration_since(since) > bound.signed() {
            self.page_once(
                &format!("stuck:{config}"),
                format!(
                    "{config} has been on its way for more than {bound}; the endpoint's status is {status:?}"
                ),
            );
        }
    }

    /// What a rollback saw after its update.
    pub(super) fn switched(&mut self, look: &EndpointDescription) -> ReleaseRule {
        let State::RollingBack(rolling) = self.release.state.clone() else { return ReleaseRule::Logged };
        let (status, config) = (look.status, look.config.as_ref());
        self.release.seen_at = Some(look.at);
        match status {
            EndpointStatus::InService if config == Some(&rolling.to.config) => {
                // It took traffic before it was described: an alarm from that time counts.
                self.serve_since(rolling.to, rolling.since);
                ReleaseRule::Performed
            }
            EndpointStatus::InService if config.is_some_and(|config| rolling.from.has_stage(config)) => {
                if rolling.attempts >= 2 {
                    return self.give_up("the rollback was lost twice");
                }
                let attempts = rolling.attempts + 1;
                let call = self.call_back(&rolling.from, &rolling.to);
                self.release.state = State::RollingBack(RollingBack { attempts, ..rolling });
                self.queue_at(0, Action::UpdateEndpoint { call });
                ReleaseRule::Retry
            }
            EndpointStatus::InService => match config {
                Some(config) => {
                    let config = config.clone();
                    self.give_up("the endpoint serves neither the old nor the new config");
                    self.foreign(&config)
                }
                None => ReleaseRule::Wait,
            },
            EndpointStatus::Failed
            | EndpointStatus::UpdateRollbackFailed
            | EndpointStatus::OutOfService
            | EndpointStatus::Absent => self.give_up(&format!("the rollback met the status {status:?}")),
            EndpointStatus::Creating | EndpointStatus::Updating | EndpointStatus::RollingBack => {
                self.page_if_stuck(rolling.since, &rolling.to.config, status);
                ReleaseRule::Wait
            }
            EndpointStatus::SystemUpdating | EndpointStatus::Deleting | EndpointStatus::Unknown => {
                ReleaseRule::Wait
            }
        }
    }
}
