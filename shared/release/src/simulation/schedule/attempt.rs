//! One schedule from its seed to its end: what is planned, how long it runs, and what must hold then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::super::coverage::Coverage;
use super::super::rng::Rng;
use super::super::world::*;
use super::types::Schedule;
use crate::*;
use pawl_base::duration::Duration;
use pawl_base::names::Generation;
use pawl_gate::live::LivePolicy;
use pawl_ledger::events::*;

/// How long things happen.
const HORIZON: i64 = 6 * HOUR;
/// How long the world is then left to come to rest: longer than bake, patience and decision together.
const REST: i64 = 6 * HOUR;

/// Runs one schedule; the error tells which rule broke, with the log of what led to it.
pub(in crate::simulation) fn run(seed: u64) -> Result<Coverage, String> {
    match attempt(seed, false) {
        Ok(coverage) => Ok(coverage),
        Err(_) => Err(attempt(seed, true).err().unwrap_or_else(|| "the seed does not replay".to_owned())),
    }
}

fn attempt(seed: u64, log: bool) -> Result<Coverage, String> {
    let mut world = World::new(seed, 0, log);
    world.faults = world.rng.pick(&[0, 0, 5, 30, 120]);
    let deaths = world.rng.pick(&[0, 0, 5, 30]);
    // A simple rule of the team's, or a config that Pawl itself releases and may have taken out by then.
    let fallback: Option<ConfigName> =
        world.rng.chance(150).then(|| world.rng.pick(&["simple", "bike-2"]).into());
    world.fallback.clone_from(&fallback);
    if seed.is_multiple_of(29) {
        world.squat();
    }
    if fallback.as_ref().is_some_and(|config| config.0 == "simple") {
        let simple = world.new_config(0, Nature::Good, 0);
        let simple = Config {
            deployment: Deployment::new(Generation(0), "simple"),
            ..world.configs[&simple.config].clone()
        };
        world.configs = BTreeMap::from([("simple".into(), simple)]);
    }
    if world.rng.chance(120) {
        let action = world.rng.pick(&[
            "put_alarms",
            "update_endpoint",
            "await_config",
            "smoke_test",
            "read_alarm",
            "compare_fleets",
            "reject_package",
            "quarantine_dataset",
            "record_outcome",
            "upkeep",
            "notify",
            "page",
            "recreate_endpoint",
            "describe_endpoint",
        ]);
        let denial = world.rng.pick(&[Denial::Refused, Denial::Throttled]);
        world.denied = Some((action, denial));
        world.note(|| format!("{action} never works: {denial:?}"));
    }
    let trial = world.rng.chance(350).then(|| {
        let at_most = Duration::seconds(90 * 60);
        let judge = LivePolicy { gain: 0.05, ..LivePolicy::default() };
        match world.rng.chance(500) {
            true => Trial::Shadow { at_most, judge },
            false => Trial::Ab { percent: 50, at_most, judge },
        }
    });
    world.trial = trial.as_ref().map(Trial::kind);
    let notify_only = world.rng.chance(100);
    world.notify_only = notify_only;
    let further = world.rng.chance(300);
    let mut business = Alarm::new(0);
    business.turn(AlarmState::Ok, 0);
    world.alarms.insert("business".to_owned(), business);
    let policy = Policy {
        bake: Duration::seconds(600),
        patience: Duration::seconds(1800),
        decision: Duration::seconds(7200),
        fallback,
        trial,
        alarms: AlarmPolicy {
            further: further.then(|| "business".to_owned()).into_iter().collect(),
            ..AlarmPolicy::default()
        },
        when_stable: if notify_only { WhenStable::Notify } else { WhenStable::RollBack },
        ..Policy::default()
    };
    let mut schedule = Schedule {
        world: Arc::new(Mutex::new(world)),
        calls: Vec::new(),
        runs: Vec::new(),
        policy: Arc::new(policy),
        made: 0,
        deaths,
        quiet: false,
    };
    schedule.plan();
    schedule.work(HORIZON);
    schedule.calm();
    schedule.work(HORIZON + REST);
    if !schedule.world().is_at_rest() {
        // Something began just at the end, such as a rollback after a cool-down.
        schedule.work(HORIZON + REST + 2 * HOUR);
    }
    let mut world = schedule.world.lock().unwrap();
    if world.broken.is_none() {
        world.check_rest();
    }
    match world.broken.take() {
        None => Ok(std::mem::take(&mut world.coverage)),
        Some(broken) => {
            let log = world.log.take().unwrap_or_default();
            Err(format!("{broken}\n{}", log.join("\n")))
        }
    }
}

impl Schedule {
    pub(in crate::simulation) fn plan(&self) {
        let mut world = self.world();
        let runs = world.rng.range(2, 6);
        let mut at = 0;
        for _ in 0..runs {
            world.at(at, Happening::NewRun);
            // Mostly after the last one is over, sometimes in its midst.
            at += if world.rng.chance(250) { world.rng.range(0, 30) } else { world.rng.range(30, 100) }
                * MINUTE;
        }
        let mut some = |most: i64, what: fn(&mut Rng) -> Happening| {
            for _ in 0..world.rng.range(0, most + 1) {
                let (after, what) = (world.rng.range(0, HORIZON), what(&mut world.rng));
                world.at(after, what);
            }
        };
        some(2, |rng| {
            Happening::Person(rng.pick(&[
                Verb::Rollback,
                Verb::Rollback,
                Verb::Freeze,
                Verb::Unfreeze,
                Verb::Force,
            ]))
        });
        some(2, |rng| Happening::Person(rng.pick(&[Verb::Force, Verb::Unfreeze, Verb::Force])));
        some(1, |_| Happening::Reject);
        some(1, |_| Happening::SharedAlarm(AlarmState::Alarm));
        some(3, |_| Happening::Noise);
        some(2, |_| Happening::Zombie);
        some(4, |_| Happening::Echo);
        some(1, |rng| Happening::Maintenance(rng.range(1, 40) * MINUTE));
        for (per_mille, what) in
            [(200, Happening::DeleteConfig), (100, Happening::DeleteConfig), (50, Happening::Console)]
        {
            if world.rng.chance(per_mille) {
                let after = world.rng.range(HOUR, HORIZON);
                world.at(after, what);
            }
        }
        if self.policy.fallback.is_some() {
            // Only what was gone back to can be taken out in its turn.
            for _ in 0..4 {
                let after = world.rng.range(0, HORIZON);
                world.at(after, Happening::Person(Verb::Rollback));
            }
        }
        world.at(5 * MINUTE, Happening::Reconcile);
    }

    /// No more faults, deaths or surprises: only what is under way goes on.
    pub(in crate::simulation) fn calm(&mut self) {
        (self.deaths, self.quiet) = (0, true);
        let mut world = self.world();
        world.faults = 0;
        // AWS recovers: a rollback that was held up goes on.
        let recovers = |(name, how): &mut (&str, Denial)| {
            *how == Denial::Throttled
                && ["update_endpoint", "recreate_endpoint", "await_config"].contains(name)
        };
        world.denied.take_if(recovers);
        world.now = world.now.max(HORIZON);
        world.last_stir = world.now;
        world.queue.retain(|_, what| {
            !matches!(
                what,
                Happening::NewRun
                    | Happening::Person(_)
                    | Happening::Reject
                    | Happening::SharedAlarm(AlarmState::Alarm)
                    | Happening::Noise
                    | Happening::Echo
                    | Happening::Zombie
                    | Happening::DeleteConfig
                    | Happening::Console
            )
        });
        world.note(|| "calm".to_owned());
    }
}
