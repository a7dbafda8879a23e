//! An alarm changed its state.

use jiff::{SignedDuration, Timestamp};

use super::turn::Turn;
use crate::action::Action;
use crate::alarms;
use crate::audit::ReleaseRule;
use crate::cause::Cause;
use crate::config::ConfigName;
use crate::policy::{AlarmResponse, WhenStable};
use crate::record::FLAPS;
use crate::state::{State, StateName};
use pawl_ledger::events::{AlarmChange, AlarmState, Suppression};

/// [`FLAPS`] changes within this time count as an alarm while watching.
const FLAPPING_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// Whom an alarm concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    /// The config that is deployed, watched, served or taken out.
    Subject,
    /// Another config, or a time before this one was activated.
    Past,
    /// It names no config.
    NoConfig,
}

impl Turn<'_> {
    pub(super) fn alarm(&mut self, change: &AlarmChange) -> ReleaseRule {
        if change.endpoint.as_ref().is_some_and(|endpoint| *endpoint != self.release.endpoint) {
            return ReleaseRule::NotOurs;
        }
        if change.suppression == Suppression::Suppressed {
            self.note(format!("{} is suppressed", change.name));
            return ReleaseRule::Suppressed;
        }
        match self.release.alarms.get(&change.arn) {
            Some(memory) if memory.at == change.at => return ReleaseRule::Duplicate,
            Some(memory) if memory.at > change.at => return ReleaseRule::OutOfOrder,
            _ => self.release.remember_alarm(&change.arn, change.at, change.state),
        }
        self.note(format!("{}: {}", change.name, change.reason));
        let concern = self.concern(change);
        if !alarms::watches_releases(&self.policy.alarms, &change.name) {
            return self.says_nothing_of_the_release(change, concern);
        }
        if concern == Concern::Subject {
            self.release.count_change(&change.arn, change.at);
        }
        if concern == Concern::Subject && self.flaps(&change.arn) {
            match self.release.state.name() {
                StateName::Watching => {
                    return self.begin_rollback(Cause::Flapping { alarm: change.name.clone() });
                }
                StateName::Stable => self.page_once(
                    &format!("flapping:{}", change.arn),
                    format!("{} changed three times within 15 minutes", change.name),
                ),
                _ => {}
            }
        }
        match change.state {
            AlarmState::Ok => ReleaseRule::Logged,
            AlarmState::InsufficientData => match self.release.state.name() {
                StateName::Watching => ReleaseRule::ExtendWatch,
                _ => ReleaseRule::Logged,
            },
            AlarmState::Alarm => match concern {
                Concern::Past => ReleaseRule::Stale,
                Concern::Subject => self.subject_fires(change),
                Concern::NoConfig => self.something_fires(change),
            },
        }
    }

    /// An alarm that shows no harm: a run is asked for elsewhere, or people are told.
    fn says_nothing_of_the_release(&mut self, change: &AlarmChange, concern: Concern) -> ReleaseRule {
        let asks = alarms::response(&self.policy.alarms, &change.name);
        if asks != Some(AlarmResponse::Notify)
            || change.state != AlarmState::Alarm
            || concern != Concern::Subject
        {
            return ReleaseRule::Logged;
        }
        self.page_once(&format!("told:{}", change.name), format!("{} fires: {}", change.name, change.reason));
        ReleaseRule::Paged
    }

    /// The column of the table for an alarm of the current config.
    fn subject_fires(&mut self, change: &AlarmChange) -> ReleaseRule {
        let cause = Cause::Alarm { alarm: change.name.clone() };
        match self.release.state {
            State::Stable => {
                self.queue(Action::ReadAlarm { change: change.clone() });
                ReleaseRule::ConfirmAlarm
            }
            // While an update runs the guardrail may act; the endpoint takes no second one anyway.
            State::Deploying(_) | State::Watching(_) => self.intend(cause),
            State::RollingBack(_) => ReleaseRule::AlreadyRollingBack,
            State::CoolDown { .. } => self.fires_in_cool_down(&change.name),
        }
    }

    /// An alarm read in the cool-down. If it has been on since before traffic came back, it says nothing
    /// about what serves now.
    pub(super) fn fires_after_rollback(&mut self, change: &AlarmChange) -> ReleaseRule {
        match self.concern(change) {
            Concern::Subject => self.fires_in_cool_down(&change.name),
            Concern::Past | Concern::NoConfig => ReleaseRule::Stale,
        }
    }

    /// What was brought back is bad as well: never a second time, a person must act.
    fn fires_in_cool_down(&mut self, alarm: &str) -> ReleaseRule {
        self.page_once(
            &format!("cool-down:{alarm}"),
            format!("{alarm} fires after a rollback: a person must act"),
        );
        ReleaseRule::Paged
    }

    /// The column of the table for an alarm that names no config.
    fn something_fires(&mut self, change: &AlarmChange) -> ReleaseRule {
        match self.release.state.name() {
            StateName::Stable => {
                self.page(format!("{} fires and names no config: a shared cause?", change.name));
                ReleaseRule::SharedCause
            }
            StateName::Deploying => {
                self.notify(format!("{} fires during a deployment and names no config", change.name));
                ReleaseRule::SharedCause
            }
            StateName::Watching => self.compare_fleets(change),
            StateName::RollingBack => ReleaseRule::AlreadyRollingBack,
            StateName::CoolDown => {
                self.page(format!("{} fires in the cool-down", change.name));
                ReleaseRule::Paged
            }
        }
    }

    pub(super) fn compare_fleets(&mut self, change: &AlarmChange) -> ReleaseRule {
        let asked = |action: &Action| matches!(action, Action::CompareFleets { .. });
        let Some(current) = &self.release.current else { return ReleaseRule::Logged };
        if !self.release.pending.iter().any(|pending| asked(&pending.action)) {
            let new = current.config.clone();
            let old = self.release.rollback_target().map(|target| target.config.clone());
            let endpoint = self.release.endpoint.clone();
            self.queue(Action::CompareFleets { endpoint, new, old, change: change.clone() });
        }
        ReleaseRule::CompareFleets
    }

    /// The alarm was read again.
    pub(super) fn alarm_read(&mut self, change: &AlarmChange, state: Option<AlarmState>) -> ReleaseRule {
        self.note(change.name.clone());
        if state != Some(AlarmState::Alarm) {
            return ReleaseRule::Unconfirmed;
        }
        if self.concern(change) != Concern::Subject {
            return ReleaseRule::Stale;
        }
        if self.release.state.name() != StateName::Stable {
            return self.subject_fires(change);
        }
        let name = &change.name;
        let (topic, message) = match (self.policy.when_stable, &self.release.freeze) {
            (WhenStable::RollBack, None) => {
                return self.begin_rollback(Cause::Alarm { alarm: name.clone() });
            }
            (WhenStable::RollBack, Some(_)) => {
                ("frozen", format!("{name} fires; the endpoint is frozen, so nothing is rolled back"))
            }
            (WhenStable::Notify, _) => ("fires", format!("{name} fires")),
        };
        self.page_once(&format!("{topic}:{name}"), message);
        ReleaseRule::Paged
    }

    fn flaps(&self, arn: &str) -> bool {
        self.release.alarms.get(arn).is_some_and(|memory| match memory.changes.as_slice() {
            [first, .., last] if memory.changes.len() >= FLAPS => {
                last.duration_since(*first) <= FLAPPING_WITHIN
            }
            _ => false,
        })
    }

    fn concern(&self, change: &AlarmChange) -> Concern {
        let Some(subject) = self.release.subject() else { return Concern::NoConfig };
        // A trial that was won serves until all traffic has moved: its alarms still count.
        let serves = self.release.current.as_ref().filter(|current| current.generation == subject.generation);
        let stages = || std::iter::once(subject).chain(serves).map(|stage| &stage.config);
        let own = match &change.config {
            Some(config) => Some(stages().any(|stage| stage.0 == *config)),
            None => names_config(change, stages()),
        };
        match own {
            None => Concern::NoConfig,
            Some(false) => Concern::Past,
            Some(true) => match self.since() {
                Some(since) if ends(change) <= since => Concern::Past,
                _ => Concern::Subject,
            },
        }
    }

    /// Since when the subject may have taken traffic.
    fn since(&self) -> Option<Timestamp> {
        match &self.release.state {
            State::Deploying(deploying) => Some(deploying.since),
            _ => self.release.subject().and_then(|subject| subject.activated_at),
        }
    }
}

/// The end of the data behind an alarm.
fn ends(change: &AlarmChange) -> Timestamp {
    change.datapoints.and_then(|data| data.until).unwrap_or(change.at)
}

/// An alarm without the dimension still names a config by its name, or by the alarms that tripped it, if Pawl
/// made them.
fn names_config<'a>(change: &AlarmChange, mut configs: impl Iterator<Item = &'a ConfigName>) -> Option<bool> {
    let names = std::iter::once(&change.name).chain(&change.triggered_by);
    let ours: Vec<&String> = names.filter(|name| name.starts_with("pawl-")).collect();
    (!ours.is_empty()).then(|| {
        configs.any(|config| {
            let prefix = format!("pawl-{config}-");
            ours.iter().any(|name| name.starts_with(&prefix))
        })
    })
}
