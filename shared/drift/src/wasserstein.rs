//! Wasserstein-1 between two binned numeric columns.

use super::table::ContingencyTable;

/// The ranks that are kept: a few far values would else decide alone.
pub(super) const TRIM: (f64, f64) = (0.01, 0.99);

/// Wasserstein-1 between baseline and batch, trimmed to the ranks of `trim` and over the baseline's
/// standard deviation.
///
/// `table` holds the unpooled cells below, each bin between `edges`, above. Within a bin the values
/// are taken as spread evenly; below and above, as lying on the outermost edge, so far outliers count
/// too little here (the axis of unseen values is theirs). None without rows, deviation or bins.
pub fn wasserstein_sigma(
    edges: &[f64],
    table: &ContingencyTable,
    std_dev: f64,
    trim: (f64, f64),
) -> Option<f64> {
    if table.cells.len() != edges.len() + 1 || edges.len() < 2 || std_dev.is_nan() || std_dev <= 0.0 {
        return None;
    }
    let (n, m) = (table.n(), table.m());
    if n == 0 || m == 0 {
        return None;
    }
    let baseline = Quantiles::new(edges, table.cells.iter().map(|cell| cell.baseline), n);
    let current = Quantiles::new(edges, table.cells.iter().map(|cell| cell.current), m);
    let inside = |rank: &f64| *rank > trim.0 && *rank < trim.1;
    let mut ranks: Vec<f64> = baseline.ranks.iter().chain(&current.ranks).copied().filter(inside).collect();
    ranks.extend([trim.0, trim.1]);
    ranks.sort_by(f64::total_cmp);
    let area: f64 = ranks
        .iter()
        .zip(ranks.iter().skip(1))
        .map(|(&from, &to)| {
            let middle = f64::midpoint(from, to);
            let (a, b) = (baseline.line(middle), current.line(middle));
            let (left, right) = (a.at(from) - b.at(from), a.at(to) - b.at(to));
            (to - from) * mean_distance(left, right)
        })
        .sum();
    Some(area / std_dev).filter(|distance| distance.is_finite())
}

/// The mean of |x| on a straight line from `left` to `right`.
fn mean_distance(left: f64, right: f64) -> f64 {
    let (a, b) = (left.abs(), right.abs());
    if left * right >= 0.0 { f64::midpoint(a, b) } else { (a * a + b * b) / (2.0 * (a + b)) }
}

/// A quantile function, linear between the edges.
struct Quantiles<'a> {
    edges: &'a [f64],
    /// The share of the rows up to each edge.
    ranks: Vec<f64>,
}

/// A piece of a quantile function.
struct Line {
    rank: f64,
    value: f64,
    slope: f64,
}

impl Line {
    fn at(&self, rank: f64) -> f64 {
        self.value + (rank - self.rank) * self.slope
    }
}

impl<'a> Quantiles<'a> {
    fn new(edges: &'a [f64], counts: impl Iterator<Item = u64>, rows: u64) -> Self {
        let mut sum = 0u64;
        let ranks = counts
            .take(edges.len())
            .map(|count| {
                sum += count;
                sum as f64 / rows as f64
            })
            .collect();
        Self { edges, ranks }
    }

    /// The piece that holds a rank strictly between two of `ranks`.
    fn line(&self, rank: f64) -> Line {
        let upper = self.ranks.partition_point(|&edge| edge < rank);
        let flat = |value: Option<&f64>| Line { rank, value: value.copied().unwrap_or(0.0), slope: 0.0 };
        let Some(lower) = upper.checked_sub(1) else { return flat(self.edges.first()) };
        match (self.ranks.get(lower..=upper), self.edges.get(lower..=upper)) {
            (Some(&[from, to]), Some(&[low, high])) => {
                Line { rank: from, value: low, slope: (high - low) / (to - from) }
            }
            _ => flat(self.edges.last()),
        }
    }
}
