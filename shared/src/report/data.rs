//! What came: the objects, the rows, and what was wrong with them.

use jiff::Timestamp;

use super::evidence::Evidence;
use super::html::{Head, Html, badge, code, paragraph, table, terms, text};
use super::labels;
use super::words::{NONE, bytes, count, counted, or_none, percent, plain, time, value};
use crate::constraints::Effect;
use crate::documents::{self, Judged};
use crate::ledger::Keys;
use crate::profile::Profile;

/// The most rows of one table here. The documents hold all.
const ROWS: usize = 100;

/// The section.
pub(super) fn render(evidence: &Evidence) -> Html {
    let mut html = Html::default();
    html.add(&listed(evidence));
    match &evidence.validation {
        None => {
            html.add(&paragraph(
                "The run ended before the new data was judged, or its judgement cannot be read.",
            ));
        }
        Some(judged) if judged.is_empty() => {
            html.add(&paragraph("No object is new: there was nothing to judge."));
        }
        Some(judged) => {
            html.add(&objects(judged)).add(&violations(judged)).add(&quarantine(evidence, judged));
        }
    }
    if let Some(profile) = evidence.profile.as_ref().filter(|profile| profile.rows > 0) {
        html.add(&columns(profile));
    }
    html
}

fn listed(evidence: &Evidence) -> Html {
    let Some(manifest) = &evidence.manifest else {
        return paragraph("The run ended before it listed its objects, or the list cannot be read.");
    };
    let size = manifest.objects.iter().fold(0u64, |sum, object| sum.saturating_add(object.size));
    let mut facts = vec![
        (
            "Listed",
            text(format!("{}, {}", counted(manifest.objects.len() as u64, "object", "objects"), bytes(size))),
        ),
        ("New", text(counted(manifest.batch.len() as u64, "object", "objects"))),
    ];
    if manifest.left_out > 0 {
        let files = counted(manifest.left_out, "object", "objects");
        facts.push(("Left out", text(format!("{files}: hidden files, checksums or markers by their names"))));
    }
    if let Some(split) = &evidence.split {
        facts.push(("Trains on", text(counted(split.train.len() as u64, "object", "objects"))));
        facts.push((
            "Judged on",
            text(counted(split.holdout.len() as u64, "newest object", "newest objects")),
        ));
    }
    let mut html = Html::default();
    html.add(&terms(facts));
    html
}

fn objects(judged: &[Judged]) -> Html {
    let rows = judged.iter().take(ROWS).map(|it| {
        let rows = |pick: fn(&crate::constraints::Validation) -> u64| {
            text(it.validation.as_ref().map_or_else(|| NONE.to_owned(), |validation| count(pick(validation))))
        };
        let share = it.validation.as_ref().map_or_else(
            || NONE.to_owned(),
            |it| format!("{} of at most {}", percent(it.bad_share), percent(it.quarantine_above)),
        );
        vec![
            code(&it.object.key),
            badge(labels::object(it)),
            rows(|validation| validation.rows),
            rows(|validation| validation.accepted),
            rows(|validation| validation.quarantined),
            rows(|validation| validation.missing_steps),
            text(share),
        ]
    });
    let head = [
        Head::Words("Object"),
        Head::Words("Verdict"),
        Head::Number("Rows read"),
        Head::Number("Accepted"),
        Head::Number("Quarantined"),
        Head::Number("Missing steps"),
        Head::Number("Bad share"),
    ];
    let mut html = table("New objects", &head, rows);
    html.add(&more(judged.len(), documents::VALIDATION.name()));
    html
}

fn violations(judged: &[Judged]) -> Html {
    let mut rows = Vec::new();
    let mut all = 0;
    for it in judged {
        if it.validation.is_none() && rows.len() >= ROWS {
            all += 1;
        } else if it.validation.is_none() {
            all += 1;
            rows.push(vec![
                code(&it.object.key),
                text("whole object"),
                text("unreadable"),
                text(NONE),
                text("quarantines the batch"),
                text(plain(&it.reason)),
            ]);
        }
        all += it.left_out;
        for violation in it.validation.iter().flat_map(|validation| &validation.violations) {
            all += 1;
            if rows.len() >= ROWS {
                continue;
            }
            let effect = match violation.effect {
                Effect::Warning => "warning",
                Effect::QuarantinesRows => "quarantines these rows",
                Effect::QuarantinesBatch => "quarantines the batch",
            };
            rows.push(vec![
                code(&it.object.key),
                text(violation.column.as_deref().unwrap_or("whole object")),
                text(violation.rule.name().replace('_', " ")),
                text(format!("{} ({})", count(violation.rows), percent(violation.fraction))),
                text(effect),
                text(&violation.reason),
            ]);
        }
    }
    if rows.is_empty() {
        return paragraph("Nothing was wrong with any row.");
    }
    rows.truncate(ROWS);
    let head = [
        Head::Words("Object"),
        Head::Words("Column"),
        Head::Words("Rule"),
        Head::Number("Rows"),
        Head::Words("Effect"),
        Head::Words("Reason"),
    ];
    let mut html = table("What was wrong, the gravest of each object first", &head, rows);
    html.add(&more(all, documents::VALIDATION.name()));
    html
}

fn quarantine(evidence: &Evidence, judged: &[Judged]) -> Html {
    let keys = Keys::new(&evidence.model);
    let held: Vec<&Judged> = judged
        .iter()
        .filter(|it| it.validation.as_ref().is_some_and(|validation| validation.quarantined > 0))
        .collect();
    let mut html = Html::default();
    if held.is_empty() {
        return html;
    }
    html.raw("<p>The refused rows, each with its reason, lie under:</p>\n<ul>\n");
    for it in held.iter().take(ROWS) {
        html.raw("<li>").add(&code(keys.quarantine(evidence.generation, &it.object.id)));
        html.raw(" (of ").add(&code(&it.object.key)).raw(")</li>\n");
    }
    html.raw("</ul>\n").add(&more(held.len(), documents::VALIDATION.name()));
    html
}

fn columns(profile: &Profile) -> Html {
    let rows = profile.columns.iter().take(ROWS).map(|column| {
        let extremes = column.numbers.extremes();
        vec![
            code(&column.name),
            text(column.kind().name()),
            text(percent(column.missing as f64 / column.rows.max(1) as f64)),
            text(or_none(extremes.map(|it| it.0), value)),
            text(or_none(column.numbers.mean(), value)),
            text(or_none(extremes.map(|it| it.1), value)),
        ]
    });
    let head = [
        Head::Words("Column"),
        Head::Words("Type"),
        Head::Number("Missing"),
        Head::Number("Least"),
        Head::Number("Mean"),
        Head::Number("Greatest"),
    ];
    let table = table("The accepted rows of the new objects", &head, rows);
    let from_to = profile.time.as_ref().and_then(|it| it.first.zip(it.last));
    let moment = |second| Timestamp::from_second(second).map(time).unwrap_or_default();
    let span = from_to.map(|(first, last)| format!(", from {} to {}", moment(first), moment(last)));
    let mut html = Html::default();
    html.add(&table).add(&more(profile.columns.len(), documents::PROFILE.name()));
    html.add(&paragraph(format_args!(
        "{}{}.",
        counted(profile.rows, "accepted row", "accepted rows"),
        span.unwrap_or_default()
    )));
    html
}

/// That a table does not show all.
fn more(all: usize, document: &str) -> Html {
    match all.saturating_sub(ROWS) {
        0 => Html::default(),
        left => paragraph(format_args!("{} more stand in {document}.", count(left as u64))),
    }
}
