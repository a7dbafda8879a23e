//! From the counts of a column to a table for each axis.

use super::document::{Axis, CountedBin};
use super::table::{ContingencyTable, MIN_EXPECTED};
use pawl_data::profile::TypeCounts;
use pawl_data::profile::bins::{BaselineColumn, BinCounts, Bins};

/// What an axis of a column looks like before any test.
pub(super) struct View {
    /// The cells of baseline and batch.
    pub table: ContingencyTable,
    /// Whether the cells have an order: only then there is a KS distance.
    pub ordered: bool,
}

/// The table of one axis, pooled.
pub(super) fn view(axis: Axis, column: &BaselineColumn, current: &BinCounts) -> View {
    let baseline = &column.counts;
    match (axis, &column.bins) {
        (Axis::Missingness, _) => shares(&[
            ("missing", baseline.missing + baseline.nan, current.missing + current.nan),
            ("present", present(baseline), present(current)),
        ]),
        (Axis::Unseen, _) => {
            let expected = unseen(baseline) + seen_once(column);
            let (b, c) = (expected.min(present(baseline)), unseen(current));
            shares(&[
                ("unseen", b, c),
                ("seen", present(baseline).saturating_sub(b), present(current).saturating_sub(c)),
            ])
        }
        (Axis::Shape, Bins::Numeric { edges }) => {
            View { table: numeric(edges, baseline, current).pool_neighbours(), ordered: true }
        }
        (Axis::Shape, Bins::Categorical { values }) => {
            View { table: fair(categorical(values, baseline, current)).pool_rare(), ordered: false }
        }
        (Axis::TypeMix, bins) => types(bins, &baseline.types, &current.types),
        // No matter of one column.
        (Axis::Together, _) => shares(&[]),
    }
}

/// The shape with every bin as it is.
pub(super) fn raw_shape(column: &BaselineColumn, current: &BinCounts) -> View {
    match &column.bins {
        Bins::Numeric { edges } => View { table: numeric(edges, &column.counts, current), ordered: true },
        Bins::Categorical { values } => {
            View { table: categorical(values, &column.counts, current), ordered: false }
        }
    }
}

/// Values that are there: neither null, nor empty, nor NaN.
fn present(counts: &BinCounts) -> u64 {
    counts.rows().saturating_sub(counts.missing + counts.nan)
}

fn unseen(counts: &BinCounts) -> u64 {
    counts.below + counts.above + counts.pos_inf + counts.neg_inf + counts.unseen
}

/// Whether the baseline can tell a value that it never saw from one that it saw rarely.
pub(super) fn can_tell_unseen(column: &BaselineColumn) -> bool {
    matches!(column.bins, Bins::Numeric { .. }) || column.known.is_some()
}

/// What the baseline itself would call unseen, were it not its own measure: as many as would be
/// unseen if each row were held against the others.
///
/// Values seen once, by the reasoning of Good and Turing (values beyond the top ones may all be of
/// that kind). Of a numeric column the two extremes: k new rows outside them are as probable as
/// in Fisher's table with one row of the baseline outside.
fn seen_once(column: &BaselineColumn) -> u64 {
    match &column.bins {
        Bins::Numeric { .. } => 1,
        Bins::Categorical { .. } => {
            let top = column.counts.bins.iter().filter(|&&count| count == 1).count();
            (top + column.known.as_ref().map_or(0, Vec::len)) as u64
        }
    }
}

/// Keeps the values that are common on both sides together and makes one cell of all others.
///
/// The top values are those that were common *in the baseline*: where many are about equally
/// common, the luckiest were chosen, and any new data must look less so. So a value keeps a cell only if
/// both sides together hold more of it than of any value that was left out.
fn fair(table: ContingencyTable) -> ContingencyTable {
    let (n, m) = (table.n() as f64, table.m() as f64);
    let mut cells = table.cells;
    let beyond = cells.split_off(cells.len().saturating_sub(BEYOND));
    let left_out = beyond.iter().map(|cell| cell.baseline).sum::<u64>() > 0;
    let least_common = cells.iter().map(|cell| cell.baseline).min().unwrap_or(0) as f64;
    let limit = if left_out && n > 0.0 {
        let expected = m / n * (least_common + 3.0 * least_common.sqrt() + 3.0);
        least_common + expected + 3.0 * expected.sqrt()
    } else {
        0.0
    };
    let limit = limit.max(MIN_EXPECTED * (n + m) / n.min(m));
    let (common, rare): (Vec<_>, Vec<_>) =
        cells.into_iter().partition(|cell| (cell.baseline + cell.current) as f64 >= limit);
    let mut all = common;
    let others = rare.iter().chain(&beyond);
    let (baseline, current) = others.fold((0, 0), |(b, c), cell| (b + cell.baseline, c + cell.current));
    all.extend(cells_of(&[("all other values", baseline, current)]));
    ContingencyTable { cells: all }
}

fn cells_of(counts: &[(&str, u64, u64)]) -> Vec<CountedBin> {
    let cell =
        |&(bin, baseline, current): &(&str, u64, u64)| CountedBin { bin: bin.to_owned(), baseline, current };
    counts.iter().map(cell).collect()
}

/// Two cells stay two: the exact test takes over where a count is small.
fn shares(counts: &[(&str, u64, u64)]) -> View {
    View { table: ContingencyTable { cells: cells_of(counts) }, ordered: false }
}

/// The bins in order, with what lies outside on its side: finite numbers only.
fn numeric(edges: &[f64], baseline: &BinCounts, current: &BinCounts) -> ContingencyTable {
    let names = edges.windows(2).map(|pair| match pair {
        [low, high] => format!("{} to {}", six_digits(*low), six_digits(*high)),
        _ => String::new(),
    });
    let mut all = cells_of(&[("below", baseline.below, current.below)]);
    let counted = baseline.bins.iter().zip(&current.bins);
    all.extend(names.zip(counted).map(|(bin, (&baseline, &current))| CountedBin { bin, baseline, current }));
    all.extend(cells_of(&[("above", baseline.above, current.above)]));
    ContingencyTable { cells: all }
}

/// A number for people: `0.29`, not `0.29000000000000004`.
fn six_digits(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

/// The cells beside the values: other and unseen.
const BEYOND: usize = 2;

fn categorical(values: &[String], baseline: &BinCounts, current: &BinCounts) -> ContingencyTable {
    let counted = baseline.bins.iter().zip(&current.bins);
    let mut all: Vec<_> = values
        .iter()
        .zip(counted)
        .map(|(bin, (&baseline, &current))| CountedBin { bin: bin.clone(), baseline, current })
        .collect();
    all.extend(cells_of(&[
        ("other", baseline.other, current.other),
        ("unseen", baseline.unseen, current.unseen),
    ]));
    ContingencyTable { cells: all }
}

/// A numeric column that ever held a fraction writes whole numbers by chance (`0.5`, `1`): there
/// both are one type, number.
fn types(bins: &Bins, baseline: &TypeCounts, current: &TypeCounts) -> View {
    let one_number = matches!(bins, Bins::Numeric { .. }) && baseline.fractional > 0;
    let mut all = if one_number {
        cells_of(&[(
            "number",
            baseline.integral + baseline.fractional,
            current.integral + current.fractional,
        )])
    } else {
        cells_of(&[
            ("integral", baseline.integral, current.integral),
            ("fractional", baseline.fractional, current.fractional),
        ])
    };
    all.extend(cells_of(&[
        ("boolean", baseline.boolean, current.boolean),
        ("timestamp", baseline.timestamp, current.timestamp),
        ("string", baseline.string, current.string),
    ]));
    View { table: ContingencyTable { cells: all }.pool_rare(), ordered: false }
}
