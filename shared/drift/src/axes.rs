//! From the counts of a column to a table for each axis.

use super::document::{Axis, CountedBin};
use super::table::{ContingencyTable, MIN_EXPECTED};
use pawl_data::profile::TypeCounts;
use pawl_data::profile::bins::{BUCKETS, BaselineColumn, BinCounts, Bins, bucket};

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
            let table = match buckets(column, current) {
                Some(rest) => Parted::new(values, column, current).fair(rest).table(column),
                None => fair(categorical(values, baseline, current)),
            };
            View { table: table.pool_rare(), ordered: false }
        }
        (Axis::TypeMix, _) => types(&baseline.types, &current.types),
        // No matter of one column.
        (Axis::Together, _) => shares(&[]),
    }
}

/// The shape with every bin as it is.
pub(super) fn raw_shape(column: &BaselineColumn, current: &BinCounts) -> View {
    match &column.bins {
        Bins::Numeric { edges } => View { table: numeric(edges, &column.counts, current), ordered: true },
        Bins::Categorical { values } => {
            let table = match buckets(column, current) {
                Some(rest) => Parted { rest, ..Parted::new(values, column, current) }.table(column),
                None => categorical(values, &column.counts, current),
            };
            View { table, ordered: false }
        }
    }
}

/// The cells of one side on an axis, before any are pooled: a column's groups are counted so, where its rows
/// belong together. No groups are known of [`Axis::Together`].
pub(super) fn side(axis: Axis, column: &BaselineColumn, counts: &BinCounts) -> Vec<u64> {
    match (axis, &column.bins) {
        (Axis::Missingness, _) => vec![counts.missing + counts.nan, present(counts)],
        (Axis::Unseen, _) => vec![unseen(counts), present(counts).saturating_sub(unseen(counts))],
        (Axis::Shape, Bins::Numeric { .. }) => {
            [counts.below].into_iter().chain(counts.bins.iter().copied()).chain([counts.above]).collect()
        }
        (Axis::Shape, Bins::Categorical { .. }) => {
            counts.bins.iter().copied().chain([counts.other, counts.unseen]).collect()
        }
        (Axis::TypeMix, _) => {
            type_counts(&counts.types, &column.counts.types).into_iter().map(|(_, rows)| rows).collect()
        }
        (Axis::Together, _) => Vec::new(),
    }
}

/// Values that are there: neither null, nor empty, nor NaN.
fn present(counts: &BinCounts) -> u64 {
    counts.rows().saturating_sub(counts.missing + counts.nan)
}

fn unseen(counts: &BinCounts) -> u64 {
    counts.below + counts.above + counts.pos_inf + counts.neg_inf + counts.unseen
}

/// The axes on which a column can be compared. Times move by themselves, and where the baseline held too many
/// values it cannot tell one that it never saw from one that it saw rarely.
pub(super) fn axes_of(column: &BaselineColumn) -> Vec<Axis> {
    let times = is_time(column);
    let told = |axis: &Axis| match axis {
        Axis::Missingness | Axis::TypeMix => true,
        Axis::Unseen => !times && (matches!(column.bins, Bins::Numeric { .. }) || column.known.is_some()),
        Axis::Shape => !times,
        // Of all columns at once.
        Axis::Together => false,
    };
    [Axis::Missingness, Axis::Unseen, Axis::Shape, Axis::TypeMix].into_iter().filter(told).collect()
}

/// Whether nine in ten values of the baseline are dates or times.
pub(super) fn is_time(column: &BaselineColumn) -> bool {
    let types = &column.counts.types;
    types.timestamp > 0 && types.timestamp * 10 >= types.total() * 9
}

/// Whether the baseline saw some values so seldom that others, of which it saw none, may be as common.
pub(super) fn has_rare_values(column: &BaselineColumn) -> bool {
    const SELDOM: u64 = 10;
    let beyond = column.known.as_ref().is_none_or(|known| !known.is_empty());
    beyond || column.counts.bins.iter().any(|&count| count < SELDOM)
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
    let limit = least_to_keep(&cells, left_out, n, m);
    let (common, rare): (Vec<_>, Vec<_>) =
        cells.into_iter().partition(|cell| (cell.baseline + cell.current) as f64 >= limit);
    let mut all = common;
    let others = rare.iter().chain(&beyond);
    let (baseline, current) = others.fold((0, 0), |(b, c), cell| (b + cell.baseline, c + cell.current));
    all.extend(cells_of(&[("all other values", baseline, current)]));
    ContingencyTable { cells: all }
}

/// The rows of both sides together that a value needs to keep a cell.
fn least_to_keep(top: &[CountedBin], left_out: bool, n: f64, m: f64) -> f64 {
    let least_common = top.iter().map(|cell| cell.baseline).min().unwrap_or(0) as f64;
    let limit = if left_out && n > 0.0 {
        let expected = m / n * (least_common + 3.0 * least_common.sqrt() + 3.0);
        least_common + expected + 3.0 * expected.sqrt()
    } else {
        0.0
    };
    limit.max(MIN_EXPECTED * (n + m) / n.min(m))
}

/// The buckets of both sides; none where a side does not have all its other values in them.
fn buckets(column: &BaselineColumn, current: &BinCounts) -> Option<Vec<(u64, u64)>> {
    let whole = |counts: &BinCounts| {
        counts.buckets.len() == BUCKETS && counts.buckets.iter().sum::<u64>() == counts.other + counts.unseen
    };
    let (baseline, current) = (&column.counts, current);
    (whole(baseline) && whole(current))
        .then(|| baseline.buckets.iter().copied().zip(current.buckets.iter().copied()).collect())
}

/// Values with a cell of their own, and all others by bucket.
struct Parted {
    own: Vec<CountedBin>,
    rest: Vec<(u64, u64)>,
    /// Whether texts that look like numbers are numbers.
    numbers: bool,
}

impl Parted {
    fn new(values: &[String], column: &BaselineColumn, current: &BinCounts) -> Self {
        let counted = column.counts.bins.iter().zip(&current.bins);
        let cell = |(bin, (&baseline, &current)): (&String, (&u64, &u64))| CountedBin {
            bin: bin.clone(),
            baseline,
            current,
        };
        let own = values.iter().zip(counted).map(cell).collect();
        Self { own, rest: Vec::new(), numbers: column.has_numbers() }
    }

    fn rows(&self) -> (f64, f64) {
        let own = self.own.iter().map(|cell| (cell.baseline, cell.current));
        let (n, m) = own.chain(self.rest.iter().copied()).fold((0, 0), |(n, m), (b, c)| (n + b, m + c));
        (n as f64, m as f64)
    }

    /// A value that is not common enough to have been chosen but by luck goes to its bucket (see [`fair`]);
    /// neighbouring halves of the buckets are joined until they hold enough to be compared.
    fn fair(mut self, rest: Vec<(u64, u64)>) -> Self {
        self.rest = rest;
        let (n, m) = self.rows();
        let left_out = self.rest.iter().any(|(baseline, _)| *baseline > 0);
        let limit = least_to_keep(&self.own, left_out, n, m);
        let (own, rare): (Vec<_>, Vec<_>) =
            self.own.into_iter().partition(|cell| (cell.baseline + cell.current) as f64 >= limit);
        self.own = own;
        for cell in rare {
            if let Some(bucket) = self.rest.get_mut(bucket(&cell.bin, self.numbers)) {
                *bucket = (bucket.0 + cell.baseline, bucket.1 + cell.current);
            }
        }
        let all: u64 = self.rest.iter().map(|(baseline, current)| baseline + current).sum();
        let enough = 2.0 * MIN_EXPECTED * (n + m) / n.min(m);
        while self.rest.len() > 1 && (all as f64) < enough * self.rest.len() as f64 {
            let upper = self.rest.split_off(self.rest.len() / 2);
            let joined = self.rest.iter_mut().zip(upper);
            joined.for_each(|(low, high)| *low = (low.0 + high.0, low.1 + high.1));
        }
        self
    }

    /// The cells, each bucket named by the commonest value known to lie there.
    fn table(self, column: &BaselineColumn) -> ContingencyTable {
        let count = self.rest.len();
        let name = |index: usize| {
            let known = column.examples.iter().find(|(bucket, _)| bucket % count == index);
            match known {
                Some((_, value)) => format!("{value} and others of its hash"),
                None => format!("others of hash {index}"),
            }
        };
        let mut cells = self.own;
        let rest =
            self.rest.into_iter().enumerate().filter(|(_, (baseline, current))| baseline + current > 0);
        cells.extend(rest.map(|(index, (baseline, current))| CountedBin {
            bin: name(index),
            baseline,
            current,
        }));
        ContingencyTable { cells }
    }
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

/// The rows of each type. A column that ever held a fraction writes whole numbers by chance (`0.5`, `1`):
/// where the baseline did, both are one type, number.
fn type_counts(of: &TypeCounts, baseline: &TypeCounts) -> Vec<(&'static str, u64)> {
    let mut all = if baseline.fractional > 0 {
        vec![("number", of.integral + of.fractional)]
    } else {
        vec![("integral", of.integral), ("fractional", of.fractional)]
    };
    all.extend([("boolean", of.boolean), ("timestamp", of.timestamp), ("string", of.string)]);
    all
}

fn types(baseline: &TypeCounts, current: &TypeCounts) -> View {
    let pairs = type_counts(baseline, baseline).into_iter().zip(type_counts(current, baseline));
    let cells: Vec<_> = pairs.map(|((name, before), (_, now))| (name, before, now)).collect();
    View { table: ContingencyTable { cells: cells_of(&cells) }.pool_rare(), ordered: false }
}
