//! The loop around [`step`]: store, append, act, feed back.
//!
//! One call handles one event. It reads the record, steps, writes the record back under compare-and-swap (and steps again where
//! somebody was faster), appends the audit to the history, and performs the pending actions in order, each result an event of its own.
//! Nothing is done before the intention lies in the history. A call that dies leaves the record with what is still to do: the next
//! call, whatever its event, goes on there.

mod book;
mod effects;

use jiff::{SignedDuration, Timestamp};

pub use book::Book;
pub use effects::{Effects, ReadError};

use super::{
    Action, Answer, CandidateFailure, ConfigName, Deployment, Event, GuardRequest, Hold, Lease, Observation,
    Observer, Pending, Policy, Release, State, TargetCheck, Transition, WatchReading, step,
};
use pawl_base::duration::Duration;
use pawl_base::names::Generation;
use pawl_ledger::events::{Approval, PackageChange};
use pawl_ledger::ledger::{Condition, ETag, Keys, StoreError};

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
/// Over how long the traffic is counted before a trial.
const DAY: SignedDuration = SignedDuration::from_hours(24);
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
    pub lease: Duration,
    /// The section `release` of `pipeline.yaml`.
    pub policy: &'a Policy,
}

impl<S: Book, E: Effects> Driver<'_, S, E> {
    /// A run asks to deploy.
    pub async fn guard(&self, candidate: Deployment) -> Result<Answer, DriverError> {
        // A fallback that is gone is struck off, and the next one is looked for.
        for _ in 0..TRIES {
            let release = self.load().await?;
            let look = self.effects.describe(&self.endpoint).await?;
            let target = match release.fallback_of_next(self.policy) {
                None => TargetCheck::NotAsked,
                Some(target) => TargetCheck::Checked {
                    config: target.config.clone(),
                    found: self.effects.verify(&target).await?,
                },
            };
            let alarms = self.effects.alarms(&self.policy.alarms.further).await?;
            let defined = self.effects.definitions(&self.policy.alarms.further).await?;
            let traffic = match (&self.policy.trial, &release.current) {
                (Some(_), Some(current)) => Some(self.requests_per_second(current).await?),
                _ => None,
            };
            let candidate = candidate.clone();
            let request = GuardRequest { candidate, look, target, alarms, defined, traffic };
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

    /// Requests to a config, on average since it was activated, at most over a day.
    async fn requests_per_second(&self, config: &Deployment) -> Result<f64, DriverError> {
        let now = self.effects.now();
        let day = now.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
        let since = config.activated_at.map_or(day, |at| at.max(day));
        let requests = self.effects.requests(&self.endpoint, &config.config, since).await?;
        let seconds = now.duration_since(since).as_secs_f64();
        Ok(if seconds > 0.0 { requests as f64 / seconds } else { 0.0 })
    }

    /// A run waits for its endpoint, after its update to this config, or its creation, was accepted.
    pub async fn observe(&self, generation: Generation, config: ConfigName) -> Result<Answer, DriverError> {
        self.observe_as(Observer::Run { generation, config }).await
    }

    async fn observe_as(&self, by: Observer) -> Result<Answer, DriverError> {
        let look = self.effects.describe(&self.endpoint).await?;
        self.handle(&Event::EndpointObserved(Observation { look, by })).await
    }

    /// A run watches its config. Also answers for a run whose generation is over.
    pub async fn watch(&self, generation: Generation, config: ConfigName) -> Result<Answer, DriverError> {
        // Another config may have been put there by hand.
        self.observe_as(Observer::Run { generation, config }).await?;
        self.read_watch().await?;
        let release = self.load().await?;
        Ok(release.answer_for(generation))
    }

    async fn read_watch(&self) -> Result<(), DriverError> {
        let release = self.load().await?;
        let Some(current) = &release.current else { return Ok(()) };
        let alarms = self.effects.alarms(&current.alarms).await?;
        let requests = match &release.state {
            State::Watching(watching) => {
                self.effects.requests(&self.endpoint, &current.config, watching.since).await.ok()
            }
            // What serves is looked after as well: an alarm's event may have been lost.
            State::Stable | State::CoolDown { .. } => None,
            State::Deploying(_) | State::RollingBack(_) => return Ok(()),
        };
        let trial = match (&release.state, &current.trial) {
            (State::Watching(_), Some(_)) => self.effects.trial(current).await?,
            _ => None,
        };
        let reading = WatchReading { config: current.config.clone(), alarms, requests, trial };
        self.handle(&Event::WatchTick(reading)).await.map(|_| ())
    }

    /// The reconciler's round: re-reads the world, so that a lost event heals.
    pub async fn reconcile(&self) -> Result<Release, DriverError> {
        self.handle(&Event::Tick).await?;
        self.observe_as(Observer::Reconciler).await?;
        self.read_watch().await?;
        self.read_package().await?;
        self.load().await
    }

    /// The registry's word that a package was rejected may have been lost.
    async fn read_package(&self) -> Result<(), DriverError> {
        let release = self.load().await?;
        let package = release.subject().and_then(|subject| subject.package.clone());
        let Some(arn) = package.filter(|package| !release.rejected.contains(package)) else { return Ok(()) };
        if self.effects.approval(&arn).await? != Some(Approval::Rejected) {
            return Ok(());
        }
        let (at, approval) = (self.effects.now(), Approval::Rejected);
        let change = PackageChange { arn, group: None, approval, why: None, at };
        self.handle(&Event::Package(change)).await.map(|_| ())
    }

    /// Handles one event, then performs whatever is due.
    pub async fn handle(&self, event: &Event) -> Result<Answer, DriverError> {
        let mut hand = self.take().await?;
        let mut answer = self.apply(&mut hand, event).await?.answer;
        for _ in 0..MOST_ACTIONS {
            let Some(due) = self.claim(&mut hand).await? else { break };
            let outcome = self.effects.perform(&due.action).await;
            let after = self.apply(&mut hand, &Event::Performed { id: due.id, outcome }).await?;
            // A refusal that an action brought about outweighs the permission given before.
            if matches!(after.answer, Answer::Hold { .. }) {
                answer = after.answer;
            }
        }
        let granted = matches!(answer, Answer::DeployCreate { .. } | Answer::DeployUpdate { .. });
        let alarms = |pending: &Pending| matches!(pending.action, Action::PutAlarms { .. });
        Ok(match generation_of(event) {
            Some(generation) => hand.release.answer_for(generation),
            // Nothing is deployed before its alarms stand.
            None if granted && hand.release.pending.iter().any(alarms) => Hold::AskAgain.into(),
            None => answer,
        })
    }

    /// Steps and stores, again where somebody was faster. The same write takes the lease where an action is due, and
    /// gives it back where none is.
    async fn apply(&self, hand: &mut Hand, event: &Event) -> Result<Transition, DriverError> {
        for _ in 0..TRIES {
            let clean = Release { outbox: Vec::new(), ..hand.release.clone() };
            let transition = step(&clean, event, self.effects.now(), self.policy);
            if transition.release == clean {
                return Ok(transition);
            }
            let mut next = transition.release.clone();
            match due(&next, self.effects.now()) {
                Some(_) => {
                    self.take_lease(&mut next);
                }
                None => next.lease = next.lease.take().filter(|lease| lease.holder != self.holder),
            }
            if self.put(hand, next).await? == Put::Done {
                return Ok(transition);
            }
        }
        Err(DriverError::Contended { endpoint: self.endpoint.clone(), tries: TRIES })
    }

    /// The next action that is due, if the lease can be held.
    async fn claim(&self, hand: &mut Hand) -> Result<Option<Pending>, DriverError> {
        for _ in 0..TRIES {
            let Some(due) = due(&hand.release, self.effects.now()).cloned() else { return Ok(None) };
            let mut next = hand.release.clone();
            match self.take_lease(&mut next) {
                Held::Before => return Ok(Some(due)),
                Held::ByAnother => return Ok(None),
                Held::Now => {
                    if self.put(hand, next).await? == Put::Done {
                        return Ok(Some(due));
                    }
                }
            }
        }
        Err(DriverError::Contended { endpoint: self.endpoint.clone(), tries: TRIES })
    }

    /// Takes the lease where nobody else holds it; says who holds it now.
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

    /// The record; a new one where none stands.
    pub async fn load(&self) -> Result<Release, DriverError> {
        let found = self.store.load(&self.keys).await?;
        Ok(found.map_or_else(|| Release::new(self.endpoint.clone()), |(release, _)| release))
    }

    /// Reads the record, and appends what a call that died left in its outbox.
    async fn take(&self) -> Result<Hand, DriverError> {
        let hand = match self.store.load(&self.keys).await? {
            Some((release, etag)) => Hand { release, etag: Some(etag) },
            None => Hand { release: Release::new(self.endpoint.clone()), etag: None },
        };
        self.flush(&hand.release).await?;
        Ok(hand)
    }

    /// Writes the record if nobody else did, else reads it anew.
    async fn put(&self, hand: &mut Hand, next: Release) -> Result<Put, DriverError> {
        let when = Condition::unchanged_since(hand.etag.take());
        match self.store.save(&self.keys, &next, when).await {
            Ok(etag) => {
                *hand = Hand { release: next, etag: Some(etag) };
                self.flush(&hand.release).await?;
                Ok(Put::Done)
            }
            Err(StoreError::Conflict { .. }) => {
                *hand = self.take().await?;
                Ok(Put::Outrun)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Appends what the record decided to the history. Doing it twice changes nothing.
    async fn flush(&self, release: &Release) -> Result<(), DriverError> {
        for audit in &release.outbox {
            self.store.append(&self.keys, audit).await?;
        }
        Ok(())
    }
}

/// The record as this call last read or wrote it.
#[derive(Debug)]
struct Hand {
    release: Release,
    etag: Option<ETag>,
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// It stands.
    Done,
    /// Somebody else wrote first.
    Outrun,
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

/// The next action that may be performed now. The order holds among what moves or asks; the books never hold it up, and
/// people are told at once while the traffic has to wait.
fn due(release: &Release, now: Timestamp) -> Option<&Pending> {
    let mut waiting = false;
    release.pending.iter().find(|pending| {
        let ready = pending.not_before.is_none_or(|then| now >= then);
        let may = ready && (!waiting || matches!(pending.action, Action::Notify { .. }));
        waiting |= !ready && !pending.action.is_bookkeeping();
        may
    })
}

/// The generation that an event's caller asks about, where the answer stands in the record.
fn generation_of(event: &Event) -> Option<Generation> {
    match event {
        Event::CandidateFailed(failure) => Some(failure.generation),
        Event::EndpointObserved(Observation { by: Observer::Run { generation, .. }, .. }) => {
            Some(*generation)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::worlds::{ENDPOINT, at};
    use crate::{Fate, Severity};

    /// The number of the action that is due, where these wait for a later time.
    fn first(actions: [Action; 3], waiting: &[u64]) -> Option<u64> {
        let mut release = Release::new(ENDPOINT);
        for (id, action) in (1..).zip(actions) {
            let not_before = waiting.contains(&id).then(|| at(1));
            release.pending.push(Pending { id, action, tries: 0, not_before });
        }
        due(&release, at(0)).map(|pending| pending.id)
    }

    #[test]
    fn traffic_keeps_its_order_the_books_hold_nothing_up_and_people_are_told_at_once() {
        let look = || Action::DescribeEndpoint { endpoint: ENDPOINT.to_owned() };
        let book = || Action::RecordOutcome { generation: Generation(1), outcome: Fate::RolledBack };
        let tell = || Action::Notify { severity: Severity::Page, message: String::new() };
        assert_eq!(first([look(), look(), book()], &[1]), None, "the books come after the traffic");
        assert_eq!(first([look(), book(), tell()], &[1]), Some(3));
        assert_eq!(first([book(), tell(), look()], &[1, 2]), Some(3));
        assert_eq!(first([book(), look(), tell()], &[]), Some(1));
    }
}
