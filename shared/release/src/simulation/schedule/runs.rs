//! Executions of the retraining state machine: new runs, and how each goes on.

use jiff::Timestamp;

use super::super::world::*;
use super::types::{Deploy, Job, Phase, Run, Schedule};
use crate::*;
use pawl_base::names::Generation;
use pawl_ledger::events::*;

impl Schedule {
    pub(in crate::simulation) fn run_goes_on(&mut self, number: usize, answer: Option<Reply>) {
        let mut run = self.runs[number].clone();
        let mut world = self.world.lock().unwrap();
        world.note(|| format!("run {} in {:?}: {answer:?}", run.candidate.generation, run.phase));
        let mut pause = 60 * SECOND;
        let Some(answer) = answer else {
            // Step Functions retries, then catches.
            run.tries += 1;
            if run.tries > 4 {
                run.phase = Phase::Over;
            }
            let after = world.rng.range(1, 60) * SECOND;
            world.at(after, Happening::RunStep(number));
            drop(world);
            self.runs[number] = run;
            return;
        };
        run.tries = 0;
        if run.phase == Phase::Guard {
            run.tries_until = world.now + 860 * SECOND;
        }
        run.phase = match (run.phase, answer) {
            (Phase::Guard, Reply::DeployCreate { config, .. }) => {
                run.asked = config;
                pause = world.rng.range(1, 600) * SECOND;
                Phase::Deploy(Deploy::Create)
            }
            (Phase::Guard, Reply::DeployUpdate { call }) => {
                world.check_instances(&call, &run.candidate);
                let last = std::mem::replace(&mut run.asked, call.config);
                if world.endpoint.serving.as_ref() == Some(&last) && world.rng.chance(300) {
                    let event = late_look(run.candidate.generation, last, time(world.now));
                    let after = world.rng.range(1, TIMEOUT);
                    world.at(after, Happening::Deliver { event, tries: 0 });
                }
                // Seldom just before its permission ends, which began while it was asked for.
                let late = world.rng.chance(50);
                pause = if late { world.rng.range(800, 839) } else { world.rng.range(1, 600) } * SECOND;
                Phase::Deploy(Deploy::Update)
            }
            (Phase::Guard, Reply::Wait) => Phase::Observe,
            (Phase::Guard | Phase::Failed, _) => Phase::Over,
            (_, Reply::Wait | Reply::RollingBack) => Phase::Observe,
            (_, Reply::GoOn) => Phase::Guard,
            (_, Reply::KeepWatching { .. }) => Phase::Watch,
            (_, Reply::NeedsApproval { .. }) => {
                pause = 20 * MINUTE;
                Phase::Watch
            }
            _ => Phase::Over,
        };
        if run.phase != Phase::Over {
            world.at(pause, Happening::RunStep(number));
        }
        drop(world);
        self.runs[number] = run;
    }

    pub(in crate::simulation) fn new_run(&mut self) {
        let mut world = self.world();
        let generation = self.runs.len() as u64 + 1;
        let nature = match world.rng.range(0, 20) {
            0..8 => Nature::Good,
            8 => Nature::Blip(world.rng.range(40, 150) * MINUTE),
            9..13 => Nature::Bad(world.rng.range(1, 9) * MINUTE),
            13..15 => Nature::Bad(world.rng.range(9, 200) * MINUTE),
            15..16 => Nature::Flapping,
            16 => Nature::Wavering,
            17 => Nature::Dumb,
            18 => Nature::Mute,
            _ => Nature::Idle,
        };
        // Sometimes the data is the same as before.
        let dataset = if world.rng.chance(200) { generation.saturating_sub(1) } else { generation };
        let mut candidate = world.new_config(generation, nature, dataset);
        // A mistake: the name of a config that was used before, and its run may come back meanwhile.
        if generation > 1 && world.rng.chance(60) {
            candidate.config =
                ConfigName(format!("bike-{}", world.rng.range(1, i64::try_from(generation).unwrap())));
            let after = world.rng.range(1, 6) * MINUTE;
            world.at(after, Happening::Zombie);
        }
        if let Some(kind) = world.trial {
            world.new_trial(&candidate, kind);
        }
        world.note(|| format!("run {generation} brings {} ({nature:?})", candidate.config));
        let number = self.runs.len();
        world.at(0, Happening::RunStep(number));
        if world.rng.chance(20) {
            // Somebody is at the console just when a run begins.
            let after = world.rng.range(2, 120) * SECOND;
            world.at(after, Happening::Console);
        }
        drop(world);
        let asked = candidate.config.clone();
        self.runs.push(Run { candidate, asked, phase: Phase::Guard, tries: 0, tries_until: 0 });
    }

    pub(in crate::simulation) fn run_step(&mut self, number: usize) {
        let run = self.runs[number].clone();
        let mut world = self.world();
        if run.phase == Phase::Over {
            return;
        }
        if !self.quiet && world.rng.chance(15) {
            world.coverage.count("run died");
            world.note(|| format!("run {} dies", run.candidate.generation));
            drop(world);
            self.runs[number].phase = Phase::Over;
            return;
        }
        if let Phase::Deploy(deploy) = run.phase {
            let (before, begun) = (world.look(time(world.now)), world.now);
            let next = Self::deploy(&mut world, &run.asked, deploy);
            let pause = if next == Phase::Deploy(deploy) { 20 } else { world.rng.range(1, 46) };
            world.at(pause * SECOND, Happening::RunStep(number));
            if before.status == EndpointStatus::InService && world.rng.chance(200) {
                // Somebody looked right before, and is held up on the way to the record.
                let event =
                    Event::EndpointObserved(EndpointObservation { look: before, by: Observer::Reconciler });
                let after = world.rng.range(1, TIMEOUT);
                world.at(after, Happening::Deliver { event, tries: 0 });
            }
            drop(world);
            self.runs[number].tries += 1;
            // Busy for ever: the Catch.
            let gives_up = self.runs[number].tries > 5 || begun > run.tries_until - 20 * SECOND;
            self.runs[number].phase = if gives_up && next == run.phase { Phase::Failed } else { next };
            return;
        }
        drop(world);
        self.call(Job::Run { run: number });
    }

    /// The state machine's own call of SageMaker.
    pub(in crate::simulation) fn deploy(world: &mut World, config: &ConfigName, deploy: Deploy) -> Phase {
        if world.fault() {
            return Phase::Failed;
        }
        let exists = world.endpoint.status != EndpointStatus::Absent;
        if exists != (deploy == Deploy::Update) {
            return Phase::Failed;
        }
        world.about_to_deploy(config);
        let outcome = world.start_update(config, deploy == Deploy::Update);
        match outcome {
            // Accepted, but the answer was lost.
            ActionResult::Done if world.fault() => Phase::Failed,
            ActionResult::Done => Phase::Observe,
            ActionResult::Busy => Phase::Deploy(deploy),
            _ => Phase::Failed,
        }
    }
}

/// A look at the run's last stage, by a call that was held up on its way to the record.
fn late_look(generation: Generation, stage: ConfigName, at: Timestamp) -> Event {
    let by = Observer::Run { generation, config: stage.clone() };
    let look = EndpointDescription {
        status: EndpointStatus::InService,
        config: Some(stage),
        at,
        origin: EndpointOrigin::NotAsked,
    };
    Event::EndpointObserved(EndpointObservation { look, by })
}
