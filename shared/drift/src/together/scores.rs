//! From sampled rows to scores: what each column contributes to moving together, whatever its own shape.

use std::collections::{BTreeMap, HashMap};

use pawl_data::profile::bins::Bins;
use pawl_data::profile::{RowSample, SampledRow, SampledValue};

/// The most scores that are compared: the work grows with their square.
const MOST_SCORES: usize = 256;

/// A score is left out where one value holds more than this share of the rows: a correlation with what
/// hardly varies rests on a handful of rows.
const MOST_ALIKE: f64 = 0.95;

/// The most values of a categorical column that get a score.
const MOST_VALUES: usize = 4;

/// What a score says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScoreKind {
    /// The rank of the number.
    Rank,
    /// How far the rank lies from the middle.
    Spread,
    /// Whether the value is one of the commonest.
    Value,
}

/// One score of every row of both sides.
pub(super) struct Score {
    /// The place of its column among those asked for.
    pub column: usize,
    pub kind: ScoreKind,
    /// The rows of the baseline, then those of the batch.
    pub values: Vec<f32>,
}

/// All scores, and the columns that have none.
pub(super) struct Scores {
    pub all: Vec<Score>,
    /// The rows of the baseline, which come first.
    pub baseline: usize,
    pub rows: usize,
    /// The places of columns that both sides sampled, beyond what can be compared.
    pub left_out: usize,
}

/// The scores of these columns. The first score of each column comes before any second one.
pub(super) fn scores(columns: &[(&str, &Bins)], baseline: &RowSample, current: &RowSample) -> Scores {
    let (before, after): (Vec<_>, Vec<_>) = (baseline.rows().collect(), current.rows().collect());
    let mut by_column: Vec<std::vec::IntoIter<Score>> = Vec::new();
    let mut left_out = 0;
    for (column, (name, bins)) in columns.iter().enumerate() {
        let (Some(old), Some(new)) = (baseline.place(name), current.place(name)) else {
            left_out += 1;
            continue;
        };
        let sides = [values(&before, old), values(&after, new)];
        let kinds = match bins {
            Bins::Numeric { .. } => of_numbers(&sides),
            Bins::Categorical { .. } => of_texts(&sides),
        };
        let scores = kinds.into_iter().map(|(kind, values)| Score { column, kind, values });
        by_column.push(scores.collect::<Vec<_>>().into_iter());
    }
    let mut all = Vec::new();
    loop {
        let round: Vec<Score> = by_column.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            break;
        }
        let room = MOST_SCORES.saturating_sub(all.len());
        if all.is_empty() {
            left_out += round.len().saturating_sub(room);
        }
        all.extend(round.into_iter().take(room));
    }
    Scores { all, baseline: before.len(), rows: before.len() + after.len(), left_out }
}

fn values(rows: &[&SampledRow], place: usize) -> Vec<SampledValue> {
    rows.iter().map(|row| row.values.get(place).copied().unwrap_or(SampledValue::Missing)).collect()
}

type Sides = [Vec<SampledValue>; 2];

/// Rank and spread of a column of numbers. What is no number is the mean: it says nothing.
fn of_numbers(sides: &Sides) -> Vec<(ScoreKind, Vec<f32>)> {
    let numbers = |value: &SampledValue| match value {
        SampledValue::Number(number) => Some(*number),
        SampledValue::Text(_) | SampledValue::Missing => None,
    };
    let all: Vec<Option<f32>> = sides.iter().flatten().map(numbers).collect();
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for number in &all {
        // Positive and negative zero are one value.
        *counts.entry(number.map_or(u32::MAX, |number| (number + 0.0).to_bits())).or_default() += 1;
    }
    let commonest = counts.values().max().copied().unwrap_or(0);
    if commonest as f64 > MOST_ALIKE * all.len() as f64 {
        return Vec::new();
    }
    let ranks: Vec<Option<f32>> = sides.iter().flat_map(|side| ranks(side.iter().map(numbers))).collect();
    let score = |of: fn(f32) -> f32| ranks.iter().map(|rank| rank.map_or(0.0, of)).collect::<Vec<f32>>();
    let mut scores = vec![(ScoreKind::Rank, score(|rank| rank - 0.5))];
    if counts.len() > 3 {
        // Legendre's polynomial of second degree on 0 to 1, save a factor.
        scores.push((ScoreKind::Spread, score(|rank| 6.0 * rank * (rank - 1.0) + 1.0)));
    }
    scores
}

/// The rank of each number on its own side, from 0 to 1; equal numbers share the middle of theirs.
fn ranks(numbers: impl Iterator<Item = Option<f32>>) -> Vec<Option<f32>> {
    let numbers: Vec<Option<f32>> = numbers.collect();
    let mut sorted: Vec<(f32, usize)> =
        numbers.iter().enumerate().filter_map(|(row, number)| Some((((*number)? + 0.0), row))).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![None; numbers.len()];
    let count = sorted.len() as f32;
    let mut before = 0;
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let middle = (before as f32 + equal.len() as f32 / 2.0) / count;
        for &(_, row) in equal {
            if let Some(rank) = ranks.get_mut(row) {
                *rank = Some(middle);
            }
        }
        before += equal.len();
    }
    ranks
}

/// Whether each row holds one of the commonest values. Of two values one says it all.
fn of_texts(sides: &Sides) -> Vec<(ScoreKind, Vec<f32>)> {
    let key = |value: &SampledValue| match value {
        SampledValue::Number(number) => Some((0, number.to_bits())),
        SampledValue::Text(hash) => Some((1, *hash)),
        SampledValue::Missing => None,
    };
    let all: Vec<Option<(u8, u32)>> = sides.iter().flatten().map(key).collect();
    let mut counts: BTreeMap<(u8, u32), usize> = BTreeMap::new();
    for value in all.iter().flatten() {
        *counts.entry(*value).or_default() += 1;
    }
    let mut common: Vec<((u8, u32), usize)> = counts.into_iter().collect();
    common.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let rows = all.len() as f64;
    let most = if common.len() == 2 { 1 } else { MOST_VALUES };
    let varied = |count: usize| (1.0 - MOST_ALIKE..=MOST_ALIKE).contains(&(count as f64 / rows));
    let told = common.into_iter().take(most).filter(|(_, count)| varied(*count));
    let score = |(value, _)| {
        let holds = all.iter().map(|it| f32::from(u8::from(*it == Some(value)))).collect();
        (ScoreKind::Value, holds)
    };
    told.map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[f32]) -> Vec<SampledValue> {
        numbers.iter().map(|&number| SampledValue::Number(number)).collect()
    }

    #[test]
    fn equal_numbers_share_their_rank_and_each_side_has_its_own() {
        let found = ranks([3.0, 1.0, 3.0, 2.0].into_iter().map(Some).chain([None]));
        // scipy.stats.rankdata([3, 1, 3, 2]) = [3.5, 1, 3.5, 2], less a half, over 4
        assert_eq!(found, [Some(0.75), Some(0.125), Some(0.75), Some(0.375), None]);
        // A side that is ten times as large has the same ranks: its own shape says nothing.
        let sides = [numbers(&[1.0, 2.0, 3.0, 4.0]), numbers(&[10.0, 20.0, 30.0, 40.0])];
        let scores = of_numbers(&sides);
        assert_eq!(scores.len(), 2);
        assert!(scores.iter().all(|(_, values)| values[..4] == values[4..]));
    }

    #[test]
    fn what_hardly_varies_has_no_score() {
        let mut flat = vec![0.0; 96];
        flat.extend([1.0, 2.0, 3.0, 4.0]);
        assert!(of_numbers(&[numbers(&flat), numbers(&flat)]).is_empty());
        assert!(of_texts(&[numbers(&flat), numbers(&flat)]).is_empty());
    }

    #[test]
    fn a_category_of_two_values_has_one_score_and_of_many_at_most_four() {
        let text = |hash: u32| SampledValue::Text(hash);
        let two: Vec<_> = (0..40).map(|row| text(row % 2)).collect();
        assert_eq!(of_texts(&[two.clone(), two]).len(), 1);
        let many: Vec<_> = (0..60).map(|row| text(row % 6)).collect();
        assert_eq!(of_texts(&[many.clone(), many]).len(), MOST_VALUES);
    }
}
