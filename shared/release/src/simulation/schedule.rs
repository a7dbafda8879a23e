//! One schedule: who comes when, who is interrupted, who dies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;

use super::effects::Hands;
use super::world::*;
use crate::*;
use pawl_base::duration::Duration;
use pawl_base::names::{Generation, ModelName};
use pawl_gate::live::LivePolicy;
use pawl_ledger::events::*;
use pawl_ledger::ledger::Keys;

/// What a schedule came upon: worlds that no longer reach something test less than they seem to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    counts: BTreeMap<&'static str, u64>,
    rules: BTreeMap<Rule, u64>,
}

/// What ten thousand schedules must have come upon.
const MUST: &[&str] = &[
    "conflict",
    "write without an answer",
    "throttled",
    "call killed",
    "call timed out",
    "update done",
    "update silently undone",
    "endpoint failed",
    "update rollback failed",
    "promoted",
    "rolled back",
    "abandoned",
    "unproven",
    "upkeep",
    "trial better",
    "trial worse",
    "trial open",
    "trial undecided",
    "target deleted",
    "run died",
    "console",
    "maintenance",
];
const MUST_RULES: &[Rule] = &[
    Rule::Stale,
    Rule::AlreadyRollingBack,
    Rule::Granted,
    Rule::Held,
    Rule::Abandoned,
    Rule::ConfirmAlarm,
    Rule::Unconfirmed,
    Rule::CompareFleets,
    Rule::QueueIntent,
    Rule::Watch,
    Rule::AskPerson,
    Rule::TrialWon,
    Rule::Promoted,
    Rule::RollBack,
    Rule::RolledBack,
    Rule::GuardrailRolledBack,
    Rule::Retry,
    Rule::GaveUp,
    Rule::NoTarget,
    Rule::Paged,
    Rule::SharedCause,
    Rule::PackageRejected,
    Rule::Frozen,
    Rule::Unfrozen,
    Rule::Forced,
    Rule::TryLater,
];

impl Coverage {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(super) fn has(&self, what: &'static str) -> bool {
        self.counts.contains_key(what)
    }

    pub(super) fn came_to(&self, rule: Rule) -> bool {
        self.rules.contains_key(&rule)
    }

    pub(super) fn rule(&mut self, rule: Rule) {
        *self.rules.entry(rule).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        other.counts.iter().for_each(|(what, n)| *self.counts.entry(what).or_default() += n);
        other.rules.iter().for_each(|(rule, n)| *self.rules.entry(*rule).or_default() += n);
    }

    pub(super) fn missing(&self) -> Vec<String> {
        let counts = MUST.iter().filter(|what| !self.has(what)).map(ToString::to_string);
        // Duplicates and late comers change nothing, so they leave no audit to count.
        let rules = MUST_RULES.iter().filter(|rule| !self.rules.contains_key(rule));
        counts.chain(rules.map(|rule| format!("{rule:?}"))).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.iter().map(|(what, n)| format!("{what} {n}"));
        let rules = self.rules.iter().map(|(rule, n)| format!("{rule:?} {n}"));
        f.write_str(&counts.chain(rules).collect::<Vec<_>>().join(", "))
    }
}

/// A call of the rollback handler under way.
struct Call {
    future: Pin<Box<dyn Future<Output = Result<Answer, DriverError>> + Send>>,
    begun: i64,
    job: Job,
}

/// Why it was called, and what follows.
#[derive(Debug, Clone)]
enum Job {
    Deliver { event: Event, tries: u8 },
    Run { run: usize },
    Reconcile,
}

/// An execution of the retraining state machine, from its Guard on.
#[derive(Debug, Clone)]
struct Run {
    candidate: Deployment,
    /// The config that it last asked for.
    asked: ConfigName,
    phase: Phase,
    tries: u8,
    /// Step Functions tries its call for a minute: the last try comes before the permission ends.
    tries_until: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Guard,
    Deploy(Deploy),
    Failed,
    Observe,
    Watch,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deploy {
    Create,
    Update,
}

struct Schedule {
    world: Arc<Mutex<World>>,
    calls: Vec<Call>,
    runs: Vec<Run>,
    policy: Arc<Policy>,
    made: u64,
    /// Functions that die, per mille of all awaits.
    deaths: u64,
    quiet: bool,
}

pub(super) fn rejection(package: &str, at: Timestamp) -> Event {
    Event::Package(PackageChange {
        arn: package.to_owned(),
        group: None,
        approval: Approval::Rejected,
        why: None,
        at,
    })
}

/// Runs one schedule; the error tells which rule broke, with the log of what led to it.
pub(super) fn run(seed: u64) -> Result<Coverage, String> {
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

/// How long things happen.
const HORIZON: i64 = 6 * HOUR;
/// How long the world is then left to come to rest: longer than bake, patience and decision together.
const REST: i64 = 6 * HOUR;

impl Schedule {
    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn plan(&self) {
        let mut world = self.world();
        let runs = world.rng.range(2, 6);
        let mut at = 0;
        for _ in 0..runs {
            world.at(at, Happening::NewRun);
            // Mostly after the last one is over, sometimes in its midst.
            at += if world.rng.chance(250) { world.rng.range(0, 30) } else { world.rng.range(30, 100) }
                * MINUTE;
        }
        let mut some = |most: i64, what: fn(&mut super::rng::Rng) -> Happening| {
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
    fn calm(&mut self) {
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

    fn work(&mut self, until: i64) {
        loop {
            let mut world = self.world();
            if world.broken.is_some() || world.now >= until {
                return;
            }
            if self.quiet && self.calls.is_empty() && world.is_over() {
                return;
            }
            let next = world.queue.keys().next().map(|(at, _)| *at);
            let due = next.is_some_and(|at| at <= world.now);
            // A call may hang while the world goes on.
            let jump = self.calls.is_empty() || (!self.quiet && world.rng.chance(10));
            let take = next.is_some() && (jump || (due && world.rng.chance(500)));
            if take {
                let ((at, _), what) = world.queue.pop_first().unwrap();
                world.now = world.now.max(at);
                drop(world);
                self.happen(what);
            } else if self.calls.is_empty() {
                return;
            } else {
                let index = world.rng.index(self.calls.len());
                drop(world);
                self.poll(index);
            }
        }
    }

    fn poll(&mut self, index: usize) {
        let mut world = self.world();
        let call = &self.calls[index];
        let late = world.now - call.begun > TIMEOUT;
        let dies = late || world.rng.chance(self.deaths);
        drop(world);
        if dies {
            let call = self.calls.swap_remove(index);
            let mut world = self.world();
            world.coverage.count(if late { "call timed out" } else { "call killed" });
            world.note(|| format!("a call dies: {:?}", name(&call.job)));
            drop(world);
            return self.after(call.job, None);
        }
        let call = &mut self.calls[index];
        let polled = call.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(result) = polled {
            let call = self.calls.swap_remove(index);
            self.after(call.job, result.ok());
        }
    }

    fn call(&mut self, job: Job) {
        self.made += 1;
        let hands = Hands { world: self.world.clone(), holder: format!("call-{}", self.made) };
        let (policy, work, runs) = (self.policy.clone(), job.clone(), &self.runs);
        let run = match &job {
            Job::Run { run } => Some(runs[*run].clone()),
            _ => None,
        };
        let future = async move {
            let keys = Keys::new(&ModelName::try_from(ENDPOINT.to_owned()).unwrap());
            let lease = Duration::seconds(u64::try_from(TIMEOUT / SECOND).unwrap());
            let caller = Caller { id: hands.holder.clone(), lease };
            let driver = Driver::new(&hands, hands.clone(), || hands.now(), keys, &policy, caller);
            match (work, run) {
                (Job::Deliver { event, .. }, _) => driver.handle(&event).await,
                (Job::Run { .. }, Some(run)) => {
                    let generation = run.candidate.generation;
                    match run.phase {
                        Phase::Guard => driver.guard(run.candidate).await,
                        Phase::Failed => driver.report_failure(generation, "no quota".to_owned()).await,
                        Phase::Observe => driver.observe(generation, run.asked).await,
                        _ => driver.watch(generation, run.asked).await,
                    }
                }
                _ => driver.reconcile().await.map(|_| Answer::Noted),
            }
        };
        let begun = self.world().now;
        self.calls.push(Call { future: Box::pin(future), begun, job });
    }

    /// A call ended: with an answer, or without (dead, or failed).
    fn after(&mut self, job: Job, answer: Option<Answer>) {
        let mut world = self.world();
        match (job, answer) {
            (Job::Reconcile, _) => {}
            (Job::Deliver { event, .. }, Some(_)) => world.check_heard(&event),
            // Lambda tries an event twice more, then it lies in the dead-letter queue.
            (Job::Deliver { event, tries }, None) => {
                if tries < 2 {
                    let after = world.rng.range(30, 180) * SECOND;
                    world.at(after, Happening::Deliver { event, tries: tries + 1 });
                }
            }
            (Job::Run { run }, answer) => {
                drop(world);
                self.run_goes_on(run, answer);
            }
        }
    }

    fn run_goes_on(&mut self, number: usize, answer: Option<Answer>) {
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
            (Phase::Guard, Answer::DeployCreate { config, .. }) => {
                run.asked = config;
                pause = world.rng.range(1, 600) * SECOND;
                Phase::Deploy(Deploy::Create)
            }
            (Phase::Guard, Answer::DeployUpdate { call }) => {
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
            (Phase::Guard, Answer::Wait) => Phase::Observe,
            (Phase::Guard | Phase::Failed, _) => Phase::Over,
            (_, Answer::Wait | Answer::RollingBack) => Phase::Observe,
            (_, Answer::GoOn) => Phase::Guard,
            (_, Answer::KeepWatching { .. }) => Phase::Watch,
            (_, Answer::NeedsApproval { .. }) => {
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

    fn happen(&mut self, what: Happening) {
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

    fn new_run(&mut self) {
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

    fn run_step(&mut self, number: usize) {
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
                let event = Event::EndpointObserved(Observation { look: before, by: Observer::Reconciler });
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
    fn deploy(world: &mut World, config: &ConfigName, deploy: Deploy) -> Phase {
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
            Outcome::Done if world.fault() => Phase::Failed,
            Outcome::Done => Phase::Observe,
            Outcome::Busy => Phase::Deploy(deploy),
            _ => Phase::Failed,
        }
    }

    fn person(&mut self, verb: Verb) {
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
    fn reject(&mut self) {
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
    fn shared_alarm(&mut self, to: AlarmState) {
        let mut world = self.world();
        let now = world.now;
        world.alarms.entry("business".to_owned()).or_insert_with(|| Alarm::new(now)).turn(to, now);
        world.announce("business", None, to);
        if to == AlarmState::Alarm {
            let after = world.rng.range(5, 60) * MINUTE;
            world.at(after, Happening::SharedAlarm(AlarmState::Ok));
        }
    }

    /// Alarms that must not matter: of another endpoint, held back by a suppressor, or on data from before the activation.
    fn noise(&mut self) {
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
    fn zombie(&mut self) {
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
    fn maintenance(&mut self, span: i64) {
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

    /// Somebody tidies up: a config that does not serve, or a model's artefact, which does not even stop what serves.
    fn delete_config(&mut self) {
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
    fn console(&mut self) {
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

/// A look at the run's last stage, by a call that was held up on its way to the record.
fn late_look(generation: Generation, stage: ConfigName, at: Timestamp) -> Event {
    let by = Observer::Run { generation, config: stage.clone() };
    let look = Look { status: EndpointStatus::InService, config: Some(stage), at };
    Event::EndpointObserved(Observation { look, by })
}

fn name(job: &Job) -> String {
    match job {
        Job::Deliver { event, .. } => format!("{:?}", event.name()),
        Job::Run { run } => format!("run {run}"),
        Job::Reconcile => "reconcile".to_owned(),
    }
}
