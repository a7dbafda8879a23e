//! The watch: proven good, proven bad, or neither yet.

use jiff::Timestamp;

use super::turn::Turn;
use crate::alarms;
use crate::audit::ReleaseRule;
use crate::cause::Cause;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::observation::{AlarmReading, WatchReading};
use crate::state::{Smoke, State, StateName};
use crate::strategy::EndpointKind;
use pawl_gate::live::LiveVerdict;
use pawl_ledger::events::{AlarmChange, AlarmShape, AlarmState, Suppression};

impl Turn<'_> {
    pub(super) fn watch_tick(&mut self, reading: &WatchReading) -> ReleaseRule {
        let Some(current) = self.release.current.clone() else { return ReleaseRule::Logged };
        self.subject = Some(current.generation);
        if reading.config != current.config {
            return ReleaseRule::Logged;
        }
        let State::Watching(watching) = self.release.state.clone() else {
            return self.read_after_watch(reading);
        };
        let mut fires = reading.alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
        if let Some(alarm) = fires.clone().find(|alarm| is_own(alarm, &current.config)) {
            return self.begin_rollback(Cause::Alarm { alarm: alarm.name.clone() });
        }
        if let Some(rule) = self.decide_if_overdue() {
            return rule;
        }
        let verdict = reading.trial.as_ref().map(|trial| trial.verdict);
        if let Some(trial) = reading.trial.as_ref().filter(|trial| trial.verdict == LiveVerdict::Harm) {
            return self.begin_rollback(Cause::Trial { reason: trial.reason.clone() });
        }
        if let Some(alarm) = fires.next() {
            self.compare_fleets(&self.as_change(alarm));
        }
        let calm = |name: &String| {
            reading.alarms.iter().any(|alarm| alarm.name == *name && alarm.state == AlarmState::Ok)
        };
        let proven = !current.alarms.is_empty()
            && current.alarms.iter().all(calm)
            && watching.smoke == Smoke::Passed
            && match current.trial {
                None => {
                    reading.requests.is_some_and(|requests| requests >= self.policy.alarms.minimum_requests)
                }
                // A lock forbids a deployment, and this would be one.
                Some(_) => verdict == Some(LiveVerdict::Promote) && self.release.freeze.is_none(),
            };
        if self.now < watching.until {
            ReleaseRule::KeepWatching
        } else if proven {
            self.pass_stage()
        } else if self.now < watching.deadline && verdict != Some(LiveVerdict::NeedsApproval) {
            ReleaseRule::ExtendWatch
        } else {
            self.ask_person(&current, reading, watching.smoke)
        }
    }

    /// After its watch, a config's alarms are still read: an alarm's event may have been lost or have come in
    /// the cool-down, and an alarm that stays on sends no second event.
    fn read_after_watch(&mut self, reading: &WatchReading) -> ReleaseRule {
        let mut fires = reading.alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
        let own = fires.clone().find(|alarm| is_own(alarm, &reading.config));
        match (own, self.release.state.name()) {
            (Some(alarm), StateName::Stable) => self.alarm_read(&self.as_change(alarm), Some(alarm.state)),
            (Some(alarm), StateName::CoolDown) => self.fires_after_rollback(&self.as_change(alarm)),
            (None, StateName::Stable | StateName::CoolDown) => match fires.next() {
                Some(alarm) => {
                    let name = &alarm.name;
                    self.page_once(&format!("further:{name}"), format!("{name} fires: a shared cause?"));
                    ReleaseRule::SharedCause
                }
                None => ReleaseRule::Logged,
            },
            _ => ReleaseRule::Logged,
        }
    }

    /// An alarm's reading as an alarm change. Its time is at most one evaluation window old: an alarm that
    /// has been on for long still rests on current data.
    fn as_change(&self, alarm: &AlarmReading) -> AlarmChange {
        let window = alarms::window(&self.policy.alarms, &alarm.name).signed();
        let rests_on = self.now.saturating_sub(window).unwrap_or(Timestamp::MIN);
        AlarmChange {
            arn: alarm.name.clone(),
            name: alarm.name.clone(),
            state: alarm.state,
            previous: None,
            at: alarm.since.max(rests_on),
            shape: AlarmShape::Unknown,
            reason: String::new(),
            endpoint: None,
            config: None,
            datapoints: None,
            suppression: Suppression::None,
            triggered_by: Vec::new(),
        }
    }

    fn ask_person(&mut self, current: &Deployment, reading: &WatchReading, smoke: Smoke) -> ReleaseRule {
        let config = &current.config;
        let missing = self.missing_proofs(current, reading, smoke);
        let until = self.later(self.policy.decision);
        let State::Watching(watching) = &mut self.release.state else { return ReleaseRule::Logged };
        if watching.decide_by.is_none() {
            watching.decide_by = Some(until);
            self.page(format!(
                "nothing proves {config} good or bad ({missing}): `pawl force` keeps it, `pawl rollback` \
                takes it out, at {until} it is taken out"
            ));
        }
        ReleaseRule::AskPerson
    }

    /// What is missing for a proof, in plain words.
    fn missing_proofs(&self, current: &Deployment, reading: &WatchReading, smoke: Smoke) -> String {
        let mut missing: Vec<String> = Vec::new();
        for name in &current.alarms {
            match reading.alarms.iter().find(|alarm| alarm.name == *name).map(|alarm| alarm.state) {
                Some(AlarmState::Ok) => {}
                Some(AlarmState::InsufficientData) => missing.push(format!("{name} has no data")),
                Some(AlarmState::Alarm) => missing.push(format!("{name} fires")),
                None => missing.push(format!("{name} is not there")),
            }
        }
        if smoke != Smoke::Passed {
            missing.push("no real rows were answered".to_owned());
        }
        let least = self.policy.alarms.minimum_requests;
        match (&current.trial, reading.requests, &reading.trial) {
            (None, None, _) => missing.push("its requests could not be counted".to_owned()),
            (None, Some(requests), _) if requests < least => {
                missing.push(format!("{requests} of {least} requests came"));
            }
            (Some(_), _, Some(trial)) => missing.push(trial.reason.clone()),
            (Some(_), _, None) => missing.push("the trial was not compared".to_owned()),
            (None, Some(_), _) => {}
        }
        if !missing.is_empty() && (current.kind == EndpointKind::Serverless || current.trial.is_some()) {
            // Not documented for these: see docs/first-account.md.
            missing.push("CloudWatch may have no metrics by config for what serves this way".to_owned());
        }
        missing.join("; ")
    }

    /// The time for a person to decide is over: the config is rolled back.
    pub(super) fn decide_if_overdue(&mut self) -> Option<ReleaseRule> {
        match &self.release.state {
            State::Watching(watching) if watching.decide_by.is_some_and(|by| self.now >= by) => {
                Some(self.begin_rollback(Cause::Unproven))
            }
            _ => None,
        }
    }
}

/// Whether Pawl made the alarm for this config.
fn is_own(alarm: &AlarmReading, config: &ConfigName) -> bool {
    alarm.name.starts_with(&format!("pawl-{config}-"))
}
