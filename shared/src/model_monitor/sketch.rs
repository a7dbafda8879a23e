//! Deequ's quantile sketch: deterministic, with its largest level at the bottom.

use serde::{Deserialize, Serialize};

/// How many numbers the lowest level holds, about.
const K: f64 = 2048.0;

/// How much smaller each level is than the one below.
const SHRINKING: f64 = 0.64;

/// Numbers of level i stand for 2^i each.
#[derive(Debug, Clone, PartialEq)]
pub struct DeequSketch {
    levels: Vec<Level>,
    capacity: usize,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Level {
    numbers: Vec<f64>,
    compacted: u32,
    /// Whether the second of each pair goes up. It changes at every other compaction, where Deequ once
    /// meant to draw it.
    second: bool,
}

impl Default for DeequSketch {
    fn default() -> Self {
        Self { levels: vec![Level::default()], capacity: capacity(0) }
    }
}

/// How much the level at this height may hold.
fn capacity(height: usize) -> usize {
    2 * ((K * SHRINKING.powi(height as i32) / 2.0).ceil() as usize + 1)
}

impl DeequSketch {
    /// Adds a number, as one of a stream.
    pub fn add(&mut self, number: f64) {
        self.levels[0].numbers.push(number);
        if self.held() > self.capacity {
            self.condense();
        }
    }

    /// Adds numbers with the counts they stand for, as a merge does: a count goes to the levels of its
    /// binary digits.
    pub fn add_counted(&mut self, counted: &[(f64, u64)]) {
        for &(number, count) in counted {
            let highest = (u64::BITS - count.leading_zeros()) as usize;
            while self.levels.len() < highest {
                self.grow();
            }
            for height in (0..highest).filter(|height| count >> height & 1 == 1) {
                self.levels[height].numbers.push(number);
            }
        }
        while self.held() >= self.capacity {
            self.condense();
        }
    }

    /// How many numbers the sketch stands for.
    pub fn count(&self) -> u64 {
        self.levels.iter().enumerate().map(|(height, level)| (level.numbers.len() as u64) << height).sum()
    }

    /// The sketch as the file has it.
    pub fn document(&self) -> SketchDocument {
        SketchDocument::new(self.levels.iter().map(|level| level.numbers.clone()).collect())
    }

    fn held(&self) -> usize {
        self.levels.iter().map(|level| level.numbers.len()).sum()
    }

    fn grow(&mut self) {
        self.capacity += capacity(self.levels.len());
        self.levels.push(Level::default());
    }

    /// Compacts the lowest full level into the one above it.
    fn condense(&mut self) {
        let full = |(height, level): &(usize, &Level)| level.numbers.len() >= capacity(*height);
        let Some((height, _)) = self.levels.iter().enumerate().find(full) else { return };
        if height + 1 == self.levels.len() {
            self.grow();
        }
        let half = self.levels[height].compact();
        self.levels[height + 1].numbers.extend(half);
    }
}

impl Level {
    /// Every second number in order; an odd one, the last that came, stays.
    fn compact(&mut self) -> Vec<f64> {
        let stays = (self.numbers.len() % 2 == 1).then(|| self.numbers.pop()).flatten();
        if self.compacted % 2 == 1 {
            self.second = !self.second;
        }
        self.compacted += 1;
        let mut all = std::mem::take(&mut self.numbers);
        self.numbers.extend(stays);
        all.sort_by(f64::total_cmp);
        all.into_iter().skip(usize::from(self.second)).step_by(2).collect()
    }
}

/// A quantile sketch: numbers of `data[i]` stand for 2^i each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SketchDocument {
    /// How it was made.
    pub parameters: SketchParameters,
    /// The numbers, level by level.
    pub data: Vec<Vec<f64>>,
}

/// How a sketch was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SketchParameters {
    /// How much smaller each level is than the one below.
    pub c: f64,
    /// How many numbers the lowest level holds, about.
    pub k: f64,
}

impl SketchDocument {
    fn new(data: Vec<Vec<f64>>) -> Self {
        Self { parameters: SketchParameters { c: SHRINKING, k: K }, data }
    }

    /// Its numbers in rising order with the counts they stand for; none when these do not add up to
    /// `count`, as in files made by hand.
    pub fn weighted(&self, count: u64) -> Option<Vec<(f64, u64)>> {
        let mut total = 0u64;
        let mut all = Vec::new();
        for (height, numbers) in self.data.iter().enumerate().filter(|(_, numbers)| !numbers.is_empty()) {
            let weight = 1u64.checked_shl(u32::try_from(height).ok()?)?;
            total = total.checked_add(weight.checked_mul(numbers.len() as u64)?)?;
            all.extend(numbers.iter().map(|&number| (number, weight)));
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        (total == count && all.iter().all(|(number, _)| number.is_finite())).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes(sketch: &DeequSketch) -> Vec<usize> {
        sketch.levels.iter().map(|level| level.numbers.len()).collect()
    }

    #[test]
    fn one_stream_fills_the_levels_as_deequ_does() {
        let mut sketch = DeequSketch::default();
        (0..23_432).for_each(|number| sketch.add(f64::from(number)));
        assert_eq!(sizes(&sketch), [266, 1093, 2127, 1, 779]);
        assert_eq!(sketch.count(), 23_432);
    }

    proptest! {
        #[test]
        fn counted_numbers_keep_their_weight(
            counted in prop::collection::vec((-9.0..9.0f64, 0u64..1 << 40), 0..300),
        ) {
            let mut sketch = DeequSketch::default();
            sketch.add_counted(&counted);
            prop_assert_eq!(sketch.count(), counted.iter().map(|(_, count)| count).sum::<u64>());
            prop_assert!(sketch.held() < sketch.capacity);
        }
    }
}
