//! How far two distributions are apart: the drift core's L-infinity distances, on tables of all values.

use std::collections::BTreeMap;

use super::rules::ComparisonMethod;
use crate::drift::CountedBin;
use crate::drift::scores::{SAGEMAKER_ROBUST, ks, largest_difference, robust};
use crate::drift::table::ContingencyTable;

/// The distance of two sets of numbers with counts, each in rising order; none if a side is empty.
pub(super) fn of_numbers(
    baseline: &[(f64, u64)],
    current: &[(f64, u64)],
    method: ComparisonMethod,
) -> Option<f64> {
    let mut cells = Vec::new();
    let (mut left, mut right) = (baseline.iter().peekable(), current.iter().peekable());
    // One cell a number: at their edges the distance is exact.
    while let Some(number) = lower(left.peek().map(|next| next.0), right.peek().map(|next| next.0)) {
        let mut cell = CountedBin { bin: String::new(), baseline: 0, current: 0 };
        while let Some((_, count)) = left.next_if(|next| next.0 <= number) {
            cell.baseline += count;
        }
        while let Some((_, count)) = right.next_if(|next| next.0 <= number) {
            cell.current += count;
        }
        cells.push(cell);
    }
    let table = ContingencyTable { cells };
    by(method, ks(&table)?, &table)
}

/// The distance of two sets of texts with counts; none if a side is empty.
pub(super) fn of_texts<'a>(
    baseline: impl Iterator<Item = (&'a str, u64)>,
    current: impl Iterator<Item = (&'a str, u64)>,
    method: ComparisonMethod,
) -> Option<f64> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    baseline.for_each(|(value, count)| counts.entry(value).or_default().0 += count);
    current.for_each(|(value, count)| counts.entry(value).or_default().1 += count);
    let cell = |(_, (baseline, current))| CountedBin { bin: String::new(), baseline, current };
    let table = ContingencyTable { cells: counts.into_iter().map(cell).collect() };
    by(method, largest_difference(&table)?, &table)
}

fn lower(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

fn by(method: ComparisonMethod, simple: f64, table: &ContingencyTable) -> Option<f64> {
    let distance = match method {
        ComparisonMethod::Simple => simple,
        ComparisonMethod::Robust => robust(simple, table.n() as f64, table.m() as f64, SAGEMAKER_ROBUST),
    };
    distance.is_finite().then_some(distance)
}
