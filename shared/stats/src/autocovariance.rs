//! Do values depend on those shortly before them? Autocovariances of a stream, in memory that grows with the
//! lags and not with the values.
//!
//! ```
//! use pawl_stats::autocovariance::Autocovariance;
//!
//! let mut series = Autocovariance::new(12);
//! (0..200).for_each(|step| series.push(f64::from(step / 10 % 2))); // ten alike, then ten others
//! let found = series.dependence(1).unwrap();
//! assert!(found.correlation > 0.7 && found.p_value < 1e-9);
//! assert_eq!(found.reach, 4); // values five apart are as often alike as not
//! ```

use super::normal_sf;

/// Sums of a stream from which its autocovariances follow.
#[derive(Debug, Clone)]
pub struct Autocovariance {
    rows: u64,
    /// The first value: sums are taken of what lies beyond it, so that digits last.
    origin: f64,
    sum: f64,
    /// By lag, from 0: sums of products of values so far apart.
    products: Vec<f64>,
    first: Vec<f64>,
    /// The latest values, the newest first, from `newest` on; each stands twice, so that they lie in one
    /// piece.
    latest: Vec<f64>,
    newest: usize,
}

/// How values depend on earlier ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dependence {
    /// The correlation at the first lag asked about.
    pub correlation: f64,
    /// One-sided, that no lag asked about has a correlation above zero. Each lag by its normal error, which
    /// allows for the correlations at shorter lags (Bartlett 1946); half of the level goes to the first lag,
    /// the other half to all others (Bonferroni).
    pub p_value: f64,
    /// Dependence reaches to this lag: the last of those from the first on whose correlations lie two errors
    /// above zero; where not even the first does, the lag of the largest one.
    pub reach: usize,
    /// How many times the variance of the mean is what shorter lags alone say, once lags up to `reach` are
    /// counted.
    pub inflation: f64,
    /// The last lag asked about.
    pub lags: usize,
}

impl Autocovariance {
    /// No values yet; lags from 0 to this one.
    pub fn new(lags: usize) -> Self {
        let places = lags + 1;
        Self {
            rows: 0,
            origin: 0.0,
            sum: 0.0,
            products: vec![0.0; places],
            first: Vec::with_capacity(places),
            latest: vec![0.0; 2 * places],
            newest: 0,
        }
    }

    /// Takes the next value in.
    pub fn push(&mut self, value: f64) {
        if self.rows == 0 {
            self.origin = value;
        }
        let value = value - self.origin;
        self.rows += 1;
        self.sum += value;
        let places = self.products.len();
        if self.first.len() < places {
            self.first.push(value);
        }
        self.newest = self.newest.checked_sub(1).unwrap_or(places - 1);
        for place in [self.newest, self.newest + places] {
            if let Some(slot) = self.latest.get_mut(place) {
                *slot = value;
            }
        }
        // Before the first value stand zeros, whose products add nothing.
        let latest = self.latest.get(self.newest..self.newest + places).unwrap_or_default();
        for (product, before) in self.products.iter_mut().zip(latest) {
            *product += value * before;
        }
    }

    /// How many values came.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Their mean; NaN before the first.
    pub fn mean(&self) -> f64 {
        self.origin + self.sum / self.rows as f64
    }

    /// The autocovariances from lag 0 on, each divided by the number of all values.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        let count = self.rows as f64;
        let mean = self.sum / count;
        // Sums of the first, and of the last, so many values.
        let (mut early, mut late) = (0.0, 0.0);
        let latest = self.latest.iter().skip(self.newest);
        // Lags as long as the stream have no pair.
        let each = self.products.iter().zip(latest).take(self.rows as usize).enumerate();
        each.map(move |(lag, (product, last))| {
            let (first, covered) = (self.first.get(lag).unwrap_or(&0.0), count - lag as f64);
            let apart = product - mean * (2.0 * self.sum - early - late) + covered * mean * mean;
            early += first;
            late += last;
            apart / count
        })
    }

    /// Whether values depend on those from `from` (1 or more) to the last lag before them. `None` where no
    /// lag is left, with fewer than five values for each lag, or where nothing varies.
    pub fn dependence(&self, from: usize) -> Option<Dependence> {
        let (count, lags) = (self.rows as f64, self.products.len() - 1);
        let variance = self.values().next().filter(|variance| *variance > 0.0)?;
        if from == 0 || from > lags || count < 5.0 * lags as f64 {
            return None;
        }
        let correlations: Vec<f64> = self.values().skip(1).map(|value| value / variance).collect();
        let (nearer, asked) = correlations.split_at_checked(from - 1)?;
        let error = ((1.0 + 2.0 * nearer.iter().map(|r| r * r).sum::<f64>()) / count).sqrt();
        let (first, others) = asked.split_first()?;
        let largest = asked.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        let of_others = others.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let tests = others.len() as f64;
        let p_value = normal_sf(first / error).min(tests * normal_sf(of_others / error));
        let run = asked.iter().take_while(|r| **r > 2.0 * error).count();
        let reach = from + if run == 0 { largest.0 } else { run - 1 };
        let sum = |to: usize| 1.0 + 2.0 * correlations.iter().take(to).sum::<f64>();
        let inflation = sum(reach) / sum(from - 1);
        Some(Dependence { correlation: *first, p_value: (2.0 * p_value).min(1.0), reach, inflation, lags })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// By the definition, from all values at once.
        #[test]
        fn sums_give_the_autocovariances(values in prop::collection::vec(-1e3_f64..1e3, 1..60), lags in 0_usize..9) {
            let mut series = Autocovariance::new(lags);
            values.iter().for_each(|value| series.push(*value));
            let (n, mean) = (values.len() as f64, values.iter().sum::<f64>() / values.len() as f64);
            prop_assert!((series.mean() - mean).abs() < 1e-9);
            for (lag, found) in series.values().enumerate() {
                let pairs = values.iter().zip(values.iter().skip(lag));
                let expected = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / n;
                prop_assert!((found - expected).abs() < 1e-6, "{lag}: {found} {expected}");
            }
        }
    }

    #[test]
    fn too_little_is_no_answer() {
        let mut series = Autocovariance::new(4);
        (0..19).for_each(|step| series.push(f64::from(step)));
        assert_eq!(series.dependence(1), None);
        series.push(19.0);
        assert!(series.dependence(1).is_some());
        assert_eq!((series.dependence(0), series.dependence(5)), (None, None));
        let mut same = Autocovariance::new(1);
        (0..20).for_each(|_| same.push(0.3));
        assert_eq!(same.dependence(1), None);
    }
}
