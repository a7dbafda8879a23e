//! The difference of all correlations at once, its largest value judged by permutation.

use std::collections::HashMap;

use pawl_base::random::SplitMix64;

use super::super::design::LEAST_GROUPS;
use super::scores::Scores;

/// The most permutations.
const PERMUTATIONS: usize = 199;

/// The least permutations: enough to fit the law of the largest difference.
const FEWEST: usize = 39;

/// About how many products all permutations together may take: a second or two.
const WORK: usize = 2_000_000_000;

/// The generator of the permutations starts here: the same samples, the same answer.
const SEED: u64 = 0x0070_6169_7273;

/// Correlations this strong are taken as this strong: Fisher's transform is infinite at 1.
const STRONGEST: f64 = 0.999;

/// Euler's constant, the mean of Gumbel's law.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Where so many permuted values lie beyond the observed one, their share is the p-value.
const COUNTED: usize = 10;

/// Two scores and how they moved together on either side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub first: usize,
    pub second: usize,
    pub baseline: f64,
    pub current: f64,
}

impl Pair {
    pub(super) fn change(&self) -> f64 {
        (self.current - self.baseline).abs()
    }
}

/// What all pairs together say.
pub(super) struct Compared {
    /// The pairs, those that moved most first.
    pub pairs: Vec<Pair>,
    /// The largest difference of Fisher's transforms.
    pub statistic: f64,
    /// The probability of one at least as large if nothing had moved.
    pub p_value: f64,
    /// What 95 % of the permutations' largest differences of correlations stay below.
    pub noise: f64,
}

/// Compares the correlations of all pairs of scores of different columns. `units` names, for each row,
/// what is exchanged as one: its pair of neighbours, or its group. None where there is no pair, or too
/// little to exchange.
///
/// The statistic is the largest difference of Fisher's transforms over all pairs, so its permutation law
/// holds whatever the pairs have to do with each other. Beyond the permutations made the p-value follows
/// Gumbel's law with their mean and deviation (the idea of Winkler et al. 2016, NeuroImage 141); the tail of
/// a largest correlation is lighter, so it errs to the safe side.
pub(super) fn compare(scores: &Scores, units: &[u64]) -> Option<Compared> {
    let places = places(scores);
    if places.is_empty() {
        return None;
    }
    let units = Units::new(units, scores.baseline)?;
    let observed = Sums::of(scores, &places, &(0..scores.baseline).collect::<Vec<_>>());
    let whole = Sums::of(scores, &places, &(0..scores.rows).collect::<Vec<_>>());
    let work = places.len() * scores.rows;
    let permutations = (WORK / work.max(1)).clamp(FEWEST, PERMUTATIONS);
    let mut rng = SplitMix64::new(SEED);
    let (mut statistics, mut changes) = (Vec::new(), Vec::new());
    for _ in 0..permutations {
        let drawn = Sums::of(scores, &places, &units.draw(&mut rng));
        let (statistic, change) = largest(&pairs(&drawn, &whole, &places));
        statistics.push(statistic);
        changes.push(change);
    }
    let mut pairs = pairs(&observed, &whole, &places);
    let (statistic, _) = largest(&pairs);
    pairs.sort_by(|a, b| b.change().total_cmp(&a.change()));
    changes.sort_by(f64::total_cmp);
    let noise = changes.get((changes.len() * 95).div_ceil(100).saturating_sub(1)).copied()?;
    Some(Compared { pairs, statistic, p_value: p_value(statistic, &statistics), noise })
}

/// The pairs of scores of different columns.
fn places(scores: &Scores) -> Vec<(usize, usize)> {
    let column = |score: usize| scores.all.get(score).map(|score| score.column);
    let of = |first: usize| (first + 1..scores.all.len()).map(move |second| (first, second));
    (0..scores.all.len()).flat_map(of).filter(|&(first, second)| column(first) != column(second)).collect()
}

fn p_value(statistic: f64, permuted: &[f64]) -> f64 {
    let count = permuted.len() as f64;
    let beyond = permuted.iter().filter(|&&value| value >= statistic).count();
    if beyond >= COUNTED {
        return (beyond as f64 + 1.0) / (count + 1.0);
    }
    let mean = permuted.iter().sum::<f64>() / count;
    let variance = permuted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let scale = (variance * 6.0).sqrt() / std::f64::consts::PI;
    if scale.is_nan() || scale <= 0.0 {
        return 1.0;
    }
    let z = (statistic - (mean - EULER * scale)) / scale;
    // 1 − exp(−exp(−z)), which does not cancel far out.
    (-(-(-z).exp()).exp_m1()).clamp(f64::MIN_POSITIVE, 1.0)
}

/// The largest difference of Fisher's transforms, and of the correlations themselves.
fn largest(pairs: &[Pair]) -> (f64, f64) {
    let transformed = |correlation: f64| correlation.clamp(-STRONGEST, STRONGEST).atanh();
    pairs.iter().fold((0.0, 0.0), |(statistic, change), pair| {
        let apart = (transformed(pair.current) - transformed(pair.baseline)).abs();
        (f64::max(statistic, apart), f64::max(change, pair.change()))
    })
}

/// What is exchanged between the sides: rows, or groups of rows.
struct Units {
    /// The rows of each unit; those of the baseline come first.
    rows: Vec<Vec<usize>>,
    baseline: usize,
}

impl Units {
    fn new(units: &[u64], baseline: usize) -> Option<Self> {
        let mut known: HashMap<(bool, u64), usize> = HashMap::new();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut of_baseline = 0;
        for (row, unit) in units.iter().enumerate() {
            let of = *known.entry((row < baseline, *unit)).or_insert(rows.len());
            match rows.get_mut(of) {
                Some(rows) => rows.push(row),
                None => rows.push(vec![row]),
            }
            if row < baseline {
                of_baseline = rows.len();
            }
        }
        let fewest = of_baseline.min(rows.len() - of_baseline);
        (fewest >= LEAST_GROUPS).then_some(Self { rows, baseline: of_baseline })
    }

    /// As many units as the baseline has, drawn from both sides: their rows.
    fn draw(&self, rng: &mut SplitMix64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        for place in 0..self.baseline {
            let other = place + rng.below((order.len() - place) as u64) as usize;
            order.swap(place, other);
        }
        let drawn = order.into_iter().take(self.baseline);
        drawn.filter_map(|unit| self.rows.get(unit)).flatten().copied().collect()
    }
}

/// Sums over some rows, from which correlations follow.
struct Sums {
    rows: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
    /// In the order of the places.
    products: Vec<f64>,
}

impl Sums {
    fn of(scores: &Scores, places: &[(usize, usize)], rows: &[usize]) -> Self {
        let gathered: Vec<Vec<f32>> = scores
            .all
            .iter()
            .map(|score| rows.iter().filter_map(|&row| score.values.get(row)).copied().collect())
            .collect();
        let product = |&(first, second): &(usize, usize)| match (gathered.get(first), gathered.get(second)) {
            (Some(first), Some(second)) => dot(first, second),
            _ => 0.0,
        };
        Self {
            rows: rows.len() as f64,
            sums: gathered.iter().map(|values| values.iter().map(|&value| f64::from(value)).sum()).collect(),
            squares: gathered.iter().map(|values| dot(values, values)).collect(),
            products: places.iter().map(product).collect(),
        }
    }

    /// The correlation of two scores over these rows less those of `without`; 0 where one does not vary.
    fn correlation(&self, place: usize, (first, second): (usize, usize), without: Option<&Self>) -> f64 {
        let less = |of: fn(&Self) -> &Vec<f64>, at: usize| {
            let value = |sums: &Self| of(sums).get(at).copied().unwrap_or(0.0);
            value(self) - without.map_or(0.0, value)
        };
        let rows = self.rows - without.map_or(0.0, |without| without.rows);
        let mean = |at: usize| less(|sums| &sums.sums, at) / rows;
        let variance = |at: usize| less(|sums| &sums.squares, at) / rows - mean(at).powi(2);
        let covariance = less(|sums| &sums.products, place) / rows - mean(first) * mean(second);
        let spread = (variance(first) * variance(second)).sqrt();
        // The sums are of seven digits: what varies less than that does not vary.
        if spread > 1e-5 { (covariance / spread).clamp(-1.0, 1.0) } else { 0.0 }
    }
}

/// The pairs of one side, given by its sums, and of the other: all the rest.
fn pairs(baseline: &Sums, whole: &Sums, places: &[(usize, usize)]) -> Vec<Pair> {
    let pair = |(place, &both): (usize, &(usize, usize))| Pair {
        first: both.0,
        second: both.1,
        baseline: baseline.correlation(place, both, None),
        current: whole.correlation(place, both, Some(baseline)),
    };
    places.iter().enumerate().map(pair).collect()
}

/// The sum of the products, in eight lanes side by side: what a processor does at once.
fn dot(first: &[f32], second: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0_f32; LANES];
    let (mut left, mut right) = (first.chunks_exact(LANES), second.chunks_exact(LANES));
    for (a, b) in left.by_ref().zip(right.by_ref()) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b);
    lanes.into_iter().chain(rest).map(f64::from).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::scores::{Score, ScoreKind};
    use super::*;

    fn two(first: Vec<f32>, second: Vec<f32>, baseline: usize) -> Scores {
        let rows = first.len();
        let score = |column, values| Score { column, kind: ScoreKind::Rank, values };
        Scores { all: vec![score(0, first), score(1, second)], baseline, rows, left_out: 0 }
    }

    /// scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]), as its documentation has it.
    #[test]
    fn the_correlation_of_ranks_is_spearmans() {
        let scores = two(vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![1.0, 2.0, 3.5, 5.0, 3.5], 5);
        let sums = Sums::of(&scores, &[(0, 1)], &[0, 1, 2, 3, 4]);
        assert!((sums.correlation(0, (0, 1), None) - 0.820_782_681_668_123_3).abs() < 1e-6);
    }

    #[test]
    fn the_other_side_is_the_whole_less_the_first() {
        let (first, second) = (vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0], vec![1.0, 2.0, 3.0, 3.0, 2.0, 1.0]);
        let scores = two(first, second, 3);
        let all = |rows: &[usize]| Sums::of(&scores, &[(0, 1)], rows);
        let found = pairs(&all(&[0, 1, 2]), &all(&[0, 1, 2, 3, 4, 5]), &[(0, 1)]);
        assert!((found[0].baseline - 1.0).abs() < 1e-6 && (found[0].current + 1.0).abs() < 1e-6);
        assert!((found[0].change() - 2.0).abs() < 1e-6);
    }

    /// A share where enough permutations lie beyond, Gumbel's law where not; it falls all the way.
    #[test]
    fn the_p_value_goes_on_beyond_the_permutations() {
        let permuted: Vec<f64> = (0..199).map(|place| f64::from(place) / 199.0).collect();
        assert_eq!(p_value(0.5, &permuted), 0.5);
        let far: Vec<f64> = [1.0, 2.0, 4.0, 40.0].map(|statistic| p_value(statistic, &permuted)).into();
        assert!(far[0] < 0.06 && far.windows(2).all(|pair| pair[1] < pair[0]) && far[3] > 0.0, "{far:?}");
        // Permutations that all say the same say nothing.
        assert_eq!(p_value(3.0, &[1.0; 50]), 1.0);
    }

    #[test]
    fn groups_go_from_side_to_side_as_one() {
        // 40 groups of two rows; 20 on each side.
        let groups: Vec<u64> = (0..80).map(|row| row / 2).collect();
        let units = Units::new(&groups, 40).unwrap();
        let mut drawn = units.draw(&mut SplitMix64::new(1));
        drawn.sort_unstable();
        assert_eq!(drawn.len(), 40);
        assert!(drawn.chunks(2).all(|rows| rows[0] % 2 == 0 && rows[1] == rows[0] + 1));
        assert!(drawn.iter().any(|row| *row >= 40) && drawn.iter().any(|row| *row < 40));
        assert!(Units::new(&[0, 0, 0, 1, 1, 1], 3).is_none());
    }
}
