//! Before a comparison starts: can it find what it is meant to find?
//!
//! ```
//! use pawl_stats::power::paired_rows;
//!
//! // Models that disagree on 5 % of the rows, a gain of one point, one-sided 5 %, four times out of five.
//! assert_eq!(paired_rows(0.05, 0.01, 0.05, 0.8), Some(3090));
//! ```

use super::normal_upper;

/// Rows a paired comparison needs to find an accuracy gain `gain` (above 0) with probability `power`
/// at one-sided level `alpha`, when the models disagree on a share `discordance` of rows
/// (at least `gain`). `None` for numbers that cannot be.
pub fn paired_rows(discordance: f64, gain: f64, alpha: f64, power: f64) -> Option<u64> {
    let share = |x: f64| x > 0.0 && x < 1.0;
    if !(share(gain) && discordance >= gain && discordance <= 1.0 && share(alpha) && share(power)) {
        return None;
    }
    let spread = (discordance - gain * gain).max(0.0).sqrt();
    let reach = normal_upper(alpha) * discordance.sqrt() + normal_upper(1.0 - power) * spread;
    Some((reach / gain).powi(2).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// statistics.md: one-sided 5 %, power 0.8.
    #[test]
    fn sample_sizes_to_printed_digits() {
        assert_eq!(paired_rows(0.05, 0.01, 0.05, 0.8), Some(3090));
        assert_eq!(paired_rows(0.10, 0.01, 0.05, 0.8), Some(6181));
        assert_eq!(paired_rows(0.005, 0.01, 0.05, 0.8), None);
        assert_eq!(paired_rows(0.1, 0.0, 0.05, 0.8), None);
    }
}
