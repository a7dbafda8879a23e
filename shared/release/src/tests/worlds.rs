//! Releases in each state, and events that concern them.

use jiff::{SignedDuration, Timestamp};

use crate::*;
use pawl_base::names::{ContentHash, Generation};
use pawl_gate::live::TrialKind;
use pawl_ledger::events::*;

pub(crate) const ENDPOINT: &str = "bike";

pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_mins(minutes)
}

pub(crate) fn deployment(generation: u64) -> Deployment {
    let config = format!("bike-{generation}");
    Deployment {
        model: Some(config.clone()),
        package: Some(format!("arn:package/{generation}")),
        dataset: Some(ContentHash::of(config.as_bytes())),
        alarms: vec![format!("pawl-{config}-errors"), format!("pawl-{config}-latency")],
        ..Deployment::new(Generation(generation), config.as_str())
    }
}

/// The champion is generation 1, the older champion 0, the challenger 2. Time is minute 100.
pub(crate) fn release(state: StateName) -> Release {
    let served =
        |generation, minutes| Deployment { activated_at: Some(at(minutes)), ..deployment(generation) };
    let mut release = Release::new(ENDPOINT);
    release.generation = Generation(1);
    release.good = vec![served(1, 10), served(0, 0)];
    release.current = Some(served(1, 10));
    let (champion, challenger) = (served(1, 10), served(2, 90));
    release.state = match state {
        StateName::Stable => State::Stable,
        StateName::Deploying => State::Deploying(Deploying {
            candidate: deployment(2),
            progress: Progress::Begun,
            since: at(90),
            lease_until: at(105),
            intent: None,
            forced: false,
            failure: None,
        }),
        StateName::Watching => State::Watching(Watching {
            since: at(90),
            until: at(120),
            deadline: at(240),
            decide_by: None,
            smoke: Smoke::Passed,
        }),
        StateName::RollingBack => State::RollingBack(RollingBack {
            from: challenger.clone(),
            to: champion,
            cause: Cause::Guardrail,
            since: at(95),
            attempts: 1,
            refused: Vec::new(),
        }),
        StateName::CoolDown => State::CoolDown { until: at(460) },
    };
    if state != StateName::Stable {
        release.generation = Generation(2);
    }
    if matches!(state, StateName::Watching | StateName::RollingBack) {
        release.current = Some(challenger.clone());
    }
    if matches!(state, StateName::CoolDown | StateName::RollingBack) {
        release.rollbacks = vec![Rollback { generation: Generation(2), cause: Cause::Guardrail, at: at(95) }];
        release.revoked_configs = vec![challenger.config.clone()];
        release.rejected = vec!["arn:package/2".to_owned()];
    }
    if state == StateName::RollingBack {
        let endpoint = ENDPOINT.to_owned();
        let config = ConfigName::from("bike-1");
        let action = Action::AwaitConfig { endpoint: endpoint.clone(), config: config.clone() };
        let smoke = Action::SmokeTest { endpoint, config };
        let pending = |id, action| Pending { id, action, tries: 0, not_before: None };
        release.pending = vec![pending(1, action), pending(2, smoke)];
        release.next_action = 3;
    }
    release
}

/// The challenger is tried beside the champion, and its trial is watched.
pub(crate) fn on_trial() -> Release {
    let mut release = release(StateName::Watching);
    let names = ["errors", "latency", "challenger-errors", "challenger-latency"];
    release.current = Some(Deployment {
        alarms: names.map(|kind| format!("pawl-bike-2t-{kind}")).to_vec(),
        activated_at: Some(at(90)),
        ..deployment(2).in_trial(TrialKind::Shadow)
    });
    let State::Watching(watching) = &mut release.state else { return release };
    watching.deadline = at(90 + 7 * 24 * 60);
    release
}

/// The config that the table calls current: deployed, watched, served, or taken out.
pub(crate) fn subject(state: StateName) -> &'static str {
    match state {
        StateName::Stable | StateName::CoolDown => "bike-1",
        _ => "bike-2",
    }
}

pub(crate) fn alarm(config: Option<&str>, state: AlarmState, minutes: i64) -> AlarmChange {
    let name = config.map_or("business".to_owned(), |config| format!("pawl-{config}-errors"));
    AlarmChange {
        arn: format!("arn:alarm:{name}"),
        name,
        state,
        previous: None,
        at: at(minutes),
        shape: AlarmShape::Metric,
        reason: "crossed".to_owned(),
        endpoint: None,
        config: config.map(str::to_owned),
        datapoints: None,
        suppression: Suppression::None,
        triggered_by: Vec::new(),
    }
}

/// What is seen of the endpoint at a time.
pub(crate) fn look(status: EndpointStatus, config: &str, minutes: i64) -> EndpointDescription {
    EndpointDescription {
        status,
        config: Some(config.into()),
        at: at(minutes),
        origin: EndpointOrigin::NotAsked,
    }
}

pub(crate) fn observed(status: EndpointStatus, config: &str) -> Event {
    observed_at(status, config, 100)
}

pub(crate) fn observed_at(status: EndpointStatus, config: &str, minutes: i64) -> Event {
    let look = look(status, config, minutes);
    Event::EndpointObserved(EndpointObservation { look, by: Observer::Reconciler })
}

pub(crate) fn operator(verb: Verb) -> Event {
    Event::Operator(Operator {
        verb,
        who: "ada".to_owned(),
        why: "slow".to_owned(),
        model: None,
        region: None,
        at: Some(at(100)),
        key: format!("operator:{verb:?}"),
    })
}

pub(crate) fn rejected(generation: u64) -> Event {
    Event::Package(PackageChange {
        arn: format!("arn:package/{generation}"),
        group: None,
        approval: PackageApproval::Rejected,
        why: None,
        at: at(99),
    })
}
