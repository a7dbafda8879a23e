//! The watch, the confirmation, and the loop breakers.

use super::worlds::*;
use crate::*;
use pawl_base::duration::Duration;
use pawl_base::names::Generation;
use pawl_ledger::events::{AlarmChange, AlarmState, EndpointStatus, Verb};

fn reading(state: AlarmState, requests: Option<u64>) -> WatchReading {
    let alarm = |name: &str, state| AlarmReading { name: name.to_owned(), state, since: at(91) };
    let alarms = vec![alarm("pawl-bike-2-errors", state), alarm("pawl-bike-2-latency", AlarmState::Ok)];
    WatchReading { config: "bike-2".into(), alarms, requests, trial: None }
}

fn tick(release: &Release, reading: WatchReading, minutes: i64) -> Transition {
    step(release, &Event::WatchTick(reading), at(minutes), &Policy::default())
}

#[test]
fn proven_good_at_the_end_of_the_bake() {
    let watching = release(StateName::Watching);
    assert_eq!(tick(&watching, reading(AlarmState::Ok, Some(500)), 119).rule, ReleaseRule::KeepWatching);
    let promoted = tick(&watching, reading(AlarmState::Ok, Some(500)), 120);
    assert_eq!((promoted.rule, promoted.reply), (ReleaseRule::Promoted, Reply::Healthy));
    assert_eq!(promoted.release.last_known_good().unwrap().config, "bike-2".into());
    assert_eq!(promoted.release.rollback_target().unwrap().config, "bike-1".into());
}

#[test]
fn nothing_but_proof_promotes() {
    let watching = release(StateName::Watching);
    let mut untested = watching.clone();
    let State::Watching(state) = &mut untested.state else { panic!() };
    state.smoke = Smoke::Pending;
    let missing = WatchReading { alarms: Vec::new(), ..reading(AlarmState::Ok, Some(500)) };
    let mut unwatched = watching.clone();
    unwatched.current.as_mut().unwrap().alarms.clear();
    for (release, reading) in [
        (&watching, reading(AlarmState::Ok, Some(99))),
        (&watching, reading(AlarmState::Ok, None)),
        (&watching, reading(AlarmState::InsufficientData, Some(500))),
        (&watching, missing),
        (&untested, reading(AlarmState::Ok, Some(500))),
        (&unwatched, reading(AlarmState::Ok, Some(500))),
    ] {
        assert_eq!(tick(release, reading.clone(), 239).rule, ReleaseRule::ExtendWatch);
        let asked = tick(release, reading, 240);
        assert_eq!(asked.rule, ReleaseRule::AskPerson);
        assert_eq!(asked.reply, Reply::NeedsApproval { until: at(240 + 24 * 60) });
        let waiting = step(&asked.release, &Event::Tick, at(240 + 24 * 60 - 1), &Policy::default());
        assert_eq!(waiting.rule, ReleaseRule::Logged);
        let over = step(&asked.release, &Event::Tick, at(240 + 24 * 60), &Policy::default());
        assert_eq!(over.rule, ReleaseRule::RollBack, "the stated outcome is to go back");
        assert!(!over.actions.iter().any(|action| action.name() == "quarantine_dataset"));
        let kept = step(&asked.release, &operator(Verb::Force), at(241), &Policy::default());
        assert_eq!(kept.release.reply_to(Generation(2)), Reply::Healthy);
    }
}

#[test]
fn a_firing_alarm_takes_it_out() {
    let fired = tick(&release(StateName::Watching), reading(AlarmState::Alarm, Some(500)), 100);
    assert_eq!((fired.rule, fired.reply), (ReleaseRule::RollBack, Reply::RollingBack));
}

#[test]
fn an_alarm_of_ones_own_making_is_compared_first() {
    let mut watched = reading(AlarmState::Ok, Some(500));
    watched.alarms.push(AlarmReading { name: "sales".to_owned(), state: AlarmState::Alarm, since: at(95) });
    let asked = tick(&release(StateName::Watching), watched, 100);
    let id = asked.release.pending[0].id;
    let told = |fleets| {
        step(
            &asked.release,
            &Event::Performed { id, outcome: ActionResult::Fleets { fleets } },
            at(101),
            &Policy::default(),
        )
    };
    assert_eq!(told(FleetComparison::OnlyNew).rule, ReleaseRule::RollBack);
    assert_eq!(told(FleetComparison::Both).rule, ReleaseRule::SharedCause);
    assert_eq!(told(FleetComparison::Unknown).rule, ReleaseRule::SharedCause);
    assert_eq!(told(FleetComparison::Neither).rule, ReleaseRule::Logged);
}

#[test]
fn a_failed_smoke_test_takes_it_out() {
    let seen = observed(EndpointStatus::InService, "bike-2");
    let watching = step(&release(StateName::Deploying), &seen, at(100), &Policy::default()).release;
    let id = watching.pending[0].id;
    let outcome = ActionResult::SmokeFailed { reason: "500".to_owned() };
    let failed = step(&watching, &Event::Performed { id, outcome }, at(101), &Policy::default());
    assert_eq!(failed.rule, ReleaseRule::RollBack);
}

#[test]
fn three_changes_in_fifteen_minutes_count_as_an_alarm_while_watching() {
    let changes = |minutes: [i64; 3]| {
        let mut watching = release(StateName::Watching);
        let mut rule = ReleaseRule::Logged;
        for (minute, state) in
            minutes.into_iter().zip([AlarmState::Ok, AlarmState::InsufficientData, AlarmState::Ok])
        {
            let change = Event::Alarm(alarm(Some("bike-2"), state, minute));
            let transition = step(&watching, &change, at(minute), &Policy::default());
            (watching, rule) = (transition.release, transition.rule);
        }
        rule
    };
    assert_eq!(changes([91, 95, 106]), ReleaseRule::RollBack);
    // Changes from before the activation, at minute 90, are none of its own.
    assert_eq!(changes([88, 95, 98]), ReleaseRule::Logged);
    assert_eq!(changes([91, 95, 107]), ReleaseRule::Logged);
}

#[test]
fn a_stable_config_is_rolled_back_only_for_a_confirmed_alarm() {
    let change = Event::Alarm(alarm(Some("bike-1"), AlarmState::Alarm, 99));
    let asked = step(&release(StateName::Stable), &change, at(100), &Policy::default()).release;
    let id = asked.pending[0].id;
    let read = |state, policy: &Policy| {
        step(&asked, &Event::Performed { id, outcome: ActionResult::Alarm { state } }, at(100), policy)
    };
    let policy = Policy::default();
    let back = read(Some(AlarmState::Alarm), &policy);
    assert_eq!(back.rule, ReleaseRule::RollBack);
    assert!(
        !back.actions.iter().any(|action| action.name() == "quarantine_dataset"),
        "what served well was made of good data"
    );
    for state in [Some(AlarmState::Ok), Some(AlarmState::InsufficientData), None] {
        assert_eq!(read(state, &policy).rule, ReleaseRule::Unconfirmed);
    }
    let notify = Policy { when_stable: WhenStable::Notify, ..Policy::default() };
    assert_eq!(read(Some(AlarmState::Alarm), &notify).rule, ReleaseRule::Paged);
}

#[test]
fn inputs_that_moved_take_no_model_out() {
    let fires = |name: &str, state: StateName, then| {
        let limit = LiveLimit { bound: 0.3, period: Duration::seconds(3_600), periods: 1, then };
        let alarms = AlarmPolicy { drift: Some(limit), ..AlarmPolicy::default() };
        let policy = Policy { alarms, ..Policy::default() };
        let before = release(state);
        let config = before.subject().unwrap().config.clone();
        let change = AlarmChange {
            name: format!("pawl-{config}-{name}"),
            ..alarm(Some(config.0.as_str()), AlarmState::Alarm, 99)
        };
        step(&before, &Event::Alarm(change), at(100), &policy)
    };
    for state in [StateName::Stable, StateName::Deploying, StateName::Watching, StateName::CoolDown] {
        let drifted = fires("drift", state, None);
        assert_eq!((drifted.rule, drifted.release.state.name()), (ReleaseRule::Logged, state));
        assert!(drifted.actions.is_empty(), "{:?}", drifted.actions);
        let told = fires("drift", state, Some(AlarmResponse::Notify));
        assert_eq!((told.rule, told.release.state.name()), (ReleaseRule::Paged, state));
    }
    let harm = [("quality", None), ("groups", None), ("drift", Some(AlarmResponse::RollBack))];
    for (name, then) in harm {
        assert_eq!(fires(name, StateName::Watching, then).rule, ReleaseRule::RollBack, "{name}");
        assert_eq!(fires(name, StateName::Stable, then).rule, ReleaseRule::ConfirmAlarm, "{name}");
    }
}

#[test]
fn an_alarm_that_takes_nothing_out_guards_no_deployment() {
    let limit = |then| Some(LiveLimit { bound: 0.3, period: Duration::seconds(3_600), periods: 1, then });
    let guards = |then| {
        let alarms = AlarmPolicy { drift: limit(then), ..AlarmPolicy::default() };
        let names = alarms::names(&alarms, "bike", &deployment(2));
        let made = alarms::for_deployment(&alarms, "bike", &deployment(2));
        assert!(made.iter().any(|spec| spec.alarm_name == "pawl-bike-2-drift"), "it is made all the same");
        names.contains(&"pawl-bike-2-drift".to_owned())
    };
    assert!(!guards(None) && !guards(Some(AlarmResponse::Retrain)) && !guards(Some(AlarmResponse::Notify)));
    assert!(guards(Some(AlarmResponse::RollBack)) && guards(Some(AlarmResponse::RollBackAndRetrain)));
}

/// Deploys a generation, lets its alarm fire, and carries the rollback to its end.
fn roll_back(release: &Release, generation: u64, minutes: i64) -> Release {
    let candidate = deployment(generation);
    let config = candidate.config.clone();
    let mut release = release.clone();
    release.generation = Generation(generation);
    release.current = Some(candidate);
    let watching = State::Watching(Watching {
        since: at(minutes),
        until: at(minutes + 30),
        deadline: at(minutes + 60),
        decide_by: None,
        smoke: Smoke::Passed,
    });
    release.state = watching;
    let policy = Policy::default();
    let change = Event::Alarm(alarm(Some(&config.0), AlarmState::Alarm, minutes));
    release = step(&release, &change, at(minutes), &policy).release;
    while let Some(pending) = release.pending.first().cloned() {
        let outcome = match &pending.action {
            Action::AwaitConfig { config, .. } => {
                ActionResult::Endpoint { look: look(EndpointStatus::InService, &config.0, minutes) }
            }
            Action::SmokeTest { .. } => ActionResult::SmokePassed,
            _ => ActionResult::Done,
        };
        release = step(&release, &Event::Performed { id: pending.id, outcome }, at(minutes), &policy).release;
    }
    release
}

#[test]
fn cool_downs_grow_and_two_rollbacks_in_a_day_lock() {
    let day = 24 * 60;
    let mut release = release(StateName::Stable);
    for (number, (minutes, hours)) in
        [(0, 6), (2 * day, 12), (4 * day, 24), (6 * day, 24)].into_iter().enumerate()
    {
        release = roll_back(&release, 10 + number as u64, minutes);
        assert_eq!(release.state, State::CoolDown { until: at(minutes + hours * 60) });
        assert_eq!(release.freeze, None);
    }
    let tick = |minutes| step(&release, &Event::Tick, at(minutes), &Policy::default());
    assert_eq!(tick(7 * day - 1).rule, ReleaseRule::Logged);
    assert_eq!((tick(7 * day).rule, tick(7 * day).release.state), (ReleaseRule::CoolDownOver, State::Stable));
    release = roll_back(&release, 20, 6 * day + 60);
    assert_eq!(release.freeze.unwrap().who, "pawl");
}

#[test]
fn the_next_good_config_is_taken_where_the_first_is_gone() {
    let fired = tick(&release(StateName::Watching), reading(AlarmState::Alarm, None), 100).release;
    let refuse = |release: &Release| {
        let id = release.pending[0].id;
        let outcome = ActionResult::Refused { reason: "no such config".to_owned() };
        step(release, &Event::Performed { id, outcome }, at(100), &Policy::default())
    };
    let second = refuse(&fired);
    let Action::UpdateEndpoint { call } = &second.release.pending[0].action else { panic!() };
    assert_eq!((second.rule, call.config.clone()), (ReleaseRule::Retry, "bike-0".into()));
    let none = refuse(&second.release);
    assert_eq!((none.rule, none.release.state.name()), (ReleaseRule::GaveUp, StateName::Stable));
    let left: Vec<_> = none.release.pending.iter().map(|p| p.action.name()).collect();
    assert!(left.contains(&"reject_package") && left.contains(&"page"), "{left:?}");
}

#[test]
fn what_is_refused_today_can_be_gone_back_to_tomorrow() {
    let fired = tick(&release(StateName::Watching), reading(AlarmState::Alarm, None), 100).release;
    let mut release = fired;
    while matches!(release.state, State::RollingBack(_)) {
        let id = release.pending[0].id;
        let outcome = ActionResult::Refused { reason: "no quota".to_owned() };
        release = step(&release, &Event::Performed { id, outcome }, at(100), &Policy::default()).release;
    }
    assert_eq!(release.good.len(), 2, "neither was struck off");
    let again = step(&release, &operator(Verb::Rollback), at(200), &Policy::default());
    let State::RollingBack(rolling) = &again.release.state else { panic!("{:?}", again.rule) };
    assert_eq!((&rolling.to.config, rolling.refused.len()), (&"bike-1".into(), 0));
}

#[test]
fn what_takes_no_update_is_made_anew() {
    let fired = tick(&release(StateName::Watching), reading(AlarmState::Alarm, None), 100).release;
    let id = fired.pending[0].id;
    let outcome = ActionResult::Endpoint { look: look(EndpointStatus::Failed, "bike-2", 100) };
    let anew = step(&fired, &Event::Performed { id, outcome }, at(100), &Policy::default());
    let config = ConfigName::from("bike-1");
    let recreate = Action::RecreateEndpoint { endpoint: ENDPOINT.to_owned(), config };
    assert_eq!((anew.rule, &anew.release.pending[0].action), (ReleaseRule::Retry, &recreate));
    assert_eq!(anew.release.pending[1].action.name(), "await_config");
}

#[test]
fn what_came_back_and_was_rejected_meanwhile_is_told() {
    let rejected = step(&release(StateName::RollingBack), &rejected(1), at(100), &Policy::default()).release;
    let outcome = ActionResult::Endpoint { look: look(EndpointStatus::InService, "bike-1", 100) };
    let back = step(&rejected, &Event::Performed { id: 1, outcome }, at(100), &Policy::default()).release;
    let smoke = Event::Performed { id: 2, outcome: ActionResult::SmokePassed };
    let ended = step(&back, &smoke, at(101), &Policy::default());
    assert_eq!(ended.rule, ReleaseRule::RolledBack);
    assert!(ended.actions.iter().any(|action| action.name() == "page"));
}

#[test]
fn too_little_traffic_is_watched_from_the_promotion_on() {
    let mut policy = Policy::default();
    policy.alarms.requests_per_period = Some(10);
    let reading = reading(AlarmState::Ok, Some(500));
    let promoted = step(&release(StateName::Watching), &Event::WatchTick(reading), at(121), &policy);
    assert_eq!(promoted.rule, ReleaseRule::Promoted);
    let made = promoted.actions.iter().find_map(|action| match action {
        Action::PutAlarms { alarms } => Some(alarms),
        _ => None,
    });
    assert_eq!(made.unwrap()[0].alarm_name, "pawl-bike-2-traffic");
    for served in [promoted.release.current.as_ref(), promoted.release.good.first()] {
        assert!(served.unwrap().alarms.contains(&"pawl-bike-2-traffic".to_owned()));
    }
}

#[test]
fn a_teams_own_alarm_pages_and_one_from_before_the_way_back_does_not() {
    let fires = |name: &str, since| AlarmReading { name: name.to_owned(), state: AlarmState::Alarm, since };
    let read = |state, alarm| {
        let alarms = vec![alarm];
        let reading = WatchReading { config: "bike-1".into(), alarms, requests: None, trial: None };
        step(&release(state), &Event::WatchTick(reading), at(100), &Policy::default())
    };
    let paged = |transition: &Transition| transition.actions.iter().any(|action| action.name() == "page");
    for state in [StateName::Stable, StateName::CoolDown] {
        let told = read(state, fires("sales", at(99)));
        assert_eq!((told.rule, paged(&told)), (ReleaseRule::SharedCause, true));
    }
    // Traffic came back just now: what it rests on is older. Three periods later it is not.
    let back = |minutes| {
        let mut release = release(StateName::CoolDown);
        release.current.as_mut().unwrap().activated_at = Some(at(minutes));
        let alarms = vec![fires("pawl-bike-1-errors", at(9))];
        let reading = WatchReading { config: "bike-1".into(), alarms, requests: None, trial: None };
        step(&release, &Event::WatchTick(reading), at(100), &Policy::default())
    };
    let before = back(97);
    assert_eq!((before.rule, paged(&before)), (ReleaseRule::Stale, false));
    let still = back(96);
    assert_eq!((still.rule, paged(&still)), (ReleaseRule::Paged, true));
    let since = read(StateName::CoolDown, fires("pawl-bike-1-errors", at(99)));
    assert_eq!((since.rule, paged(&since)), (ReleaseRule::Paged, true));
}

#[test]
fn traffic_that_must_go_back_is_tried_on_and_told() {
    let mut release = tick(&release(StateName::Watching), reading(AlarmState::Alarm, None), 100).release;
    let id = release.pending[0].id;
    let mut pages = 0;
    for _ in 0..20 {
        let outcome = ActionResult::Retry { reason: "503".to_owned() };
        let tried = step(&release, &Event::Performed { id, outcome }, at(100), &Policy::default());
        assert_eq!((tried.rule, tried.release.state.name()), (ReleaseRule::TryLater, StateName::RollingBack));
        pages += tried.actions.iter().filter(|action| action.name() == "page").count();
        release = tried.release;
    }
    assert_eq!(pages, 1);
}

#[test]
fn an_action_that_keeps_failing_is_given_up_and_told() {
    let mut release = tick(&release(StateName::Watching), reading(AlarmState::Alarm, None), 100).release;
    let smoke = release.pending.iter().position(|p| matches!(p.action, Action::SmokeTest { .. })).unwrap();
    release.pending.drain(..smoke);
    let id = release.pending[0].id;
    let fail = |release: &Release| {
        let outcome = ActionResult::Retry { reason: "throttled".to_owned() };
        step(release, &Event::Performed { id, outcome }, at(100), &Policy::default())
    };
    for tries in 1..8 {
        let transition = fail(&release);
        assert_eq!(transition.rule, ReleaseRule::TryLater, "{tries}");
        assert_eq!(transition.release.pending[0].not_before.is_some(), tries > 1);
        release = transition.release;
    }
    assert_ne!(fail(&release).rule, ReleaseRule::TryLater);
}

#[test]
fn an_endpoint_that_never_arrives_is_paged_once() {
    let linear = Strategy::Linear { percent: 10, wait: Duration::seconds(3_600) };
    for (strategy, quiet, stuck) in [(Strategy::AllAtOnce, 119, 121), (linear, 659, 661)] {
        let policy = Policy { strategy, ..Policy::default() };
        let mut release = release(StateName::Deploying);
        let look = |release: &Release, status, minutes: i64| {
            let seen = observed_at(status, "bike-1", 90 + minutes);
            step(release, &seen, at(90 + minutes), &policy)
        };
        let early = look(&release, EndpointStatus::Updating, quiet);
        assert!(!early.actions.iter().any(|action| action.name() == "page"), "{:?}", early.actions);
        let late = look(&release, EndpointStatus::Updating, stuck);
        assert_eq!(late.actions.iter().map(Action::name).collect::<Vec<_>>(), ["page"]);
        assert_eq!(late.rule, ReleaseRule::Wait);
        release = late.release;
        assert_eq!(look(&release, EndpointStatus::Updating, stuck + 5).actions, Vec::new());
    }
}
