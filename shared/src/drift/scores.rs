//! Distances between the two rows of a table.

use super::table::Table;

/// A count of zero has no logarithm: it is taken as half a row.
const ZERO_AS: f64 = 0.5;

/// The 95 % point of Kolmogorov's distribution.
pub const KOLMOGOROV_95: f64 = 1.3580986393225507;

/// Population stability index: the sum of (q − p) ln(q/p) over the cells. Cells that are empty on
/// both sides add nothing. None if a side has no rows.
pub fn psi(table: &Table) -> Option<f64> {
    let (n, m) = sides(table)?;
    let share = |count: u64, rows: f64| if count == 0 { ZERO_AS } else { count as f64 } / rows;
    Some(
        table
            .cells
            .iter()
            .filter(|cell| cell.baseline + cell.current > 0)
            .map(|cell| {
                let (p, q) = (share(cell.baseline, n), share(cell.current, m));
                (q - p) * (q / p).ln()
            })
            .sum(),
    )
}

/// [`psi`] less its mean under no drift, (B − 1)(1/n + 1/m). May be negative.
pub fn psi_debiased(table: &Table) -> Option<f64> {
    let (n, m) = sides(table)?;
    let cells = table.cells.iter().filter(|cell| cell.baseline + cell.current > 0).count();
    Some(psi(table)? - (cells as f64 - 1.0) * (1.0 / n + 1.0 / m))
}

/// Kolmogorov–Smirnov distance at the edges of the cells, which are in order. The distance between
/// two edges may be larger: this is a lower bound of the samples' own distance.
pub fn ks(table: &Table) -> Option<f64> {
    let (n, m) = sides(table)?;
    let (mut below_n, mut below_m, mut largest) = (0u64, 0u64, 0.0f64);
    for cell in &table.cells {
        below_n += cell.baseline;
        below_m += cell.current;
        largest = largest.max((below_n as f64 / n - below_m as f64 / m).abs());
    }
    Some(largest)
}

/// A lower bound, at 95 %, of the distance between what the two samples were drawn from.
pub fn ks_lower(distance: f64, n: f64, m: f64) -> f64 {
    (distance - KOLMOGOROV_95 * ((n + m) / (n * m)).sqrt()).max(0.0)
}

fn sides(table: &Table) -> Option<(f64, f64)> {
    let (n, m) = (table.n() as f64, table.m() as f64);
    (n > 0.0 && m > 0.0).then_some((n, m))
}
