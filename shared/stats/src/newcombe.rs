//! The difference of two shares, with its interval (Newcombe 1998, method 10).
//!
//! ```
//! use pawl_stats::newcombe::newcombe;
//! use pawl_stats::normal_upper;
//!
//! // 56 of 70 against 48 of 80.
//! let (low, high) = newcombe(48, 80, 56, 70, normal_upper(0.025)).unwrap();
//! assert!((low - 0.0524).abs() < 1e-4 && (high - 0.3339).abs() < 1e-4);
//! ```

/// Wilson's score interval of a share of `rows`.
fn wilson(share: f64, rows: f64, z: f64) -> (f64, f64) {
    let middle = share + z * z / (2.0 * rows);
    let half = z * (share * (1.0 - share) / rows + z * z / (4.0 * rows * rows)).sqrt();
    let scale = 1.0 + z * z / rows;
    ((middle - half) / scale, (middle + half) / scale)
}

/// Newcombe's hybrid score interval of the difference `c/m − b/n`. None without rows.
pub fn newcombe(b: u64, n: u64, c: u64, m: u64, z: f64) -> Option<(f64, f64)> {
    if n == 0 || m == 0 {
        return None;
    }
    let (n, m) = (n as f64, m as f64);
    newcombe_of_shares((b as f64 / n, n), (c as f64 / m, m), z)
}

/// The same of two shares, each with its rows: a fraction of the rows counted where they are no independent
/// draws. None without rows.
pub fn newcombe_of_shares((p, n): (f64, f64), (q, m): (f64, f64), z: f64) -> Option<(f64, f64)> {
    if !(n > 0.0 && m > 0.0) {
        return None;
    }
    let (p_low, p_high) = wilson(p, n, z);
    let (q_low, q_high) = wilson(q, m, z);
    let down = ((q - q_low).powi(2) + (p_high - p).powi(2)).sqrt();
    let up = ((q_high - q).powi(2) + (p - p_low).powi(2)).sqrt();
    Some((q - p - down, q - p + up))
}
