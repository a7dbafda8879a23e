//! From the counts of a column to a table for each axis.

use super::document::{Axis, CountedBin};
use super::table::Table;
use crate::profile::bins::{BaselineColumn, BinCounts, Bins, TypeCounts};

/// What an axis of a column looks like before any test.
pub(super) struct View {
    /// The cells of baseline and batch.
    pub table: Table,
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
            let (b, c) = (unseen(baseline), unseen(current));
            shares(&[
                ("unseen", b, c),
                ("seen", present(baseline).saturating_sub(b), present(current).saturating_sub(c)),
            ])
        }
        (Axis::Shape, _) => {
            let View { table, ordered } = raw_shape(column, current);
            View { table: if ordered { table.pool_neighbours() } else { table.pool_rare() }, ordered }
        }
        (Axis::TypeMix, bins) => types(bins, &baseline.types, &current.types),
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

fn cells(counts: &[(&str, u64, u64)]) -> Vec<CountedBin> {
    let cell =
        |&(bin, baseline, current): &(&str, u64, u64)| CountedBin { bin: bin.to_owned(), baseline, current };
    counts.iter().map(cell).collect()
}

/// Two cells stay two: the exact test takes over where a count is small.
fn shares(counts: &[(&str, u64, u64)]) -> View {
    View { table: Table { cells: cells(counts) }, ordered: false }
}

/// The bins in order, with what lies outside on its side: finite numbers only.
fn numeric(edges: &[f64], baseline: &BinCounts, current: &BinCounts) -> Table {
    let names = edges.windows(2).map(|pair| match pair {
        [low, high] => format!("{low} to {high}"),
        _ => String::new(),
    });
    let mut all = cells(&[("below", baseline.below, current.below)]);
    let counted = baseline.bins.iter().zip(&current.bins);
    all.extend(names.zip(counted).map(|(bin, (&baseline, &current))| CountedBin { bin, baseline, current }));
    all.extend(cells(&[("above", baseline.above, current.above)]));
    Table { cells: all }
}

fn categorical(values: &[String], baseline: &BinCounts, current: &BinCounts) -> Table {
    let counted = baseline.bins.iter().zip(&current.bins);
    let mut all: Vec<_> = values
        .iter()
        .zip(counted)
        .map(|(bin, (&baseline, &current))| CountedBin { bin: bin.clone(), baseline, current })
        .collect();
    all.extend(cells(&[
        ("other", baseline.other, current.other),
        ("unseen", baseline.unseen, current.unseen),
    ]));
    Table { cells: all }
}

/// A numeric column that ever held a fraction writes whole numbers by chance (`0.5`, `1`): there
/// both are one type, number.
fn types(bins: &Bins, baseline: &TypeCounts, current: &TypeCounts) -> View {
    let one_number = matches!(bins, Bins::Numeric { .. }) && baseline.fractional > 0;
    let mut all = if one_number {
        cells(&[("number", baseline.integral + baseline.fractional, current.integral + current.fractional)])
    } else {
        cells(&[
            ("integral", baseline.integral, current.integral),
            ("fractional", baseline.fractional, current.fractional),
        ])
    };
    all.extend(cells(&[
        ("boolean", baseline.boolean, current.boolean),
        ("timestamp", baseline.timestamp, current.timestamp),
        ("string", baseline.string, current.string),
    ]));
    View { table: Table { cells: all }.pool_rare(), ordered: false }
}
