//! One step in the making: the next record, what it queues, and the audit entry that it ends with.

use jiff::Timestamp;

use super::transition::Transition;
use crate::Severity;
use crate::action::Action;
use crate::audit::{Actor, Audit, ReleaseRule};
use crate::event::Event;
use crate::observation::{EndpointObservation, Observer};
use crate::policy::Policy;
use crate::record::{Pending, Release};
use crate::reply::Reply;
use crate::state::State;
use pawl_base::duration::Duration;
use pawl_base::names::Generation;
use pawl_ledger::events::{DedupeKey, Signal};

/// How long a page or a request without its own time counts as said.
const SAID: Duration = Duration::seconds(6 * 3600);

/// One step in the making.
pub(super) struct Turn<'a> {
    pub(super) release: Release,
    pub(super) now: Timestamp,
    pub(super) policy: &'a Policy,
    pub(super) queued: Vec<Action>,
    pub(super) note: String,
    pub(super) reply: Option<Reply>,
    /// When the endpoint was described, if the event is a description.
    pub(super) described_at: Timestamp,
    /// The generation that the caller asks about.
    pub(super) subject: Option<Generation>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(release: &Release, now: Timestamp, policy: &'a Policy) -> Self {
        Self {
            release: release.clone(),
            now,
            policy,
            queued: Vec::new(),
            note: String::new(),
            described_at: now,
            reply: None,
            subject: None,
        }
    }

    pub(super) fn finish(mut self, before: &Release, event: &Event, rule: ReleaseRule) -> Transition {
        let reply = match (self.reply.take(), self.subject) {
            (Some(reply), _) => reply,
            (None, Some(generation)) => self.release.reply_to(generation),
            (None, None) => Reply::Noted,
        };
        // An action that the same step queued and dropped again was never queued.
        let due = &self.release.pending;
        self.queued.retain(|action| due.iter().any(|pending| pending.action == *action));
        // Polls that find nothing new leave no trace; a refusal always does.
        let audit = (self.release != *before || rule == ReleaseRule::Held).then(|| {
            self.release.sequence += 1;
            Audit {
                sequence: self.release.sequence,
                at: self.now,
                event: event.name(),
                key: key_of(event),
                event_at: match event {
                    Event::Alarm(change) => Some(change.at),
                    Event::Package(change) => Some(change.at),
                    Event::Operator(operator) => operator.at,
                    _ => None,
                },
                actor: actor_of(event),
                rule,
                note: std::mem::take(&mut self.note),
                generation: self.release.generation,
                before: before.state.name(),
                after: self.release.state.name(),
                actions: self.queued.clone(),
                serving: self.release.current.as_ref().map(|current| current.config.clone()),
            }
        });
        self.release.outbox.extend(audit.clone());
        Transition { release: self.release, actions: self.queued, rule, audit, reply }
    }

    pub(super) fn later(&self, span: Duration) -> Timestamp {
        self.now.saturating_add(span.signed()).unwrap_or(Timestamp::MAX)
    }

    /// Queues an action behind the others.
    pub(super) fn queue(&mut self, action: Action) {
        let at = self.release.pending.len();
        self.queue_at(at, action);
    }

    pub(super) fn queue_at(&mut self, at: usize, action: Action) {
        let id = self.release.next_action;
        self.release.next_action += 1;
        self.queued.push(action.clone());
        self.release.pending.insert(at, Pending { id, action, tries: 0, not_before: None });
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(&note.into());
    }

    pub(super) fn notify(&mut self, message: impl Into<String>) {
        let message = format!("{}: {}", self.release.endpoint, message.into());
        self.queue(Action::Notify { severity: Severity::Info, message });
    }

    pub(super) fn page(&mut self, message: impl Into<String>) {
        let message = format!("{}: {}", self.release.endpoint, message.into());
        self.note(message.clone());
        self.queue(Action::Notify { severity: Severity::Page, message });
    }

    /// Pages unless the same was said within some hours.
    pub(super) fn page_once(&mut self, topic: &str, message: impl Into<String>) {
        let key = DedupeKey::new(format!("paged:{topic}"));
        if !self.was_seen(&key) {
            self.release.remember(key, self.now);
            self.page(message);
        }
    }

    /// Whether the key was seen within some hours.
    pub(super) fn was_seen(&self, key: &DedupeKey) -> bool {
        let since = self.now.saturating_sub(SAID.signed()).unwrap_or(Timestamp::MIN);
        self.release.seen.iter().any(|(seen, at)| seen == key && *at > since)
    }

    pub(super) fn end_cool_down(&mut self) -> bool {
        let over = matches!(self.release.state, State::CoolDown { until } if self.now >= until);
        if over {
            self.release.state = State::Stable;
        }
        over
    }
}

fn key_of(event: &Event) -> Option<DedupeKey> {
    match event {
        Event::Alarm(change) => Some(Signal::Alarm(change.clone()).dedupe_key()),
        Event::Package(change) => Some(Signal::Package(change.clone()).dedupe_key()),
        Event::Operator(operator) => Some(Signal::Operator(operator.clone()).dedupe_key()),
        _ => None,
    }
}

fn actor_of(event: &Event) -> Actor {
    match event {
        Event::GuardRequested(request) => Actor::Run { generation: request.candidate.generation },
        Event::CandidateFailed(failure) => Actor::Run { generation: failure.generation },
        Event::EndpointObserved(EndpointObservation { by: Observer::Run { generation, .. }, .. }) => {
            Actor::Run { generation: *generation }
        }
        Event::Alarm(change) => Actor::Alarm { arn: change.arn.clone() },
        Event::Operator(operator) => Actor::Person { who: operator.who.clone() },
        _ => Actor::Pawl,
    }
}
