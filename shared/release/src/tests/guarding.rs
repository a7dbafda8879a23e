//! What lets a deployment begin, and what does not.

use super::worlds::*;
use crate::*;
use pawl_base::names::Generation;
use pawl_ledger::events::{AlarmState, EndpointStatus, Verb};

fn ask(generation: u64) -> GuardRequest {
    GuardRequest {
        candidate: Deployment { alarms: Vec::new(), ..deployment(generation) },
        look: look(EndpointStatus::InService, "bike-1", 100),
        target: TargetCheck::Checked { config: "bike-1".into(), found: TargetPresence::Present },
        alarms: Vec::new(),
        defined: Vec::new(),
        traffic: None,
    }
}

fn guard(release: &Release, request: GuardRequest) -> Transition {
    step(release, &Event::GuardRequested(request), at(100), &Policy::default())
}

fn held(release: &Release, request: GuardRequest) -> HoldReason {
    let transition = guard(release, request);
    assert_eq!(transition.rule, ReleaseRule::Held);
    assert!(transition.audit.is_some(), "a refusal leaves its reason");
    assert_eq!(transition.release.generation, release.generation);
    let Reply::Hold { reason, .. } = transition.reply else { panic!("{:?}", transition.reply) };
    reason
}

#[test]
fn a_good_challenger_is_granted_an_update() {
    let granted = guard(&release(StateName::Stable), ask(2));
    let Reply::DeployUpdate { call } = &granted.reply else { panic!("{:?}", granted.reply) };
    assert_eq!((call.config.clone(), call.retain_all_variant_properties), ("bike-2".into(), true));
    let alarms = &call.deployment.as_ref().unwrap().rollback.as_ref().unwrap().alarms;
    assert_eq!(alarms[0].name, "pawl-bike-2-errors");
    assert_eq!(granted.actions.iter().map(Action::name).collect::<Vec<_>>(), ["put_alarms"]);
    // The answer may get lost: it is given again.
    let again = step(&granted.release, &Event::GuardRequested(ask(2)), at(110), &Policy::default());
    assert_eq!((again.rule, again.reply), (ReleaseRule::Granted, granted.reply));
    let State::Deploying(deploying) = again.release.state else { panic!() };
    assert_eq!(deploying.lease_until, at(125), "the time to begin starts anew");
}

#[test]
fn the_first_deployment_of_all_creates_the_endpoint() {
    let request = GuardRequest::first(deployment(1), at(100));
    let granted = guard(&Release::new(ENDPOINT), request.clone());
    assert_eq!(granted.reply, Reply::DeployCreate { endpoint: ENDPOINT.to_owned(), config: "bike-1".into() });
    // Its alarms could not be made: it never begins.
    let id = granted.release.pending[0].id;
    let outcome = ActionResult::Refused { reason: "denied".to_owned() };
    let failed = step(&granted.release, &Event::Performed { id, outcome }, at(100), &Policy::default());
    assert_eq!((failed.rule, failed.release.state), (ReleaseRule::Abandoned, State::Stable));
    assert!(matches!(failed.reply, Reply::Hold { reason: HoldReason::AlarmsUnavailable { .. }, .. }));
}

#[test]
fn each_reason_holds() {
    let stable = || release(StateName::Stable);
    assert_eq!(held(&stable(), ask(1)), HoldReason::Superseded { by: Generation(1) });
    for state in [StateName::Deploying, StateName::Watching, StateName::RollingBack] {
        assert_eq!(held(&release(state), ask(3)), HoldReason::EndpointBusy, "{state:?}");
    }
    assert_eq!(held(&release(StateName::CoolDown), ask(3)), HoldReason::CoolDown { until: at(460) });
    let frozen = step(&stable(), &operator(Verb::Freeze), at(100), &Policy::default()).release;
    assert!(matches!(held(&frozen, ask(2)), HoldReason::Frozen { .. }));

    for revoke in [
        |r: &mut Release| r.revoked_configs.push("bike-2".into()),
        |r: &mut Release| r.rejected.push("arn:package/2".to_owned()),
        |r: &mut Release| r.quarantined.extend(deployment(2).dataset),
    ] {
        let mut revoked = stable();
        revoke(&mut revoked);
        assert_eq!(held(&revoked, ask(2)), HoldReason::Revoked);
    }
    let mut same = ask(2);
    same.candidate.config = "bike-1".into();
    assert_eq!(held(&stable(), same), HoldReason::AlreadyServing);
    for status in [EndpointStatus::Updating, EndpointStatus::Failed, EndpointStatus::Absent] {
        let request = GuardRequest { look: look(status, "bike-1", 100), ..ask(2) };
        assert!(matches!(held(&stable(), request), HoldReason::EndpointNotReady { .. }), "{status:?}");
    }
    let foreign = GuardRequest { look: look(EndpointStatus::InService, "stranger", 100), ..ask(2) };
    assert!(matches!(held(&stable(), foreign), HoldReason::EndpointNotReady { .. }));
    assert_eq!(
        held(&stable(), GuardRequest { target: TargetCheck::NotAsked, ..ask(2) }),
        HoldReason::AskAgain
    );
}

#[test]
fn a_fallback_that_is_gone_is_struck_off() {
    let mut release = release(StateName::Stable);
    for (config, left) in [("bike-1", 1), ("bike-0", 0)] {
        let found = TargetPresence::Missing { what: "the model was deleted".to_owned() };
        let target = TargetCheck::Checked { config: config.into(), found };
        let transition = guard(&release, GuardRequest { target, ..ask(2) });
        assert!(matches!(transition.reply, Reply::Hold { reason: HoldReason::AskAgain, .. }));
        release = transition.release;
        assert_eq!(release.good.len(), left);
    }
    assert!(matches!(held(&release, ask(2)), HoldReason::NoLastKnownGood { .. }));
    // A person's word lets one deployment begin without; only one.
    let forced = step(&release, &operator(Verb::Force), at(100), &Policy::default()).release;
    let granted = guard(&forced, ask(2));
    assert!(matches!(granted.reply, Reply::DeployUpdate { .. }));
    assert_eq!(granted.release.pass, None);
    // It is forgotten after a day, and a lock takes it back.
    let day = 24 * 60;
    let asks = |minutes| {
        let event = Event::GuardRequested(ask(2));
        step(&forced, &event, at(minutes), &Policy::default()).reply
    };
    assert!(matches!(asks(100 + day - 1), Reply::DeployUpdate { .. }));
    assert!(matches!(asks(100 + day), Reply::Hold { reason: HoldReason::NoLastKnownGood { .. }, .. }));
    let frozen = step(&forced, &operator(Verb::Freeze), at(101), &Policy::default()).release;
    assert_eq!(frozen.pass, None);
}

/// The first deployment meets an endpoint that stands there.
fn meets(origin: EndpointOrigin) -> GuardRequest {
    let look = EndpointDescription { origin, ..look(EndpointStatus::InService, "old", 100) };
    GuardRequest { look, target: TargetCheck::NotAsked, ..ask(1) }
}

#[test]
fn an_own_endpoint_from_before_is_nothing_to_fall_back_to() {
    let held = held(&Release::new(ENDPOINT), meets(EndpointOrigin::Ours));
    assert!(matches!(held, HoldReason::NoLastKnownGood { .. }));
}

#[test]
fn somebody_elses_endpoint_is_taken_over_at_a_persons_word_alone() {
    let policy = Policy { fallback: Some("rule".into()), ..Policy::default() };
    for origin in [EndpointOrigin::Foreign, EndpointOrigin::NotAsked] {
        let new = Release::new(ENDPOINT);
        let refused = step(&new, &Event::GuardRequested(meets(origin)), at(100), &policy);
        let Reply::Hold { reason, message } = &refused.reply else { panic!("{:?}", refused.reply) };
        let expected = HoldReason::ForeignEndpoint { endpoint: ENDPOINT.to_owned(), serving: "old".into() };
        assert_eq!(*reason, expected);
        assert!(message.contains("the endpoint bike") && message.contains("`pawl force bike`"), "{message}");
        assert_eq!((refused.actions, refused.release.current), (Vec::new(), None), "nothing is touched");
        let forced = step(&new, &operator(Verb::Force), at(99), &policy).release;
        let granted = step(&forced, &Event::GuardRequested(meets(origin)), at(100), &policy);
        assert!(matches!(granted.reply, Reply::DeployUpdate { .. }), "{:?}", granted.reply);
        let note = granted.audit.unwrap().note;
        assert!(note.starts_with("taken over with old, as ada allowed: "), "{note}");
    }
}

#[test]
fn a_round_leaves_somebody_elses_endpoint_alone_and_says_so_once() {
    let observed = |origin| {
        let look = EndpointDescription { origin, ..look(EndpointStatus::InService, "old", 100) };
        Event::EndpointObserved(EndpointObservation { look, by: Observer::Reconciler })
    };
    let new = Release::new(ENDPOINT);
    let told = step(&new, &observed(EndpointOrigin::Foreign), at(100), &Policy::default());
    assert_eq!((told.rule, &told.release.current), (ReleaseRule::Paged, &None));
    assert_eq!(told.actions.iter().map(Action::name).collect::<Vec<_>>(), ["page"]);
    let again = step(&told.release, &observed(EndpointOrigin::Foreign), at(101), &Policy::default());
    assert_eq!(again.actions, Vec::new());
    let unknown = step(&new, &observed(EndpointOrigin::NotAsked), at(100), &Policy::default());
    assert_eq!(unknown.release.current, None);
    let own = step(&new, &observed(EndpointOrigin::Ours), at(100), &Policy::default());
    assert_eq!(own.release.current.map(|current| current.config), Some("old".into()));
}

#[test]
fn alarms_that_could_not_protect_hold() {
    let firing = AlarmReading { name: "sales".to_owned(), state: AlarmState::Alarm, since: at(1) };
    let request = GuardRequest { alarms: vec![firing], ..ask(2) };
    assert!(matches!(held(&release(StateName::Stable), request), HoldReason::AlarmLint { .. }));
}

#[test]
fn a_run_that_could_not_begin_gives_the_endpoint_back() {
    let granted = guard(&release(StateName::Stable), ask(2)).release;
    let failure = CandidateFailure { generation: Generation(2), reason: "no quota".to_owned() };
    let told = step(&granted, &Event::CandidateFailed(failure), at(101), &Policy::default());
    assert_eq!(told.rule, ReleaseRule::Describe, "the endpoint decides whether that is so");
    // Who looked before it said so cannot tell: its call may have been accepted all the same.
    let before = observed(EndpointStatus::InService, "bike-1");
    assert_eq!(step(&told.release, &before, at(101), &Policy::default()).rule, ReleaseRule::OutOfOrder);
    let seen = observed_at(EndpointStatus::InService, "bike-1", 101);
    let closed = step(&told.release, &seen, at(101), &Policy::default());
    assert_eq!((closed.rule, closed.release.state), (ReleaseRule::Abandoned, State::Stable));
    // It may have begun after all.
    let seen = observed_at(EndpointStatus::InService, "bike-2", 101);
    assert_eq!(step(&told.release, &seen, at(101), &Policy::default()).rule, ReleaseRule::Watch);
    // It asks once more: what it is permitted anew holds.
    let again = guard(&told.release, ask(2));
    assert!(matches!(again.reply, Reply::DeployUpdate { .. }));
    let seen = observed_at(EndpointStatus::InService, "bike-1", 102);
    assert_eq!(step(&again.release, &seen, at(102), &Policy::default()).rule, ReleaseRule::Wait);
}

#[test]
fn a_serverless_endpoint_is_moved_without_guardrails() {
    let mut request = ask(2);
    request.candidate.kind = strategy::EndpointKind::Serverless;
    let granted = guard(&release(StateName::Stable), request);
    let Reply::DeployUpdate { call } = granted.reply else { panic!("{:?}", granted.reply) };
    assert_eq!(call.deployment, None);
    let mut champion = deployment(1);
    champion.kind = strategy::EndpointKind::Serverless;
    assert_eq!(UpdateCall::back_to(ENDPOINT, &champion, &champion).deployment, None);
}
