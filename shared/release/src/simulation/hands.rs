//! What the driver is given: S3 and SageMaker of the model, each call a point where others may come between,
//! or a fault.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use jiff::Timestamp;

use super::world::{Alarm, Denial, Happening, Nature, SECOND, World, rejection, time};
use crate::*;
use pawl_gate::live::LiveVerdict;
use pawl_ledger::events::{AlarmState, EndpointStatus, PackageApproval};
use pawl_ledger::ledger::{Condition, ETag, Keys, StoreError, Wrote};

/// The world as one call sees it.
#[derive(Debug, Clone)]
pub(super) struct Hands {
    pub world: Arc<Mutex<World>>,
    pub holder: String,
}

/// Yields once to the scheduler.
#[derive(Debug, Default)]
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Hands {
    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        time(self.lock().now)
    }

    /// A call to AWS: others come between, and it takes a while.
    async fn call(&self) -> MutexGuard<'_, World> {
        Pause::default().await;
        let mut world = self.lock();
        world.now += world.rng.range(5, 300);
        world
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { key: String::new(), reason: "503".to_owned() }
}

impl ReleaseStore for Hands {
    async fn load(&self, _: &Keys) -> Result<Option<(Release, ETag)>, StoreError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(unavailable());
        }
        Ok(world
            .record
            .as_ref()
            .map(|(release, version)| (Release::clone(release), ETag(version.to_string()))))
    }

    async fn save(&self, _: &Keys, release: &Release, when: Condition) -> Result<ETag, StoreError> {
        let mut world = self.call().await;
        let before_fault = world.fault();
        if before_fault {
            return Err(unavailable());
        }
        let found = world.record.as_ref().map(|(_, version)| version.to_string());
        let holds = match (&when, &found) {
            (Condition::IfAbsent, None) => true,
            (Condition::IfMatch(etag), Some(version)) => etag.0 == *version,
            (Condition::Always, _) => panic!("the record is only ever swapped"),
            _ => false,
        };
        if !holds {
            world.coverage.count("conflict");
            return Err(StoreError::Conflict { key: String::new() });
        }
        world.written(release);
        world.writes += 1;
        let version = world.writes;
        world.record = Some((Arc::new(release.clone()), version));
        if world.fault() {
            // It happened, and nobody was told.
            world.coverage.count("write without an answer");
            return Err(unavailable());
        }
        Ok(ETag(version.to_string()))
    }

    async fn append(&self, _: &Keys, audit: &Audit) -> Result<Wrote, StoreError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(unavailable());
        }
        Ok(world.appended(audit))
    }
}

impl Effects for Hands {
    async fn perform(&self, action: &Action) -> ActionResult {
        let asked = self.now();
        let mut world = self.call().await;
        let retry = || ActionResult::Retry { reason: "throttled".to_owned() };
        if world.fault() {
            world.coverage.count("throttled");
            return retry();
        }
        world.note(|| format!("{}: {}", self.holder, action.name()));
        world.count_call(&self.holder, action);
        let denied = world.denied.filter(|(name, _)| *name == action.name());
        let outcome = match denied {
            Some((_, Denial::Refused)) => ActionResult::Refused { reason: "access denied".to_owned() },
            Some((_, Denial::Throttled)) => retry(),
            None => world.act(action, asked),
        };
        // Done, and nobody was told.
        if world.fault() { retry() } else { outcome }
    }

    async fn describe(&self, _: &str) -> Result<EndpointDescription, ReadError> {
        let asked = self.now();
        let mut world = self.call().await;
        if world.fault() {
            return Err(ReadError { what: "the endpoint", reason: "throttled".to_owned() });
        }
        Ok(world.look(asked))
    }

    async fn origin(&self, _: &str) -> Result<EndpointOrigin, ReadError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(ReadError { what: "the endpoint's tags", reason: "throttled".to_owned() });
        }
        Ok(if world.truth.squatted { EndpointOrigin::Foreign } else { EndpointOrigin::Ours })
    }

    async fn verify(&self, target: &Deployment) -> Result<TargetPresence, ReadError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(ReadError { what: "the target", reason: "throttled".to_owned() });
        }
        Ok(match world.configs.get(&target.config) {
            Some(config) if config.exists => TargetPresence::Present,
            _ => TargetPresence::Missing { what: "the config".to_owned() },
        })
    }

    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmReading>, ReadError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(ReadError { what: "the alarms", reason: "throttled".to_owned() });
        }
        let read = |name: &String| {
            let alarm = world.read_alarm(name)?;
            Some(AlarmReading { name: name.clone(), state: alarm.state, since: time(alarm.since) })
        };
        Ok(names.iter().filter_map(read).collect())
    }

    async fn definitions(&self, _: &[String]) -> Result<Vec<alarms::AlarmSpec>, ReadError> {
        Ok(Vec::new())
    }

    async fn trial(&self, trial: &Deployment) -> Result<Option<TrialReading>, ReadError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(ReadError { what: "the trial", reason: "throttled".to_owned() });
        }
        let known = world.configs.get(&trial.config).and_then(|config| config.verdict);
        let verdict = match known {
            Some((at, verdict)) if world.now >= at => verdict,
            Some(_) if world.rng.chance(800) => LiveVerdict::Continue,
            _ => return Ok(None),
        };
        world.coverage.count(match verdict {
            LiveVerdict::Promote => "trial better",
            LiveVerdict::Harm => "trial worse",
            LiveVerdict::Continue => "trial open",
            LiveVerdict::NeedsApproval => "trial undecided",
        });
        world.truth.told.insert(trial.config.clone(), verdict);
        Ok(Some(TrialReading { verdict, reason: "as seen".to_owned() }))
    }

    async fn approval(&self, package: &str) -> Result<Option<PackageApproval>, ReadError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(ReadError { what: "the package", reason: "throttled".to_owned() });
        }
        let rejected = world.truth.rejected_by_person.contains(package);
        Ok(Some(if rejected { PackageApproval::Rejected } else { PackageApproval::Approved }))
    }

    async fn requests(&self, _: &str, config: &ConfigName, since: Timestamp) -> Result<u64, ReadError> {
        let mut world = self.call().await;
        if world.fault() {
            return Err(ReadError { what: "the requests", reason: "throttled".to_owned() });
        }
        let idle = world.configs.get(config).is_none_or(|c| c.nature == Nature::Idle);
        let seconds = time(world.now).duration_since(since).as_secs();
        Ok(if idle { 0 } else { u64::try_from(seconds).unwrap_or(0) })
    }
}

impl World {
    fn read_alarm(&mut self, name: &str) -> Option<Alarm> {
        let alarm = self.alarms.get(name).cloned()?;
        if alarm.state == AlarmState::Alarm {
            self.truth.read_firing.insert(name.to_owned(), self.now);
        }
        Some(alarm)
    }

    pub(super) fn look(&self, at: Timestamp) -> EndpointDescription {
        let (status, config) = (self.endpoint.status, self.endpoint.serving.clone());
        EndpointDescription { status, config, at, origin: EndpointOrigin::NotAsked }
    }

    fn act(&mut self, action: &Action, asked: Timestamp) -> ActionResult {
        self.about_to(action);
        match action {
            Action::PutAlarms { alarms } => {
                for alarm in alarms {
                    let fresh = Alarm::new(self.now);
                    self.alarms.entry(alarm.alarm_name.clone()).or_insert(fresh);
                }
                ActionResult::Done
            }
            Action::UpdateEndpoint { call } => match self.endpoint.status {
                EndpointStatus::Failed | EndpointStatus::Absent => {
                    ActionResult::Endpoint { look: self.look(asked) }
                }
                _ => self.start_update(&call.config, false),
            },
            Action::RecreateEndpoint { config, .. } => match self.endpoint.status {
                EndpointStatus::Failed | EndpointStatus::Absent => {
                    self.endpoint.status = EndpointStatus::Absent;
                    self.endpoint.serving = None;
                    self.start_update(config, false)
                }
                _ if self.has_traffic(config) => ActionResult::Done,
                _ => ActionResult::Busy,
            },
            Action::DescribeEndpoint { .. } | Action::AwaitConfig { .. } => {
                ActionResult::Endpoint { look: self.look(asked) }
            }
            Action::SmokeTest { .. } => {
                let serving = self.endpoint.serving.as_ref().and_then(|config| self.configs.get(config));
                match serving {
                    Some(config) if config.nature == Nature::Dumb => {
                        ActionResult::SmokeFailed { reason: "500".to_owned() }
                    }
                    Some(_) => ActionResult::SmokePassed,
                    None => ActionResult::Refused { reason: "nothing serves".to_owned() },
                }
            }
            Action::ReadAlarm { change } => {
                ActionResult::Alarm { state: self.read_alarm(&change.name).map(|alarm| alarm.state) }
            }
            Action::CompareFleets { new, .. } => {
                let fleets =
                    if self.is_bad(new) { FleetComparison::OnlyNew } else { FleetComparison::Neither };
                let fleets = if self.rng.chance(100) { FleetComparison::Unknown } else { fleets };
                ActionResult::Fleets { fleets }
            }
            Action::RejectPackage { package, .. } => {
                // The rejection comes back as an event.
                let event = rejection(package, time(self.now));
                let after = self.rng.range(1, 60) * SECOND;
                self.at(after, Happening::Deliver { event, tries: 0 });
                ActionResult::Done
            }
            Action::QuarantineDataset { dataset, .. } => {
                self.truth.quarantined.insert(dataset.clone());
                ActionResult::Done
            }
            Action::RecordOutcome { generation, outcome } => {
                let name = match outcome {
                    ReleaseOutcome::Promoted => "promoted",
                    ReleaseOutcome::RolledBack => "rolled back",
                    ReleaseOutcome::Abandoned => "abandoned",
                    ReleaseOutcome::Unproven => "unproven",
                };
                self.coverage.count(name);
                self.outcomes.entry(*generation).or_default().insert(name);
                ActionResult::Done
            }
            Action::Upkeep { generation } => {
                self.coverage.count("upkeep");
                self.truth.kept_up = Some(*generation);
                ActionResult::Done
            }
            Action::Notify { severity, message } => {
                if *severity == Severity::Page {
                    self.pages += 1;
                }
                self.note(|| format!("  {message}"));
                ActionResult::Done
            }
        }
    }
}
