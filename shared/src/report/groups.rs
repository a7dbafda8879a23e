//! Parts of the holdout: fairness between groups, and the slices where the challenger does worst.

use super::html::{Head, Html, code, table, text};
use super::words::{NONE, count, measure, or_none, p_value, signed};
use crate::gate::Judgement;
use crate::stats::Interval;

/// The most rows of one table here. The document holds all.
const ROWS: usize = 60;

/// Both tables; nothing where the policy names no groups and no slices.
pub(super) fn render(judgement: &Judgement) -> Html {
    let mut html = Html::default();
    if !judgement.fairness.is_empty() {
        if judgement.fairness.values().any(|found| !found.comparisons.is_empty()) {
            html.add(&comparisons(judgement));
        }
        html.add(&fairness(judgement));
    }
    if !judgement.slices.is_empty() {
        html.add(&slices(judgement));
    }
    html
}

fn fairness(judgement: &Judgement) -> Html {
    let rows = judgement.fairness.iter().flat_map(|(grouping, found)| {
        found.measures.iter().map(move |(measured, it)| {
            vec![
                code(grouping),
                text(measured.as_str()),
                text(found.disadvantaged.as_deref().unwrap_or("no group is large enough")),
                text(or_none(it.champion, measure)),
                text(or_none(it.challenger, measure)),
                text(or_none(it.change, signed)),
                text(span(it.interval)),
            ]
        })
    });
    let head = [
        Head::Words("Grouping"),
        Head::Words("Measure"),
        Head::Words("Disadvantaged"),
        Head::Number("Champion"),
        Head::Number("Challenger"),
        Head::Number("Change"),
        Head::Number("Interval of the change"),
    ];
    table("Clarify\u{2019}s measures: the disadvantaged group against the rest", &head, rows.take(ROWS))
}

/// Every group under every rule.
fn comparisons(judgement: &Judgement) -> Html {
    let rows = judgement.fairness.iter().flat_map(|(grouping, found)| {
        found.comparisons.iter().map(move |it| {
            vec![
                code(grouping),
                text(it.measure.as_str()),
                text(&it.group),
                text(it.against.as_deref().unwrap_or("all others")),
                text(or_none(it.champion, measure)),
                text(or_none(it.challenger, measure)),
                text(it.interval.map_or_else(|| NONE.to_owned(), between)),
                text(span(it.less_fair)),
                text(or_none(it.adjusted_p_value, p_value)),
            ]
        })
    });
    let head = [
        Head::Words("Grouping"),
        Head::Words("Measure"),
        Head::Words("Group"),
        Head::Words("Against"),
        Head::Number("Champion"),
        Head::Number("Challenger"),
        Head::Number("Interval"),
        Head::Number("Less fair by"),
        Head::Number("p by Holm"),
    ];
    table("Fairness: every group held to the rules", &head, rows.take(ROWS))
}

fn slices(judgement: &Judgement) -> Html {
    let rows = judgement.slices.iter().take(ROWS).map(|slice| {
        vec![
            code(&slice.slice),
            text(count(slice.rows)),
            text(slice.metric),
            text(signed(slice.change)),
            text(span(slice.interval)),
            text(p_value(slice.adjusted_p_value)),
        ]
    });
    let head = [
        Head::Words("Slice"),
        Head::Number("Rows"),
        Head::Words("Metric"),
        Head::Number("Change"),
        Head::Number("Interval"),
        Head::Number("p by Holm"),
    ];
    table("Slices, the worst first", &head, rows)
}

fn between(interval: Interval) -> String {
    format!("{} to {}", measure(interval.low), measure(interval.high))
}

fn span(interval: Option<Interval>) -> String {
    interval.map_or_else(|| NONE.to_owned(), |it| format!("{} to {}", signed(it.low), signed(it.high)))
}
