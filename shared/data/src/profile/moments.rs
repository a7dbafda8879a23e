//! Count, mean, deviation and extremes of numbers, in one numerically stable pass.

use serde::{Deserialize, Serialize};

/// The moments of the finite numbers seen. Merging is Chan's update.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Moments {
    /// How many numbers.
    pub count: u64,
    /// Their mean; 0 without any.
    pub mean: f64,
    /// The sum of squared distances from the mean.
    pub m2: f64,
    /// The smallest; 0 without any.
    pub min: f64,
    /// The largest; 0 without any.
    pub max: f64,
}

impl Moments {
    /// Adds a finite number that was seen `count` times.
    pub fn add(&mut self, number: f64, count: u64) {
        self.merge(&Self { count, mean: number, m2: 0.0, min: number, max: number });
    }

    /// Adds a block of finite numbers: its own mean first, then the distances from it.
    pub fn add_block(&mut self, numbers: &[f64]) {
        let Some(&first) = numbers.first() else { return };
        // Four sums side by side, which the compiler turns into vector instructions. Distances
        // from the first number keep the digits that a large offset would cost.
        let (mut sums, mut lows, mut highs) = ([0.0; 4], [first; 4], [first; 4]);
        let (quads, rest) = numbers.as_chunks::<4>();
        for quad in quads {
            for lane in 0..4 {
                sums[lane] += quad[lane] - first;
                lows[lane] = if quad[lane] < lows[lane] { quad[lane] } else { lows[lane] };
                highs[lane] = if quad[lane] > highs[lane] { quad[lane] } else { highs[lane] };
            }
        }
        for &number in rest {
            sums[0] += number - first;
            lows[0] = lows[0].min(number);
            highs[0] = highs[0].max(number);
        }
        let mean = first + sums.iter().sum::<f64>() / numbers.len() as f64;
        let mut squares = [0.0; 4];
        for quad in quads {
            for lane in 0..4 {
                let distance = quad[lane] - mean;
                squares[lane] += distance * distance;
            }
        }
        squares[0] += rest.iter().map(|number| (number - mean).powi(2)).sum::<f64>();
        self.merge(&Self {
            count: numbers.len() as u64,
            mean,
            m2: squares.iter().sum(),
            min: lows.into_iter().fold(first, f64::min),
            max: highs.into_iter().fold(first, f64::max),
        });
    }

    /// Adds the moments of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (mine, theirs) = (self.count as f64, other.count as f64);
        let total = mine + theirs;
        let delta = other.mean - self.mean;
        self.m2 += other.m2 + delta * delta * (mine * theirs / total);
        self.mean += delta * (theirs / total);
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The mean; none without numbers.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The population standard deviation; none without numbers.
    pub fn std_dev(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.m2 / self.count as f64).max(0.0).sqrt())
    }

    /// The sample standard deviation (n − 1); none for fewer than two numbers.
    pub fn sample_std_dev(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.m2 / (self.count - 1) as f64).max(0.0).sqrt())
    }

    /// Smallest and largest; none without numbers.
    pub fn extremes(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.min, self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        numbers.iter().for_each(|&number| moments.add(number, 1));
        moments
    }

    fn of_block(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        moments.add_block(numbers);
        moments
    }

    #[test]
    fn the_deviation_survives_a_large_offset() {
        let moments = of(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!(moments.mean(), Some(1e9 + 10.0));
        assert_eq!(moments.std_dev(), Some(22.5_f64.sqrt()));
        assert_eq!(of(&[]).mean(), None);
    }

    proptest! {
        #[test]
        fn any_split_equals_the_whole(
            numbers in prop::collection::vec(-1e6..1e6f64, 1..200), cut in 0usize..200,
        ) {
            let (left, right) = numbers.split_at(cut.min(numbers.len()));
            let whole = of(&numbers);
            let mut merged = of(left);
            merged.merge(&of(right));
            let mut swapped = of(right);
            swapped.merge(&of(left));
            for part in [merged, swapped, of_block(&numbers)] {
                prop_assert_eq!((part.count, part.min, part.max), (whole.count, whole.min, whole.max));
                prop_assert!((part.mean - whole.mean).abs() <= 1e-9 * 1e6);
                prop_assert!((part.m2 - whole.m2).abs() <= 1e-9 * whole.m2.max(1.0));
            }
        }
    }
}
