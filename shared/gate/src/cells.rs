//! Exact sums of what both models said of whom, block by block: all that resampling, fairness and
//! slices need, whatever the number of rows.

use std::collections::BTreeMap;

use super::policy::Policy;
use super::values::{Full, Values};
use pawl_stats::concordance::MAX_BLOCKS;
use pawl_stats::mcnemar::Discordance;

/// Blocks that rows are dealt into where no cluster column says which belong together. Resampling
/// blocks of independent rows is a bootstrap of rows whose variance is known to 2 %.
const ROW_BLOCKS: u64 = 1024;

/// Values kept apart in one grouping; later ones are counted together.
const MAX_VALUES: usize = 256;

/// Counts by label, champion's prediction and challenger's prediction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Cells(pub(super) [f64; 8]);

/// One model's confusion matrix, as sums that a resample may have weighted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Matrix {
    pub(super) true_positives: f64,
    pub(super) false_positives: f64,
    pub(super) true_negatives: f64,
    pub(super) false_negatives: f64,
}

impl Cells {
    pub(super) fn add(&mut self, positive: bool, champion: bool, challenger: bool) {
        let cell = usize::from(positive) << 2 | usize::from(champion) << 1 | usize::from(challenger);
        if let Some(count) = self.0.get_mut(cell) {
            *count += 1.0;
        }
    }

    pub(super) fn challenger(&self) -> Matrix {
        let [n00, n01, n10, n11, p00, p01, p10, p11] = self.0;
        Matrix {
            true_positives: p01 + p11,
            false_negatives: p00 + p10,
            false_positives: n01 + n11,
            true_negatives: n00 + n10,
        }
    }

    pub(super) fn champion(&self) -> Matrix {
        let [n00, n01, n10, n11, p00, p01, p10, p11] = self.0;
        Matrix {
            true_positives: p10 + p11,
            false_negatives: p00 + p01,
            false_positives: n10 + n11,
            true_negatives: n00 + n01,
        }
    }

    /// The sums of this list, as a resample weighs them.
    pub(super) fn of(sums: &[f64]) -> Self {
        let mut cells = Self::default();
        cells.0.iter_mut().zip(sums).for_each(|(count, sum)| *count = *sum);
        cells
    }

    /// Who is right on how many rows.
    pub(super) fn discordance(&self) -> Discordance {
        let [_, n01, n10, _, _, p01, p10, _] = self.0;
        Discordance {
            challenger_only: (n10 + p01) as u64,
            champion_only: (n01 + p10) as u64,
            rows: self.0.iter().sum::<f64>() as u64,
        }
    }
}

impl Sums for Cells {
    fn plus(mut self, other: &Self, times: f64) -> Self {
        for (count, other) in self.0.iter_mut().zip(&other.0) {
            *count += times * other;
        }
        self
    }
}

impl AsRef<[f64]> for Cells {
    fn as_ref(&self) -> &[f64] {
        &self.0
    }
}

impl Matrix {
    pub(super) fn positives(&self) -> f64 {
        self.true_positives + self.false_negatives
    }

    pub(super) fn negatives(&self) -> f64 {
        self.true_negatives + self.false_positives
    }

    pub(super) fn rows(&self) -> f64 {
        self.positives() + self.negatives()
    }

    pub(super) fn selected(&self) -> f64 {
        self.true_positives + self.false_positives
    }

    pub(super) fn rejected(&self) -> f64 {
        self.true_negatives + self.false_negatives
    }
}

/// Rows told apart by one or more columns.
#[derive(Debug)]
pub(super) struct Grouping<C> {
    /// Places among the judge's columns.
    columns: Vec<usize>,
    values: Values,
    /// By value, then block; blocks after the last one seen are absent.
    counts: Vec<Vec<C>>,
}

/// What is added up for each value of a grouping.
pub(super) trait Sums: Copy + Default {
    /// These and `times` the others.
    fn plus(self, other: &Self, times: f64) -> Self;
}

/// Which rows belong together, and sums by group.
#[derive(Debug)]
pub(super) struct Counts<C> {
    clusters: Option<(usize, Values)>,
    rows: u64,
    groupings: BTreeMap<Vec<String>, Grouping<C>>,
    text: String,
}

impl<C: Sums> Counts<C> {
    /// Sums for the groupings of this policy; columns are found in `columns`, as rows will bring them.
    pub(super) fn new(columns: &[String], policy: &Policy) -> Self {
        let place = |name: &str| columns.iter().position(|c| c == name);
        let grouping = |names: Vec<String>| {
            let columns = names.iter().filter_map(|name| place(name)).collect();
            let values = Values::new(MAX_VALUES, Full::Rest);
            (names, Grouping { columns, values, counts: Vec::new() })
        };
        let cluster = policy.cluster.as_deref().and_then(place);
        Self {
            clusters: cluster.map(|place| (place, Values::new(MAX_BLOCKS, Full::Share))),
            rows: 0,
            groupings: policy.groupings().into_iter().map(grouping).collect(),
            text: String::new(),
        }
    }

    /// Adds a row to its groups, by its columns' values; says which block it belongs to.
    pub(super) fn push(&mut self, columns: &[&str], row: impl Fn(&mut C)) -> u32 {
        let block = match &mut self.clusters {
            Some((place, clusters)) => clusters.number(columns.get(*place).unwrap_or(&"")),
            None => (self.rows % ROW_BLOCKS) as u32,
        };
        self.rows += 1;
        for grouping in self.groupings.values_mut() {
            let value = match *grouping.columns {
                [one] => grouping.values.number(columns.get(one).unwrap_or(&"")),
                ref several => {
                    self.text.clear();
                    for place in several {
                        if !self.text.is_empty() {
                            self.text.push_str(AND);
                        }
                        self.text.push_str(columns.get(*place).unwrap_or(&""));
                    }
                    grouping.values.number(&self.text)
                }
            };
            row(slot(slot(&mut grouping.counts, value as usize), block as usize));
        }
        block
    }

    /// Every value of a grouping with its sums by block.
    pub(super) fn groups(&self, names: &[String]) -> impl Iterator<Item = (&str, &[C])> {
        let grouping = self.groupings.get(names);
        grouping
            .into_iter()
            .flat_map(|g| g.values.names().iter().map(String::as_str).zip(g.counts.iter().map(Vec::as_slice)))
    }
}

/// Between the values of an intersection.
pub(super) const AND: &str = " & ";

pub(super) fn sum<'a, C: Sums + 'a>(sums: impl IntoIterator<Item = &'a C>) -> C {
    sums.into_iter().fold(C::default(), |sum, one| sum.plus(one, 1.0))
}

/// The place of a list, which grows to it.
pub(super) fn slot<T: Default>(list: &mut Vec<T>, place: usize) -> &mut T {
    if list.len() <= place {
        list.resize_with(place + 1, T::default);
    }
    &mut list[place]
}
