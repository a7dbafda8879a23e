//! Which rows belong together, and sums by group and block.

use std::collections::BTreeMap;

use super::cells::{Sums, slot};
use super::dictionary::{Dictionary, WhenFull};
use crate::policy::{AND, Policy};
use pawl_stats::concordance::MAX_BLOCKS;

/// Blocks that rows are dealt into where no cluster column says which belong together. Resampling
/// blocks of independent rows is a bootstrap of rows whose variance is known to 2 %.
const ROW_BLOCKS: u64 = 1024;

/// Dictionary kept apart in one grouping; later ones are counted together.
const MAX_VALUES: usize = 256;

/// Rows told apart by one or more columns.
#[derive(Debug)]
pub(crate) struct Grouping<C> {
    /// Places among the judge's columns.
    columns: Vec<usize>,
    values: Dictionary,
    /// By value, then block; blocks after the last one seen are absent.
    counts: Vec<Vec<C>>,
}

/// Which rows belong together, and sums by group.
#[derive(Debug)]
pub(crate) struct GroupCounter<C> {
    clusters: Option<(usize, Dictionary)>,
    rows: u64,
    groupings: BTreeMap<Vec<String>, Grouping<C>>,
    text: String,
}

impl<C: Sums> GroupCounter<C> {
    /// Sums for the groupings of this policy; columns are found in `columns`, as rows will bring them.
    pub(crate) fn new(columns: &[String], policy: &Policy) -> Self {
        let place = |name: &str| columns.iter().position(|c| c == name);
        let grouping = |names: Vec<String>| {
            let columns = names.iter().filter_map(|name| place(name)).collect();
            let values = Dictionary::new(MAX_VALUES, WhenFull::Rest);
            (names, Grouping { columns, values, counts: Vec::new() })
        };
        let cluster = policy.cluster.as_deref().and_then(place);
        Self {
            clusters: cluster.map(|place| (place, Dictionary::new(MAX_BLOCKS, WhenFull::Share))),
            rows: 0,
            groupings: policy.groupings().into_iter().map(grouping).collect(),
            text: String::new(),
        }
    }

    /// Adds a row to its groups, by its columns' values; says which block it belongs to.
    pub(crate) fn push(&mut self, columns: &[&str], row: impl Fn(&mut C)) -> u32 {
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
    pub(crate) fn groups(&self, names: &[String]) -> impl Iterator<Item = (&str, &[C])> {
        let grouping = self.groupings.get(names);
        grouping
            .into_iter()
            .flat_map(|g| g.values.names().iter().map(String::as_str).zip(g.counts.iter().map(Vec::as_slice)))
    }
}
