//! DeLong's test: the areas under two ROC curves over the same rows.
//!
//! The O(n log n) form of X. Sun and W. Xu (IEEE Signal Processing Letters 21, 2014): one sort a model
//! gives every row's placement, ties counted half. The variance of the difference comes from the
//! differences of placements, which is lᵀSl without the covariance matrix.
//!
//! ```
//! use pawl_stats::delong;
//! use pawl_stats::sorted::Tag;
//!
//! let tags = [false, true, false, true].map(|positive| Tag::new(positive, 0));
//! let (champion, challenger) = (vec![0.2, 0.1, 0.3, 0.9], vec![0.1, 0.8, 0.2, 0.9]);
//! let found = delong::compare(champion, challenger, &tags, None).unwrap();
//! assert_eq!((found.champion.auc, found.challenger.auc, found.difference), (0.5, 1.0, 0.5));
//! ```

use super::concordance::Concordance;
use super::moments::Moments;
use super::sorted::{Tag, replace_by_score};
use super::{Interval, normal_upper, two_sided};

/// An area under the ROC curve with its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// The area, 0 to 1: the probability that a positive row scores above a negative one.
    pub auc: f64,
    /// DeLong's variance of it.
    pub variance: f64,
    /// The area under the precision-recall curve of the same rows.
    pub average_precision: f64,
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

/// One model's area; `None` below two rows of either class. `scores` and `tags` run side by side. Pairs by
/// block, where given, are added to.
pub fn area(scores: Vec<f64>, tags: &[Tag], pairs: Option<&mut Concordance>) -> Option<Area> {
    let placed = placements(scores, tags, pairs.map(|p| (p, 1.0)))?;
    Some(placed.area(tags))
}

/// Two models over the same rows; `None` below two rows of either class. The scores make room for
/// placements, so a row costs no memory beyond the sort's. Pairs by block, where given, are added to:
/// challenger's minus champion's.
pub fn compare(
    champion: Vec<f64>,
    challenger: Vec<f64>,
    tags: &[Tag],
    mut pairs: Option<&mut Concordance>,
) -> Option<Comparison> {
    let old = placements(champion, tags, pairs.as_deref_mut().map(|p| (p, -1.0)))?;
    let new = placements(challenger, tags, pairs.map(|p| (p, 1.0)))?;
    Some(Comparison {
        champion: old.area(tags),
        challenger: new.area(tags),
        difference: new.auc - old.auc,
        variance: variance(tags, |row| new.at(row) - old.at(row)),
    })
}

/// One model's areas, and row by row the share of the other class that the row beats (ties half).
struct Placed {
    auc: f64,
    average_precision: f64,
    placements: Vec<f64>,
}

impl Placed {
    fn at(&self, row: usize) -> f64 {
        self.placements.get(row).copied().unwrap_or(f64::NAN)
    }

    fn area(&self, tags: &[Tag]) -> Area {
        let variance = variance(tags, |row| self.at(row));
        Area { auc: self.auc, variance, average_precision: self.average_precision }
    }
}

fn placements(
    mut scores: Vec<f64>,
    tags: &[Tag],
    mut pairs: Option<(&mut Concordance, f64)>,
) -> Option<Placed> {
    let positives = tags.iter().filter(|t| t.positive()).count() as u64;
    let negatives = tags.len() as u64 - positives;
    if positives < 2 || negatives < 2 {
        return None;
    }
    if let Some((pairs, _)) = &mut pairs {
        pairs.begin();
    }
    let (mut negatives_below, mut positives_below, mut twice_wins) = (0_u64, 0_u64, 0_u128);
    let mut average_precision = 0.0;
    replace_by_score(&mut scores, tags, |ties| {
        let tied_positives = ties.iter().filter(|e| e.tag.positive()).count() as u64;
        let tied_negatives = ties.len() as u64 - tied_positives;
        let twice_beaten = 2 * negatives_below + tied_negatives;
        let hits = positives - positives_below;
        let twice_above = 2 * hits - tied_positives;
        if let Some((pairs, sign)) = &mut pairs {
            pairs.add(ties, *sign, twice_beaten, twice_above);
        }
        // The precision of all rows from this score on, for each positive of it.
        let precision = hits as f64 / (hits + negatives - negatives_below) as f64;
        average_precision += tied_positives as f64 * precision;
        twice_wins += u128::from(tied_positives) * u128::from(twice_beaten);
        negatives_below += tied_negatives;
        positives_below += tied_positives;
        [twice_above as f64 / (2.0 * positives as f64), twice_beaten as f64 / (2.0 * negatives as f64)]
    })?;
    Some(Placed {
        auc: twice_wins as f64 / (2.0 * positives as f64 * negatives as f64),
        average_precision: average_precision / positives as f64,
        placements: scores,
    })
}

/// `var(positives)/positives + var(negatives)/negatives` of a value per row.
fn variance(tags: &[Tag], value: impl Fn(usize) -> f64) -> f64 {
    let (mut positives, mut negatives) = (Moments::default(), Moments::default());
    for (row, tag) in tags.iter().enumerate() {
        if tag.positive() { &mut positives } else { &mut negatives }.push(value(row));
    }
    let share = |moments: Moments| moments.standard_error().map_or(f64::NAN, |e| e * e);
    share(positives) + share(negatives)
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

    fn tags(positive: &[bool]) -> Vec<Tag> {
        positive.iter().enumerate().map(|(row, &p)| Tag::new(p, row as u32 % 5)).collect()
    }

    /// The worked table of DeLong, by hand: positives .9 .4 .7, negatives .3 .4 .1.
    #[test]
    fn small_case_by_hand() {
        let positive = [true, true, true, false, false, false];
        let found = area(vec![0.9, 0.4, 0.7, 0.3, 0.4, 0.1], &tags(&positive), None).unwrap();
        // Placements of positives 1, 5/6, 1; of negatives 1, 5/6, 1.
        assert!((found.auc - 17.0 / 18.0).abs() < 1e-15);
        assert!((found.variance - 2.0 * (1.0 / 108.0) / 3.0).abs() < 1e-15, "{found:?}");
    }

    #[test]
    fn one_class_has_no_area() {
        assert_eq!(area(vec![0.1, 0.2, 0.3], &tags(&[true; 3]), None), None);
        assert_eq!(area(vec![0.1, 0.2, 0.3], &tags(&[true, true, false]), None), None);
    }

    #[test]
    fn identical_models_differ_by_nothing_and_a_certain_difference_proves_nothing() {
        let tags = tags(&[true, false, true, false]);
        let scores = vec![0.9, 0.1, 0.3, 0.4];
        let same = compare(scores.clone(), scores, &tags, None).unwrap();
        assert_eq!((same.p_value(), same.difference), (Some(1.0), 0.0));
        let certain = compare(vec![0.5; 4], vec![0.9, 0.1, 0.8, 0.2], &tags, None).unwrap();
        assert_eq!((certain.p_value(), certain.interval(0.05), certain.difference), (None, None, 0.5));
    }

    proptest! {
        #[test]
        fn areas_follow_their_definition(
            rows in prop::collection::vec((0_u8..8, 0_u8..8, any::<bool>()), 4..60)
        ) {
            let positive: Vec<bool> = rows.iter().map(|r| r.2).collect();
            let old: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 8.0).collect();
            let new: Vec<f64> = rows.iter().map(|r| f64::from(r.1) / 8.0).collect();
            let tags = tags(&positive);
            let Some(found) = compare(old.clone(), new.clone(), &tags, None) else { return Ok(()) };
            prop_assert!((found.champion.auc - brute(&old, &positive)).abs() < 1e-12);
            prop_assert!((found.challenger.auc - brute(&new, &positive)).abs() < 1e-12);
            let turned = compare(new.clone(), old.clone(), &tags, None).unwrap();
            prop_assert!((turned.difference + found.difference).abs() < 1e-15);
            prop_assert!((turned.variance - found.variance).abs() < 1e-15);
        }

        /// Pairs by block give the difference without any block.
        #[test]
        fn blocks_are_left_out_as_rows_are(rows in prop::collection::vec((0_u8..8, 0_u8..8, any::<bool>()), 12..60)) {
            let positive: Vec<bool> = rows.iter().map(|r| r.2).collect();
            let old: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 8.0).collect();
            let new: Vec<f64> = rows.iter().map(|r| f64::from(r.1) / 8.0).collect();
            let mut pairs = Concordance::new(5);
            if compare(old.clone(), new.clone(), &tags(&positive), Some(&mut pairs)).is_none() {
                return Ok(());
            }
            for (left_out, found) in pairs.without_each().into_iter().enumerate() {
                let kept: Vec<usize> = (0..rows.len()).filter(|row| row % 5 != left_out).collect();
                let pick = |scores: &[f64]| kept.iter().map(|&row| scores[row]).collect::<Vec<_>>();
                let labels: Vec<bool> = kept.iter().map(|&row| positive[row]).collect();
                let expected = brute(&pick(&new), &labels) - brute(&pick(&old), &labels);
                prop_assert!((found - expected).abs() < 1e-12 || (found.is_nan() && expected.is_nan()));
            }
        }
    }
}
