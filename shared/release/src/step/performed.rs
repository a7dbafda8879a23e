//! An action was performed.

use super::turn::Turn;
use crate::Severity;
use crate::action::{Action, ActionResult};
use crate::audit::ReleaseRule;
use crate::cause::Cause;
use crate::observation::{FleetComparison, Observer};
use crate::record::Pending;
use crate::reply::HoldReason;
use crate::state::{RollingBack, Smoke, State};
use pawl_base::duration::Duration;

/// After this many failures an action counts as impossible.
const TRIES: u8 = 8;
/// How long a busy endpoint is left alone.
const BUSY: Duration = Duration::seconds(30);
/// The longest pause between two tries.
const LONGEST_PAUSE: u64 = 300;

impl Turn<'_> {
    pub(super) fn performed(&mut self, id: u64, outcome: &ActionResult) -> ReleaseRule {
        let Some(at) = self.release.pending.iter().position(|pending| pending.id == id) else {
            // It was done before, or dropped when traffic went back.
            return ReleaseRule::Duplicate;
        };
        match outcome {
            ActionResult::Busy => self.postpone(at, BUSY),
            ActionResult::Retry { reason } => {
                let tries = self.count_try(at);
                self.note(reason.clone());
                if tries >= TRIES {
                    return self.keeps_failing(at, reason);
                }
                // The first failure is tried again at once.
                if tries > 1 {
                    self.postpone(at, Duration::seconds((5_u64 << tries).min(LONGEST_PAUSE)));
                }
                ReleaseRule::TryLater
            }
            ActionResult::Refused { reason } => {
                let pending = self.release.pending.remove(at);
                self.note(reason.clone());
                self.impossible(&pending, reason)
            }
            _ => self.conclude(at, outcome),
        }
    }

    /// A rollback is never given up because a service does not answer: people are paged, and it is tried
    /// again.
    fn keeps_failing(&mut self, at: usize, reason: &str) -> ReleaseRule {
        let moves = self.release.pending.get(at).filter(|pending| pending.action.brings_back());
        let Some(name) = moves.map(|pending| pending.action.name()) else {
            let pending = self.release.pending.remove(at);
            return self.impossible(&pending, reason);
        };
        let topic = format!("{name}:{}", self.release.generation);
        self.page_once(&topic, format!("a rollback is held up, and tried on: {reason}"));
        self.postpone(at, Duration::seconds(LONGEST_PAUSE))
    }

    fn count_try(&mut self, at: usize) -> u8 {
        self.release.pending.get_mut(at).map_or(TRIES, |pending| {
            pending.tries = pending.tries.saturating_add(1);
            pending.tries
        })
    }

    fn postpone(&mut self, at: usize, span: Duration) -> ReleaseRule {
        let until = self.later(span);
        if let Some(pending) = self.release.pending.get_mut(at) {
            pending.not_before = Some(until);
        }
        ReleaseRule::TryLater
    }

    /// The action returned something, or is done.
    fn conclude(&mut self, at: usize, outcome: &ActionResult) -> ReleaseRule {
        let pending = self.release.pending.remove(at);
        self.note(pending.action.name());
        match (&pending.action, outcome) {
            (Action::AwaitConfig { .. }, ActionResult::Endpoint { look }) => {
                let rule = self.switched(look);
                if matches!(rule, ReleaseRule::Wait | ReleaseRule::Retry) {
                    // Still on its way: look again, behind a repeated update.
                    let at = usize::from(rule == ReleaseRule::Retry);
                    self.release.pending.insert(at, Pending { tries: 0, ..pending });
                    if rule == ReleaseRule::Wait {
                        self.postpone(at, BUSY);
                    }
                }
                rule
            }
            (Action::DescribeEndpoint { .. }, ActionResult::Endpoint { look }) => {
                self.endpoint_observed(look, &Observer::Reconciler)
            }
            // What has failed or is gone takes no update: it is made anew.
            (Action::UpdateEndpoint { call }, ActionResult::Endpoint { .. }) => {
                let (endpoint, config) = (call.endpoint.clone(), call.config.clone());
                self.queue_at(at, Action::RecreateEndpoint { endpoint, config });
                ReleaseRule::Retry
            }
            (Action::ReadAlarm { change }, ActionResult::Alarm { state }) => self.alarm_read(change, *state),
            // Queued only while watching, and dropped as soon as the watch is over.
            (Action::CompareFleets { change, .. }, ActionResult::Fleets { fleets }) => match fleets {
                FleetComparison::OnlyNew => self.begin_rollback(Cause::Alarm { alarm: change.name.clone() }),
                FleetComparison::Both | FleetComparison::Unknown => {
                    self.page_once(
                        &format!("shared:{}", change.arn),
                        format!("{} fires for both fleets, or nobody can tell: held", change.name),
                    );
                    ReleaseRule::SharedCause
                }
                FleetComparison::Neither => ReleaseRule::Logged,
            },
            (Action::SmokeTest { .. }, ActionResult::SmokePassed) => self.smoke_passed(),
            (Action::SmokeTest { config, .. }, ActionResult::SmokeFailed { reason }) => {
                match self.release.state {
                    State::Watching(_) => self.begin_rollback(Cause::SmokeTest { reason: reason.clone() }),
                    _ => {
                        self.page(format!("{config} serves and does not answer real rows: {reason}"));
                        self.end_rollback()
                    }
                }
            }
            _ => ReleaseRule::Performed,
        }
    }

    fn smoke_passed(&mut self) -> ReleaseRule {
        if let State::Watching(watching) = &mut self.release.state {
            watching.smoke = Smoke::Passed;
            return ReleaseRule::Performed;
        }
        self.end_rollback()
    }

    /// Traffic is back: the cool-down and the bookkeeping begin.
    fn end_rollback(&mut self) -> ReleaseRule {
        if let State::RollingBack(_) = self.release.state {
            if let Some(current) = self.release.current.clone().filter(|back| self.release.is_revoked(back)) {
                self.page(format!(
                    "{} came back and was rejected meanwhile: a person must act",
                    current.config
                ));
            }
            self.cool_down();
            return ReleaseRule::RolledBack;
        }
        ReleaseRule::Performed
    }

    /// The action will not succeed.
    fn impossible(&mut self, pending: &Pending, reason: &str) -> ReleaseRule {
        match &pending.action {
            Action::PutAlarms { .. } => match self.release.state.clone() {
                State::Deploying(deploying) => {
                    let rule = self.never_began(&deploying.candidate, &format!("no alarms: {reason}"));
                    self.reply = Some(HoldReason::AlarmsUnavailable { reason: reason.to_owned() }.into());
                    rule
                }
                _ => {
                    self.page(format!("not all alarms could be made: {reason}"));
                    ReleaseRule::ActionFailed
                }
            },
            Action::UpdateEndpoint { .. } | Action::RecreateEndpoint { .. } => self.other_target(reason),
            Action::AwaitConfig { .. } => {
                self.give_up(&format!("the endpoint cannot be described: {reason}"))
            }
            Action::SmokeTest { config, .. } => {
                self.page_once(
                    &format!("smoke:{config}"),
                    format!("no rows could be sent to {config}: {reason}"),
                );
                // While watching, nothing is proven without it: a person will be asked.
                match self.end_rollback() {
                    ReleaseRule::Performed => ReleaseRule::ActionFailed,
                    rule => rule,
                }
            }
            Action::Notify { severity: Severity::Info | Severity::Page, .. }
            | Action::DescribeEndpoint { .. } => ReleaseRule::ActionFailed,
            Action::ReadAlarm { change } | Action::CompareFleets { change, .. } => {
                self.page(format!("{} fires and could not be looked into: {reason}", change.name));
                ReleaseRule::Paged
            }
            Action::RejectPackage { .. }
            | Action::QuarantineDataset { .. }
            | Action::RecordOutcome { .. }
            | Action::Upkeep { .. } => {
                self.page(format!("{} could not be done: {reason}", pending.action.name()));
                ReleaseRule::ActionFailed
            }
        }
    }

    /// The config to go back to is gone or refused: the next good one, while there is one.
    fn other_target(&mut self, reason: &str) -> ReleaseRule {
        let State::RollingBack(mut rolling) = self.release.state.clone() else {
            return ReleaseRule::ActionFailed;
        };
        self.page(format!("{} could not be brought back: {reason}", rolling.to.config));
        rolling.refused.push(rolling.to.config.clone());
        // What is taken out is revoked, and so no target.
        let Some(to) = self.release.target_but(|config| rolling.refused.contains(config), self.policy) else {
            return self.give_up("there is nothing left to go back to");
        };
        let endpoint = self.release.endpoint.clone();
        let call = self.call_back(&rolling.from, &to);
        let traffic =
            |action: &Action| matches!(action, Action::AwaitConfig { .. } | Action::SmokeTest { .. });
        self.release.pending.retain(|pending| !traffic(&pending.action));
        self.queue_at(0, Action::UpdateEndpoint { call });
        self.queue_at(1, Action::AwaitConfig { endpoint: endpoint.clone(), config: to.config.clone() });
        self.queue_at(2, Action::SmokeTest { endpoint, config: to.config.clone() });
        self.release.state = State::RollingBack(RollingBack { to, attempts: 1, ..rolling });
        ReleaseRule::Retry
    }
}
