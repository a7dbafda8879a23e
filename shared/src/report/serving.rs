//! What serves, and what became of this run's challenger.

use super::evidence::Evidence;
use super::html::{Html, code, paragraph, terms, text};
use super::trial;
use super::words::time;
use crate::release::{Deployment, Release, ReleaseOutcome, State};

/// The section.
pub(super) fn render(evidence: &Evidence) -> Html {
    let mut html = Html::default();
    html.add(&paragraph(match evidence.released.as_ref().map(|released| released.outcome) {
        Some(ReleaseOutcome::Promoted) => {
            "This run\u{2019}s challenger was deployed, watched and proven good."
        }
        Some(ReleaseOutcome::RolledBack) => "This run\u{2019}s challenger was deployed and taken back.",
        Some(ReleaseOutcome::Abandoned) => "The deployment of this run\u{2019}s challenger never began.",
        Some(ReleaseOutcome::Unproven) => {
            "This run\u{2019}s challenger serves, and was not proven good: a person was told."
        }
        None => "No deployment of this run has come to its end.",
    }));
    html.add(&trial::render(evidence));
    let Some(release) = &evidence.serving else {
        html.add(&paragraph(
            "Nothing is recorded of the endpoint: no release has begun, or the record cannot be read.",
        ));
        return html;
    };
    html.add(&terms(facts(release)));
    for rollback in release.rollbacks.iter().filter(|it| it.generation == evidence.generation) {
        html.add(&paragraph(format_args!("Rolled back on {}: {}.", time(rollback.at), rollback.cause)));
    }
    if let Some(freeze) = &release.freeze {
        html.add(&paragraph(format_args!(
            "Deployments are frozen by {} since {}: {}.",
            freeze.who,
            time(freeze.at),
            freeze.why
        )));
    }
    html.raw("<p class=\"note\">As the release record stood when this page was written.</p>\n");
    html
}

fn facts(release: &Release) -> Vec<(&'static str, Html)> {
    let state = match &release.state {
        State::Stable => "nothing is under way".to_owned(),
        State::Deploying(it) => {
            format!("run {} is being deployed since {}", it.candidate.generation, time(it.since))
        }
        State::Watching(it) => match it.decide_by {
            Some(until) => format!("a person must decide until {}", time(until)),
            None => format!("the new config bakes until {}", time(it.until)),
        },
        State::RollingBack(it) => {
            format!("traffic goes back from run {} to run {}", it.from.generation, it.to.generation)
        }
        State::CoolDown { until } => format!("cooling down until {}", time(*until)),
    };
    let mut facts = vec![("Endpoint", code(&release.endpoint)), ("State", text(state))];
    match &release.current {
        None => facts.push(("Serves", text("nothing"))),
        Some(current) => {
            facts.push(("Serves", deployment(current)));
            facts.extend(current.activated_at.map(|at| ("Since", text(time(at)))));
            facts.extend(current.package.as_ref().map(|package| ("Model package", code(package))));
        }
    }
    facts
        .push(("Last known good", release.last_known_good().map_or_else(|| text("nothing yet"), deployment)));
    facts
}

fn deployment(it: &Deployment) -> Html {
    let mut html = Html::default();
    html.raw("run ").text(it.generation).raw(", ").add(&code(&it.config));
    html
}
