//! DeLong's test: the areas under two ROC curves over the same rows.
//!
//! The O(n log n) form of X. Sun and W. Xu (IEEE Signal Processing Letters 21, 2014): one sort a model
//! gives every row's placement, ties counted half. The variance of the difference comes from the
//! differences of placements, which is lᵀSl without the covariance matrix.

use super::{Interval, normal_upper, two_sided};

/// An area under the ROC curve with its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// The area, 0 to 1: the probability that a positive row scores above a negative one.
    pub auc: f64,
    /// DeLong's variance of it.
    pub variance: f64,
}

impl Area {
    /// Normal interval at two-sided level `alpha`; `None` where the variance is zero (a perfect or a
    /// constant score: the method cannot tell).
    pub fn interval(&self, alpha: f64) -> Option<Interval> {
        (self.variance > 0.0)
            .then(|| Interval::around(self.auc, normal_upper(alpha / 2.0) * self.variance.sqrt()))
    }
}

/// Two areas over the same rows and what their difference shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The champion's area.
    pub champion: Area,
    /// The challenger's area.
    pub challenger: Area,
    /// Challenger's area − champion's.
    pub difference: f64,
    /// Variance of the difference.
    pub variance: f64,
}

impl Comparison {
    /// `difference / √variance`; `None` where the variance is zero.
    pub fn statistic(&self) -> Option<f64> {
        (self.variance > 0.0).then(|| self.difference / self.variance.sqrt())
    }

    /// Two-sided p-value. Two models that rank all rows alike differ by nothing (1); a difference
    /// without variance proves nothing (`None`).
    pub fn p_value(&self) -> Option<f64> {
        match self.statistic() {
            Some(z) => Some(two_sided(z)),
            None => (self.difference == 0.0).then_some(1.0),
        }
    }

    /// Interval of the difference at two-sided level `alpha`; `None` for a difference without variance.
    pub fn interval(&self, alpha: f64) -> Option<Interval> {
        if self.variance > 0.0 {
            return Some(Interval::around(self.difference, normal_upper(alpha / 2.0) * self.variance.sqrt()));
        }
        (self.difference == 0.0).then(|| Interval::around(0.0, 0.0))
    }
}

/// One model's area; `None` below two rows of either class. `scores` and `positive` run side by side.
pub fn area(scores: &[f64], positive: &[bool]) -> Option<Area> {
    let (auc, placements) = placements(scores, positive)?;
    let variance = variance(positive, |row| placements.get(row).copied().unwrap_or(auc));
    Some(Area { auc, variance })
}

/// Two models over the same rows; `None` below two rows of either class.
pub fn compare(champion: &[f64], challenger: &[f64], positive: &[bool]) -> Option<Comparison> {
    let (auc_old, old) = placements(champion, positive)?;
    let (auc_new, new) = placements(challenger, positive)?;
    let at = |placements: &[f64], row: usize| placements.get(row).copied().unwrap_or(0.0);
    Some(Comparison {
        champion: Area { auc: auc_old, variance: variance(positive, |row| at(&old, row)) },
        challenger: Area { auc: auc_new, variance: variance(positive, |row| at(&new, row)) },
        difference: auc_new - auc_old,
        variance: variance(positive, |row| at(&new, row) - at(&old, row)),
    })
}

/// The area and, row by row, the share of the other class that the row beats (ties half).
fn placements(scores: &[f64], positive: &[bool]) -> Option<(f64, Vec<f64>)> {
    let positives = positive.iter().filter(|&&p| p).count();
    let negatives = positive.len() - positives;
    if positives < 2 || negatives < 2 || scores.len() != positive.len() {
        return None;
    }
    let mut order: Vec<(f64, u32, bool)> = Vec::with_capacity(scores.len());
    for (row, (&score, &positive)) in scores.iter().zip(positive).enumerate() {
        order.push((score, u32::try_from(row).ok()?, positive));
    }
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));

    let mut placed = vec![0.0; scores.len()];
    let (mut negatives_below, mut positives_below, mut twice_wins) = (0_u64, 0_u64, 0_u128);
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let tied_positives = ties.iter().filter(|t| t.2).count() as u64;
        let tied_negatives = ties.len() as u64 - tied_positives;
        let beaten = (2 * negatives_below + tied_negatives) as f64 / (2.0 * negatives as f64);
        let above = 2 * (positives as u64 - positives_below) - tied_positives;
        let losing = above as f64 / (2.0 * positives as f64);
        for &(_, row, positive) in ties {
            if let Some(place) = placed.get_mut(row as usize) {
                *place = if positive { beaten } else { losing };
            }
        }
        twice_wins += u128::from(tied_positives) * u128::from(2 * negatives_below + tied_negatives);
        negatives_below += tied_negatives;
        positives_below += tied_positives;
    }
    let auc = twice_wins as f64 / (2.0 * positives as f64 * negatives as f64);
    Some((auc, placed))
}

/// `var(positives)/positives + var(negatives)/negatives` of a value per row.
fn variance(positive: &[bool], value: impl Fn(usize) -> f64) -> f64 {
    [true, false]
        .into_iter()
        .map(|class| {
            let rows = || positive.iter().enumerate().filter(|&(_, &p)| p == class).map(|(row, _)| row);
            let count = rows().count() as f64;
            let mean = rows().map(&value).sum::<f64>() / count;
            let squares = rows().map(|row| (value(row) - mean).powi(2)).sum::<f64>();
            squares / (count - 1.0) / count
        })
        .sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// The definition, pair by pair.
    fn brute(scores: &[f64], positive: &[bool]) -> f64 {
        let (mut wins, mut pairs) = (0.0, 0.0);
        for (i, &p) in positive.iter().enumerate() {
            for (j, &q) in positive.iter().enumerate() {
                if p && !q {
                    pairs += 1.0;
                    wins += if scores[i] > scores[j] {
                        1.0
                    } else if scores[i] == scores[j] {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
        }
        wins / pairs
    }

    /// The worked table of DeLong, by hand: positives .9 .4 .7, negatives .3 .4 .1.
    #[test]
    fn small_case_by_hand() {
        let positive = [true, true, true, false, false, false];
        let found = area(&[0.9, 0.4, 0.7, 0.3, 0.4, 0.1], &positive).unwrap();
        // Placements of positives 1, 5/6, 1; of negatives 1, 5/6, 1.
        assert!((found.auc - 17.0 / 18.0).abs() < 1e-15);
        assert!((found.variance - 2.0 * (1.0 / 108.0) / 3.0).abs() < 1e-15, "{found:?}");
    }

    #[test]
    fn one_class_has_no_area() {
        assert_eq!(area(&[0.1, 0.2, 0.3], &[true, true, true]), None);
        assert_eq!(area(&[0.1, 0.2, 0.3], &[true, true, false]), None);
    }

    #[test]
    fn identical_models_differ_by_nothing_and_a_certain_difference_proves_nothing() {
        let positive = [true, false, true, false];
        let same = compare(&[0.9, 0.1, 0.3, 0.4], &[0.9, 0.1, 0.3, 0.4], &positive).unwrap();
        assert_eq!((same.p_value(), same.difference), (Some(1.0), 0.0));
        let certain = compare(&[0.5; 4], &[0.9, 0.1, 0.8, 0.2], &positive).unwrap();
        assert_eq!((certain.p_value(), certain.interval(0.05), certain.difference), (None, None, 0.5));
    }

    proptest! {
        #[test]
        fn areas_follow_their_definition(rows in prop::collection::vec((0_u8..8, 0_u8..8, any::<bool>()), 4..60)) {
            let positive: Vec<bool> = rows.iter().map(|r| r.2).collect();
            let old: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 8.0).collect();
            let new: Vec<f64> = rows.iter().map(|r| f64::from(r.1) / 8.0).collect();
            let Some(found) = compare(&old, &new, &positive) else { return Ok(()) };
            prop_assert!((found.champion.auc - brute(&old, &positive)).abs() < 1e-12);
            prop_assert!((found.challenger.auc - brute(&new, &positive)).abs() < 1e-12);
            let turned = compare(&new, &old, &positive).unwrap();
            prop_assert!((turned.difference + found.difference).abs() < 1e-15);
            prop_assert!((turned.variance - found.variance).abs() < 1e-15);
        }
    }
}
