//! What people, AWS and noise do to the endpoint.

use std::collections::BTreeSet;

use super::super::world::*;
use super::types::{Job, Phase, Schedule};
use crate::*;
use pawl_ledger::events::*;

impl Schedule {
    pub(in crate::simulation) fn happen(&mut self, what: Happening) {
        match what {
            Happening::Deliver { event, tries } => self.call(Job::Deliver { event, tries }),
            Happening::Reconcile => {
                self.world().at(10 * MINUTE, Happening::Reconcile);
                self.call(Job::Reconcile);
            }
            Happening::NewRun => self.new_run(),
            Happening::RunStep(number) => self.run_step(number),
            Happening::EndUpdate(number) => self.world().end_update(number),
            Happening::Judge { config, to, stretch } => self.world().judge(&config, to, stretch),
            Happening::Fade { config } => self.world().fade(&config),
            Happening::Echo => self.world().echo(),
            Happening::Person(verb) => self.person(verb),
            Happening::Reject => self.reject(),
            Happening::SharedAlarm(to) => self.shared_alarm(to),
            Happening::Noise => self.noise(),
            Happening::Zombie => self.zombie(),
            Happening::Maintenance(span) => self.maintenance(span),
            Happening::DeleteConfig => self.delete_config(),
            Happening::Console => self.console(),
        }
    }

    pub(in crate::simulation) fn person(&mut self, verb: Verb) {
        self.made += 1;
        let mut world = self.world.lock().unwrap();
        let event = Event::Operator(Operator {
            verb,
            who: "ada".to_owned(),
            why: "a reason".to_owned(),
            model: None,
            region: None,
            at: Some(time(world.now)),
            key: format!("operator:{}", self.made),
        });
        world.note(|| format!("a person asks: {verb:?}"));
        for _ in 0..world.rng.pick(&[1, 1, 1, 2]) {
            let after = world.rng.range(0, 30) * SECOND;
            world.at(after, Happening::Deliver { event: event.clone(), tries: 0 });
        }
    }

    /// A person rejects the package of what serves, of what comes, or of an older one.
    pub(in crate::simulation) fn reject(&mut self) {
        let mut world = self.world();
        let packages: BTreeSet<String> =
            world.configs.values().filter_map(|config| config.deployment.package.clone()).collect();
        let packages: Vec<String> = packages.into_iter().collect();
        if packages.is_empty() {
            return;
        }
        let package = packages[world.rng.index(packages.len())].clone();
        world.truth.rejected_by_person.insert(package.clone());
        world.note(|| format!("a person rejects {package}"));
        if world.rng.chance(300) {
            world.coverage.count("rejection lost");
            return;
        }
        let event = rejection(&package, time(world.now));
        world.at(SECOND, Happening::Deliver { event, tries: 0 });
    }

    /// An alarm that names no config; it watches every deployment.
    pub(in crate::simulation) fn shared_alarm(&mut self, to: AlarmState) {
        let mut world = self.world();
        let now = world.now;
        world.alarms.entry("business".to_owned()).or_insert_with(|| Alarm::new(now)).turn(to, now);
        world.announce("business", None, to);
        if to == AlarmState::Alarm {
            let after = world.rng.range(5, 60) * MINUTE;
            world.at(after, Happening::SharedAlarm(AlarmState::Ok));
        }
    }

    /// Alarms that must not matter: of another endpoint, held back by a suppressor, or on data from before
    /// the activation.
    pub(in crate::simulation) fn noise(&mut self) {
        let mut world = self.world();
        let Some(serving) = world.endpoint.serving.clone() else { return };
        let mut change = if world.rng.chance(500) {
            let Some((release, _)) = world.record.clone() else { return };
            let since = match &release.state {
                State::Deploying(deploying) => Some(deploying.since),
                _ => release.subject().and_then(|subject| subject.activated_at),
            };
            let (Some(since), Some(subject)) = (since, release.subject()) else { return };
            let name = format!("pawl-{}-errors", subject.config);
            let mut change = world.change(&name, Some(&subject.config), AlarmState::Alarm);
            change.datapoints = Some(Datapoints { from: since, until: Some(since) });
            change
        } else if world.rng.chance(500) {
            let mut change = world.change("other-errors", None, AlarmState::Alarm);
            change.endpoint = Some("other".to_owned());
            change
        } else {
            let mut change =
                world.change(&format!("pawl-{serving}-errors"), Some(&serving), AlarmState::Alarm);
            change.suppression = Suppression::Suppressed;
            change
        };
        change.reason = "noise".to_owned();
        world.send(&change);
    }

    /// Step Functions repeats a step of a run that is over.
    pub(in crate::simulation) fn zombie(&mut self) {
        let mut world = self.world.lock().unwrap();
        let over: Vec<usize> =
            (0..self.runs.len()).filter(|run| self.runs[*run].phase == Phase::Over).collect();
        if over.is_empty() {
            return;
        }
        let run = over[world.rng.index(over.len())];
        let phase = world.rng.pick(&[Phase::Guard, Phase::Observe, Phase::Failed]);
        world.note(|| format!("run {} comes back in {phase:?}", run + 1));
        drop(world);
        self.runs[run].phase = phase;
        self.call(Job::Run { run });
        self.runs[run].phase = Phase::Over;
    }

    /// AWS takes the endpoint for itself for a while.
    pub(in crate::simulation) fn maintenance(&mut self, span: i64) {
        let mut world = self.world();
        match world.endpoint.status {
            EndpointStatus::InService if world.endpoint.update.is_none() => {
                world.coverage.count("maintenance");
                (world.endpoint.status, world.endpoint.since) = (EndpointStatus::SystemUpdating, world.now);
                world.at(span, Happening::Maintenance(0));
            }
            EndpointStatus::SystemUpdating => {
                (world.endpoint.status, world.endpoint.since) = (EndpointStatus::InService, world.now);
            }
            _ => {}
        }
    }

    /// Somebody tidies up: a config that does not serve, or a model's artefact, which does not even stop what
    /// serves.
    pub(in crate::simulation) fn delete_config(&mut self) {
        let mut world = self.world();
        let artefact = world.rng.chance(400);
        let idle: Vec<ConfigName> = world
            .configs
            .keys()
            .filter(|config| (artefact || !world.has_traffic(config)) && world.endpoint.serving.is_some())
            .cloned()
            .collect();
        if !idle.is_empty() {
            let config = idle[world.rng.index(idle.len())].clone();
            world.coverage.count("target deleted");
            world.note(|| format!("somebody deletes {config}"));
            let now = world.now;
            let config = world.configs.get_mut(&config).unwrap();
            (config.exists, config.gone_at) = (false, Some(now));
        }
    }

    /// Somebody moves the endpoint by hand.
    pub(in crate::simulation) fn console(&mut self) {
        let mut world = self.world();
        if world.endpoint.status == EndpointStatus::InService && world.endpoint.update.is_none() {
            world.coverage.count("console");
            world.truth.console = true;
            let stranger = world.new_config(999, Nature::Good, 999);
            world.note(|| "somebody moves the endpoint by hand".to_owned());
            world.start_update(&stranger.config, false);
            // A small update, which may be over before a run begins its own, and is seen.
            let (number, takes) = (world.updates, world.rng.range(30, 400) * SECOND);
            world.at(takes, Happening::EndUpdate(number));
            for after in [takes / 2, takes + 5 * SECOND] {
                world.at(after, Happening::Deliver { event: Event::EndpointHinted, tries: 0 });
            }
        }
    }
}
