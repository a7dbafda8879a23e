//! How heavy the tail of a stream of numbers is: Hill's estimate of the tail index (Annals of Statistics 3,
//! 1975) from the largest of them, in bounded memory.
//!
//! ```
//! use pawl_stats::tail::Tail;
//!
//! // Of a Pareto law with index 2 the quantiles are (1 − u)^(−1/2).
//! let mut tail = Tail::default();
//! (0..1000).for_each(|i| tail.push((1.0 - (f64::from(i) + 0.5) / 1000.0).powf(-0.5)));
//! let found = tail.index().unwrap();
//! assert!((found.index - 2.0).abs() < 0.1 && found.numbers == 50);
//! ```

/// The most numbers that an estimate rests on.
const MOST: usize = 1000;

/// The fewest: below, its own error is a third and more.
const LEAST: usize = 10;

/// One in so many numbers is the tail, as long as that is no more than [`MOST`].
const ONE_IN: u64 = 20;

/// An estimate of how heavy a tail is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailIndex {
    /// The index α of a tail that falls as x^−α: moments of order α and above do not exist.
    pub index: f64,
    /// How many numbers it rests on: its standard error is the index over their square root.
    pub numbers: usize,
}

/// The largest of the numbers so far.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    count: u64,
    /// The largest, in no order, and up to as many that were so once.
    largest: Vec<f64>,
    /// None of the largest is below it.
    least: f64,
}

impl Tail {
    /// Takes one number in, 0 or more.
    pub fn push(&mut self, number: f64) {
        self.count += 1;
        if number <= self.least {
            return;
        }
        self.largest.push(number);
        if self.largest.len() > 2 * MOST {
            self.largest.select_nth_unstable_by(MOST, |a, b| b.total_cmp(a));
            self.largest.truncate(MOST + 1);
            self.least = self.largest.last().copied().unwrap_or(0.0);
        }
    }

    /// The index from the largest twentieth, at most a thousand numbers. `None` with fewer than 200 numbers,
    /// or where the tail is all alike.
    pub fn index(&self) -> Option<TailIndex> {
        let tail = usize::try_from(self.count / ONE_IN).unwrap_or(MOST).min(MOST);
        if tail < LEAST {
            return None;
        }
        let mut sorted = self.largest.clone();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let from = sorted.get(tail).copied().filter(|from| *from > 0.0)?;
        let logarithms: f64 = sorted.iter().take(tail).map(|number| (number / from).ln()).sum();
        (logarithms > 0.0).then(|| TailIndex { index: tail as f64 / logarithms, numbers: tail })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use pawl_base::random::SplitMix64;

    fn index(numbers: u64, draw: impl Fn(&mut SplitMix64) -> f64) -> f64 {
        let (mut rng, mut tail) = (SplitMix64::new(5), Tail::default());
        (0..numbers).for_each(|_| tail.push(draw(&mut rng)));
        tail.index().unwrap().index
    }

    /// Normal errors have every moment, Student's with three degrees of freedom no third one.
    #[test]
    fn heavy_and_light_tails_are_told_apart() {
        let student = |rng: &mut SplitMix64| {
            let chi: f64 = (0..3).map(|_| rng.normal().powi(2)).sum();
            (rng.normal() / (chi / 3.0).sqrt()).abs()
        };
        for numbers in [1000, 100_000] {
            assert!(index(numbers, |rng| rng.normal().abs()) > 5.0);
            assert!((2.0..3.5).contains(&index(numbers, student)));
        }
    }

    /// What is held back in bounded memory is the same as sorting all.
    #[test]
    fn the_largest_are_kept() {
        let (mut rng, mut tail, mut all) = (SplitMix64::new(6), Tail::default(), Vec::new());
        for _ in 0..50_000 {
            let number = rng.unit().powi(-2);
            tail.push(number);
            all.push(number);
        }
        assert!(tail.largest.len() <= 2 * MOST);
        all.sort_by(|a, b| b.total_cmp(a));
        let logarithms: f64 = all.iter().take(MOST).map(|number| (number / all[MOST]).ln()).sum();
        assert!((tail.index().unwrap().index - MOST as f64 / logarithms).abs() < 1e-9);
    }

    #[test]
    fn too_little_or_all_alike_is_no_answer() {
        let mut tail = Tail::default();
        (0..199).for_each(|number| tail.push(f64::from(number)));
        assert_eq!(tail.index(), None);
        let mut same = Tail::default();
        (0..5000).for_each(|_| same.push(2.0));
        assert_eq!((same.index(), Tail::default().index()), (None, None));
    }
}
