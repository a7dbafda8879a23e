//! What a batch as a whole must hold to, beside what its rows must.

use super::policy::Policy;
use super::rule::Rule;
use super::tally::Scan;
use super::validation::{Effect, Violation};
use super::{ColumnConstraints, Constraints};
use crate::profile::{ColumnProfile, ColumnType};

/// Too few rows in one object, or too many.
pub(super) fn row_count(scan: &Scan, constraints: &Constraints) -> Option<Violation> {
    // The band is for one object; a merged batch is judged by its smallest and largest.
    let (fewest, most) = scan.profile.part_rows;
    let (least, limit) = constraints.rows.filter(|_| scan.tally.rows > 0)?;
    let rows = [fewest, most].into_iter().find(|rows| !(least..=limit).contains(rows))?;
    let observed = format!("{rows} rows");
    Some(Violation {
        column: None,
        rule: Rule::RowCount,
        expected: format!("{least} to {limit} rows"),
        observed: observed.clone(),
        rows,
        fraction: 0.0,
        effect: Effect::Warning,
        reason: format!("{observed} in one object, where {least} to {limit} are usual"),
    })
}

/// Fewer rows with a value than there must be. It quarantines the batch where more rows lost their value
/// than may be bad.
pub(super) fn completeness(
    expected: &ColumnConstraints,
    column: &ColumnProfile,
    rows: u64,
    policy: &Policy,
) -> Option<Violation> {
    // Rows of objects that may lack the column count as well.
    let rows = if expected.optional { rows.max(column.rows) } else { column.rows };
    let missing = rows - column.present();
    let shares = expected
        .completeness
        .filter(|_| rows > 0)
        .map(|least| (least, column.present() as f64 / rows as f64));
    let (least, share) = shares.filter(|(least, share)| share < least)?;
    let effect =
        if least - share > policy.quarantine_above { Effect::QuarantinesBatch } else { Effect::Warning };
    Some(Violation {
        column: Some(column.name.clone()),
        rule: Rule::Completeness,
        expected: format!("a value in at least {:.1} % of rows", least * 100.0),
        observed: format!("a value in {:.1} % of rows", share * 100.0),
        rows: missing,
        fraction: 1.0 - share,
        effect,
        reason: format!("{}: {missing} of {rows} values are missing", column.name),
    })
}

/// Fractions in a column of whole numbers.
pub(super) fn fractions(expected: &ColumnConstraints, column: &ColumnProfile) -> Option<Violation> {
    let rows = column.types.fractional;
    if expected.kind != Some(ColumnType::Integral) || column.fixed.is_some() || rows == 0 {
        return None;
    }
    Some(Violation {
        column: Some(column.name.clone()),
        rule: Rule::Type,
        expected: "whole numbers".to_owned(),
        observed: format!("{rows} numbers with a fraction"),
        rows,
        fraction: rows as f64 / column.rows.max(1) as f64,
        effect: Effect::Warning,
        reason: format!("{}: {rows} values are no whole numbers any more", column.name),
    })
}
