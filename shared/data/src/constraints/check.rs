//! The verdict on a batch.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::habits::habits;
use super::{Constraints, Policy};
use super::{Rule, Scan};
use crate::profile::{ColumnType, Gap};

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is wrong.
    Accepted,
    /// Bad rows were quarantined or something is odd; the rest trains.
    AcceptedWithWarnings,
    /// The batch trains nothing.
    Quarantined,
}

/// What a violation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is told and no more.
    Warning,
    /// These rows are quarantined.
    QuarantinesRows,
    /// The batch is quarantined by this alone.
    QuarantinesBatch,
}

/// The judgement on a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// What becomes of the batch.
    pub verdict: Verdict,
    /// Rows read.
    pub rows: u64,
    /// Rows that may train.
    pub accepted: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Time steps missing in gaps longer than allowed.
    pub missing_steps: u64,
    /// The share of rows that are bad, missing steps counted in, 0..=1.
    pub bad_share: f64,
    /// The share above which the batch is quarantined.
    pub quarantine_above: f64,
    /// What is wrong, the gravest first.
    pub violations: Vec<Violation>,
}

impl fmt::Display for Validation {
    /// The verdict and its figures, then a line a violation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Accepted => "accepted",
            Verdict::AcceptedWithWarnings => "accepted with warnings",
            Verdict::Quarantined => "quarantined",
        };
        writeln!(
            f,
            "{verdict}: {} of {} rows are good; {:.2} % are bad, missing time steps counted in, of at most {:.2} %",
            self.accepted,
            self.rows,
            self.bad_share * 100.0,
            self.quarantine_above * 100.0
        )?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "  {}", violation.reason))
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The column; none where it is the whole batch.
    pub column: Option<String>,
    /// The rule that is broken.
    pub rule: Rule,
    /// What the rule asks for.
    pub expected: String,
    /// What the batch holds.
    pub observed: String,
    /// How many rows or steps.
    pub rows: u64,
    /// Their share of the batch, 0..=1.
    pub fraction: f64,
    /// What it does.
    pub effect: Effect,
    /// The same in a sentence.
    pub reason: String,
}

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
    let due = tally.rows + tally.missing_steps;
    let share = |rows: u64| if due == 0 { 1.0 } else { rows as f64 / due as f64 };
    let bad_share = share(tally.quarantined + tally.missing_steps);
    let mut violations = schema_violations(scan, constraints);
    for broken in &tally.broken {
        let column = broken.first.column.as_deref();
        let place = column.map(|column| format!("{column}: ")).unwrap_or_default();
        violations.push(Violation {
            column: broken.first.column.clone(),
            rule: broken.first.rule,
            expected: broken.first.expected.clone(),
            observed: broken.first.observed.clone(),
            rows: broken.rows,
            fraction: share(broken.rows),
            effect: Effect::QuarantinesRows,
            reason: format!(
                "{place}{} of {} rows quarantined from line {} on: expected {}, found {}",
                broken.rows, tally.rows, broken.line, broken.first.expected, broken.first.observed
            ),
        });
    }
    for gap in &tally.gaps.0 {
        violations.push(gap_violation(gap, constraints.gap.unwrap_or(0), share(gap.steps)));
    }
    violations.extend(batch_violations(scan, constraints, policy));
    for expected in &constraints.columns {
        if let Some(column) = scan.profile.column(&expected.name) {
            violations.extend(habits(expected, column, now));
        }
    }
    violations.sort_by_key(|violation| match violation.effect {
        Effect::QuarantinesBatch => 0,
        Effect::QuarantinesRows => 1,
        Effect::Warning => 2,
    });
    let whole = violations.iter().any(|violation| violation.effect == Effect::QuarantinesBatch);
    // A share that is no number fails closed.
    let within = bad_share <= policy.quarantine_above;
    let verdict = match (whole || !within, violations.is_empty()) {
        (true, _) => Verdict::Quarantined,
        (false, false) => Verdict::AcceptedWithWarnings,
        (false, true) => Verdict::Accepted,
    };
    Validation {
        verdict,
        rows: tally.rows,
        accepted: tally.accepted,
        quarantined: tally.quarantined,
        missing_steps: tally.missing_steps,
        bad_share,
        quarantine_above: policy.quarantine_above,
        violations,
    }
}

fn schema_violations(scan: &Scan, constraints: &Constraints) -> Vec<Violation> {
    let tally = &scan.tally;
    let mut found = Vec::new();
    for name in &tally.missing_columns {
        found.push(Violation {
            column: Some(name.clone()),
            rule: Rule::MissingColumn,
            expected: format!("a column named {name}"),
            observed: "no such column".to_owned(),
            rows: tally.rows,
            fraction: 1.0,
            effect: Effect::QuarantinesBatch,
            reason: format!("{name}: the data has no such column"),
        });
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
            rows: tally.rows,
            fraction: 0.0,
            effect: Effect::Warning,
            reason: format!("{name}: a column that the constraints do not know"),
        });
    }
    found
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

fn batch_violations(scan: &Scan, constraints: &Constraints, policy: &Policy) -> Vec<Violation> {
    let mut found = Vec::new();
    // The band is for one object; a merged batch is judged by its smallest and largest.
    let (fewest, most) = scan.profile.part_rows;
    if let Some((least, limit)) = constraints.rows
        && scan.tally.rows > 0
    {
        for rows in [fewest, most].into_iter().filter(|rows| !(least..=limit).contains(rows)).take(1) {
            let observed = format!("{rows} rows");
            found.push(Violation {
                column: None,
                rule: Rule::RowCount,
                expected: format!("{least} to {limit} rows"),
                observed: observed.clone(),
                rows,
                fraction: 0.0,
                effect: Effect::Warning,
                reason: format!("{observed} in one object, where {least} to {limit} are usual"),
            });
        }
    }
    for expected in &constraints.columns {
        let Some(column) = scan.profile.column(&expected.name) else { continue };
        if let (Some(least), Some(share)) = (expected.completeness, column.completeness())
            && share < least
        {
            let lost = least - share;
            found.push(Violation {
                column: Some(column.name.clone()),
                rule: Rule::Completeness,
                expected: format!("a value in at least {:.1} % of rows", least * 100.0),
                observed: format!("a value in {:.1} % of rows", share * 100.0),
                rows: column.missing,
                fraction: 1.0 - share,
                effect: if lost > policy.quarantine_above {
                    Effect::QuarantinesBatch
                } else {
                    Effect::Warning
                },
                reason: format!("{}: {} of {} values are missing", column.name, column.missing, column.rows),
            });
        }
        if expected.kind == Some(ColumnType::Integral)
            && column.fixed.is_none()
            && column.types.fractional > 0
        {
            found.push(Violation {
                column: Some(column.name.clone()),
                rule: Rule::Type,
                expected: "whole numbers".to_owned(),
                observed: format!("{} numbers with a fraction", column.types.fractional),
                rows: column.types.fractional,
                fraction: column.types.fractional as f64 / column.rows.max(1) as f64,
                effect: Effect::Warning,
                reason: format!(
                    "{}: {} values are no whole numbers any more",
                    column.name, column.types.fractional
                ),
            });
        }
    }
    found
}

fn time_text(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}
