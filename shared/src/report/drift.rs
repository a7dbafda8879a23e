//! What changed: each column of the batch against what it is compared with.

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::evidence::Evidence;
use super::html::{Head, Html, Tone, badge, code, paragraph, table, terms, text};
use super::labels;
use super::picture::histogram;
use super::words::{count, counted, measure, or_none, p_value, percent, signed};
use crate::documents;
use crate::drift::{Axis, Drift, EffectUnit, Finding, Role, Verdict};

/// The most columns in the table, and in pictures. The document holds all.
const ROWS: usize = 100;
const PICTURES: usize = 24;

/// One column (or a part of its rows) with its findings on all axes.
struct Column<'a> {
    worst: &'a Finding,
    shape: Option<&'a Finding>,
}

/// The section.
pub(super) fn render(evidence: &Evidence) -> Html {
    let Some(drift) = &evidence.drift else { return paragraph(absent(evidence)) };
    let columns = columns(drift);
    let mut html = Html::default();
    html.add(&terms(facts(evidence, drift)));
    html.add(&table_of(&columns));
    if columns.len() > ROWS {
        html.add(&paragraph(format_args!(
            "{} quieter columns stand in {}.",
            count((columns.len() - ROWS) as u64),
            documents::DRIFT.name()
        )));
    }
    html.add(&pictures(&columns));
    html
}

fn absent(evidence: &Evidence) -> &'static str {
    if evidence.decision.is_none() {
        "The run ended before the new data was compared, or the comparison cannot be read."
    } else if evidence.reference.is_none() {
        "No champion served: there was nothing to compare with."
    } else {
        "No comparison is recorded: no new data was accepted, or the document cannot be read."
    }
}

fn facts(evidence: &Evidence, drift: &Drift) -> Vec<(&'static str, Html)> {
    let word = |it: Verdict| badge(labels::drift(it));
    let mut facts = vec![("All in all", word(drift.verdict)), ("Features", word(drift.features))];
    facts.extend(drift.label.map(|it| ("Label", word(it))));
    facts.extend(drift.predictions.map(|it| ("Predictions", word(it))));
    facts.extend(drift.importance.map(|moved| {
        let words = format!("{} in features that drift", percent(moved.drift));
        ("The champion\u{2019}s importance", text(words))
    }));
    let rows = evidence.reference.as_ref().map(|reference| counted(reference.baseline.rows, "row", "rows"));
    let baseline = match (rows, drift.compared_with) {
        (Some(rows), Some(with)) => Some(format!("{rows}: {}", with.describe())),
        (None, Some(with)) => Some(with.describe()),
        (Some(rows), None) => Some(format!("{rows} that it is compared with")),
        (None, None) => None,
    };
    facts.extend(baseline.map(|it| ("Baseline", text(it))));
    facts.extend(drift.compared_with.and_then(|with| with.wanted()).map(|wanted| {
        let mut html = badge((Tone::Warn, "not to be had"));
        html.raw(" ").text(wanted);
        ("Wanted instead", html)
    }));
    facts.extend(drift.warnings.iter().map(|warning| {
        let mut html = badge((Tone::Warn, "mind"));
        html.raw(" ").text(warning);
        ("Warning", html)
    }));
    facts.push((
        "Tests",
        text(format!(
            "{}, false discovery rate {}",
            count(drift.tests as u64),
            percent(drift.policy.false_discovery_rate)
        )),
    ));
    facts
}

/// The findings by column, the worst first.
fn columns(drift: &Drift) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    for finding in &drift.columns {
        let shape = (finding.axis == Axis::Shape).then_some(finding);
        let same =
            |it: &&mut Column<'_>| it.worst.name == finding.name && it.worst.segment == finding.segment;
        // The document names each column's axes one after another.
        match columns.last_mut().filter(same) {
            Some(column) => {
                if graver(finding, column.worst) {
                    column.worst = finding;
                }
                column.shape = column.shape.or(shape);
            }
            None => columns.push(Column { worst: finding, shape }),
        }
    }
    columns.sort_by(|a, b| {
        let psi = |it: &Column<'_>| {
            it.shape.and_then(|shape| shape.scores.psi_debiased).unwrap_or(f64::NEG_INFINITY)
        };
        Reverse(a.worst.verdict).cmp(&Reverse(b.worst.verdict)).then(psi(b).total_cmp(&psi(a)))
    });
    columns
}

/// Among equals the shape is the one to show.
fn graver(finding: &Finding, than: &Finding) -> bool {
    let rank = |it: &Finding| (it.verdict, it.axis == Axis::Shape);
    rank(finding) > rank(than)
}

fn table_of(columns: &[Column<'_>]) -> Html {
    let rows = columns.iter().take(ROWS).map(|column| {
        let worst = column.worst;
        let psi = column.shape.and_then(|shape| shape.scores.psi_debiased);
        vec![
            name(worst),
            badge(labels::drift(worst.verdict)),
            text(axis(worst.axis)),
            text(or_none(psi, signed)),
            text(or_none(worst.evidence.q_value, p_value)),
            text(detectable(worst)),
            reason(worst),
        ]
    });
    let head = [
        Head::Words("Column"),
        Head::Words("Verdict"),
        Head::Words("Worst in"),
        Head::Number("PSI, de-biased"),
        Head::Number("q-value"),
        Head::Number("Would have told"),
        Head::Words("Why"),
    ];
    let mut html = table("Columns, the worst first", &head, rows);
    html.raw("<p class=\"note\">PSI is the population stability index less its mean under no drift. ");
    html.raw("The q-value is adjusted over all tests (Benjamini\u{2013}Hochberg). ");
    html.raw("\u{201c}Would have told\u{201d} is the smallest true ");
    html.raw("change that a quiet column\u{2019}s test finds four times out of five.</p>\n");
    html
}

fn name(finding: &Finding) -> Html {
    let mut html = code(&finding.name);
    match finding.role {
        Role::Feature => {}
        Role::Label => drop(html.raw(" (label)")),
        Role::Prediction => drop(html.raw(" (prediction)")),
    }
    if let Some(segment) = &finding.segment {
        html.raw(" where ").add(&code(&segment.column)).raw(" is ").add(&code(&segment.value));
    }
    html
}

fn axis(axis: Axis) -> &'static str {
    match axis {
        Axis::Missingness => "missing values",
        Axis::Unseen => "unseen values",
        Axis::Shape => "shape",
        Axis::TypeMix => "type mix",
        Axis::Together => "moved together",
    }
}

/// What a quiet comparison would have found.
fn detectable(finding: &Finding) -> String {
    match (finding.verdict, finding.detectable.minimum, finding.detectable.unit) {
        (Verdict::None, Some(effect), Some(EffectUnit::Psi)) => format!("PSI {}", measure(effect)),
        (Verdict::None, Some(effect), Some(EffectUnit::Share)) => percent(effect),
        (Verdict::None, Some(effect), Some(EffectUnit::Sigma)) => format!("{} deviations", measure(effect)),
        (Verdict::None, Some(effect), Some(EffectUnit::Correlation)) => {
            format!("correlation {}", measure(effect))
        }
        _ => String::new(),
    }
}

fn reason(finding: &Finding) -> Html {
    let mut html = Html::default();
    html.raw("<span class=\"wide\">").text(&finding.reason).text(history(finding)).raw("</span>");
    html
}

/// What earlier runs say of it.
fn history(finding: &Finding) -> String {
    let mut text = String::new();
    if let Some(windows) = finding.past.windows.filter(|windows| *windows > 1) {
        let _ = write!(text, " It has moved {windows} runs in a row.");
    }
    if let Some(z) = finding.past.robust_z {
        let _ = write!(text, " The score lies {z:+.1} robust deviations from the median of earlier runs.");
    }
    text
}

fn pictures(columns: &[Column<'_>]) -> Html {
    let mut html = Html::default();
    html.raw("<h3>Baseline against batch</h3>\n<p class=\"note\"><span class=\"key baseline\"></span>");
    html.raw("share of the baseline\u{2019}s rows <span class=\"key batch\"></span>");
    html.raw("share of the batch\u{2019}s rows; each column on the ");
    html.raw("axis named in the table, in the bins that were counted.</p>\n<div class=\"figures\">\n");
    let drawn = columns.iter().filter_map(|column| {
        let finding = column.worst;
        histogram(&finding.name, &finding.bins).map(|picture| (finding, picture))
    });
    let mut shown = 0;
    for (finding, picture) in drawn.take(PICTURES) {
        html.raw("<figure>").add(&picture).raw("<figcaption>").add(&name(finding)).raw(", ");
        html.raw(axis(finding.axis)).raw(" ").add(&badge(labels::drift(finding.verdict))).raw("<br>");
        html.text(format_args!("{} against {} rows", count(finding.evidence.n), count(finding.evidence.m)));
        html.raw("</figcaption></figure>\n");
        shown += 1;
    }
    html.raw("</div>\n");
    match shown {
        0 => paragraph("There are too few rows for a picture."),
        _ => html,
    }
}
