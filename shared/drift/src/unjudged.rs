//! What has no verdict, and why: no column of either side goes without a word.

use std::collections::HashSet;

use super::axes::is_time;
use super::column_name;
use super::document::{Axis, Drift, NoVerdict, NotJudged, Verdict};
use super::input::Input;
use pawl_data::profile::ColumnProfile;
use pawl_data::profile::bins::BinCounts;

/// A column of dates or times, whose values are not compared.
pub(super) fn time(input: &Input<'_>) -> Option<NotJudged> {
    let times = input.segment.is_none() && input.baseline.is_some_and(is_time);
    times.then(|| NotJudged {
        name: input.name.to_owned(),
        axis: Some(Axis::Shape),
        why: NoVerdict::Time,
        reason: "Dates and times move by themselves; missing values and types are compared.".to_owned(),
    })
}

impl NotJudged {
    /// A column that was not compared at all.
    pub fn column(name: impl Into<String>, why: NoVerdict, reason: impl Into<String>) -> Self {
        Self { name: name.into(), axis: None, why, reason: reason.into() }
    }

    /// A column that the baseline lacks.
    pub fn new_column(name: impl Into<String>) -> Self {
        Self::column(name, NoVerdict::New, "The baseline has no such column.")
    }
}

impl Drift {
    /// Tells which columns were not compared, and why; each once, and none that was.
    pub fn tell(&mut self, not_compared: impl IntoIterator<Item = NotJudged>) {
        let mut known: HashSet<String> = self.columns.iter().map(|finding| finding.name.clone()).collect();
        let new = not_compared.into_iter().filter(|it| known.insert(it.name.clone()));
        self.not_judged.extend(new);
        self.summarise();
    }

    /// Takes the verdicts back: what was compared does not speak for the whole. What each comparison came to
    /// stays in the list.
    pub(super) fn refuse_to_judge(&mut self, reasons: Vec<String>) {
        (self.verdict, self.features) = (Verdict::InsufficientData, Verdict::InsufficientData);
        for role in [&mut self.label, &mut self.predictions] {
            *role = role.map(|_| Verdict::InsufficientData);
        }
        self.reasons.splice(..0, reasons);
    }

    /// Lists anew what could not be judged of the columns that were compared.
    pub(super) fn list_unjudged(&mut self) {
        let silent = self.columns.iter().filter(|finding| finding.segment.is_none() && !finding.is_judged());
        let list: Vec<NotJudged> = silent
            .map(|finding| NotJudged {
                name: finding.name.clone(),
                axis: Some(finding.axis),
                why: NoVerdict::InsufficientData,
                reason: finding.reason.clone(),
            })
            .collect();
        self.not_judged.retain(|it| it.why != NoVerdict::InsufficientData);
        self.not_judged.splice(..0, list);
    }
}

/// Why a column is an identifier, if it is: nearly every row of both sides has a value of its own, and its
/// name says so, or its whole numbers count on without gaps, or its texts never come twice. Distinctness
/// alone is none: an income in whole units has it too.
pub(super) fn identifier(
    baseline: &ColumnProfile,
    current: &ColumnProfile,
    counts: Option<&BinCounts>,
) -> Option<&'static str> {
    if !baseline.is_identifier() || !current.is_identifier() {
        return None;
    }
    let texts = |column: &ColumnProfile| column.types.string == column.types.total();
    if is_named_so(&baseline.name) {
        Some("An identifier: nearly every row has a value of its own, and its name says so.")
    } else if counts_on(baseline) && counts_on(current) {
        Some("An identifier: whole numbers that count on, each once.")
    } else if texts(baseline) && texts(current) && counts.is_none_or(comes_anew) {
        Some("An identifier: nearly every row has a text of its own, and none of the commonest comes again.")
    } else {
        None
    }
}

/// Whether none of the baseline's commonest values came again.
fn comes_anew(counts: &BinCounts) -> bool {
    counts.bins.iter().all(|&count| count == 0)
}

/// Whether the last word of a name, or the first, means an identifier: `customer_id`, `orderKey`, `ID`.
fn is_named_so(name: &str) -> bool {
    let words = column_name::words(name, char::is_alphanumeric);
    let last = words.last().map(String::as_str);
    let means = ["id", "uuid", "guid", "rowid", "identifier", "key", "index", "idx"];
    last.is_some_and(|word| means.contains(&word)) || words.first().is_some_and(|word| word == "id")
}

/// Whether whole numbers fill four fifths of the range from the least to the largest.
fn counts_on(column: &ColumnProfile) -> bool {
    let Some((least, most)) = column.numbers.extremes() else { return false };
    let only_whole = column.types.integral == column.types.total();
    only_whole && column.distinct() as f64 >= 0.8 * (most - least + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_an_identifier() {
        for name in ["id", "ID", "customer_id", "customerId", "order key", "Row.Index", "id_client", "uuid"] {
            assert!(is_named_so(name), "{name}");
        }
        for name in ["income", "paid", "idle", "keyword", "index_of_prices", "bid"] {
            assert!(!is_named_so(name), "{name}");
        }
    }
}
