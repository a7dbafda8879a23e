//! Shares with their bounds, and the smallest change a comparison would have told.

use std::collections::BTreeMap;

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// The power a minimum detectable effect is stated for.
pub(super) const POWER: f64 = 0.8;
/// The standard normal's 95 % point: bounds are one-sided.
pub(super) const Z_95: f64 = 1.644_853_626_951_472_7;

/// The smallest added share that would be told: significant at `alpha` (two-sided) and with a
/// lower bound (one-sided 95 %) of at least `material`, with probability [`POWER`]; arcsine.
pub(super) fn detectable_share(baseline: f64, n: f64, m: f64, alpha: f64, material: f64) -> Option<f64> {
    let normal = Normal::standard();
    let (z_power, z_alpha) = (normal.inverse_cdf(POWER), normal.inverse_cdf(1.0 - alpha / 2.0));
    let spread = (1.0 / n + 1.0 / m).sqrt();
    let reach = |from: f64, z: f64| {
        let angle = from.clamp(0.0, 1.0).sqrt().asin() + (z + z_power) * spread / 2.0;
        angle.min(std::f64::consts::FRAC_PI_2).sin().powi(2) - baseline
    };
    let least = reach(baseline, z_alpha).max(reach(baseline + material, Z_95));
    (least.is_finite() && least > 0.0).then_some(least.min(1.0))
}

/// Critical values of chi-square at one level: slow to invert, and the same for most columns.
pub(super) struct Critical {
    alpha: f64,
    known: BTreeMap<usize, f64>,
}

impl Critical {
    pub(super) fn new(alpha: f64) -> Self {
        Self { alpha, known: BTreeMap::new() }
    }

    fn at(&mut self, freedom: usize) -> Option<f64> {
        if let Some(&known) = self.known.get(&freedom) {
            return Some(known);
        }
        let value = ChiSquared::new(freedom as f64).ok()?.inverse_cdf(1.0 - self.alpha);
        self.known.insert(freedom, value);
        Some(value)
    }
}

/// The smallest PSI that would be told over `cells` cells: significant and, less its
/// mean under no drift, at least `material`, with probability [`POWER`].
///
/// Under drift PSI · nm/(n+m) is about noncentral chi-square with the true PSI in its
/// noncentrality.
pub(super) fn detectable_psi(
    critical: &mut Critical,
    cells: usize,
    n: f64,
    m: f64,
    material: f64,
) -> Option<f64> {
    let effective = n * m / (n + m);
    let freedom = cells.checked_sub(1).filter(|&freedom| freedom > 0)?;
    let critical = critical.at(freedom)?;
    let freedom = freedom as f64;
    let threshold = critical.max(freedom + material * effective);
    let told = |noncentrality: f64| noncentral_chi_square_sf(threshold, freedom, noncentrality) >= POWER;
    let mut high = threshold.max(1.0);
    for _ in 0..60 {
        if told(high) {
            break;
        }
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if told(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    let effect = high / effective;
    effect.is_finite().then_some(effect)
}

/// The smallest shift of the mean, in deviations, that would be told: significant at `alpha` by normal scores
/// (two components, half the level) and at least `material`, with probability [`POWER`]. `scale` is the
/// variance of the difference of two means of unit deviation: 1/n + 1/m, and what sketches add.
pub(super) fn detectable_shift(scale: f64, alpha: f64, material: f64) -> Option<f64> {
    let critical = ChiSquared::new(2.0).ok()?.inverse_cdf(1.0 - alpha / 2.0);
    let (mut low, mut high) = (0.0, critical.max(1.0) * 4.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if noncentral_chi_square_sf(critical, 2.0, middle) >= POWER {
            high = middle;
        } else {
            low = middle;
        }
    }
    let significant = (high * scale).sqrt();
    let told = material + Normal::standard().inverse_cdf(POWER) * scale.sqrt();
    Some(significant.max(told)).filter(|effect| effect.is_finite())
}

/// Upper tail of the noncentral chi-square distribution, by Sankaran's approximation (1963).
fn noncentral_chi_square_sf(x: f64, freedom: f64, noncentrality: f64) -> f64 {
    let sum = freedom + noncentrality;
    let double = freedom + 2.0 * noncentrality;
    let h = 1.0 - 2.0 / 3.0 * sum * (freedom + 3.0 * noncentrality) / (double * double);
    let p = double / (sum * sum);
    let k = (h - 1.0) * (1.0 - 3.0 * h);
    let middle = 1.0 + h * p * (h - 1.0 - 0.5 * (2.0 - h) * k * p);
    let spread = h * (2.0 * p).sqrt() * (1.0 + 0.5 * k * p);
    Normal::standard().sf(((x / sum).powf(h) - middle) / spread)
}
