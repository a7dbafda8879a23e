//! The step: one event, one decision.

mod alarm;
mod endpoint;
mod guard;
mod moves;
mod performed;
mod person;
mod transition;
mod turn;
mod watch;

use jiff::Timestamp;

pub use transition::Transition;
use turn::Turn;

use crate::audit::ReleaseRule;
use crate::event::Event;
use crate::observation::EndpointObservation;
use crate::policy::Policy;
use crate::record::Release;

/// Reacts to one event.
///
/// Pure and total: every event in every state has a rule. An event that was seen before, or that comes late,
/// changes nothing.
pub fn step(release: &Release, event: &Event, now: Timestamp, policy: &Policy) -> Transition {
    let mut turn = Turn::new(release, now, policy);
    let over = turn.end_cool_down();
    let rule = match event {
        Event::GuardRequested(request) => turn.guard(request),
        Event::CandidateFailed(failure) => turn.candidate_failed(failure),
        Event::EndpointObserved(EndpointObservation { look, by }) => turn.endpoint_observed(look, by),
        Event::EndpointHinted => turn.endpoint_hinted(),
        Event::WatchTick(reading) => turn.watch_tick(reading),
        Event::Alarm(change) => turn.alarm(change),
        Event::Package(change) => turn.package(change),
        Event::Operator(operator) => turn.operator(operator),
        Event::Performed { id, outcome } => turn.performed(*id, outcome),
        Event::Tick => turn.decide_if_overdue().unwrap_or(ReleaseRule::Logged),
    };
    let rule = if over && rule == ReleaseRule::Logged { ReleaseRule::CoolDownOver } else { rule };
    turn.finish(release, event, rule)
}
