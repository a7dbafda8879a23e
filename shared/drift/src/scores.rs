//! Distances between the two rows of a table.
//!
//! ```
//! use pawl_drift::CountedBin;
//! use pawl_drift::scores::{hellinger, ks};
//! use pawl_drift::table::ContingencyTable;
//!
//! let bin = |baseline, current| CountedBin { bin: String::new(), baseline, current };
//! let same = ContingencyTable { cells: vec![bin(10, 5), bin(30, 15)] };
//! assert_eq!((ks(&same), hellinger(&same)), (Some(0.0), Some(0.0)));
//! let apart = ContingencyTable { cells: vec![bin(10, 0), bin(0, 5)] };
//! assert_eq!((ks(&apart), hellinger(&apart)), (Some(1.0), Some(1.0)));
//! ```

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::table::ContingencyTable;

/// A count of zero has no logarithm: it is taken as half a row.
const ZERO_AS: f64 = 0.5;

/// The 95 % point of Kolmogorov's distribution.
pub const KOLMOGOROV_95: f64 = 1.3580986393225507;

/// Population stability index: the sum of (q − p) ln(q/p) over the cells. Cells that are empty on
/// both sides add nothing. None if a side has no rows.
pub fn psi(table: &ContingencyTable) -> Option<f64> {
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
pub fn psi_debiased(table: &ContingencyTable) -> Option<f64> {
    let (n, m) = sides(table)?;
    let cells = table.cells.iter().filter(|cell| cell.baseline + cell.current > 0).count();
    Some(psi(table)? - (cells as f64 - 1.0) * (1.0 / n + 1.0 / m))
}

/// Kolmogorov–Smirnov distance at the edges of the cells, which are in order. The distance between
/// two edges may be larger: this is a lower bound of the samples' own distance.
pub fn ks(table: &ContingencyTable) -> Option<f64> {
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

/// Jensen–Shannon distance: the square root of the divergence in bits (base 2), 0 to 1.
pub fn jensen_shannon(table: &ContingencyTable) -> Option<f64> {
    Some(jensen_shannon_divergence(table)?.sqrt())
}

/// The same, of the divergence less its mean under no drift, (B − 1)(1/n + 1/m)/(8 ln 2) over B cells in use;
/// 0 below that mean.
pub fn jensen_shannon_debiased(table: &ContingencyTable) -> Option<f64> {
    let (n, m) = sides(table)?;
    let cells = table.cells.iter().filter(|cell| cell.baseline + cell.current > 0).count();
    let mean = (cells as f64 - 1.0) * (1.0 / n + 1.0 / m) / (8.0 * std::f64::consts::LN_2);
    Some((jensen_shannon_divergence(table)? - mean).max(0.0).sqrt())
}

fn jensen_shannon_divergence(table: &ContingencyTable) -> Option<f64> {
    let divergence: f64 = shares(table)?
        .map(|(p, q)| {
            let middle = f64::midpoint(p, q);
            let part = |share: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
            f64::midpoint(part(p), part(q))
        })
        .sum();
    Some(divergence.max(0.0))
}

/// Hellinger distance: √(1 − Σ √(pq)), 0 to 1; as half the sum of squares, which does not cancel.
pub fn hellinger(table: &ContingencyTable) -> Option<f64> {
    let squares: f64 = shares(table)?.map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2)).sum();
    Some((squares / 2.0).sqrt())
}

/// The largest difference of the shares of one cell. For cells without an order; with one, [`ks`]
/// is the L-infinity distance.
pub fn largest_difference(table: &ContingencyTable) -> Option<f64> {
    Some(shares(table)?.map(|(p, q)| (p - q).abs()).fold(0.0, f64::max))
}

/// SageMaker's coefficient of the Robust L-infinity distance: Deequ's √(−ln(alpha/2)/2) at alpha 0.003,
/// rounded.
pub const SAGEMAKER_ROBUST: f64 = 1.8;

/// The Robust L-infinity distance: Simple less `coefficient` √((n + m)/(n m)), at least 0.
pub fn robust(simple: f64, n: f64, m: f64, coefficient: f64) -> f64 {
    (simple - coefficient * ((n + m) / (n * m)).sqrt()).max(0.0)
}

/// Pearson's chi-square of one sample, the baseline taken as the truth: (statistic, p-value). Its
/// error on a sampled baseline is why it decides nothing here but in `compat: evidently`.
/// None where a cell of the batch has no baseline at all, or fewer than two cells are left.
pub fn chi_square_one_sample(table: &ContingencyTable) -> Option<(f64, f64)> {
    let (n, m) = sides(table)?;
    let mut statistic = 0.0;
    let mut cells = 0u32;
    for cell in table.cells.iter().filter(|cell| cell.baseline + cell.current > 0) {
        if cell.baseline == 0 {
            return None;
        }
        let expected = cell.baseline as f64 * m / n;
        statistic += (cell.current as f64 - expected).powi(2) / expected;
        cells += 1;
    }
    let chi = ChiSquared::new(f64::from(cells.checked_sub(1)?)).ok()?;
    Some((statistic, chi.sf(statistic)))
}

/// Upper tail of Kolmogorov's distribution: the p-value of `√(nm/(n+m)) · D`.
pub fn kolmogorov_sf(x: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    if x <= 0.0 {
        return 1.0;
    }
    // Two series for one function; each converges in a few terms on its side.
    if x < 1.0 {
        let term = |k: i32| (-f64::from(2 * k - 1).powi(2) * PI * PI / (8.0 * x * x)).exp();
        return (1.0 - TAU.sqrt() / x * (1..=6).map(term).sum::<f64>()).clamp(0.0, 1.0);
    }
    let term = |k: i32| (-2.0 * f64::from(k * k) * x * x).exp() * if k % 2 == 1 { 2.0 } else { -2.0 };
    (1..=8).map(term).sum::<f64>().clamp(0.0, 1.0)
}

fn shares(table: &ContingencyTable) -> Option<impl Iterator<Item = (f64, f64)> + '_> {
    let (n, m) = sides(table)?;
    Some(table.cells.iter().map(move |cell| (cell.baseline as f64 / n, cell.current as f64 / m)))
}

fn sides(table: &ContingencyTable) -> Option<(f64, f64)> {
    let (n, m) = (table.n() as f64, table.m() as f64);
    (n > 0.0 && m > 0.0).then_some((n, m))
}
