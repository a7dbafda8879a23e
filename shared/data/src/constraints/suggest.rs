//! Constraints suggested from a profile: wide enough for growth, so that only faults break them.

use super::{CONSTRAINTS_VERSION, ColumnConstraints, Constraints, Policy, Range, TypeShare};
use crate::profile::{ColumnProfile, ColumnType, Profile};
use pawl_base::duration::Duration;

/// From this many rows on a baseline has seen enough of its tails.
const GROWN: f64 = 5_000.0;

/// Only a column of at least this many different numbers can be stuck.
const MANY_VALUES: u64 = 20;

/// From this many values on a column shows its habits.
const MANY_ROWS: u64 = 1_000;

/// From this many values on one value alone is a habit: another with a tenth of the rows would have shown
/// up in 96 of 100 such baselines.
const CONSTANT_ROWS: u64 = 30;

/// A column of at most this many texts has usual values.
const USUAL_VALUES: u64 = 50;

/// The least share of different values in a column of identifiers.
const LEAST_UNIQUE: f64 = 0.9;

/// A text may be this much longer than any before, and always as long as the limit.
const LENGTH_SLACK: f64 = 4.0;
const SHORTEST_LIMIT: f64 = 64.0;

/// No stretch and no gap shorter than this is a fault.
const SHORTEST_STUCK: u64 = 12;
const SHORTEST_GAP: u64 = 6;

/// Constraints that the profiled data keeps, completed by the policy's own rules.
pub fn suggest(profile: &Profile, policy: &Policy) -> Constraints {
    // A young baseline has not seen its longest stretches and largest numbers yet.
    let youth = (GROWN / profile.rows.max(1) as f64).sqrt().clamp(1.0, 4.0);
    let columns = profile.columns.iter().map(|column| ColumnConstraints {
        // Where some objects lack the column, all rows count.
        optional: column.rows < profile.rows,
        completeness: (profile.rows > 0).then(|| {
            let share = column.present() as f64 / profile.rows as f64;
            (share - policy.completeness_slack).max(0.0)
        }),
        ..suggest_column(column, policy, youth)
    });
    let spread = if profile.parts > 1 { 2 } else { 4 };
    let (fewest, most) = profile.part_rows;
    let gap = profile.time.as_ref().map(|time| {
        let lengths: Vec<u64> = time.gaps.0.iter().map(|gap| gap.steps).collect();
        allowed(&lengths, policy.stretch_slack * youth, SHORTEST_GAP)
    });
    let mut constraints = Constraints {
        version: CONSTRAINTS_VERSION,
        rows: (profile.parts > 0).then(|| (fewest / spread, most.saturating_mul(spread))),
        gap,
        columns: columns.collect(),
        across: Vec::new(),
    };
    constraints.apply(policy);
    constraints
}

impl Constraints {
    /// Lets a team's own rules win over what these constraints hold.
    pub fn apply(&mut self, policy: &Policy) {
        for (name, rules) in &policy.columns {
            let index = self.columns.iter().position(|column| &column.name == name).unwrap_or_else(|| {
                self.columns.push(ColumnConstraints { name: name.clone(), ..Default::default() });
                self.columns.len() - 1
            });
            let Some(column) = self.columns.get_mut(index) else { continue };
            column.required |= rules.required;
            column.range = rules.range.or(column.range);
            column.domain = rules.domain.clone().or(column.domain.take());
            column.length = rules.length.or(column.length);
            column.pattern = rules.pattern.clone().or(column.pattern.take());
            column.unique = rules.unique.or(column.unique);
            let usual = rules.usual.clone().or(column.usual.take());
            column.usual = usual.filter(|values| !values.is_empty());
            column.freshness = rules.freshness.map(Duration::as_secs).or(column.freshness);
            column.stuck = rules.stuck.or(column.stuck);
        }
        self.across.clone_from(&policy.across);
    }
}

/// What a column keeps where it is there.
fn suggest_column(column: &ColumnProfile, policy: &Policy, youth: f64) -> ColumnConstraints {
    let (kind, share) = column.inferred();
    let kind = column.fixed.or((share >= 0.99).then_some(kind));
    let numeric = kind.is_some_and(|kind| kind.is_numeric());
    let text = kind == Some(ColumnType::String);
    let many = column.values.distinct() >= MANY_VALUES;
    ColumnConstraints {
        name: column.name.clone(),
        kind,
        mostly: (kind.is_none() && column.types.total() > 0).then(|| TypeShare {
            kind: column.inferred().0,
            share: (share - policy.completeness_slack).max(0.0),
        }),
        completeness: None,
        required: false,
        empty: column.rows > 0 && column.present() == 0,
        optional: false,
        range: range(column, policy.range_slack * youth).filter(|_| numeric && !column.is_identifier()),
        domain: None,
        length: length(column).filter(|_| text),
        pattern: pattern(column).filter(|_| text),
        unique: (column.is_identifier() && column.present() >= MANY_ROWS).then_some(LEAST_UNIQUE),
        usual: constant(column)
            .filter(|_| kind != Some(ColumnType::Timestamp))
            .or_else(|| usual(column).filter(|_| text || kind == Some(ColumnType::Boolean))),
        freshness: None,
        stuck: (numeric && many && !column.stretches.0.is_empty()).then(|| {
            let lengths: Vec<u64> = column.stretches.0.iter().map(|stretch| stretch.rows).collect();
            allowed(&lengths, policy.stretch_slack * youth, SHORTEST_STUCK)
        }),
    }
}

/// The longest text of the baseline, and room to grow.
fn length(column: &ColumnProfile) -> Option<Range> {
    let (_, longest) = column.lengths.extremes()?;
    Some(Range { min: None, max: Some((longest * LENGTH_SLACK).max(SHORTEST_LIMIT)) })
}

/// The shape of a code: one that all values share, and that holds digits. Words have no shape to keep.
fn pattern(column: &ColumnProfile) -> Option<String> {
    let shape = column.pattern().filter(|shape| shape.contains('9') && !shape.ends_with('…'))?;
    (column.present() >= MANY_ROWS).then(|| shape.to_owned())
}

/// The value of a column that has one.
fn constant(column: &ColumnProfile) -> Option<Vec<String>> {
    let [only] = <[_; 1]>::try_from(column.values.frequent()).ok()?;
    // What is no finite number is not among the values.
    (column.values.is_exact() && column.present() >= CONSTANT_ROWS && only.count == column.present())
        .then(|| vec![only.value])
}

/// The values of a column that has few.
fn usual(column: &ColumnProfile) -> Option<Vec<String>> {
    let few = column.values.is_exact() && column.distinct() <= USUAL_VALUES && column.types.total() > 0;
    (few && column.present() >= MANY_ROWS && !column.is_identifier())
        .then(|| column.values.frequent().into_iter().map(|counted| counted.value).collect())
}

/// The range of the baseline, widened. A column that reaches down to zero and never below it
/// keeps that sign.
fn range(column: &ColumnProfile, slack: f64) -> Option<Range> {
    let (min, max) = column.numbers.extremes()?;
    let width = max - min;
    if width <= 0.0 {
        return None;
    }
    let min = if (0.0..=width / 20.0).contains(&min) { 0.0 } else { min - slack * width };
    Some(Range { min: Some(min), max: Some(max + slack * width) })
}

/// The longest stretch allowed, from the lengths seen, longest first.
fn allowed(lengths: &[u64], slack: f64, least: u64) -> u64 {
    let second = lengths.get(1).or(lengths.first()).copied().unwrap_or(0);
    ((second as f64 * slack).floor() as u64).max(least)
}
