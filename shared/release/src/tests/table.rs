//! The table in `docs/release.md` is what the code does.

use super::worlds::*;
use crate::*;
use StateName::{CoolDown, Deploying, RollingBack, Stable, Watching};
use pawl_base::duration::Duration;
use pawl_gate::live::{LivePolicy, LiveVerdict};
use pawl_ledger::events::{AlarmState, EndpointStatus, Verb};

const BEGIN: &str = "<!-- table: written by `PAWL_UPDATE_DOCS=1 cargo test table` -->\n";
const END: &str = "<!-- end of table -->\n";

/// What happens in one state.
type Row = (&'static str, Box<dyn Fn(StateName) -> Option<(Release, Event)>>);

fn always(
    event: impl Fn(StateName) -> Event + 'static,
) -> Box<dyn Fn(StateName) -> Option<(Release, Event)>> {
    Box::new(move |state| Some((release(state), event(state))))
}

/// The endpoint as described: in a rollback by its own look, else by anybody's.
fn described(
    status: EndpointStatus,
    config: impl Fn(StateName) -> Option<&'static str> + 'static,
) -> Box<dyn Fn(StateName) -> Option<(Release, Event)>> {
    Box::new(move |state| {
        let config = config(state)?;
        let event = match state {
            RollingBack => Event::Performed {
                id: 1,
                outcome: ActionResult::Endpoint { look: look(status, config, 100) },
            },
            _ => observed(status, config),
        };
        Some((release(state), event))
    })
}

fn rows() -> Vec<Row> {
    let alarm_of = |state: AlarmState| always(move |at| Event::Alarm(alarm(Some(subject(at)), state, 99)));
    let seen_before = |state| {
        let event = Event::Alarm(alarm(Some(subject(state)), AlarmState::Alarm, 99));
        let release = step(&release(state), &event, at(100), &Policy::default()).release;
        Some((release, event))
    };
    let on_its_trial = |verdict: LiveVerdict| -> Box<dyn Fn(StateName) -> Option<(Release, Event)>> {
        Box::new(move |state| (state == Watching).then(|| (trial_watched_enough(), told(verdict))))
    };
    let fallen_back = |state| {
        let mut release =
            step(&trial_watched_enough(), &told(LiveVerdict::Promote), at(100), &with_trial()).release;
        let State::Deploying(deploying) = &mut release.state else { return None };
        deploying.progress = Progress::Begun;
        release.pending.clear();
        (state == Deploying).then(|| (release, observed(EndpointStatus::InService, "bike-2t")))
    };
    let overtaken = |state| {
        let release = Release { seen_at: Some(at(100)), ..release(state) };
        Some((release, observed_at(EndpointStatus::InService, "stranger", 99)))
    };
    let without_target = |state| {
        let mut release = release(state);
        release.good.clear();
        matches!(state, Stable | Watching).then(|| (release, operator(Verb::Rollback)))
    };
    vec![
        ("ALARM for the current config", alarm_of(AlarmState::Alarm)),
        ("ALARM for an older config", always(|_| Event::Alarm(alarm(Some("bike-0"), AlarmState::Alarm, 99)))),
        (
            "ALARM from before the activation",
            always(|state| Event::Alarm(alarm(Some(subject(state)), AlarmState::Alarm, 9))),
        ),
        ("ALARM that names no config", always(|_| Event::Alarm(alarm(None, AlarmState::Alarm, 99)))),
        ("the same event again", Box::new(seen_before)),
        ("OK", alarm_of(AlarmState::Ok)),
        ("INSUFFICIENT_DATA", alarm_of(AlarmState::InsufficientData)),
        (
            "InService with the requested config",
            described(EndpointStatus::InService, |state| match state {
                Deploying => Some("bike-2"),
                RollingBack => Some("bike-1"),
                _ => None,
            }),
        ),
        (
            "InService with the old config",
            described(EndpointStatus::InService, |state| match state {
                Deploying | Watching => Some("bike-1"),
                RollingBack => Some("bike-2"),
                _ => None,
            }),
        ),
        (
            "InService with a config that Pawl did not put there",
            described(EndpointStatus::InService, |_| Some("stranger")),
        ),
        ("a look that a newer one has overtaken", Box::new(overtaken)),
        ("word that the endpoint changed", always(|_| Event::EndpointHinted)),
        ("SystemUpdating", described(EndpointStatus::SystemUpdating, |_| Some("bike-1"))),
        ("Failed", described(EndpointStatus::Failed, |_| Some("bike-1"))),
        ("UpdateRollbackFailed", described(EndpointStatus::UpdateRollbackFailed, |_| Some("bike-1"))),
        ("a rollback is due, no last known good", Box::new(without_target)),
        (
            "the package is rejected by a person",
            always(|state| rejected(if state == Stable { 1 } else { 2 })),
        ),
        ("the trial shows that the challenger is better", on_its_trial(LiveVerdict::Promote)),
        ("the trial shows that it is worse", on_its_trial(LiveVerdict::Harm)),
        ("the trial shows nothing, and its time is over", on_its_trial(LiveVerdict::NeedsApproval)),
        ("InService with the trial, after it was won", Box::new(fallen_back)),
        ("person: rollback", always(|_| operator(Verb::Rollback))),
        ("person: freeze", always(|_| operator(Verb::Freeze))),
        ("person: unfreeze", always(|_| operator(Verb::Unfreeze))),
        ("person: force", always(|_| operator(Verb::Force))),
    ]
}

fn with_trial() -> Policy {
    let trial = Trial::Shadow { at_most: Duration::seconds(7 * 86_400), judge: LivePolicy::default() };
    Policy { trial: Some(trial), ..Policy::default() }
}

/// A trial whose shortest time is over.
fn trial_watched_enough() -> Release {
    let mut release = on_trial();
    if let State::Watching(watching) = &mut release.state {
        watching.until = at(100);
    }
    release
}

/// The trial's alarms are OK, and its comparison says so.
fn told(verdict: LiveVerdict) -> Event {
    let names = on_trial().current.map(|current| current.alarms).unwrap_or_default();
    let alarm = |name| AlarmReading { name, state: AlarmState::Ok, since: at(91) };
    Event::WatchTick(WatchReading {
        config: "bike-2t".into(),
        alarms: names.into_iter().map(alarm).collect(),
        requests: Some(500),
        trial: Some(TrialReading { verdict, reason: String::new() }),
    })
}

fn plain(words: &impl serde::Serialize) -> String {
    serde_json::to_value(words).unwrap().as_str().unwrap().replace('_', " ")
}

fn cell(before: &Release, event: &Event) -> String {
    let transition = step(before, event, at(100), &Policy::default());
    let mut text = format!("**{}**", plain(&transition.rule));
    let after = transition.release.state.name();
    if after != before.state.name() {
        text.push_str(&format!(" → {}", plain(&after)));
    }
    if transition.release.freeze != before.freeze && transition.release.freeze.is_some() {
        text.push_str(", locked");
    }
    let actions: Vec<String> =
        transition.actions.iter().map(|action| action.name().replace('_', " ")).collect();
    if !actions.is_empty() {
        text.push_str(&format!("; {}", actions.join(", ")));
    }
    text
}

fn table() -> String {
    let mut text =
        "| event | stable | deploying | watching | rolling back | cool-down |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (name, make) in rows() {
        let cells = [Stable, Deploying, Watching, RollingBack, CoolDown]
            .map(|state| make(state).map_or("–".to_owned(), |(release, event)| cell(&release, &event)));
        text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    text
}

#[test]
fn the_documented_table_is_what_the_code_does() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/release.md");
    let docs = std::fs::read_to_string(&path).expect("docs/release.md");
    let (head, rest) = docs.split_once(BEGIN).expect("the table's begin");
    let (found, tail) = rest.split_once(END).expect("the table's end");
    let table = table();
    if std::env::var_os("PAWL_UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{table}{END}{tail}")).unwrap();
        return;
    }
    assert_eq!(found, table, "run PAWL_UPDATE_DOCS=1 cargo test table");
}
