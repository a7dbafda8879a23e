//! What a column as a whole used to be like: told when a batch is different, never a reason to refuse it.

use super::rule::Rule;
use super::validation::{Effect, Violation};
use super::{ColumnConstraints, TypeShare};
use crate::profile::ColumnProfile;
use crate::profile::value::timestamp_seconds;

/// The share of values outside the usual ones that is told.
const UNUSUAL: f64 = 0.1;

/// A sketched count of different values may be this much too low.
const SKETCHED: f64 = 0.95;

pub(super) fn habits(
    expected: &ColumnConstraints,
    column: &ColumnProfile,
    now: Option<jiff::Timestamp>,
) -> impl Iterator<Item = Violation> {
    let found = [
        filled(expected, column),
        fits_less(expected, column),
        unique(expected, column),
        unusual(expected, column),
        stale(expected, column, now),
    ];
    found.into_iter().flatten()
}

fn filled(expected: &ColumnConstraints, column: &ColumnProfile) -> Option<Violation> {
    let present = column.present();
    let values: Vec<String> = column.values.frequent().into_iter().take(1).map(|it| it.value).collect();
    let such = values.first().map(|value| format!(", such as {value}")).unwrap_or_default();
    (expected.empty && present > 0).then(|| {
        let observed = format!("a value in {present} of {} rows{such}", column.rows);
        warning(column, Rule::Completeness, "no value, as ever before".to_owned(), observed, present)
    })
}

fn fits_less(expected: &ColumnConstraints, column: &ColumnProfile) -> Option<Violation> {
    let TypeShare { kind, share: least } = expected.mostly?;
    let fitting = column.types.fitting(kind);
    let share = fitting as f64 / column.types.total().max(1) as f64;
    if share >= least {
        return None;
    }
    let expected = format!("at least {:.1} % of the values of type {}", least * 100.0, kind.name());
    let others = column.types.total() - fitting;
    Some(warning(column, Rule::Type, expected, format!("{:.1} %", share * 100.0), others))
}

fn unique(expected: &ColumnConstraints, column: &ColumnProfile) -> Option<Violation> {
    let least = expected.unique?;
    let (distinct, present) = (column.distinct(), column.present());
    let allowed = if column.values.is_exact() { least } else { least * SKETCHED };
    if distinct as f64 >= allowed * present as f64 {
        return None;
    }
    let repeated = present - distinct;
    let expected = format!("at least {:.0} % different values", least * 100.0);
    Some(warning(column, Rule::Unique, expected, format!("{distinct} different of {present}"), repeated))
}

fn unusual(expected: &ColumnConstraints, column: &ColumnProfile) -> Option<Violation> {
    let usual = expected.usual.as_ref()?;
    let frequent = column.values.frequent();
    let known: u64 = frequent.iter().filter(|c| usual.contains(&c.value)).map(|counted| counted.count).sum();
    let others = column.present().saturating_sub(known);
    let allowed = if usual.len() == 1 { 0.0 } else { UNUSUAL * column.present() as f64 };
    if others as f64 <= allowed {
        return None;
    }
    let expected = match usual.as_slice() {
        [only] => format!("always {only}"),
        usual => format!("mostly one of {}", usual.join(", ")),
    };
    let unknown = frequent.iter().find(|counted| !usual.contains(&counted.value));
    let such = unknown.map(|counted| format!(", such as {}", counted.value)).unwrap_or_default();
    let values = if others == 1 { "value" } else { "values" };
    let observed = format!("{others} other {values}{such}");
    Some(warning(column, Rule::Usual, expected, observed, others))
}

/// A column without any readable time is stale.
fn stale(
    expected: &ColumnConstraints,
    column: &ColumnProfile,
    now: Option<jiff::Timestamp>,
) -> Option<Violation> {
    let (limit, now) = (expected.freshness?, now?);
    let newest = column.texts.as_ref().and_then(|(_, most)| timestamp_seconds(most.trim().as_bytes()));
    let age = newest.map(|newest| now.as_second() - newest);
    if age.is_some_and(|age| age <= i64::try_from(limit).unwrap_or(i64::MAX)) {
        return None;
    }
    let observed = match age {
        Some(age) => format!("the newest {age} s old"),
        None => "no time that can be read".to_owned(),
    };
    Some(warning(column, Rule::Freshness, format!("a time of the last {limit} s"), observed, column.rows))
}

fn warning(column: &ColumnProfile, rule: Rule, expected: String, observed: String, rows: u64) -> Violation {
    Violation {
        reason: format!("{}: expected {expected}, found {observed}", column.name),
        column: Some(column.name.clone()),
        rule,
        expected,
        observed,
        rows,
        fraction: rows as f64 / column.rows.max(1) as f64,
        effect: Effect::Warning,
    }
}
