//! Whether a batch keeps its constraints.

use super::batch::{completeness, fractions, row_count};
use super::habits::habits;
use super::policy::Policy;
use super::rule::Rule;
use super::tally::{Broken, Scan, Tally};
use super::validation::{Effect, Validation, Verdict, Violation};
use super::{ColumnConstraints, Constraints};
use crate::profile::Gap;

/// Judges a batch that was scanned with these constraints.
///
/// Freshness needs a clock: see [`check_at`].
pub fn check(scan: &Scan, constraints: &Constraints, policy: &Policy) -> Validation {
    check_at(scan, constraints, policy, None)
}

/// Judges a batch as [`check`] does, and how old it is `now`.
pub fn check_at(
    scan: &Scan,
    constraints: &Constraints,
    policy: &Policy,
    now: Option<jiff::Timestamp>,
) -> Validation {
    let tally = &scan.tally;
    let violations = violations(scan, constraints, policy, now);
    let bad_share = share_due(tally, tally.quarantined + tally.missing_steps);
    Validation {
        verdict: verdict(bad_share, &violations, policy),
        rows: tally.rows,
        accepted: tally.accepted,
        quarantined: tally.quarantined,
        missing_steps: tally.missing_steps,
        bad_share,
        quarantine_above: policy.quarantine_above,
        violations,
    }
}

/// The share of these rows or time steps among all that were due, the missing steps counted in.
fn share_due(tally: &Tally, rows: u64) -> f64 {
    match tally.rows + tally.missing_steps {
        0 => 1.0,
        due => rows as f64 / due as f64,
    }
}

/// All that is wrong, the gravest first.
fn violations(
    scan: &Scan,
    constraints: &Constraints,
    policy: &Policy,
    now: Option<jiff::Timestamp>,
) -> Vec<Violation> {
    let tally = &scan.tally;
    let mut found = schema_violations(scan, constraints);
    found.extend(tally.broken.iter().map(|broken| row_violation(broken, tally)));
    let limit = constraints.gap.unwrap_or(0);
    found.extend(tally.gaps.0.iter().map(|gap| gap_violation(gap, limit, share_due(tally, gap.steps))));
    found.extend(row_count(scan, constraints));
    let profiled = |expected: &'_ ColumnConstraints| scan.profile.column(&expected.name);
    for expected in &constraints.columns {
        if let Some(column) = profiled(expected) {
            found.extend(completeness(expected, column, scan.profile.rows, policy));
            found.extend(fractions(expected, column));
        }
    }
    for expected in &constraints.columns {
        if let Some(column) = profiled(expected) {
            found.extend(habits(expected, column, now));
        }
    }
    found.sort_by_key(|violation| match violation.effect {
        Effect::QuarantinesBatch => 0,
        Effect::QuarantinesRows => 1,
        Effect::Warning => 2,
    });
    found
}

fn verdict(bad_share: f64, violations: &[Violation], policy: &Policy) -> Verdict {
    let whole = violations.iter().any(|violation| violation.effect == Effect::QuarantinesBatch);
    // A share that is no number fails closed.
    let within = bad_share <= policy.quarantine_above;
    match (whole || !within, violations.is_empty()) {
        (true, _) => Verdict::Quarantined,
        (false, false) => Verdict::AcceptedWithWarnings,
        (false, true) => Verdict::Accepted,
    }
}

/// A rule that rows broke.
fn row_violation(broken: &Broken, tally: &Tally) -> Violation {
    let Broken { first, line, rows } = broken;
    let place = first.column.as_ref().map(|column| format!("{column}: ")).unwrap_or_default();
    let swallowed = match tally.swallowed_lines {
        lines if lines > 0 && first.rule == Rule::Quotes => format!("; {}", swallowed_words(lines)),
        _ => String::new(),
    };
    Violation {
        column: first.column.clone(),
        rule: first.rule,
        expected: first.expected.clone(),
        observed: first.observed.clone(),
        rows: *rows,
        fraction: share_due(tally, *rows),
        effect: Effect::QuarantinesRows,
        reason: format!(
            "{place}{rows} of {} rows quarantined from line {line} on: expected {}, found {}{swallowed}",
            tally.rows, first.expected, first.observed
        ),
    }
}

/// The words for lines that were not lost.
pub fn swallowed_words(lines: u64) -> String {
    let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
    format!("such quotes would have swallowed {lines} behind them, which were read")
}

fn schema_violations(scan: &Scan, constraints: &Constraints) -> Vec<Violation> {
    let tally = &scan.tally;
    let mut found = Vec::new();
    let optional = |name: &&String| constraints.column(name).is_some_and(|column| column.optional);
    for name in tally.missing_columns.iter().filter(|name| !optional(name)) {
        found.push(missing_column(name, scan));
    }
    if tally.rows == 0 {
        found.push(Violation {
            column: None,
            rule: Rule::Empty,
            expected: "at least one row".to_owned(),
            observed: "a header and nothing else".to_owned(),
            rows: 0,
            fraction: 1.0,
            effect: Effect::QuarantinesBatch,
            reason: "the data has a header and no rows".to_owned(),
        });
    }
    for name in &tally.extra_columns {
        found.push(Violation {
            column: Some(name.clone()),
            rule: Rule::ExtraColumn,
            expected: format!("the {} columns of the constraints", constraints.columns.len()),
            observed: format!("also {name}"),
            // Of several objects some may lack it.
            rows: within(name, scan).unwrap_or(tally.rows),
            fraction: 0.0,
            effect: Effect::Warning,
            reason: format!("{name}: a column that the constraints do not know"),
        });
    }
    found
}

/// The rows of the objects that have a column, where others lack it.
fn within(name: &str, scan: &Scan) -> Option<u64> {
    let rows = scan.profile.column(name)?.rows;
    (rows < scan.profile.rows).then_some(rows)
}

fn missing_column(name: &str, scan: &Scan) -> Violation {
    let all = scan.profile.rows;
    let (rows, fraction, place) = match within(name, scan) {
        None => (scan.tally.rows, 1.0, String::new()),
        Some(within) => {
            let without = all - within;
            (
                without,
                without as f64 / all as f64,
                format!(" in {without} of {all} rows: some objects lack it"),
            )
        }
    };
    let observed = format!("no such column{place}");
    Violation {
        column: Some(name.to_owned()),
        rule: Rule::MissingColumn,
        expected: format!("a column named {name}"),
        reason: format!("{name}: the data has {observed}"),
        observed,
        rows,
        fraction,
        effect: Effect::QuarantinesBatch,
    }
}

fn gap_violation(gap: &Gap, limit: u64, fraction: f64) -> Violation {
    let (after, before) = (time_text(gap.after), time_text(gap.before));
    let observed = format!("{} steps missing between {after} and {before}", gap.steps);
    Violation {
        column: None,
        rule: Rule::Gap,
        expected: format!("no more than {limit} time steps missing in a row"),
        observed: observed.clone(),
        rows: gap.steps,
        fraction,
        effect: Effect::Warning,
        reason: format!("{observed}, where at most {limit} may be"),
    }
}

fn time_text(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}
