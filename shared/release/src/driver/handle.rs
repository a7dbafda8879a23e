//! Handling one event: step, store, act, feed back.

use jiff::Timestamp;

use pawl_ledger::edge::Clock;

use super::caller::Caller;
use super::effects::Effects;
use super::error::DriverError;
use super::journal::{Journal, Loaded, Saved};
use super::store::ReleaseStore;
use crate::action::Action;
use crate::event::Event;
use crate::observation::{EndpointObservation, Observer};
use crate::policy::Policy;
use crate::record::{Lease, Pending, Release};
use crate::reply::{HoldReason, Reply};
use crate::step::{Transition, step};
use pawl_base::names::Generation;
use pawl_ledger::ledger::Keys;

/// How often a compare-and-swap is tried.
pub(super) const TRIES: usize = 16;
/// The most actions that one call performs: far more than any event queues.
const MOST_ACTIONS: usize = 64;

/// Handles the events of one endpoint, on behalf of one caller.
#[derive(Debug)]
pub struct Driver<'a, S, E, C> {
    pub(super) journal: Journal<'a, S>,
    pub(super) effects: E,
    pub(super) clock: C,
    pub(super) policy: &'a Policy,
    caller: Caller,
}

impl<'a, S: ReleaseStore, E: Effects, C: Clock> Driver<'a, S, E, C> {
    /// The driver of the release whose record lies under `keys`; its endpoint is named like the model.
    /// `policy` is the section `release` of the model's `pipeline.yaml`.
    pub fn new(store: &'a S, effects: E, clock: C, keys: Keys, policy: &'a Policy, caller: Caller) -> Self {
        Self { journal: Journal { store, keys }, effects, clock, policy, caller }
    }

    pub(super) fn endpoint(&self) -> &str {
        self.journal.endpoint()
    }

    /// The record; a new one where none was written yet.
    ///
    /// # Errors
    /// The store did not answer, or the record is not readable.
    pub async fn load(&self) -> Result<Release, DriverError> {
        Ok(self.journal.load().await?)
    }

    /// Handles one event, then performs whatever is due.
    ///
    /// # Errors
    /// [`DriverError`]: the record could not be read or written. Calling again with the same event is safe.
    pub async fn handle(&self, event: &Event) -> Result<Reply, DriverError> {
        let mut loaded = self.journal.open().await?;
        let mut answer = self.apply(&mut loaded, event).await?.reply;
        for _ in 0..MOST_ACTIONS {
            let Some(due) = self.claim(&mut loaded).await? else { break };
            let outcome = self.effects.perform(&due.action).await;
            let after = self.apply(&mut loaded, &Event::Performed { id: due.id, outcome }).await?;
            // A refusal that an action brought about outweighs the permission given before.
            if matches!(after.reply, Reply::Hold { .. }) {
                answer = after.reply;
            }
        }
        let granted = matches!(answer, Reply::DeployCreate { .. } | Reply::DeployUpdate { .. });
        let alarms = |pending: &Pending| matches!(pending.action, Action::PutAlarms { .. });
        Ok(match generation_of(event) {
            Some(generation) => loaded.release.reply_to(generation),
            // Nothing is deployed before its alarms exist.
            None if granted && loaded.release.pending.iter().any(alarms) => HoldReason::AskAgain.into(),
            None => answer,
        })
    }

    /// Steps and stores, again where another call was faster. The same write takes the lease where an action
    /// is due, and gives it back where none is.
    async fn apply(&self, loaded: &mut Loaded, event: &Event) -> Result<Transition, DriverError> {
        for _ in 0..TRIES {
            let clean = Release { outbox: Vec::new(), ..loaded.release.clone() };
            let transition = step(&clean, event, self.clock.now(), self.policy);
            if transition.release == clean {
                return Ok(transition);
            }
            let mut next = transition.release.clone();
            match due(&next, self.clock.now()) {
                Some(_) => {
                    self.take_lease(&mut next);
                }
                None => next.lease = next.lease.take().filter(|lease| lease.holder != self.caller.id),
            }
            if self.journal.save(loaded, next).await? == Saved::Done {
                return Ok(transition);
            }
        }
        Err(self.contended())
    }

    /// The next action that is due, if the lease can be held.
    async fn claim(&self, loaded: &mut Loaded) -> Result<Option<Pending>, DriverError> {
        for _ in 0..TRIES {
            let Some(due) = due(&loaded.release, self.clock.now()).cloned() else { return Ok(None) };
            let mut next = loaded.release.clone();
            match self.take_lease(&mut next) {
                Held::Before => return Ok(Some(due)),
                Held::ByAnother => return Ok(None),
                Held::Now => {
                    if self.journal.save(loaded, next).await? == Saved::Done {
                        return Ok(Some(due));
                    }
                }
            }
        }
        Err(self.contended())
    }

    /// Takes the lease where nobody else holds it; says who holds it now.
    fn take_lease(&self, release: &mut Release) -> Held {
        let now = self.clock.now();
        match &release.lease {
            Some(lease) if now < lease.until && lease.holder == self.caller.id => Held::Before,
            Some(lease) if now < lease.until => Held::ByAnother,
            _ => {
                let until = now.saturating_add(self.caller.lease.signed()).unwrap_or(Timestamp::MAX);
                release.lease = Some(Lease { holder: self.caller.id.clone(), until });
                Held::Now
            }
        }
    }

    pub(super) fn contended(&self) -> DriverError {
        DriverError::Contended { endpoint: self.endpoint().to_owned(), tries: TRIES }
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

/// The next action that may be performed now. Actions that move traffic or read AWS keep their order.
/// Bookkeeping never holds them up, and people are told at once while the traffic has to wait.
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
        Event::EndpointObserved(EndpointObservation { by: Observer::Run { generation, .. }, .. }) => {
            Some(*generation)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::worlds::{ENDPOINT, at};
    use crate::{ReleaseOutcome, Severity};

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
        let book =
            || Action::RecordOutcome { generation: Generation(1), outcome: ReleaseOutcome::RolledBack };
        let tell = || Action::Notify { severity: Severity::Page, message: String::new() };
        assert_eq!(first([look(), look(), book()], &[1]), None, "the books come after the traffic");
        assert_eq!(first([look(), book(), tell()], &[1]), Some(3));
        assert_eq!(first([book(), tell(), look()], &[1, 2]), Some(3));
        assert_eq!(first([book(), look(), tell()], &[]), Some(1));
    }
}
