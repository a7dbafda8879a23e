//! The model of S3, SageMaker and CloudWatch, with the truth that only the simulation knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::coverage::Coverage;
use super::rng::Rng;
use super::truth::Truth;
use crate::*;
use pawl_base::names::{ContentHash, Generation};
use pawl_gate::live::LiveVerdict;
use pawl_gate::live::TrialKind;
use pawl_ledger::events::{
    AlarmChange, AlarmShape, AlarmState, EndpointStatus, PackageApproval, PackageChange, Suppression,
};

pub(super) const ENDPOINT: &str = "bike";
pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
/// The alarms of a config; the last two are a trial's.
const KINDS: [&str; 4] = ["errors", "latency", "challenger-errors", "challenger-latency"];
/// Functions are killed after this time; leases last as long.
pub(super) const TIMEOUT: i64 = 60 * SECOND;

/// What a config is really like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    Good,
    /// Its alarm fires so long after it begins to serve.
    Bad(i64),
    /// Its alarm comes and goes.
    Flapping,
    /// Its alarm fires once for a short while, so long after it begins to serve.
    Blip(i64),
    /// It does not answer real rows.
    Dumb,
    /// It gets too few requests to tell.
    Idle,
    /// It is asked, but its alarms get no data.
    Mute,
    /// Its alarms get data now and then: they change, too slowly to count as flapping.
    Wavering,
}

#[derive(Debug, Clone)]
pub(super) struct Config {
    pub nature: Nature,
    pub deployment: Deployment,
    pub exists: bool,
    /// When config, model or artefact was deleted.
    pub gone_at: Option<i64>,
    /// What its trial will show, and when.
    pub verdict: Option<(i64, LiveVerdict)>,
}

#[derive(Debug, Clone)]
pub(super) struct Update {
    pub to: ConfigName,
    pub fate: UpdateFate,
    pub number: u64,
}

/// How an update will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpdateFate {
    Done,
    /// Back in service with the old config, without a word: a guardrail, or a lost update.
    Silent,
    Failed,
    Mixed,
}

#[derive(Debug)]
pub(super) struct Endpoint {
    pub status: EndpointStatus,
    pub serving: Option<ConfigName>,
    pub update: Option<Update>,
    /// Since when status and config are what they are.
    pub since: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub state: AlarmState,
    pub since: i64,
    /// Times of all its changes.
    pub changes: Vec<i64>,
}

impl Alarm {
    pub(super) fn new(now: i64) -> Self {
        Self { state: AlarmState::InsufficientData, since: now, changes: Vec::new() }
    }

    pub(super) fn turn(&mut self, to: AlarmState, now: i64) {
        (self.state, self.since) = (to, now);
        self.changes.push(now);
    }
}

/// How something fails for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    Refused,
    Throttled,
}

/// Something that will happen.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// An event reaches the rollback handler.
    Deliver {
        event: Event,
        tries: u8,
    },
    EndUpdate(u64),
    /// An alarm of a config is judged; `number` tells for which stretch of serving.
    Judge {
        config: ConfigName,
        to: AlarmState,
        stretch: i64,
    },
    /// A config has had no traffic for a while: its alarms have nothing to judge.
    Fade {
        config: ConfigName,
    },
    /// Something that an alarm said is said once more, however old.
    Echo,
    Reconcile,
    NewRun,
    RunStep(usize),
    Person(pawl_ledger::events::Verb),
    Reject,
    SharedAlarm(AlarmState),
    /// An alarm of another endpoint, or one that a suppressor holds back.
    Noise,
    /// A step of a run that was thought to be over.
    Zombie,
    Maintenance(i64),
    DeleteConfig,
    Console,
}

#[derive(Debug)]
pub(super) struct World {
    pub rng: Rng,
    pub now: i64,
    /// Faults per mille of all calls to AWS.
    pub faults: u64,
    pub record: Option<(Arc<Release>, u64)>,
    pub writes: u64,
    /// The policy wants people told, and nothing rolled back, once a config is stable.
    pub notify_only: bool,
    /// The trial that the policy asks for.
    pub trial: Option<TrialKind>,
    /// What rules the number of instances.
    pub instances: InstanceCount,
    /// The configured fallback.
    pub fallback: Option<ConfigName>,
    pub history: BTreeMap<u64, Audit>,
    pub endpoint: Endpoint,
    pub configs: BTreeMap<ConfigName, Config>,
    pub alarms: BTreeMap<String, Alarm>,
    /// What alarms said so far.
    pub said: Vec<AlarmChange>,
    pub queue: BTreeMap<(i64, u64), Happening>,
    pub queued: u64,
    pub updates: u64,
    pub pages: u32,
    /// What never works in this world, and how it fails.
    pub denied: Option<(&'static str, Denial)>,
    pub last_stir: i64,
    pub outcomes: BTreeMap<Generation, BTreeSet<&'static str>>,
    pub truth: Truth,
    pub broken: Option<String>,
    pub log: Option<Vec<String>>,
    pub coverage: Coverage,
}

pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_millis(millis)
}

impl World {
    pub(super) fn new(seed: u64, faults: u64, log: bool) -> Self {
        Self {
            rng: Rng::new(seed),
            now: 0,
            faults,
            record: None,
            writes: 0,
            notify_only: false,
            trial: None,
            instances: if seed.is_multiple_of(2) { InstanceCount::Kept } else { InstanceCount::Configured },
            fallback: None,
            history: BTreeMap::new(),
            endpoint: Endpoint { status: EndpointStatus::Absent, serving: None, update: None, since: 0 },
            configs: BTreeMap::new(),
            alarms: BTreeMap::new(),
            said: Vec::new(),
            queue: BTreeMap::new(),
            queued: 0,
            updates: 0,
            pages: 0,
            denied: None,
            last_stir: 0,
            outcomes: BTreeMap::new(),
            truth: Truth::default(),
            broken: None,
            log: log.then(Vec::new),
            coverage: Coverage::default(),
        }
    }

    pub(super) fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(format!("{:>9.1} s  {}", self.now as f64 / 1000.0, text()));
        }
    }

    pub(super) fn at(&mut self, after: i64, what: Happening) {
        self.queued += 1;
        self.queue.insert((self.now + after.max(0), self.queued), what);
    }

    /// Whether a call fails now.
    pub(super) fn fault(&mut self) -> bool {
        self.rng.chance(self.faults)
    }

    pub(super) fn new_config(&mut self, generation: u64, nature: Nature, dataset: u64) -> Deployment {
        let config = format!("bike-{generation}");
        let deployment = Deployment {
            model: Some(config.clone()),
            package: Some(format!("package/{generation}")),
            dataset: Some(ContentHash::of(&dataset.to_le_bytes())),
            instances: self.instances,
            ..Deployment::new(Generation(generation), config.as_str())
        };
        let known =
            Config { nature, deployment: deployment.clone(), exists: true, gone_at: None, verdict: None };
        self.configs.insert(deployment.config.clone(), known);
        deployment
    }

    /// The config in which a candidate is tried: mostly the champion goes on as before.
    pub(super) fn new_trial(&mut self, candidate: &Deployment, kind: TrialKind) {
        let deployment = candidate.in_trial(kind);
        let nature = match self.rng.range(0, 10) {
            0 => Nature::Bad(self.rng.range(1, 90) * MINUTE),
            1 => Nature::Mute,
            _ => Nature::Good,
        };
        let fresh = Config { nature, deployment, exists: true, gone_at: None, verdict: None };
        self.configs.entry(fresh.deployment.config.clone()).or_insert(fresh);
    }

    /// Somebody else's endpoint has the name that the first deployment wants.
    pub(super) fn squat(&mut self) {
        let stranger = self.new_config(998, Nature::Good, 998);
        self.endpoint.status = EndpointStatus::InService;
        self.endpoint.serving = Some(stranger.config);
        self.truth.squatted = true;
    }

    /// `UpdateEndpoint` and `CreateEndpoint`, as SageMaker takes or refuses them.
    pub(super) fn start_update(&mut self, to: &ConfigName, guarded: bool) -> ActionResult {
        let refuse = |reason: &str| ActionResult::Refused { reason: reason.to_owned() };
        if !self.configs.get(to).is_some_and(|config| config.exists) {
            return refuse("could not find the endpoint config");
        }
        if let Some(update) = &self.endpoint.update {
            return if update.to == *to { ActionResult::Done } else { ActionResult::Busy };
        }
        match self.endpoint.status {
            EndpointStatus::InService if self.endpoint.serving.as_ref() == Some(to) => {
                return ActionResult::Done;
            }
            EndpointStatus::InService | EndpointStatus::Absent | EndpointStatus::UpdateRollbackFailed => {}
            EndpointStatus::SystemUpdating => return ActionResult::Busy,
            _ => return refuse("the endpoint takes no update"),
        }
        let creating = self.endpoint.status == EndpointStatus::Absent;
        let takes = self.rng.range(2, 15) * MINUTE;
        let nature = self.configs[to].nature;
        // Under a trial more goes wrong: two stages may be left behind.
        let serving = self.endpoint.serving.as_ref().and_then(|config| self.configs.get(config));
        let on_trial = serving.is_some_and(|config| config.deployment.trial.is_some());
        let mixed = self.endpoint.status == EndpointStatus::UpdateRollbackFailed;
        let fate = match nature {
            _ if on_trial && mixed && self.rng.chance(250) => UpdateFate::Silent,
            _ if on_trial && !mixed && self.rng.chance(60) => UpdateFate::Mixed,
            // The guardrail sees the alarm before the update ends.
            Nature::Bad(after) if guarded && !creating && after < takes => UpdateFate::Silent,
            _ if self.rng.chance(40) => UpdateFate::Silent,
            _ if self.rng.chance(10) => UpdateFate::Failed,
            _ if self.rng.chance(10) && !creating => UpdateFate::Mixed,
            _ => UpdateFate::Done,
        };
        let fate = if creating && fate == UpdateFate::Silent { UpdateFate::Done } else { fate };
        self.updates += 1;
        let number = self.updates;
        self.endpoint.update = Some(Update { to: to.clone(), fate, number });
        self.endpoint.status = if creating { EndpointStatus::Creating } else { EndpointStatus::Updating };
        self.endpoint.since = self.now;
        self.note(|| format!("update {number} to {to} begins, will end {fate:?}"));
        // A canary takes traffic before the update ends.
        let to = to.clone();
        self.begin_traffic(&to);
        self.at(takes, Happening::EndUpdate(number));
        self.hint();
        ActionResult::Done
    }

    pub(super) fn end_update(&mut self, number: u64) {
        let Some(update) = self.endpoint.update.take_if(|update| update.number == number) else { return };
        self.note(|| format!("update {number} to {} ends {:?}", update.to, update.fate));
        self.coverage.count(match update.fate {
            UpdateFate::Done => "update done",
            UpdateFate::Silent => "update silently undone",
            UpdateFate::Failed => "endpoint failed",
            UpdateFate::Mixed => "update rollback failed",
        });
        self.endpoint.status = EndpointStatus::InService;
        self.endpoint.since = self.now;
        match update.fate {
            UpdateFate::Done => {
                let gone = self.endpoint.serving.replace(update.to);
                gone.into_iter().for_each(|config| self.at(4 * MINUTE, Happening::Fade { config }));
            }
            UpdateFate::Silent => {
                self.truth.undone.insert(update.to.clone());
                self.at(4 * MINUTE, Happening::Fade { config: update.to });
            }
            UpdateFate::Failed => self.endpoint.status = EndpointStatus::Failed,
            UpdateFate::Mixed => self.endpoint.status = EndpointStatus::UpdateRollbackFailed,
        }
        self.hint();
    }

    /// SageMaker's events: none, one or several, early or late.
    fn hint(&mut self) {
        for _ in 0..self.rng.pick(&[0, 0, 1, 1, 2]) {
            let after = self.rng.range(1, 400) * SECOND;
            self.at(after, Happening::Deliver { event: Event::EndpointHinted, tries: 0 });
        }
    }

    fn begin_traffic(&mut self, config: &ConfigName) {
        if self.configs[config].deployment.trial.is_some() {
            use LiveVerdict::{Continue, Harm, NeedsApproval, Promote};
            let verdict = self.rng.pick(&[Promote, Promote, Promote, Harm, Harm, Continue, NeedsApproval]);
            let at = self.now + self.rng.range(1, 90) * MINUTE;
            self.configs.entry(config.clone()).and_modify(|config| config.verdict = Some((at, verdict)));
        }
        let nature = self.configs[config].nature;
        let stretch = self.now;
        let mut judge = |after: i64, to| {
            self.at(after, Happening::Judge { config: config.clone(), to, stretch });
        };
        match nature {
            Nature::Good | Nature::Dumb | Nature::Idle => judge(3 * MINUTE, AlarmState::Ok),
            Nature::Bad(after) => {
                if after > 3 * MINUTE {
                    judge(3 * MINUTE, AlarmState::Ok);
                }
                judge(after, AlarmState::Alarm);
            }
            Nature::Blip(after) => {
                judge(3 * MINUTE, AlarmState::Ok);
                judge(after, AlarmState::Alarm);
                judge(after + 4 * MINUTE, AlarmState::Ok);
            }
            Nature::Flapping => {
                for n in 1..8 {
                    judge(n * 3 * MINUTE, if n % 2 == 1 { AlarmState::Ok } else { AlarmState::Alarm });
                }
            }
            Nature::Mute => {}
            Nature::Wavering => {
                for n in 0..7 {
                    let to = if n % 2 == 0 { AlarmState::Ok } else { AlarmState::InsufficientData };
                    judge((3 + n * 9) * MINUTE, to);
                }
            }
        }
    }

    pub(super) fn fade(&mut self, config: &ConfigName) {
        if self.has_traffic(config) {
            return;
        }
        for kind in KINDS {
            let name = format!("pawl-{config}-{kind}");
            let alarm = self.alarms.get_mut(&name);
            if let Some(alarm) = alarm.filter(|alarm| alarm.state != AlarmState::InsufficientData) {
                alarm.turn(AlarmState::InsufficientData, self.now);
                self.announce(&name, Some(config), AlarmState::InsufficientData);
            }
        }
    }

    pub(super) fn echo(&mut self) {
        if !self.said.is_empty() {
            let change = self.said[self.rng.index(self.said.len())].clone();
            self.note(|| format!("{} is said to have become {:?} once more", change.name, change.state));
            self.at(0, Happening::Deliver { event: Event::Alarm(change), tries: 0 });
        }
    }

    /// Whether requests reach the config.
    pub(super) fn has_traffic(&self, config: &ConfigName) -> bool {
        self.endpoint.serving.as_ref() == Some(config)
            || self.endpoint.update.as_ref().is_some_and(|update| update.to == *config)
    }

    pub(super) fn judge(&mut self, config: &ConfigName, to: AlarmState, _stretch: i64) {
        if !self.has_traffic(config) {
            return;
        }
        let name = format!("pawl-{config}-errors");
        for kind in KINDS {
            // Only the error rate tells good from bad here.
            let to = if kind == "errors" { to } else { AlarmState::Ok };
            let other = format!("pawl-{config}-{kind}");
            if let Some(alarm) = self.alarms.get_mut(&other).filter(|alarm| alarm.state != to) {
                alarm.turn(to, self.now);
                if kind == "errors" {
                    self.announce(&name, Some(config), to);
                }
            }
        }
    }

    /// The copies of an alarm's event: by EventBridge, by Lambda action, by SNS; each may be lost, late, or
    /// doubled.
    pub(super) fn announce(&mut self, name: &str, config: Option<&ConfigName>, state: AlarmState) {
        self.note(|| format!("alarm {name} becomes {state:?}"));
        let change = self.change(name, config, state);
        self.send(&change);
    }

    pub(super) fn change(&self, name: &str, config: Option<&ConfigName>, state: AlarmState) -> AlarmChange {
        AlarmChange {
            arn: format!("arn:aws:cloudwatch:r:1:alarm:{name}"),
            name: name.to_owned(),
            state,
            previous: None,
            at: time(self.now),
            shape: AlarmShape::Metric,
            reason: String::new(),
            endpoint: None,
            config: config.map(|config| config.0.clone()),
            datapoints: None,
            suppression: Suppression::None,
            triggered_by: Vec::new(),
        }
    }

    pub(super) fn send(&mut self, change: &AlarmChange) {
        self.said.push(change.clone());
        for _ in 0..self.rng.pick(&[0, 1, 1, 2, 3]) {
            let late = self.rng.chance(100);
            let after = if late { self.rng.range(1, 240) * MINUTE } else { self.rng.range(1, 90) * SECOND };
            self.at(after, Happening::Deliver { event: Event::Alarm(change.clone()), tries: 0 });
        }
    }

    pub(super) fn is_bad(&self, config: &ConfigName) -> bool {
        self.alarms
            .get(&format!("pawl-{config}-errors"))
            .is_some_and(|alarm| alarm.state == AlarmState::Alarm)
    }
}

/// A person's rejection of a package, as the registry tells of it.
pub(super) fn rejection(package: &str, at: Timestamp) -> Event {
    Event::Package(PackageChange {
        arn: package.to_owned(),
        group: None,
        approval: PackageApproval::Rejected,
        why: None,
        at,
    })
}
