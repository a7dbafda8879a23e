//! What serves, and what became of this run's challenger.

use super::evidence::Evidence;
use super::html::{Html, code, paragraph, terms, text};
use super::words::time;
use super::{labels, trial};
use crate::release::{Deployment, Release};

/// The section.
pub(super) fn render(evidence: &Evidence) -> Html {
    let mut html = Html::default();
    let fate = evidence.released.as_ref().map(|released| released.outcome);
    html.add(&paragraph(labels::released_sentence(fate)));
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
    let mut facts =
        vec![("Endpoint", code(&release.endpoint)), ("State", text(labels::release_state(&release.state)))];
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
