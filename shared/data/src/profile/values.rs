//! The values of a column: counted exactly while they are few, sketched when they are many.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use pawl_base::random::mix;

use super::bins::{BUCKETS, bucket_of_hash};
use super::hash::{self, TableState};
use super::hll::HyperLogLog;
use super::kll::Kll;
use super::room::Coarseness;

/// A longer text is known by its beginning and its hash.
const TEXT_LIMIT: usize = 128;

/// The values of one column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "Document", from = "Document")]
pub struct Values {
    numbers: HashMap<u64, u64, TableState>,
    texts: HashMap<Box<str>, u64, TableState>,
    sketches: Option<Box<Sketches>>,
    coarseness: Coarseness,
}

/// What is kept once the values are too many.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Sketches {
    distinct: HyperLogLog,
    quantiles: Kll,
    /// How much the count of a frequent text may be too low (Misra and Gries).
    undercount: u64,
    /// All values by the bucket of their hash, counted exactly. None where a part of the data was profiled
    /// by a version that did not.
    #[serde(default)]
    buckets: Option<Vec<u64>>,
}

/// A value with its count.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedValue {
    /// The value as text; numbers in their shortest form.
    pub value: String,
    /// How often it was seen; beyond [`EXACT_LIMIT`](super::EXACT_LIMIT) values a lower bound.
    pub count: u64,
    /// Its hash: of a number by its bits, of a text by its bytes.
    pub(crate) hash: u64,
}

impl Values {
    /// Keeps no more than the columns of a wide table have room for.
    pub(crate) fn coarsen(&mut self, coarseness: Coarseness) {
        if coarseness <= self.coarseness {
            return;
        }
        self.coarseness = coarseness;
        if let Some(sketches) = &mut self.sketches {
            sketches.coarsen(coarseness);
        }
        self.bound();
    }

    /// Adds a finite number that was seen `count` times.
    pub fn add_number(&mut self, number: f64, count: u64) {
        let bits = positive_zero(number).to_bits();
        match &mut self.sketches {
            Some(sketches) => sketches.number(bits, count),
            None => {
                *self.numbers.entry(bits).or_insert(0) += count;
                self.bound();
            }
        }
    }

    /// Adds a block of finite numbers, sorting it.
    pub fn add_numbers(&mut self, block: &mut [f64]) {
        match &mut self.sketches {
            Some(sketches) => {
                for number in block.iter() {
                    sketches.value(hash::number(*number), 1);
                }
                sketches.quantiles.add_block(block);
            }
            None => block.iter().for_each(|&number| self.add_number(number, 1)),
        }
    }

    /// Adds a text that was seen `count` times.
    pub fn add_text(&mut self, text: &str, count: u64) {
        let key = text_key(text);
        let key = key.as_ref();
        if let Some(sketches) = &mut self.sketches {
            sketches.value(hash::bytes(key.as_bytes()), count);
        }
        match self.texts.get_mut(key) {
            Some(seen) => *seen += count,
            None => {
                self.texts.insert(key.into(), count);
                self.bound();
            }
        }
    }

    /// Adds the values of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.coarsen(other.coarseness);
        if let Some(theirs) = &other.sketches {
            self.spill();
            if let Some(mine) = &mut self.sketches {
                mine.distinct.merge(&theirs.distinct);
                mine.quantiles.merge(&theirs.quantiles);
                mine.undercount += theirs.undercount;
                mine.merge_buckets(theirs);
            }
        }
        for (&bits, &count) in &other.numbers {
            match &mut self.sketches {
                Some(sketches) => sketches.number(bits, count),
                None => *self.numbers.entry(bits).or_insert(0) += count,
            }
        }
        for (text, &count) in &other.texts {
            if let Some(sketches) = &mut self.sketches {
                let hashed = hash::bytes(text.as_bytes());
                match &other.sketches {
                    // Its buckets and its estimate hold the text already.
                    Some(_) => sketches.distinct.add(hashed),
                    None => sketches.value(hashed, count),
                }
            }
            *self.texts.entry(text.clone()).or_insert(0) += count;
        }
        self.bound();
    }

    /// Whether every value is still counted exactly.
    pub fn is_exact(&self) -> bool {
        self.sketches.is_none()
    }

    /// How many different values there are; an estimate unless [`Values::is_exact`].
    pub fn distinct(&self) -> u64 {
        match &self.sketches {
            Some(sketches) => sketches.distinct.estimate(),
            None => (self.numbers.len() + self.texts.len()) as u64,
        }
    }

    /// The numbers in rising order, each with the count it stands for.
    pub fn weighted_numbers(&self) -> Vec<(f64, u64)> {
        match &self.sketches {
            Some(sketches) => sketches.quantiles.weighted(),
            None => {
                let mut all: Vec<(f64, u64)> =
                    self.numbers.iter().map(|(&bits, &count)| (f64::from_bits(bits), count)).collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0));
                all
            }
        }
    }

    /// How far a rank taken from [`Values::weighted_numbers`] may be off, 0..=1.
    pub fn rank_error(&self) -> f64 {
        if self.is_exact() { 0.0 } else { self.coarseness.rank_error() }
    }

    /// The most frequent values, most frequent first, ties in the order of the text. Beyond
    /// [`EXACT_LIMIT`](super::EXACT_LIMIT) values only texts are kept.
    pub fn frequent(&self) -> Vec<CountedValue> {
        let numbers =
            self.numbers.iter().map(|(&bits, &count)| (f64::from_bits(bits).to_string(), count, mix(bits)));
        let texts =
            self.texts.iter().map(|(text, &count)| (text.to_string(), count, hash::bytes(text.as_bytes())));
        let counted = |(value, count, hash)| CountedValue { value, count, hash };
        let mut all: Vec<CountedValue> = numbers.chain(texts).map(counted).collect();
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        all
    }

    /// All values by the bucket of their hash, counted exactly; none while every value is counted by itself,
    /// or where an older version profiled a part.
    pub fn buckets(&self) -> Option<&[u64]> {
        self.sketches.as_ref()?.buckets.as_deref()
    }

    fn bound(&mut self) {
        if self.sketches.is_none() && self.numbers.len() + self.texts.len() > self.coarseness.exact_values() {
            self.spill();
        }
        if self.sketches.is_some() && self.texts.len() > 2 * self.coarseness.frequent() {
            self.drop_rare();
        }
    }

    /// Moves from exact counts to sketches, weights kept.
    fn spill(&mut self) {
        if self.sketches.is_some() {
            return;
        }
        let mut sketches = Box::new(Sketches {
            distinct: HyperLogLog::of_precision(self.coarseness.precision()),
            buckets: Some(vec![0; BUCKETS]),
            ..Sketches::default()
        });
        sketches.coarsen(self.coarseness);
        let mut numbers: Vec<(u64, u64)> = std::mem::take(&mut self.numbers).into_iter().collect();
        numbers.sort_unstable();
        numbers.iter().for_each(|&(bits, count)| sketches.number(bits, count));
        self.texts.iter().for_each(|(text, &count)| sketches.value(hash::bytes(text.as_bytes()), count));
        self.sketches = Some(sketches);
        if self.texts.len() > self.coarseness.frequent() {
            self.drop_rare();
            self.texts.shrink_to_fit();
        }
    }

    /// Keeps the commonest texts: all counts go down by that of the first one dropped.
    fn drop_rare(&mut self) {
        let mut counts: Vec<u64> = self.texts.values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let cut = counts.get(self.coarseness.frequent()).copied().unwrap_or(0);
        self.texts.retain(|_, count| {
            *count = count.saturating_sub(cut);
            *count > 0
        });
        if let Some(sketches) = &mut self.sketches {
            sketches.undercount += cut;
        }
    }
}

impl Sketches {
    fn coarsen(&mut self, coarseness: Coarseness) {
        self.distinct.fold(coarseness.precision());
        self.quantiles.narrow(coarseness.quantile_items());
    }

    fn number(&mut self, bits: u64, count: u64) {
        self.value(mix(bits), count);
        self.quantiles.add_counted(f64::from_bits(bits), count);
    }

    /// Counts a value by its hash.
    fn value(&mut self, hashed: u64, count: u64) {
        self.distinct.add(hashed);
        if let Some(bucket) =
            self.buckets.as_mut().and_then(|buckets| buckets.get_mut(bucket_of_hash(hashed)))
        {
            *bucket += count;
        }
    }

    fn merge_buckets(&mut self, other: &Self) {
        match (&mut self.buckets, &other.buckets) {
            (Some(mine), Some(theirs)) => mine.iter_mut().zip(theirs).for_each(|(mine, more)| *mine += more),
            _ => self.buckets = None,
        }
    }
}

/// Minus zero and zero are one value.
fn positive_zero(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

/// The name a text is counted under: itself, or its beginning and its hash when it is long.
pub(crate) fn text_key(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= TEXT_LIMIT {
        return text.into();
    }
    let end = (0..=TEXT_LIMIT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…#{:016x}", &text[..end], hash::bytes(text.as_bytes())).into()
}

#[derive(Serialize, Deserialize)]
struct Document {
    numbers: Vec<(f64, u64)>,
    texts: Vec<(String, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sketches: Option<Sketches>,
    /// How much coarser than usual the sketches are: 0 to 6.
    #[serde(default, skip_serializing_if = "is_zero")]
    coarseness: u8,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out a reference
fn is_zero(step: &u8) -> bool {
    *step == 0
}

impl From<Values> for Document {
    fn from(values: Values) -> Self {
        let mut numbers: Vec<(f64, u64)> =
            values.numbers.into_iter().map(|(bits, count)| (f64::from_bits(bits), count)).collect();
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut texts: Vec<(String, u64)> =
            values.texts.into_iter().map(|(text, count)| (text.into(), count)).collect();
        texts.sort();
        let coarseness = values.coarseness.step();
        Self { numbers, texts, sketches: values.sketches.map(|sketches| *sketches), coarseness }
    }
}

impl From<Document> for Values {
    fn from(document: Document) -> Self {
        let mut values = Self {
            numbers: document.numbers.into_iter().map(|(number, count)| (number.to_bits(), count)).collect(),
            texts: document.texts.into_iter().map(|(text, count)| (text.into(), count)).collect(),
            sketches: document.sketches.map(Box::new),
            coarseness: Coarseness::default(),
        };
        // A step that nobody writes is taken for the coarsest.
        let coarsest = || Coarseness::of(usize::MAX);
        values.coarsen(Coarseness::saved(document.coarseness).unwrap_or_else(coarsest));
        values.bound();
        values
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn many_values_are_sketched_and_read_back() {
        let mut values = Values::default();
        for i in 0..10_000u32 {
            values.add_number(f64::from(i), 1);
            values.add_text(if i % 2 == 0 { "even" } else { "odd" }, 1);
            values.add_text(&format!("rare {i}"), 1);
        }
        assert!(!values.is_exact());
        let distinct = values.distinct() as f64;
        assert!((distinct / 20_002.0 - 1.0).abs() < 0.065, "{distinct}");
        let frequent = values.frequent();
        assert_eq!(frequent[0].value, "even");
        assert!(frequent[0].count > 4_800 && frequent[0].count <= 5_000);
        let text = serde_json::to_string(&values).unwrap();
        assert_eq!(serde_json::from_str::<Values>(&text).unwrap(), values);
    }

    #[test]
    fn coarser_values_keep_less_and_say_by_how_much_they_err() {
        let of = |coarseness: Coarseness, from: u32| {
            let mut values = Values::default();
            values.coarsen(coarseness);
            for i in from..from + 3000 {
                values.add_number(f64::from(i * 7919 % 6000), 1);
                values.add_text(if i % 3 > 0 { "often" } else { "seldom" }, 1);
                values.add_text(&format!("rare {i}"), 1);
            }
            values
        };
        for columns in [513, 5000, 20_000] {
            let coarseness = Coarseness::of(columns);
            let values = of(coarseness, 0);
            assert!(!values.is_exact());
            assert!((values.distinct() as f64 / 6002.0 - 1.0).abs() < 4.0 * coarseness.distinct_error());
            let spread = values.weighted_numbers();
            assert_eq!(spread.iter().map(|(_, count)| count).sum::<u64>(), 3000);
            assert!(spread.len() < 5 * coarseness.quantile_items());
            let mut sorted: Vec<f64> = (0..3000u32).map(|i| f64::from(i * 7919 % 6000)).collect();
            sorted.sort_by(f64::total_cmp);
            let median = super::super::kll::quantiles_of(&spread, &[0.5])[0];
            let rank = sorted.partition_point(|number| *number <= median) as f64 / 3000.0;
            assert!((rank - 0.5).abs() <= values.rank_error() + 1e-3, "{columns}: {rank}");
            assert_eq!(values.frequent()[0].value, "often");
            let text = serde_json::to_string(&values).unwrap();
            assert_eq!(serde_json::from_str::<Values>(&text).unwrap(), values);
            // Whichever is merged into which: the coarser decides.
            let (mut one, mut other) = (values.clone(), of(Coarseness::default(), 3000));
            one.merge(&of(Coarseness::default(), 3000));
            other.merge(&values);
            assert_eq!((one.distinct(), one.rank_error()), (other.distinct(), other.rank_error()));
            assert_eq!(one.rank_error(), coarseness.rank_error());
        }
    }

    proptest! {
        #[test]
        fn merging_exact_values_is_exact_in_any_order(
            numbers in prop::collection::vec(-20..20i8, 0..100), cut in 0usize..100,
        ) {
            let of = |part: &[i8]| {
                let mut values = Values::default();
                part.iter().for_each(|&number| values.add_number(f64::from(number), 1));
                values
            };
            let (left, right) = numbers.split_at(cut.min(numbers.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            let mut swapped = of(right);
            swapped.merge(&of(left));
            prop_assert_eq!(&merged, &of(&numbers));
            prop_assert_eq!(&merged, &swapped);
        }
    }
}
