//! The loop around [`step`]: store, append, act, feed back.
//!
//! One call handles one event. It reads the record, steps, writes the record back under compare-and-swap (and steps again where
//! somebody was faster), appends the audit to the history, and performs the pending actions in order, each result an event of its own.
//! Nothing is done before the intention lies in the history. A call that dies leaves the record with what is still to do: the next
//! call, whatever its event, goes on there.

use std::future::Future;

use jiff::Timestamp;

use super::{
    Action, AlarmReading, Answer, CandidateFailure, ConfigName, Deployment, Event, GuardRequest, Hold, Lease,
    Observation, Observer, Outcome, Pending, Policy, Release, State, Target, TargetCheck, Transition,
    WatchReading, step,
};
use crate::events::EndpointStatus;
use crate::ledger::{Condition, ETag, Keys, Store, StoreError, read, write, write_once};
use crate::names::Generation;
use crate::pipeline::Span;

/// What a release does to the world, and reads of it. Static dispatch, no SDK.
pub trait Effects: Sync {
    /// The clock.
    fn now(&self) -> Timestamp;
    /// Performs an action; see [`Action`] for what each answers. May be called again for the same action.
    fn perform(&self, action: &Action) -> impl Future<Output = Outcome> + Send;
    /// Status of the endpoint and the config that it serves; `Absent` where there is none.
    fn describe(
        &self,
        endpoint: &str,
    ) -> impl Future<Output = Result<(EndpointStatus, Option<ConfigName>), ReadError>> + Send;
    /// Whether config, model, image and artefact of a deployment still exist.
    fn verify(&self, target: &Deployment) -> impl Future<Output = Result<Target, ReadError>> + Send;
    /// The alarms of these names, as far as they exist.
    fn alarms(&self, names: &[String]) -> impl Future<Output = Result<Vec<AlarmReading>, ReadError>> + Send;
    /// Requests that the config answered since then.
    fn requests(
        &self,
        endpoint: &str,
        config: &ConfigName,
        since: Timestamp,
    ) -> impl Future<Output = Result<u64, ReadError>> + Send;
}

/// Something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} could not be read: {reason}")]
pub struct ReadError {
    /// What.
    pub what: &'static str,
    /// What the service said.
    pub reason: String,
}

/// Why an event was not handled. Calling again with the same event is safe, and goes on where this call ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The record or the history.
    #[error("release record: {0}")]
    Store(#[from] StoreError),
    /// Something that the event needs.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Others kept writing the record.
    #[error("release record of {endpoint}: written by others {tries} times in a row; try again")]
    Contended {
        /// The endpoint.
        endpoint: String,
        /// How often.
        tries: usize,
    },
}

/// How often a compare-and-swap is tried.
const TRIES: usize = 16;
/// The most actions that one call performs: far more than any event queues.
const MOST_ACTIONS: usize = 64;

/// Handles the events of one endpoint.
#[derive(Debug)]
pub struct Driver<'a, S, E> {
    /// Where record and history lie.
    pub store: &'a S,
    /// What acts.
    pub effects: &'a E,
    /// The model's keys.
    pub keys: Keys,
    /// The endpoint.
    pub endpoint: String,
    /// Names this call, for example by its request id: it holds the lease.
    pub holder: String,
    /// How long a call may live. Not less than the function's time-out, or two calls may act at once.
    pub lease: Span,
    /// The section `release` of `pipeline.yaml`.
    pub policy: &'a Policy,
}

impl<S: Store + Sync, E: Effects> Driver<'_, S, E> {
    /// A run asks to deploy.
    pub async fn guard(&self, candidate: Deployment) -> Result<Answer, DriverError> {
        // A fallback that is gone is struck off, and the next one is looked for.
        for _ in 0..TRIES {
            let (release, _) = self.load().await?;
            let (status, serving) = self.effects.describe(&self.endpoint).await?;
            let target = match release.fallback_of_next() {
                None => TargetCheck::NotAsked,
                Some(target) => TargetCheck::Checked {
                    config: target.config.clone(),
                    found: self.effects.verify(target).await?,
                },
            };
            let alarms = self.effects.alarms(&self.policy.alarms.further).await?;
            let candidate = candidate.clone();
            let request = GuardRequest { candidate, status, serving, target, alarms };
            match self.handle(&Event::GuardRequested(request)).await? {
                Answer::Hold { reason: Hold::AskAgain, .. } => {}
                answer => return Ok(answer),
            }
        }
        Err(DriverError::Contended { endpoint: self.endpoint.clone(), tries: TRIES })
    }

    /// A run tells that it could not begin its deployment.
    pub async fn failed(&self, generation: Generation, reason: String) -> Result<Answer, DriverError> {
        self.handle(&Event::CandidateFailed(CandidateFailure { generation, reason })).await
    }

    /// A run waits for its endpoint, after its update or creation was accepted.
    pub async fn observe(&self, generation: Generation) -> Result<Answer, DriverError> {
        self.observe_as(Observer::Run { generation }).await
    }

    async fn observe_as(&self, by: Observer) -> Result<Answer, DriverError> {
        let (status, config) = self.effects.describe(&self.endpoint).await?;
        self.handle(&Event::EndpointObserved(Observation { status, config, by })).await
    }

    /// A run watches its config. Also answers for a run whose generation is over.
    pub async fn watch(&self, generation: Generation) -> Result<Answer, DriverError> {
        // Another config may have been put there by hand.
        self.observe_as(Observer::Run { generation }).await?;
        self.read_watch().await?;
        let (release, _) = self.load().await?;
        Ok(release.answer_for(generation))
    }

    async fn read_watch(&self) -> Result<(), DriverError> {
        let (release, _) = self.load().await?;
        let (State::Watching(watching), Some(current)) = (&release.state, &release.current) else {
            return Ok(());
        };
        let alarms = self.effects.alarms(&current.alarms).await?;
        let requests = self.effects.requests(&self.endpoint, &current.config, watching.since).await.ok();
        let reading = WatchReading { config: current.config.clone(), alarms, requests };
        self.handle(&Event::WatchTick(reading)).await.map(|_| ())
    }

    /// The reconciler's round: re-reads the world, so that a lost event heals.
    pub async fn reconcile(&self) -> Result<Release, DriverError> {
        self.handle(&Event::Tick).await?;
        self.observe_as(Observer::Reconciler).await?;
        self.read_watch().await?;
        Ok(self.load().await?.0)
    }

    /// Handles one event, then performs whatever is due.
    pub async fn handle(&self, event: &Event) -> Result<Answer, DriverError> {
        let mut answer = self.apply(event).await?.answer;
        for _ in 0..MOST_ACTIONS {
            let Some(due) = self.claim().await? else { break };
            let outcome = self.effects.perform(&due.action).await;
            let after = self.apply(&Event::Performed { id: due.id, outcome }).await?;
            // A refusal that an action brought about outweighs the permission given before.
            if matches!(after.answer, Answer::Hold { .. }) {
                answer = after.answer;
            }
        }
        self.release_lease().await?;
        if let Some(generation) = generation_of(event) {
            let (release, _) = self.load().await?;
            return Ok(release.answer_for(generation));
        }
        Ok(answer)
    }

    /// Steps and stores, again where somebody was faster.
    async fn apply(&self, event: &Event) -> Result<Transition, DriverError> {
        for _ in 0..TRIES {
            let (before, etag) = self.load().await?;
            self.flush(&before).await?;
            let clean = Release { outbox: Vec::new(), ..before.clone() };
            let transition = step(&clean, event, self.effects.now(), self.policy);
            if transition.release == clean {
                return Ok(transition);
            }
            let mut next = transition.release.clone();
            if !next.pending.is_empty() {
                self.take_lease(&mut next);
            }
            match self.save(&next, etag).await {
                Ok(()) => {
                    self.flush(&next).await?;
                    return Ok(transition);
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(DriverError::Contended { endpoint: self.endpoint.clone(), tries: TRIES })
    }

    /// Takes the lease where nobody else holds it; says whether it is held now.
    fn take_lease(&self, release: &mut Release) -> Held {
        let now = self.effects.now();
        match &release.lease {
            Some(lease) if now < lease.until && lease.holder == self.holder => Held::Before,
            Some(lease) if now < lease.until => Held::ByAnother,
            _ => {
                let until = now.saturating_add(self.lease.duration()).unwrap_or(Timestamp::MAX);
                release.lease = Some(Lease { holder: self.holder.clone(), until });
                Held::Now
            }
        }
    }

    /// The next action, if one is due and nobody else holds the lease.
    async fn claim(&self) -> Result<Option<Pending>, DriverError> {
        for _ in 0..TRIES {
            let (mut release, etag) = self.load().await?;
            let Some(due) = release.pending.first().cloned() else { return Ok(None) };
            if due.not_before.is_some_and(|then| self.effects.now() < then) {
                return Ok(None);
            }
            match self.take_lease(&mut release) {
                Held::Before => return Ok(Some(due)),
                Held::ByAnother => return Ok(None),
                Held::Now => match self.save(&release, etag).await {
                    Ok(()) => return Ok(Some(due)),
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
        Err(DriverError::Contended { endpoint: self.endpoint.clone(), tries: TRIES })
    }

    async fn release_lease(&self) -> Result<(), DriverError> {
        for _ in 0..TRIES {
            let (mut release, etag) = self.load().await?;
            if release.lease.as_ref().is_none_or(|lease| lease.holder != self.holder) {
                return Ok(());
            }
            release.lease = None;
            match self.save(&release, etag).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(DriverError::Contended { endpoint: self.endpoint.clone(), tries: TRIES })
    }

    /// The record; a new one where none stands.
    pub async fn load(&self) -> Result<(Release, Option<ETag>), DriverError> {
        Ok(match read(self.store, &self.keys.release()).await? {
            Some((release, etag)) => (release, Some(etag)),
            None => (Release::new(self.endpoint.clone()), None),
        })
    }

    async fn save(&self, release: &Release, etag: Option<ETag>) -> Result<(), StoreError> {
        write(self.store, &self.keys.release(), release, Condition::unchanged_since(etag)).await.map(|_| ())
    }

    /// Appends what the record decided to the history. Doing it twice changes nothing.
    async fn flush(&self, release: &Release) -> Result<(), DriverError> {
        for audit in &release.outbox {
            let key = self.keys.history(&format!("{:08}", audit.sequence));
            write_once(self.store, &key, audit).await?;
        }
        Ok(())
    }
}

/// Who holds the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// This call, since before.
    Before,
    /// This call, from now on.
    Now,
    /// Another call.
    ByAnother,
}

/// The generation that an event's caller asks about, where the answer stands in the record.
fn generation_of(event: &Event) -> Option<Generation> {
    match event {
        Event::CandidateFailed(failure) => Some(failure.generation),
        Event::EndpointObserved(Observation { by: Observer::Run { generation }, .. }) => Some(*generation),
        _ => None,
    }
}
