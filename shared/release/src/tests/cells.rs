//! Every cell of the table.

use super::worlds::*;
use crate::strategy::DeploymentConfig;
use crate::*;
use StateName::{CoolDown, Deploying, RollingBack, Stable, Watching};
use pawl_ledger::events::{AlarmState, EndpointStatus, Verb};

const STATES: [StateName; 5] = [Stable, Deploying, Watching, RollingBack, CoolDown];

fn run(release: &Release, event: &Event) -> Transition {
    step(release, event, at(100), &Policy::default())
}

fn names(transition: &Transition) -> Vec<&'static str> {
    transition.actions.iter().map(Action::name).collect()
}

/// One row: in each state, the rule, the state after, and the actions.
fn row(event: impl Fn(StateName) -> Event, expected: [(ReleaseRule, StateName, &[&str]); 5]) {
    for (state, (rule, after, actions)) in STATES.into_iter().zip(expected) {
        let transition = run(&release(state), &event(state));
        assert_eq!(transition.rule, rule, "{state:?}");
        assert_eq!(transition.release.state.name(), after, "{state:?}");
        assert_eq!(names(&transition), actions, "{state:?}");
    }
}

const ROLL_BACK: &[&str] = &[
    "update_endpoint",
    "await_config",
    "smoke_test",
    "reject_package",
    "quarantine_dataset",
    "record_outcome",
    "notify",
];

#[test]
fn alarm_for_the_current_config() {
    row(
        |state| Event::Alarm(alarm(Some(subject(state)), AlarmState::Alarm, 99)),
        [
            (ReleaseRule::ConfirmAlarm, Stable, &["read_alarm"]),
            (ReleaseRule::QueueIntent, Deploying, &[]),
            (ReleaseRule::RollBack, RollingBack, ROLL_BACK),
            (ReleaseRule::AlreadyRollingBack, RollingBack, &[]),
            (ReleaseRule::Paged, CoolDown, &["page"]),
        ],
    );
}

#[test]
fn alarm_for_an_older_config() {
    let nothing: [(ReleaseRule, StateName, &[&str]); 5] =
        STATES.map(|state| (ReleaseRule::Stale, state, [].as_slice()));
    row(|_| Event::Alarm(alarm(Some("bike-0"), AlarmState::Alarm, 99)), nothing);
}

#[test]
fn alarm_with_data_from_before_the_activation() {
    for state in STATES {
        let change = alarm(Some(subject(state)), AlarmState::Alarm, 9);
        assert_eq!(run(&release(state), &Event::Alarm(change)).rule, ReleaseRule::Stale, "{state:?}");
    }
    // The state may have changed after the activation, on data from before it.
    let mut change = alarm(Some("bike-1"), AlarmState::Alarm, 11);
    change.datapoints = Some(pawl_ledger::events::Datapoints { from: at(5), until: Some(at(10)) });
    assert_eq!(run(&release(Stable), &Event::Alarm(change)).rule, ReleaseRule::Stale);
}

#[test]
fn alarm_without_a_config() {
    row(
        |_| Event::Alarm(alarm(None, AlarmState::Alarm, 99)),
        [
            (ReleaseRule::SharedCause, Stable, &["page"]),
            (ReleaseRule::SharedCause, Deploying, &["notify"]),
            (ReleaseRule::CompareFleets, Watching, &["compare_fleets"]),
            (ReleaseRule::AlreadyRollingBack, RollingBack, &[]),
            (ReleaseRule::Paged, CoolDown, &["page"]),
        ],
    );
}

#[test]
fn duplicates_and_late_comers_do_nothing() {
    for state in STATES {
        let newer = alarm(Some(subject(state)), AlarmState::Ok, 99);
        let once = run(&release(state), &Event::Alarm(newer.clone())).release;
        let again = run(&once, &Event::Alarm(newer));
        assert_eq!(
            (again.rule, &again.release, again.audit),
            (ReleaseRule::Duplicate, &once, None),
            "{state:?}"
        );
        let late = alarm(Some(subject(state)), AlarmState::Alarm, 98);
        let late = run(&once, &Event::Alarm(late));
        assert_eq!((late.rule, &late.release), (ReleaseRule::OutOfOrder, &once), "{state:?}");
    }
}

#[test]
fn ok_is_logged_and_cancels_no_rollback() {
    let logged: [(ReleaseRule, StateName, &[&str]); 5] =
        STATES.map(|state| (ReleaseRule::Logged, state, [].as_slice()));
    row(|state| Event::Alarm(alarm(Some(subject(state)), AlarmState::Ok, 99)), logged);
    let alarm_first = Event::Alarm(alarm(Some("bike-2"), AlarmState::Alarm, 98));
    let begun = run(&release(Watching), &alarm_first).release;
    let ok = run(&begun, &Event::Alarm(alarm(Some("bike-2"), AlarmState::Ok, 99))).release;
    assert_eq!((ok.state, ok.pending), (begun.state, begun.pending));
}

#[test]
fn insufficient_data() {
    row(
        |state| Event::Alarm(alarm(Some(subject(state)), AlarmState::InsufficientData, 99)),
        [
            (ReleaseRule::Logged, Stable, &[]),
            (ReleaseRule::Logged, Deploying, &[]),
            (ReleaseRule::ExtendWatch, Watching, &[]),
            (ReleaseRule::Logged, RollingBack, &[]),
            (ReleaseRule::Logged, CoolDown, &[]),
        ],
    );
}

#[test]
fn in_service_with_the_requested_config() {
    let deployed = run(&release(Deploying), &observed(EndpointStatus::InService, "bike-2"));
    assert_eq!((deployed.rule, deployed.release.state.name()), (ReleaseRule::Watch, Watching));
    assert_eq!(names(&deployed), ["smoke_test"]);
    let current = deployed.release.current.unwrap();
    assert_eq!((current.config, current.activated_at), ("bike-2".into(), Some(at(90))));

    let back = |id, outcome| Event::Performed { id, outcome };
    let seen = ActionResult::Endpoint { look: look(EndpointStatus::InService, "bike-1", 100) };
    let switched = run(&release(RollingBack), &back(1, seen)).release;
    assert_eq!(switched.state.name(), RollingBack, "the smoke test comes first");
    assert_eq!(switched.current.as_ref().unwrap().config, "bike-1".into());
    let cooled = run(&switched, &back(2, ActionResult::SmokePassed));
    assert_eq!(cooled.rule, ReleaseRule::RolledBack);
    assert_eq!(cooled.release.state, State::CoolDown { until: at(100 + 6 * 60) });
    // It took traffic again before anybody looked: an alarm of that time counts.
    assert_eq!(cooled.release.current.unwrap().activated_at, Some(at(95)));
}

#[test]
fn in_service_with_the_old_config_while_deploying_is_a_silent_rollback() {
    let closed = run(&release(Deploying), &observed(EndpointStatus::InService, "bike-1"));
    assert_eq!((closed.rule, closed.release.state.name()), (ReleaseRule::GuardrailRolledBack, CoolDown));
    assert_eq!(
        names(&closed),
        ["smoke_test", "reject_package", "quarantine_dataset", "record_outcome", "upkeep", "notify"]
    );
    assert!(closed.release.is_revoked(&deployment(2)));
    assert!(matches!(
        closed.release.reply_to(pawl_base::names::Generation(2)),
        Reply::RolledBack { cause: Cause::Guardrail, .. }
    ));
}

#[test]
fn in_service_with_the_old_config_before_the_update_began_is_none() {
    let at_stage = |progress| {
        let mut granted = release(Deploying);
        let State::Deploying(deploying) = &mut granted.state else { panic!() };
        deploying.progress = progress;
        granted
    };
    let seen = observed(EndpointStatus::InService, "bike-1");
    // An update that was seen may have been somebody else's: the run may still begin its own until its lease
    // ends.
    for (progress, end) in
        [(Progress::Granted, ReleaseRule::Abandoned), (Progress::Updating, ReleaseRule::GuardrailRolledBack)]
    {
        let granted = at_stage(progress);
        assert_eq!(run(&granted, &seen).rule, ReleaseRule::Wait);
        // What was seen before the lease's end is no proof that the run did not begin in time.
        assert_eq!(step(&granted, &seen, at(105), &Policy::default()).rule, ReleaseRule::Wait);
        let later = observed_at(EndpointStatus::InService, "bike-1", 105);
        assert_eq!(step(&granted, &later, at(105), &Policy::default()).rule, end);
        // The run itself looks only after its update was accepted.
        let by = Observer::Run { generation: pawl_base::names::Generation(2), config: "bike-2".into() };
        let own = EndpointObservation { look: look(EndpointStatus::InService, "bike-1", 100), by };
        assert_eq!(run(&granted, &Event::EndpointObserved(own)).rule, ReleaseRule::GuardrailRolledBack);
    }
}

#[test]
fn a_permission_holds_though_somebody_moved_the_endpoint() {
    let mut granted = release(Deploying);
    let State::Deploying(deploying) = &mut granted.state else { panic!() };
    deploying.progress = Progress::Granted;
    let seen = observed(EndpointStatus::InService, "stranger");
    let moved = run(&granted, &seen);
    assert_eq!(
        (moved.rule, moved.release.state.name(), names(&moved)),
        (ReleaseRule::Wait, Deploying, vec!["page"])
    );
    assert!(moved.release.freeze.is_some());
    // Its run may have begun by now: what it deploys is watched like any other.
    let deployed = run(&moved.release, &observed(EndpointStatus::InService, "bike-2")).release;
    assert_eq!(
        (deployed.state.name(), deployed.rollback_target().unwrap().config.clone()),
        (Watching, "bike-1".into())
    );
    let seen = observed_at(EndpointStatus::InService, "stranger", 105);
    let late = step(&moved.release, &seen, at(105), &Policy::default());
    assert_eq!((late.rule, late.release.current.unwrap().config), (ReleaseRule::Paged, "stranger".into()));
}

#[test]
fn in_service_with_the_old_config_while_watching_pages() {
    let gone = run(&release(Watching), &observed(EndpointStatus::InService, "bike-1"));
    assert_eq!((gone.rule, gone.release.state.name()), (ReleaseRule::Paged, CoolDown));
    assert!(names(&gone).contains(&"page"));
    assert_eq!(gone.release.current.unwrap().config, "bike-1".into());
}

#[test]
fn in_service_with_the_old_config_while_rolling_back_is_a_lost_update() {
    let seen = || ActionResult::Endpoint { look: look(EndpointStatus::InService, "bike-2", 100) };
    let again = run(&release(RollingBack), &Event::Performed { id: 1, outcome: seen() });
    assert_eq!((again.rule, names(&again)), (ReleaseRule::Retry, vec!["update_endpoint"]));
    let order: Vec<_> = again.release.pending.iter().map(|p| p.action.name()).collect();
    assert_eq!(order, ["update_endpoint", "await_config", "smoke_test"]);
    let updated = Event::Performed { id: 3, outcome: ActionResult::Done };
    let twice = run(&run(&again.release, &updated).release, &Event::Performed { id: 1, outcome: seen() });
    assert_eq!((twice.rule, twice.release.state.name()), (ReleaseRule::GaveUp, Stable));
    assert_eq!(names(&twice), ["page"]);
    assert!(twice.release.freeze.is_some());
}

#[test]
fn a_foreign_config_locks_and_pages() {
    for state in [Stable, Deploying, Watching, CoolDown] {
        let found = run(&release(state), &observed(EndpointStatus::InService, "stranger"));
        assert_eq!(found.rule, ReleaseRule::Paged, "{state:?}");
        assert!(found.release.freeze.is_some(), "{state:?}");
        assert!(names(&found).contains(&"page"), "{state:?}");
        let serving = found.release.current.as_ref().unwrap();
        assert_eq!((&serving.config, serving.activated_at), (&"stranger".into(), None), "{state:?}");
        let again = run(&found.release, &observed(EndpointStatus::InService, "stranger"));
        assert_eq!((again.rule, again.audit), (ReleaseRule::Logged, None), "{state:?}");
    }
}

#[test]
fn system_updating_waits() {
    let wait: [(ReleaseRule, StateName, &[&str]); 5] =
        STATES.map(|state| (ReleaseRule::Wait, state, [].as_slice()));
    row(|state| observed(EndpointStatus::SystemUpdating, subject(state)), wait);
    // A rollback that meets it keeps its intent and backs off.
    let begun = run(&release(Watching), &Event::Alarm(alarm(Some("bike-2"), AlarmState::Alarm, 99))).release;
    let id = begun.pending[0].id;
    let busy = run(&begun, &Event::Performed { id, outcome: ActionResult::Busy });
    assert_eq!((busy.rule, busy.release.pending[0].id), (ReleaseRule::TryLater, id));
    assert!(busy.release.pending[0].not_before.is_some_and(|then| then > at(100)));
    // Word that the endpoint changed ends the pause; what failed keeps it.
    let hinted = run(&busy.release, &Event::EndpointHinted);
    assert_eq!((hinted.rule, hinted.release.pending[0].not_before), (ReleaseRule::Describe, None));
    let failed = |release: &Release| {
        let outcome = ActionResult::Retry { reason: "throttled".to_owned() };
        run(release, &Event::Performed { id, outcome }).release
    };
    let twice = failed(&failed(&begun));
    assert!(twice.pending[0].not_before.is_some());
    assert_eq!(run(&twice, &Event::EndpointHinted).release, twice);
}

#[test]
fn a_look_that_was_overtaken_tells_what_was() {
    let by = Observer::Run { generation: pawl_base::names::Generation(2), config: "bike-2".into() };
    let own = EndpointObservation { look: look(EndpointStatus::Updating, "bike-1", 98), by };
    let mut granted = release(Deploying);
    let State::Deploying(deploying) = &mut granted.state else { panic!() };
    deploying.progress = Progress::Granted;
    let begun = step(&granted, &Event::EndpointObserved(own), at(98), &Policy::default()).release;
    let before = observed_at(EndpointStatus::InService, "bike-1", 97);
    assert_eq!(run(&begun, &before).rule, ReleaseRule::OutOfOrder);
    assert_eq!(
        run(&begun, &observed(EndpointStatus::InService, "bike-1")).rule,
        ReleaseRule::GuardrailRolledBack
    );

    let watching = run(&begun, &observed(EndpointStatus::InService, "bike-2")).release;
    let before = observed_at(EndpointStatus::InService, "bike-1", 99);
    assert_eq!(run(&watching, &before).rule, ReleaseRule::OutOfOrder);

    let seen = ActionResult::Endpoint { look: look(EndpointStatus::InService, "bike-1", 100) };
    let switched = run(&release(RollingBack), &Event::Performed { id: 1, outcome: seen }).release;
    let back = run(&switched, &Event::Performed { id: 2, outcome: ActionResult::SmokePassed }).release;
    assert_eq!(back.state.name(), CoolDown);
    let before = observed_at(EndpointStatus::InService, "bike-2", 99);
    assert_eq!((run(&back, &before).rule, run(&back, &before).release), (ReleaseRule::OutOfOrder, back));
}

#[test]
fn a_failed_endpoint() {
    let recreate: &[&str] = &[
        "page",
        "recreate_endpoint",
        "await_config",
        "smoke_test",
        "reject_package",
        "record_outcome",
        "notify",
    ];
    row(
        |state| observed(EndpointStatus::Failed, subject(state)),
        [
            (ReleaseRule::Paged, Stable, &["page"]),
            (ReleaseRule::RollBack, RollingBack, recreate),
            (ReleaseRule::Paged, Watching, &["page"]),
            (ReleaseRule::Wait, RollingBack, &[]),
            (ReleaseRule::Paged, CoolDown, &["page"]),
        ],
    );
    // A mixed fleet serves: it is moved, never deleted.
    let mut update = recreate.to_vec();
    update[1] = "update_endpoint";
    row(
        |state| observed(EndpointStatus::UpdateRollbackFailed, subject(state)),
        [
            (ReleaseRule::Paged, Stable, &["page"]),
            (ReleaseRule::RollBack, RollingBack, &update),
            (ReleaseRule::Paged, Watching, &["page"]),
            (ReleaseRule::Wait, RollingBack, &[]),
            (ReleaseRule::Paged, CoolDown, &["page"]),
        ],
    );
    // Somebody else's update, before the run began its own: a person is told, and the permission holds.
    let mut granted = release(Deploying);
    let State::Deploying(deploying) = &mut granted.state else { panic!() };
    deploying.progress = Progress::Updating;
    let by_hand = run(&granted, &observed(EndpointStatus::UpdateRollbackFailed, "bike-1"));
    assert_eq!((by_hand.rule, names(&by_hand)), (ReleaseRule::Paged, vec!["page"]));
    let seen = observed_at(EndpointStatus::UpdateRollbackFailed, "bike-1", 105);
    assert_eq!(step(&granted, &seen, at(105), &Policy::default()).rule, ReleaseRule::RollBack);
    // A rollback looks at the endpoint by itself.
    let seen = ActionResult::Endpoint { look: look(EndpointStatus::Failed, "bike-2", 100) };
    let failed = run(&release(RollingBack), &Event::Performed { id: 1, outcome: seen });
    assert_eq!((failed.rule, names(&failed)), (ReleaseRule::GaveUp, vec!["page"]));
    // The same is not paged again and again.
    let paged = run(&release(Stable), &observed(EndpointStatus::Failed, "bike-1")).release;
    assert_eq!(names(&run(&paged, &observed(EndpointStatus::Failed, "bike-1"))), [""; 0]);
}

#[test]
fn no_last_known_good() {
    for state in [Stable, Watching] {
        let mut release = release(state);
        release.good.clear();
        let asked = run(&release, &operator(Verb::Rollback));
        assert_eq!((asked.rule, asked.release.state.name()), (ReleaseRule::NoTarget, Stable), "{state:?}");
        assert!(names(&asked).contains(&"page"));
        assert!(!names(&asked).contains(&"update_endpoint"));
        assert_eq!(asked.release.current, release.current, "nothing is touched");
    }
    let mut release = release(Watching);
    release.good.clear();
    let policy = Policy { fallback: Some("simple-rule".into()), ..Policy::default() };
    let fallen = step(&release, &operator(Verb::Rollback), at(100), &policy);
    assert_eq!(fallen.rule, ReleaseRule::RollBack);
    let State::RollingBack(rolling) = fallen.release.state else { panic!() };
    assert_eq!(rolling.to.config, "simple-rule".into());
    assert_eq!(
        rolling.to.alarms,
        ["pawl-simple-rule-errors", "pawl-simple-rule-latency"],
        "looked at where they exist"
    );
}

#[test]
fn a_person_rejects_the_package() {
    row(
        |state| rejected(if state == Stable { 1 } else { 2 }),
        [
            (ReleaseRule::RollBack, RollingBack, ROLL_BACK),
            (ReleaseRule::QueueIntent, Deploying, &[]),
            (ReleaseRule::RollBack, RollingBack, ROLL_BACK),
            (ReleaseRule::Logged, RollingBack, &[]),
            (ReleaseRule::Logged, CoolDown, &[]),
        ],
    );
    // A rejected config is no target any more.
    let without = run(&release(Watching), &rejected(1)).release;
    assert_eq!(without.rollback_target().unwrap().config, "bike-0".into());
    // A person may not like what was brought back either: paged, since nothing is rolled back twice by
    // itself.
    let revoked = run(&release(CoolDown), &rejected(1));
    assert_eq!((revoked.rule, names(&revoked)), (ReleaseRule::PackageRejected, vec!["page"]));
}

#[test]
fn a_person_asks_for_a_rollback() {
    row(
        |_| operator(Verb::Rollback),
        [
            (ReleaseRule::RollBack, RollingBack, ROLL_BACK),
            (ReleaseRule::QueueIntent, Deploying, &[]),
            (ReleaseRule::RollBack, RollingBack, ROLL_BACK),
            (ReleaseRule::AlreadyRollingBack, RollingBack, &[]),
            (ReleaseRule::RollBack, RollingBack, ROLL_BACK),
        ],
    );
    let once = run(&release(Stable), &operator(Verb::Rollback)).release;
    assert_eq!(run(&once, &operator(Verb::Rollback)).rule, ReleaseRule::Duplicate);
}

#[test]
fn a_person_freezes_and_unfreezes() {
    for state in STATES {
        let frozen = run(&release(state), &operator(Verb::Freeze));
        assert_eq!((frozen.rule, frozen.release.state.name()), (ReleaseRule::Frozen, state));
        assert_eq!(frozen.release.freeze.as_ref().unwrap().who, "ada");
        let thawed = run(&frozen.release, &operator(Verb::Unfreeze));
        assert_eq!((thawed.rule, thawed.release.freeze), (ReleaseRule::Unfrozen, None));
    }
}

#[test]
fn a_person_forces() {
    row(
        |_| operator(Verb::Force),
        [
            (ReleaseRule::Forced, Stable, &[]),
            (ReleaseRule::Forced, Deploying, &[]),
            (ReleaseRule::Forced, Stable, &["record_outcome", "notify", "upkeep"]),
            (ReleaseRule::AlreadyRollingBack, RollingBack, &[]),
            (ReleaseRule::Forced, Stable, &[]),
        ],
    );
    let forced = run(&release(Deploying), &operator(Verb::Force)).release;
    let deployed = run(&forced, &observed(EndpointStatus::InService, "bike-2"));
    assert_eq!(
        (deployed.rule, deployed.release.good[0].config.clone()),
        (ReleaseRule::Promoted, "bike-2".into())
    );
}

#[test]
fn the_intent_of_a_deployment_is_acted_upon_at_its_end() {
    for event in
        [Event::Alarm(alarm(Some("bike-2"), AlarmState::Alarm, 99)), operator(Verb::Rollback), rejected(2)]
    {
        let queued = run(&release(Deploying), &event).release;
        let stayed = run(&queued, &observed(EndpointStatus::InService, "bike-2"));
        assert_eq!((stayed.rule, stayed.release.state.name()), (ReleaseRule::RollBack, RollingBack));
        let gone = run(&queued, &observed(EndpointStatus::InService, "bike-1"));
        assert_eq!(gone.rule, ReleaseRule::GuardrailRolledBack);
    }
}

#[test]
fn the_rollback_call_is_exact() {
    let begun = run(&release(Watching), &operator(Verb::Rollback));
    let Action::UpdateEndpoint { call } = &begun.actions[0] else { panic!() };
    let expected = serde_json::json!({
        "EndpointName": "bike", "EndpointConfigName": "bike-1", "RetainAllVariantProperties": true,
        "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
        "DeploymentConfig": {"BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "TerminationWaitInSeconds": 0}},
    });
    assert_eq!(serde_json::to_value(call).unwrap(), expected);
}

#[test]
fn the_config_rules_the_number_of_instances_unless_autoscaling_does() {
    let (from, mut to) = (deployment(2), deployment(1));
    for (instances, retains, exclude) in [
        (InstanceCount::Kept, true, vec![VariantProperty::DesiredWeight]),
        (InstanceCount::Configured, false, Vec::new()),
    ] {
        to.instances = instances;
        for call in [
            UpdateCall::back_to("bike", &from, &to),
            UpdateCall::to("bike", &from, &to, DeploymentConfig::at_once()),
        ] {
            assert_eq!((call.retain_all_variant_properties, &call.exclude), (retains, &exclude));
        }
    }
}

#[test]
fn a_call_that_an_earlier_release_wrote_down_is_sent_without_what_is_not_supported() {
    let written = serde_json::json!({
        "EndpointName": "bike", "EndpointConfigName": "bike-1", "RetainAllVariantProperties": true,
        "ExcludeRetainedVariantProperties": [
            {"VariantPropertyType": "DesiredWeight"}, {"VariantPropertyType": "DataCaptureConfig"}],
    });
    let call: UpdateCall = serde_json::from_value(written).unwrap();
    assert_eq!(call.exclude, [VariantProperty::DesiredWeight]);
}

#[test]
fn every_change_is_audited_and_numbered() {
    let mut release = release(Watching);
    for (number, event) in [operator(Verb::Freeze), operator(Verb::Rollback)].iter().enumerate() {
        let transition = run(&release, event);
        let audit = transition.audit.unwrap();
        assert_eq!(audit.sequence, number as u64 + 1);
        assert_eq!(audit.actor, Actor::Person { who: "ada".to_owned() });
        assert_eq!(transition.release.outbox.last(), Some(&audit));
        release = transition.release;
    }
    let text = serde_json::to_string(&release).unwrap();
    assert_eq!(serde_json::from_str::<Release>(&text).unwrap(), release);
}
