//! The verdict on the run, and the one sentence that says why.

use super::evidence::Evidence;
use super::html::{Html, badge, code, terms, text};
use super::labels::{self, Label};
use super::timeline;
use super::words::{capital, plain, time, took};

/// The most triggers that are named.
const TRIGGERS: usize = 5;

/// What became of the run: the label of its ending, and a clause.
fn ending(evidence: &Evidence) -> (Label, &'static str) {
    labels::ending(evidence.ending())
}

/// What became of the run, in a clause.
pub(super) fn clause(evidence: &Evidence) -> &'static str {
    ending(evidence).1
}

/// Why, in one sentence: what the run itself said, else what the furthest step said.
fn reason(evidence: &Evidence) -> String {
    let of_run = evidence.run.as_ref().map(|run| plain(&run.outcome.reason));
    let of_failure = || evidence.failure.as_ref().map(|failure| plain(&failure.reason));
    of_run.filter(|it| !it.is_empty()).or_else(of_failure).filter(|it| !it.is_empty()).unwrap_or_else(|| {
        match timeline::furthest(evidence) {
            Some(step) => format!(
                "The last step that left evidence is \u{201c}{}\u{201d}. \
                 The run is under way, or it was cut off there.",
                step.name()
            ),
            None => "The run has left no evidence yet.".to_owned(),
        }
    })
}

/// The top of the page.
pub(super) fn render(evidence: &Evidence) -> Html {
    let (label, clause) = ending(evidence);
    let mut html = Html::default();
    html.raw("<header class=\"").raw(label.0.class()).raw("\">\n<p class=\"run\">");
    html.text(&evidence.model).raw(", run ").text(evidence.generation).raw("</p>\n<h1>");
    html.add(&badge(label)).raw(" ").text(capital(clause)).raw("</h1>\n");
    html.raw("<p class=\"reason\">").text(reason(evidence)).raw("</p>\n");
    html.add(&terms(facts(evidence))).raw("</header>\n");
    html
}

fn facts(evidence: &Evidence) -> Vec<(&'static str, Html)> {
    let mut facts = Vec::new();
    if let Some(run) = &evidence.run {
        facts.push(("Started by", triggers(&run.triggers, run.more_triggers)));
        if let Some(opened) = run.opened_at {
            facts.push(("Opened", text(time(opened))));
            facts.push(("Took", text(took(opened, run.closed_at))));
        }
        facts.push(("Closed", text(time(run.closed_at))));
    }
    let outcome = evidence.failure.as_ref().or(evidence.run.as_ref().map(|run| &run.outcome));
    if let Some(state) = outcome.and_then(|outcome| outcome.state.as_ref()) {
        facts.push(("Failed in", text(state)));
    }
    if let Some(error) = outcome.and_then(|outcome| outcome.error.as_ref()) {
        facts.push(("Error", code(error)));
    }
    if let Some(release) = &evidence.serving {
        facts.push((
            "Serves now",
            match &release.current {
                Some(current) if current.generation == evidence.generation => {
                    text(format!("the model of this run ({})", current.config))
                }
                Some(current) => {
                    text(format!("the model of run {} ({})", current.generation, current.config))
                }
                None => text("nothing"),
            },
        ));
    }
    facts
}

fn triggers(told: &[String], more: usize) -> Html {
    if told.is_empty() {
        return text("no trigger that is recorded");
    }
    let mut words = told.iter().take(TRIGGERS).cloned().collect::<Vec<_>>().join("; ");
    match told.len().saturating_sub(TRIGGERS) + more {
        0 => {}
        more => words += &format!("; and {more} more"),
    }
    text(words)
}
