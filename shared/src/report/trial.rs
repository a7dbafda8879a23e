//! The trial in production, where the challenger had one.

use super::evidence::Evidence;
use super::html::{Html, badge, paragraph, terms, text};
use super::labels;
use super::words::{NONE, count, counted, measure, or_none, percent, plain, signed, time};
use crate::gate::live::{Agreement, TrialKind, TrialLook};

/// The part of the release's section.
pub(super) fn render(evidence: &Evidence) -> Html {
    let mut html = Html::default();
    let Some(trial) = &evidence.trial else { return html };
    let TrialLook { look, answered, agreement, lost, reason } = &trial.came_to;
    let (who, compared) = match trial.kind {
        TrialKind::Shadow => ("the challenger answered a copy of each request", "requests with a truth"),
        TrialKind::Ab => ("each answered a share of the requests", "pairs of requests with a truth"),
    };
    let answers = format!(
        "{} of the champion, {} of the challenger",
        count(answered.champion),
        count(answered.challenger)
    );
    let unread = counted(trial.unreadable, "unreadable line", "unreadable lines");
    let lost = format!("{}, {unread}", counted(*lost, "answer", "answers"));
    let mut facts = vec![
        ("In the trial", text(who)),
        ("The challenger is", badge(labels::trial(look.verdict))),
        ("Compared", text(format!("{} {compared}", count(look.requests)))),
        ("Accuracy, challenger less champion", text(or_none(look.estimate, signed))),
        ("Evidence that it is better", text(odds(look.ln_better))),
        ("Evidence that it is worse", text(odds(look.ln_worse))),
        ("Answers", text(answers)),
    ];
    if agreement.requests > 0 {
        facts.push(("Decided alike", text(alike(agreement))));
    }
    facts.push(("Lost", text(lost)));
    facts.push(("Last look", text(time(trial.at))));
    html.raw("<h3>The trial</h3>\n").add(&paragraph(plain(reason))).add(&terms(facts));
    html.raw("<p class=\"note\">Evidence is a likelihood ratio, the greatest so far; ");
    html.raw("it may be looked at as often as one likes.</p>\n");
    html
}

/// A likelihood ratio from its logarithm.
fn odds(ln: f64) -> String {
    match ln.exp() {
        ratio if ratio.is_finite() => format!("{} to 1", measure(ratio)),
        _ => NONE.to_owned(),
    }
}

fn alike(agreement: &Agreement) -> String {
    let share = percent(agreement.alike as f64 / agreement.requests as f64);
    let interval = agreement.interval.map_or(String::new(), |(low, high)| {
        format!(", {} to {} at every look", percent(low), percent(high))
    });
    format!("{share} of {} requests{interval}", count(agreement.requests))
}
