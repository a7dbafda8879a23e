//! How much less rows weigh that belong together: the design effect of a column, and the tests widened by it.
//!
//! The batch is counted in the frozen bins group by group. From how far the groups' counts scatter follows
//! the covariance of the shares (ultimate clusters; blocks of time with the covariance of neighbours added),
//! and from that the mean of its eigenvalues over those of independent rows, and how unequal they are. A
//! chi-square is divided by that mean and held against F: Rao and Scott's correction of second order (1984),
//! with the degrees of freedom of Thomas and Rao (1987). What is measured in the batch is taken for both
//! sides.

use pawl_data::profile::bins::{BaselineColumn, BinCounts};
use pawl_data::profile::{GroupOrder, GroupedColumn};
use pawl_stats::newcombe::newcombe_of_shares;
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use super::axes;
use super::document::{Axis, Finding};
use super::power::Z_95;
use super::scores::ks_lower;
use super::table::ContingencyTable;

/// Fewer groups do not tell how far their rows depend on one another.
pub(super) const LEAST_GROUPS: usize = 10;

/// The rows of the batch group by group, of one column.
#[derive(Debug, Clone, Copy)]
pub struct ColumnGroups<'a> {
    /// Whether groups are neighbours.
    pub order: GroupOrder,
    /// The counts.
    pub column: &'a GroupedColumn,
    /// Rows of which no group is known.
    pub ungrouped: u64,
}

/// What the groups say of one axis of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Design {
    /// The mean design effect of the cells, at least 1.
    mean: f64,
    /// The squared coefficient of variation of the design effects.
    unequal: f64,
    /// The mean design effect of the cumulative shares, at least 1.
    cumulative: f64,
    /// Degrees of freedom of the estimate.
    freedom: f64,
}

/// Why the groups are too few, if they are.
pub(super) fn too_few_groups(groups: Option<ColumnGroups<'_>>) -> Option<String> {
    let count = groups?.column.groups.len();
    (count < LEAST_GROUPS).then(|| {
        format!(
            "The rows of the batch fall into {count} groups; at least {LEAST_GROUPS} are needed to judge by."
        )
    })
}

impl Design {
    /// Of one axis; none where fewer than two cells or groups hold rows.
    pub(super) fn of(axis: Axis, baseline: &BaselineColumn, groups: ColumnGroups<'_>) -> Option<Self> {
        let rows = |cells: &[f64]| cells.iter().sum::<f64>();
        let counted =
            groups.column.groups.iter().map(|(&group, counts)| (group, cells(axis, baseline, counts)));
        let counted: Vec<(u64, Vec<f64>)> = counted.filter(|(_, cells)| rows(cells) > 0.0).collect();
        let (_, first) = counted.first()?;
        let mut total = vec![0.0; first.len()];
        for (_, cells) in &counted {
            total.iter_mut().zip(cells).for_each(|(total, cell)| *total += cell);
        }
        let all = rows(&total);
        let used: Vec<usize> = (0..total.len()).filter(|&cell| total.get(cell) > Some(&0.0)).collect();
        if used.len() < 2 || counted.len() < 2 {
            return None;
        }
        let share: Vec<f64> =
            used.iter().filter_map(|&cell| total.get(cell)).map(|cell| cell / all).collect();
        let scatter: Vec<(u64, Vec<f64>)> = counted
            .iter()
            .map(|(group, cells)| {
                let rows = rows(cells);
                let of =
                    |(&cell, share): (&usize, &f64)| cells.get(cell).copied().unwrap_or(0.0) - share * rows;
                (*group, used.iter().zip(&share).map(of).collect())
            })
            .collect();
        let sizes: Vec<f64> = counted.iter().map(|(_, cells)| rows(cells)).collect();
        Some(Self::from_scatter(&scatter, &share, &sizes, groups.order))
    }

    fn from_scatter(scatter: &[(u64, Vec<f64>)], share: &[f64], sizes: &[f64], order: GroupOrder) -> Self {
        let rows: f64 = sizes.iter().sum();
        // Groups of unequal size are worth fewer (Kish).
        let groups = rows * rows / sizes.iter().map(|size| size * size).sum::<f64>();
        let neighbours = matches!(order, GroupOrder::Blocks { .. });
        // Each covariance of neighbouring blocks has noise of its own: the estimate is worth fewer groups.
        let freedom = if neighbours { (groups - 1.0) / 3.0 } else { groups - 1.0 }.max(1.0);
        let cumulated: Vec<(u64, Vec<f64>)> =
            scatter.iter().map(|(group, cells)| (*group, running(cells))).collect();
        let below = running(share);
        let spread: f64 = below.iter().map(|share| share * (1.0 - share)).sum();
        let mut cumulative = 0.0;
        for cell in 0..below.len() {
            cumulative += covariance(&cumulated, cell, cell, neighbours);
        }
        let (mut trace, mut square, mut alone) = (0.0, 0.0, 0.0);
        for (k, p) in share.iter().enumerate() {
            for (l, q) in share.iter().enumerate() {
                square += covariance(scatter, k, l, neighbours).powi(2) / (p * q * rows * rows);
            }
            trace += covariance(scatter, k, k, neighbours) / (p * rows);
            alone += covariance(scatter, k, k, false) / (p * rows);
        }
        let cells = share.len() as f64 - 1.0;
        // The squares of what was estimated are too large by chance, which errs to the safe side.
        let unequal =
            if trace > 0.0 { (cells * square / (trace * trace) - 1.0).clamp(0.0, cells - 1.0) } else { 0.0 };
        Self {
            mean: (trace.max(alone) / cells).max(1.0),
            unequal,
            cumulative: if spread > 0.0 { (cumulative / (spread * rows)).max(1.0) } else { 1.0 },
            freedom,
        }
    }

    /// Widens the test and the bounds of a finding that was made as if rows were independent.
    pub(super) fn widen(&self, finding: &mut Finding, table: &ContingencyTable) {
        finding.evidence.design_effect = Some(self.mean);
        let (n, m) = (finding.evidence.n as f64, finding.evidence.m as f64);
        let widened = table.homogeneity().and_then(|outcome| {
            let p_value = self.p_value(outcome.statistic?, f64::from(outcome.degrees_of_freedom?))?;
            Some(if finding.axis == Axis::Unseen { one_sided(p_value, table) } else { p_value })
        });
        // Never surer than if the rows were independent: an exact test stays exact.
        finding.evidence.p_value = finding.evidence.p_value.zip(widened).map(|(p, widened)| p.max(widened));
        let scores = &mut finding.scores;
        if let (Some(debiased), Some(psi)) = (&mut scores.psi_debiased, scores.psi) {
            *debiased = psi - (psi - *debiased) * self.mean;
        }
        if let (Some(lower), Some(ks)) = (&mut scores.ks_lower, scores.ks) {
            *lower = lower.min(ks_lower(ks, n / self.cumulative, m / self.cumulative));
        }
        let (before, after) = (finding.share.baseline, finding.share.current);
        if let (Some(lower), Some(before), Some(after)) = (&mut finding.share.lower_bound, before, after) {
            let bound = newcombe_of_shares((before, n / self.mean), (after, m / self.mean), Z_95);
            let bound = bound.map_or(0.0, |(low, high)| match finding.axis {
                Axis::Unseen => low.max(0.0),
                _ => low.max(-high).max(0.0),
            });
            *lower = lower.min(bound);
        }
    }

    /// The probability of a chi-square this large, of so many degrees of freedom, where nothing moved.
    fn p_value(&self, statistic: f64, freedom: f64) -> Option<f64> {
        let numerator = (freedom / (1.0 + self.unequal)).max(1.0_f64.min(freedom));
        let f = FisherSnedecor::new(numerator, numerator * self.freedom).ok()?;
        Some(f.sf(statistic / (self.mean * freedom)))
    }
}

/// Of a two-sided test of two cells: is there more of the first in the batch?
fn one_sided(p_value: f64, table: &ContingencyTable) -> f64 {
    let [first, rest] = table.cells.as_slice() else { return p_value };
    let more = first.current as f64 * rest.baseline as f64 > first.baseline as f64 * rest.current as f64;
    if more { p_value / 2.0 } else { 1.0 - p_value / 2.0 }
}

/// The covariance of two cells' counts over all rows, from how the groups scatter around the common shares.
fn covariance(scatter: &[(u64, Vec<f64>)], k: usize, l: usize, neighbours: bool) -> f64 {
    let at = |cells: &[f64], cell: usize| cells.get(cell).copied().unwrap_or(0.0);
    let groups = scatter.len() as f64;
    let own: f64 = scatter.iter().map(|(_, cells)| at(cells, k) * at(cells, l)).sum();
    let across: f64 = scatter
        .windows(2)
        .filter_map(|pair| match pair {
            [(a, left), (b, right)] if neighbours && a + 1 == *b => {
                Some(at(left, k) * at(right, l) + at(right, k) * at(left, l))
            }
            _ => None,
        })
        .sum();
    groups / (groups - 1.0) * (own + across)
}

fn running(values: &[f64]) -> Vec<f64> {
    let add = |sum: &mut f64, value: &f64| {
        *sum += value;
        Some(*sum)
    };
    values.iter().scan(0.0, add).collect()
}

/// The cells of an axis before pooling, as far as the batch's rows fill them.
fn cells(axis: Axis, baseline: &BaselineColumn, counts: &BinCounts) -> Vec<f64> {
    axes::side(axis, baseline, counts).into_iter().map(|cell| cell as f64).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::document::CountedBin;
    use proptest::prelude::*;

    /// Groups of ten rows, of which 0 to 9 lie in the first of two cells.
    fn stairs() -> Vec<(u64, Vec<f64>)> {
        (0..10).map(|group| (group, vec![group as f64 - 4.5, 4.5 - group as f64])).collect()
    }

    /// By hand: 10/9 times the sum of (k - 4.5)², over 100 times 0.45 times 0.55. The p-value of 10 is that of
    /// Student's t with 9 degrees of freedom at the root of 10 over it, integrated numerically.
    #[test]
    fn the_effect_of_two_cells_is_the_ratio_of_variances() {
        let design = Design::from_scatter(&stairs(), &[0.45, 0.55], &[10.0; 10], GroupOrder::Clusters);
        assert!((design.mean - 100.0 / 27.0).abs() < 1e-12);
        assert!((design.cumulative - design.mean).abs() < 1e-12);
        assert_eq!((design.unequal, design.freedom), (0.0, 9.0));
        assert!((design.p_value(10.0, 1.0).unwrap() - 0.134_762_218).abs() < 1e-7);
    }

    #[test]
    fn neighbouring_blocks_that_are_alike_weigh_even_less() {
        let order = GroupOrder::Blocks { level: 0 };
        let design = Design::from_scatter(&stairs(), &[0.45, 0.55], &[10.0; 10], order);
        assert!((design.mean - 80.0 / 9.0).abs() < 1e-12, "{}", design.mean);
        // Blocks that do not follow one another have no such covariance.
        let apart: Vec<_> = stairs().into_iter().map(|(group, cells)| (2 * group, cells)).collect();
        let design = Design::from_scatter(&apart, &[0.45, 0.55], &[10.0; 10], order);
        assert!((design.mean - 100.0 / 27.0).abs() < 1e-12);
    }

    #[test]
    fn groups_that_do_not_scatter_weigh_as_independent_rows() {
        let still: Vec<_> = (0..20).map(|group| (group, vec![0.0, 0.0, 0.0])).collect();
        let design = Design::from_scatter(&still, &[0.2, 0.3, 0.5], &[5.0; 20], GroupOrder::Clusters);
        assert_eq!((design.mean, design.cumulative, design.unequal), (1.0, 1.0, 0.0));
    }

    proptest! {
        /// However the groups scatter, nothing becomes surer by them.
        #[test]
        fn widening_never_makes_surer(
            groups in prop::collection::vec(prop::collection::vec(0u32..30, 3), 10..40),
            counts in prop::collection::vec((1u64..400, 1u64..400), 3),
            blocks in any::<bool>(),
        ) {
            let total = |cell: usize| groups.iter().map(|cells| f64::from(cells[cell])).sum::<f64>();
            let rows: f64 = (0..3).map(total).sum();
            let sizes: Vec<f64> = groups.iter().map(|cells| f64::from(cells.iter().sum::<u32>())).collect();
            prop_assume!((0..3).all(|cell| total(cell) > 0.0));
            let share: Vec<f64> = (0..3).map(|cell| total(cell) / rows).collect();
            let scatter: Vec<(u64, Vec<f64>)> = groups.iter().enumerate().map(|(group, cells)| {
                let own: u32 = cells.iter().sum();
                let of = |(cell, share): (&u32, &f64)| f64::from(*cell) - share * f64::from(own);
                (group as u64, cells.iter().zip(&share).map(of).collect())
            }).collect();
            let order = if blocks { GroupOrder::Blocks { level: 0 } } else { GroupOrder::Clusters };
            let design = Design::from_scatter(&scatter, &share, &sizes, order);
            let cell = |&(baseline, current): &(u64, u64)| CountedBin { bin: String::new(), baseline, current };
            let table = ContingencyTable { cells: counts.iter().map(cell).collect() };
            let alone = table.homogeneity().unwrap();
            let widened = design.p_value(alone.statistic.unwrap(), 2.0).unwrap();
            prop_assert!(widened.is_finite() && (0.0..=1.0).contains(&widened));
            prop_assert!(design.mean >= 1.0 && design.cumulative >= 1.0 && design.unequal >= 0.0);
        }
    }
}
