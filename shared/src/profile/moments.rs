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
    /// Adds one finite number.
    pub fn add(&mut self, number: f64) {
        if self.count == 0 {
            (self.min, self.max) = (number, number);
        } else {
            self.min = self.min.min(number);
            self.max = self.max.max(number);
        }
        self.count += 1;
        let delta = number - self.mean;
        self.mean += delta / self.count as f64;
        self.m2 += delta * (number - self.mean);
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
        self.mean = (mine * self.mean + theirs * other.mean) / total;
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
        numbers.iter().for_each(|&number| moments.add(number));
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
            for part in [merged, swapped] {
                prop_assert_eq!((part.count, part.min, part.max), (whole.count, whole.min, whole.max));
                prop_assert!((part.mean - whole.mean).abs() <= 1e-9 * 1e6);
                prop_assert!((part.m2 - whole.m2).abs() <= 1e-9 * whole.m2.max(1.0));
            }
        }
    }
}
