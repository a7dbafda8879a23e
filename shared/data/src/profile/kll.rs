//! Quantiles of a stream in bounded memory: the KLL sketch, seeded so that a run repeats exactly.

use serde::{Deserialize, Serialize};

use pawl_base::random::mix;

/// The accuracy parameter: the capacity of the top level.
pub(super) const K: usize = 1024;

/// The rank error of one sketch, at 99 % confidence: 2.296 / k^0.9723.
pub const RANK_ERROR: f64 = 0.002_716;

/// The topmost levels that a whole block has room in.
const ROOMY: usize = 6;

/// Items of level i stand for 2^i numbers each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Document")]
pub struct Kll {
    levels: Vec<Vec<f64>>,
    /// Which half survives a compaction: the state of a counter-based generator.
    coin: u64,
    /// The capacity of the top level where it is not [`K`]: of a wide table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    top: Option<u16>,
}

/// A sketch as it was saved, before it is trusted.
#[derive(Deserialize)]
struct Document {
    levels: Vec<Vec<f64>>,
    coin: u64,
    #[serde(default)]
    top: Option<u16>,
}

impl TryFrom<Document> for Kll {
    type Error = String;

    fn try_from(Document { levels, coin, top }: Document) -> Result<Self, String> {
        // A level's items weigh 2^level, and all weights together must be a number of rows.
        if levels.is_empty() || levels.len() > 50 || levels.iter().any(|level| level.len() > 2 * K) {
            return Err(format!("a quantile sketch has 1 to 50 levels of at most {} numbers", 2 * K));
        }
        if top.is_some_and(|top| !(8..=K).contains(&usize::from(top))) {
            return Err(format!("the top level of a quantile sketch holds 8 to {K} numbers"));
        }
        Ok(Self { levels, coin, top })
    }
}

impl Default for Kll {
    fn default() -> Self {
        Self { levels: vec![Vec::new()], coin: 0, top: None }
    }
}

impl Kll {
    /// Lets the top level hold no more than this many.
    pub(super) fn narrow(&mut self, top: usize) {
        if top < self.top() {
            self.top = u16::try_from(top).ok();
            self.compact();
            self.levels.iter_mut().for_each(Vec::shrink_to_fit);
        }
    }

    fn top(&self) -> usize {
        self.top.map_or(K, usize::from)
    }

    /// Adds a block of finite numbers, which it may sort. Once the sketch is tall, the block goes
    /// straight to a level that has room for it: every 2^level-th number, from a random start.
    /// That errs less than halving level by level, and costs one sort.
    pub fn add_block(&mut self, block: &mut [f64]) {
        let level = self.levels.len().saturating_sub(ROOMY).min(block.len().max(1).ilog2() as usize);
        if level > 0 {
            block.sort_unstable_by(f64::total_cmp);
        }
        let stride = 1 << level;
        let whole = block.len() / stride * stride;
        let (strided, rest) = block.split_at(whole);
        self.coin = self.coin.wrapping_add(1);
        let start = mix(self.coin) as usize % stride;
        self.level(level).extend(strided.iter().skip(start).step_by(stride));
        self.level(0).extend_from_slice(rest);
        self.compact();
    }

    /// Adds a number that was seen `count` times.
    pub fn add_counted(&mut self, number: f64, count: u64) {
        for level in 0..(u64::BITS - count.leading_zeros()) as usize {
            if count >> level & 1 == 1 {
                self.level(level).push(number);
            }
        }
        self.compact();
    }

    /// Adds the sketch of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        for (level, items) in other.levels.iter().enumerate() {
            self.level(level).extend_from_slice(items);
        }
        // A symmetric function of both, so that the order of merging does not choose the coin.
        self.coin = self.coin.wrapping_add(other.coin);
        self.narrow(other.top());
        self.compact();
    }

    /// How many numbers the sketch stands for.
    pub fn count(&self) -> u64 {
        self.levels.iter().enumerate().map(|(level, items)| (items.len() as u64) << level).sum()
    }

    /// Every kept number with its weight, in rising order.
    pub fn weighted(&self) -> Vec<(f64, u64)> {
        let mut all: Vec<(f64, u64)> = self
            .levels
            .iter()
            .enumerate()
            .flat_map(|(level, items)| items.iter().map(move |&number| (number, 1u64 << level)))
            .collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all
    }

    fn level(&mut self, level: usize) -> &mut Vec<f64> {
        while self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        &mut self.levels[level]
    }

    /// How much a level may hold: K at the top, two thirds of it a level below, at least 8.
    fn capacity(&self, level: usize) -> usize {
        let depth = self.levels.len() - 1 - level;
        let share = (2.0_f64 / 3.0).powi(depth as i32);
        ((self.top() as f64 * share) as usize).max(8)
    }

    fn compact(&mut self) {
        let mut level = 0;
        while level < self.levels.len() {
            if self.levels[level].len() >= self.capacity(level).max(2) {
                let mut items = std::mem::take(&mut self.levels[level]);
                items.sort_unstable_by(f64::total_cmp);
                // An odd one stays behind, so that no weight is lost.
                let rest = (items.len() % 2 == 1).then(|| items.pop()).flatten();
                self.coin = self.coin.wrapping_add(1);
                let offset = (mix(self.coin) & 1) as usize;
                let survivors: Vec<f64> = items.iter().copied().skip(offset).step_by(2).collect();
                self.level(level + 1).extend(survivors);
                self.levels[level].extend(rest);
            }
            level += 1;
        }
    }
}

/// The number at each of the wanted ranks (0..=1), of numbers with weights in rising order.
pub(super) fn quantiles_of(weighted: &[(f64, u64)], wanted: &[f64]) -> Vec<f64> {
    let mut total = 0;
    let seen: Vec<u64> = weighted
        .iter()
        .map(|(_, weight)| {
            total += weight;
            total
        })
        .collect();
    let at = |rank: &f64| {
        let target = (rank * total as f64).ceil().max(1.0) as u64;
        let number = weighted.get(seen.partition_point(|&seen| seen < target));
        number.or(weighted.last()).map(|(number, _)| *number)
    };
    wanted.iter().filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(numbers: impl IntoIterator<Item = f64>) -> Kll {
        let mut sketch = Kll::default();
        let numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.chunks(1000).for_each(|block| sketch.add_block(&mut block.to_vec()));
        sketch
    }

    fn worst_rank_error(sketch: &Kll, count: u64) -> f64 {
        let ranks: Vec<f64> = (1..100).map(|percent| f64::from(percent) / 100.0).collect();
        quantiles_of(&sketch.weighted(), &ranks)
            .iter()
            .zip(&ranks)
            .map(|(number, rank)| (number / count as f64 - rank).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn ranks_keep_the_stated_error_and_memory_stays_bounded() {
        let count = 400_000u64;
        let shuffled = |part: u64, parts: u64| {
            (0..count).map(move |i| i * 7919 % count).filter(move |i| i % parts == part).map(|i| i as f64)
        };
        let whole = of(shuffled(0, 1));
        assert_eq!(whole.count(), count);
        assert!(worst_rank_error(&whole, count) <= RANK_ERROR);
        let mut merged = Kll::default();
        (0..8).for_each(|part| merged.merge(&of(shuffled(part, 8))));
        assert_eq!(merged.count(), count);
        assert!(worst_rank_error(&merged, count) <= RANK_ERROR);
        assert!(merged.weighted().len() < 4 * K);
    }

    proptest! {
        #[test]
        fn no_weight_is_ever_lost(counted in prop::collection::vec((-1e3..1e3f64, 1u64..5000), 0..60)) {
            let mut sketch = Kll::default();
            counted.iter().for_each(|&(number, count)| sketch.add_counted(number, count));
            prop_assert_eq!(sketch.count(), counted.iter().map(|(_, count)| count).sum::<u64>());
        }
    }
}
