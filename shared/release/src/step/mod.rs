//! The step: one event, one decision.

mod alarm;
mod endpoint;
mod guard;
mod moves;
mod performed;
mod person;
mod watch;

use jiff::Timestamp;

use super::{
    Action, Actor, Answer, Audit, Event, Observation, Pending, Policy, Release, Rule, Severity, State,
};
use pawl_base::duration::Duration;
use pawl_ledger::events::DedupeKey;

/// How long a page or a request without its own time counts as said.
const SAID: Duration = Duration::seconds(6 * 3600);

/// What a step makes of a release.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The next record; `pending` holds what is to be done, `outbox` ends with `audit`.
    pub release: Release,
    /// What this step queued, in order.
    pub actions: Vec<Action>,
    /// The rule that decided.
    pub rule: Rule,
    /// The entry for the history; `None` where nothing changed and nothing was decided.
    pub audit: Option<Audit>,
    /// What the caller is told.
    pub answer: Answer,
}

/// Reacts to one event.
///
/// Pure and total: every event in every state has a rule. An event that was seen before, or that comes late, changes nothing.
pub fn step(release: &Release, event: &Event, now: Timestamp, policy: &Policy) -> Transition {
    let mut turn = Turn {
        release: release.clone(),
        now,
        policy,
        queued: Vec::new(),
        note: String::new(),
        looked_at: now,
        answer: None,
        subject: None,
    };
    let over = turn.end_cool_down();
    let rule = match event {
        Event::GuardRequested(request) => turn.guard(request),
        Event::CandidateFailed(failure) => turn.candidate_failed(failure),
        Event::EndpointObserved(Observation { look, by }) => turn.looked(look, by),
        Event::EndpointHinted => turn.endpoint_hinted(),
        Event::WatchTick(reading) => turn.watch_tick(reading),
        Event::Alarm(change) => turn.alarm(change),
        Event::Package(change) => turn.package(change),
        Event::Operator(operator) => turn.operator(operator),
        Event::Performed { id, outcome } => turn.performed(*id, outcome),
        Event::Tick => turn.tick(),
    };
    let rule = if over && rule == Rule::Logged { Rule::CoolDownOver } else { rule };
    turn.finish(release, event, rule)
}

/// One step in the making.
struct Turn<'a> {
    release: Release,
    now: Timestamp,
    policy: &'a Policy,
    queued: Vec<Action>,
    note: String,
    answer: Option<Answer>,
    /// When the endpoint was looked at, where the event is a look.
    looked_at: Timestamp,
    /// The generation that the caller asks about.
    subject: Option<pawl_base::names::Generation>,
}

impl Turn<'_> {
    fn finish(mut self, before: &Release, event: &Event, rule: Rule) -> Transition {
        let answer = match (self.answer.take(), self.subject) {
            (Some(answer), _) => answer,
            (None, Some(generation)) => self.release.answer_for(generation),
            (None, None) => Answer::Noted,
        };
        // What the same step made void again was never queued.
        let due = &self.release.pending;
        self.queued.retain(|action| due.iter().any(|pending| pending.action == *action));
        // Polls that find nothing new leave no trace; a refusal always does.
        let audit = (self.release != *before || rule == Rule::Held).then(|| {
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
        Transition { release: self.release, actions: self.queued, rule, audit, answer }
    }

    fn later(&self, span: Duration) -> Timestamp {
        self.now.saturating_add(span.signed()).unwrap_or(Timestamp::MAX)
    }

    /// Queues an action behind the others.
    fn queue(&mut self, action: Action) {
        let at = self.release.pending.len();
        self.queue_at(at, action);
    }

    fn queue_at(&mut self, at: usize, action: Action) {
        let id = self.release.next_action;
        self.release.next_action += 1;
        self.queued.push(action.clone());
        self.release.pending.insert(at, Pending { id, action, tries: 0, not_before: None });
    }

    fn note(&mut self, note: impl Into<String>) {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(&note.into());
    }

    fn notify(&mut self, message: impl Into<String>) {
        let message = format!("{}: {}", self.release.endpoint, message.into());
        self.queue(Action::Notify { severity: Severity::Info, message });
    }

    fn page(&mut self, message: impl Into<String>) {
        let message = format!("{}: {}", self.release.endpoint, message.into());
        self.note(message.clone());
        self.queue(Action::Notify { severity: Severity::Page, message });
    }

    /// Pages unless the same was said within some hours.
    fn page_once(&mut self, topic: &str, message: impl Into<String>) {
        let key = DedupeKey::new(format!("paged:{topic}"));
        if !self.was_seen(&key) {
            self.release.remember(key, self.now);
            self.page(message);
        }
    }

    /// Whether the key was seen within some hours.
    fn was_seen(&self, key: &DedupeKey) -> bool {
        let since = self.now.saturating_sub(SAID.signed()).unwrap_or(Timestamp::MIN);
        self.release.seen.iter().any(|(seen, at)| seen == key && *at > since)
    }

    fn end_cool_down(&mut self) -> bool {
        let over = matches!(self.release.state, State::CoolDown { until } if self.now >= until);
        if over {
            self.release.state = State::Stable;
        }
        over
    }

    fn tick(&mut self) -> Rule {
        self.decide_if_overdue().unwrap_or(Rule::Logged)
    }
}

fn key_of(event: &Event) -> Option<DedupeKey> {
    use pawl_ledger::events::Signal;
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
        Event::EndpointObserved(Observation { by: super::Observer::Run { generation, .. }, .. }) => {
            Actor::Run { generation: *generation }
        }
        Event::Alarm(change) => Actor::Alarm { arn: change.arn.clone() },
        Event::Operator(operator) => Actor::Person { who: operator.who.clone() },
        _ => Actor::Pawl,
    }
}
