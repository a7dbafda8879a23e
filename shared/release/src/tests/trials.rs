//! The two stages of a deployment with a trial: every cell that the trial adds.

use super::worlds::*;
use crate::*;
use pawl_base::duration::Duration;
use pawl_base::names::Generation;
use pawl_gate::live::TrialKind;
use pawl_gate::live::{LivePolicy, LiveVerdict};
use pawl_ledger::events::{AlarmState, EndpointStatus, Verb};

fn policy(kind: TrialKind) -> Policy {
    let (at_most, judge) = (Duration::seconds(7 * 86_400), LivePolicy::default());
    let trial = match kind {
        TrialKind::Shadow => Trial::Shadow { at_most, judge },
        TrialKind::Ab => Trial::Ab { percent: 50, at_most, judge },
    };
    let strategy = if kind == TrialKind::Ab { Strategy::AllAtOnce } else { Strategy::default() };
    Policy { trial: Some(trial), strategy, ..Policy::default() }
}

fn shadow() -> Policy {
    policy(TrialKind::Shadow)
}

fn ask(traffic: f64) -> GuardRequest {
    GuardRequest {
        candidate: Deployment { alarms: Vec::new(), ..deployment(2) },
        look: look(EndpointStatus::InService, "bike-1", 100),
        target: TargetCheck::Checked { config: "bike-1".into(), found: TargetPresence::Present },
        alarms: Vec::new(),
        defined: Vec::new(),
        traffic: Some(traffic),
    }
}

fn guard(release: &Release, policy: &Policy, traffic: f64) -> Transition {
    step(release, &Event::GuardRequested(ask(traffic)), at(100), policy)
}

fn tick(release: &Release, verdict: Option<LiveVerdict>, minutes: i64) -> Transition {
    let names = ["errors", "latency", "challenger-errors", "challenger-latency"];
    let alarm = |kind: &str| AlarmReading {
        name: format!("pawl-bike-2t-{kind}"),
        state: AlarmState::Ok,
        since: at(91),
    };
    let reading = WatchReading {
        config: "bike-2t".into(),
        alarms: names.map(alarm).to_vec(),
        requests: Some(500),
        trial: verdict.map(|verdict| TrialReading { verdict, reason: "as seen".to_owned() }),
    };
    step(release, &Event::WatchTick(reading), at(minutes), &shadow())
}

/// All traffic was asked for after the trial; its update has not begun.
fn going_on() -> Release {
    let won = tick(&on_trial(), Some(LiveVerdict::Promote), 120);
    assert_eq!((won.rule, won.release.state.name()), (ReleaseRule::TrialWon, StateName::Deploying));
    won.release
}

fn seen_by_its_run(config: &str, serving: &str, minutes: i64) -> Event {
    let by = Observer::Run { generation: Generation(2), config: config.into() };
    Event::EndpointObserved(EndpointObservation {
        look: look(EndpointStatus::InService, serving, minutes),
        by,
    })
}

#[test]
fn a_trial_comes_first_and_has_a_config_of_its_own() {
    let granted = guard(&release(StateName::Stable), &shadow(), 1.0);
    let Reply::DeployUpdate { call } = &granted.reply else { panic!("{:?}", granted.reply) };
    assert_eq!(call.config, "bike-2t".into());
    let way = call.deployment.as_ref().unwrap();
    assert_eq!(way.rollback.as_ref().unwrap().alarms.len(), 4, "champion's and challenger's requests");
    assert_eq!(way.blue_green.as_ref().unwrap().routing.kind, strategy::RoutingKind::AllAtOnce);
    let Some(Action::PutAlarms { alarms }) = granted.actions.first() else { panic!() };
    let variants: Vec<&str> = alarms.iter().map(|alarm| alarm.dimensions[1].value.as_str()).collect();
    assert_eq!(variants, ["AllTraffic", "AllTraffic", "Challenger", "Challenger"]);

    // Between one variant and two there are no guardrails.
    let ab = guard(&release(StateName::Stable), &policy(TrialKind::Ab), 1.0);
    assert!(matches!(&ab.reply, Reply::DeployUpdate { call } if call.deployment.is_none()));
}

#[test]
fn without_a_champion_or_enough_traffic_no_trial_begins() {
    let held = |release: &Release, traffic| match guard(release, &shadow(), traffic).reply {
        Reply::Hold { reason, .. } => reason,
        answer => panic!("{answer:?}"),
    };
    let stable = release(StateName::Stable);
    assert!(matches!(held(&stable, 0.0001), HoldReason::TooLittleTraffic { .. }));
    let mut unproven = stable.clone();
    unproven.good.remove(0);
    unproven.good[0].config = "bike-1x".into();
    let checked = TargetCheck::Checked { config: "bike-1x".into(), found: TargetPresence::Present };
    let request = GuardRequest { target: checked, ..ask(1.0) };
    let answer = step(&unproven, &Event::GuardRequested(request), at(100), &shadow()).reply;
    assert!(matches!(answer, Reply::Hold { reason: HoldReason::NoChampion { .. }, .. }), "{answer:?}");
    let mut nameless = stable.clone();
    nameless.current.as_mut().unwrap().model = None;
    assert!(matches!(held(&nameless, 1.0), HoldReason::NoChampion { .. }));

    // A person's word passes the trial over.
    let forced = step(&stable, &operator(Verb::Force), at(99), &shadow()).release;
    let granted = guard(&forced, &shadow(), 0.0);
    assert!(matches!(&granted.reply, Reply::DeployUpdate { call } if call.config == "bike-2".into()));

    // The first model of all has nothing to be tried beside.
    let request = GuardRequest::first(deployment(1), at(100));
    let first = step(&Release::new(ENDPOINT), &Event::GuardRequested(request), at(0), &shadow());
    assert!(matches!(&first.reply, Reply::DeployCreate { config, .. } if *config == "bike-1".into()));
}

#[test]
fn a_trial_that_is_won_goes_on_and_its_run_asks_again() {
    assert_eq!(
        tick(&on_trial(), Some(LiveVerdict::Promote), 119).rule,
        ReleaseRule::KeepWatching,
        "a bake at least"
    );
    let won = going_on();
    assert_eq!(won.reply_to(Generation(2)), Reply::GoOn);
    assert!(won.good.iter().all(|good| good.trial.is_none()));
    let again = guard(&won, &shadow(), 1.0);
    let Reply::DeployUpdate { call } = &again.reply else { panic!("{:?}", again.reply) };
    assert_eq!(call.config, "bike-2".into());
    let routing = &call.deployment.as_ref().unwrap().blue_green.as_ref().unwrap().routing;
    assert_eq!(routing.kind, strategy::RoutingKind::Canary, "now the strategy holds");

    // A look of the run from before it asked says nothing about the new update.
    let late = step(&won, &seen_by_its_run("bike-2t", "bike-2t", 121), at(121), &shadow());
    assert_eq!((late.rule, late.release.state.name()), (ReleaseRule::Wait, StateName::Deploying));
    let deployed = step(&won, &seen_by_its_run("bike-2", "bike-2", 122), at(122), &shadow());
    assert_eq!((deployed.rule, deployed.release.state.name()), (ReleaseRule::Watch, StateName::Watching));
    assert_eq!(deployed.release.current.unwrap().trial, None);
}

#[test]
fn harm_goes_back_and_nothing_but_a_win_goes_on() {
    let harmed = tick(&on_trial(), Some(LiveVerdict::Harm), 100);
    assert_eq!((harmed.rule, harmed.release.state.name()), (ReleaseRule::RollBack, StateName::RollingBack));
    let State::RollingBack(rolling) = &harmed.release.state else { panic!() };
    assert_eq!((&rolling.to.config, &rolling.from.config), (&"bike-1".into(), &"bike-2t".into()));
    assert!(harmed.release.is_revoked(&deployment(2)), "no stage of it returns");
    for verdict in [None, Some(LiveVerdict::Continue)] {
        assert_eq!(tick(&on_trial(), verdict, 1_000).rule, ReleaseRule::ExtendWatch);
        let asked = tick(&on_trial(), verdict, 90 + 7 * 24 * 60);
        assert_eq!(asked.rule, ReleaseRule::AskPerson, "the horizon promotes nobody");
        let over = step(&asked.release, &Event::Tick, at(90 + 9 * 24 * 60), &shadow());
        assert_eq!((over.rule, over.release.state.name()), (ReleaseRule::RollBack, StateName::RollingBack));
    }
    assert_eq!(tick(&on_trial(), Some(LiveVerdict::NeedsApproval), 120).rule, ReleaseRule::AskPerson);
    let mut untested = on_trial();
    let State::Watching(watching) = &mut untested.state else { panic!() };
    watching.smoke = Smoke::Pending;
    assert_eq!(tick(&untested, Some(LiveVerdict::Promote), 120).rule, ReleaseRule::ExtendWatch);
    let frozen = step(&on_trial(), &operator(Verb::Freeze), at(100), &shadow()).release;
    assert_eq!(tick(&frozen, Some(LiveVerdict::Promote), 120).rule, ReleaseRule::ExtendWatch);
}

#[test]
fn a_persons_word_ends_a_trial_either_way() {
    let forced = step(&on_trial(), &operator(Verb::Force), at(100), &shadow());
    assert_eq!((forced.rule, forced.release.reply_to(Generation(2))), (ReleaseRule::Forced, Reply::GoOn));
    let back = step(&on_trial(), &operator(Verb::Rollback), at(100), &shadow());
    assert_eq!(back.release.state.name(), StateName::RollingBack);
    let early = guard(&release(StateName::Stable), &shadow(), 1.0).release;
    let early = step(&early, &operator(Verb::Force), at(101), &shadow()).release;
    let passed = step(&early, &seen_by_its_run("bike-2t", "bike-2t", 102), at(102), &shadow());
    assert_eq!((passed.rule, passed.release.reply_to(Generation(2))), (ReleaseRule::TrialWon, Reply::GoOn));
}

#[test]
fn an_alarm_of_either_variant_takes_a_trial_out() {
    for kind in ["errors", "challenger-latency"] {
        let mut change = alarm(Some("bike-2t"), AlarmState::Alarm, 99);
        change.name = format!("pawl-bike-2t-{kind}");
        let fired = step(&on_trial(), &Event::Alarm(change.clone()), at(100), &shadow());
        assert_eq!(fired.rule, ReleaseRule::RollBack, "{kind}");
        // The trial serves until all traffic has moved. Its run has asked for nothing yet: there is nothing
        // to wait for.
        change.at = at(121);
        let taken_back = step(&going_on(), &Event::Alarm(change.clone()), at(121), &shadow());
        assert_eq!(taken_back.rule, ReleaseRule::RollBack, "{kind}");
        let asks = guard(&taken_back.release, &shadow(), 1.0);
        assert_eq!(asks.reply, Reply::RollingBack, "{kind}");
        // What the run may have begun is acted upon at the end.
        let granted = guard(&going_on(), &shadow(), 1.0).release;
        let queued = step(&granted, &Event::Alarm(change), at(121), &shadow());
        assert_eq!(queued.rule, ReleaseRule::QueueIntent, "{kind}");
        let asks = guard(&queued.release, &shadow(), 1.0);
        assert!(matches!(asks.reply, Reply::Hold { reason: HoldReason::TakenBack { .. }, .. }), "{kind}");
    }
}

#[test]
fn whoever_may_act_takes_a_won_trial_back_at_once() {
    for event in [operator(Verb::Rollback), rejected(2)] {
        assert_eq!(step(&going_on(), &event, at(121), &shadow()).rule, ReleaseRule::RollBack);
    }
}

#[test]
fn a_run_that_looks_seldom_finds_its_won_trial_waiting() {
    let offered = |minutes| {
        let look = observed_at(EndpointStatus::InService, "bike-2t", minutes);
        step(&going_on(), &look, at(minutes), &shadow()).rule
    };
    // Seven days in 250 looks: one in 40 minutes.
    assert_eq!(shadow().look_every(Duration::seconds(7 * 86_400)), Duration::seconds(2_420));
    assert_eq!(offered(120 + 15 + 2 * 40), ReleaseRule::Wait);
    assert_eq!(offered(120 + 15 + 2 * 41), ReleaseRule::RollBack);
    let granted = guard(&going_on(), &shadow(), 1.0).release;
    let State::Deploying(deploying) = granted.state else { panic!() };
    assert_eq!((deploying.progress, deploying.lease_until), (Progress::Granted, at(115)));
}

#[test]
fn a_trial_that_cannot_go_on_goes_back_to_its_champion() {
    let back = |transition: &Transition| match &transition.release.state {
        State::RollingBack(rolling) => (rolling.to.config.0.clone(), rolling.from.config.0.clone()),
        state => panic!("{state:?}"),
    };
    let expected = ("bike-1".to_owned(), "bike-2t".to_owned());
    let lease_over =
        step(&going_on(), &observed_at(EndpointStatus::InService, "bike-2t", 220), at(220), &shadow());
    assert_eq!(back(&lease_over), expected);
    let silent = step(&going_on(), &seen_by_its_run("bike-2", "bike-2t", 122), at(122), &shadow());
    assert_eq!(back(&silent), expected);
    let id = going_on().pending.iter().find(|p| matches!(p.action, Action::PutAlarms { .. })).unwrap().id;
    let outcome = ActionResult::Refused { reason: "too many alarms".to_owned() };
    let unwatched = step(&going_on(), &Event::Performed { id, outcome }, at(121), &shadow());
    assert_eq!(back(&unwatched), expected);
    let broken = step(&going_on(), &observed_at(EndpointStatus::Failed, "bike-2t", 121), at(121), &shadow());
    assert_eq!(back(&broken), ("bike-1".to_owned(), "bike-2".to_owned()));
    // The way back was lost: whichever stage serves, it is asked for once more.
    let awaits = broken.release.pending.iter().find(|p| matches!(p.action, Action::AwaitConfig { .. }));
    let lost = ActionResult::Endpoint { look: look(EndpointStatus::InService, "bike-2t", 122) };
    let again = Event::Performed { id: awaits.unwrap().id, outcome: lost };
    assert_eq!(step(&broken.release, &again, at(125), &shadow()).rule, ReleaseRule::Retry);
}

#[test]
fn a_champion_that_is_rejected_leaves_its_trial_nowhere_to_go() {
    let mut alone = on_trial();
    alone.good.truncate(1);
    let rejected = step(&alone, &rejected(1), at(100), &shadow());
    assert_eq!(rejected.rule, ReleaseRule::PackageRejected);
    assert!(rejected.actions.iter().any(|action| action.name() == "page"), "it still answers clients");
    let won = tick(&rejected.release, Some(LiveVerdict::Promote), 120).release;
    let over = step(&won, &observed_at(EndpointStatus::InService, "bike-2t", 220), at(220), &shadow());
    assert_eq!((over.rule, over.release.state.name()), (ReleaseRule::NoTarget, StateName::Stable));
    assert!(over.release.is_revoked(&deployment(2)), "what never began does not return");

    // It serves still when a person lets another one begin, which SageMaker undoes.
    let forced = step(&over.release, &operator(Verb::Force), at(221), &shadow()).release;
    let candidate = Deployment { alarms: Vec::new(), ..deployment(3) };
    let request =
        GuardRequest { candidate, look: look(EndpointStatus::InService, "bike-2t", 222), ..ask(1.0) };
    let granted = step(&forced, &Event::GuardRequested(request), at(222), &shadow()).release;
    let by = Observer::Run { generation: Generation(3), config: "bike-3".into() };
    let undone = EndpointObservation { look: look(EndpointStatus::InService, "bike-2t", 230), by };
    let closed = step(&granted, &Event::EndpointObserved(undone), at(230), &shadow());
    assert_eq!(
        (closed.rule, closed.release.state.name()),
        (ReleaseRule::GuardrailRolledBack, StateName::CoolDown)
    );
}
