//! Rows that belong together, such as those of one user or one day, counted in frozen bins group by group:
//! what tells how much less they weigh than as many rows that have nothing to do with each other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bins::BinCounts;

/// The most groups that are counted apart. Clusters share so many buckets; where blocks of time are more,
/// neighbours become one.
pub const MOST_GROUPS: usize = 64;

/// Which rows belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Those with the same value in this column, such as a user.
    Cluster(String),
    /// Those of the same stretch of time.
    Block {
        /// The column of dates or timestamps; none for the first column that holds one.
        date: Option<String>,
        /// A column of hours, where the date column holds none.
        hour: Option<String>,
        /// How long a block is, in seconds; at least 1.
        seconds: u64,
    },
}

/// How many groups were counted, and which are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupOrder {
    /// Clusters, by the remainder of their hash: no order.
    Clusters,
    /// Blocks of time, 2^level of the wanted length each: numbers that follow one another are neighbours.
    Blocks {
        /// How often neighbours were joined.
        level: u32,
    },
}

/// One column counted group by group. Counts of the same group add up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupedColumn {
    /// The column's name.
    pub name: String,
    /// By group: the counts in the frozen bins of the column.
    pub groups: BTreeMap<u64, BinCounts>,
}

/// All columns counted group by group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupedCounts {
    /// Whether groups are neighbours.
    pub order: GroupOrder,
    /// One entry for each column with bins.
    pub columns: Vec<GroupedColumn>,
    /// Rows whose group cannot be told, such as one without a time: in no group.
    pub ungrouped: u64,
}

impl GroupedCounts {
    /// Nothing counted yet.
    pub fn new(grouping: &Grouping) -> Self {
        let order = match grouping {
            Grouping::Cluster(_) => GroupOrder::Clusters,
            Grouping::Block { .. } => GroupOrder::Blocks { level: 0 },
        };
        Self { order, columns: Vec::new(), ungrouped: 0 }
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&GroupedColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The group in which the rows of a cluster or a block are counted.
    pub fn place(&self, group: u64) -> u64 {
        match self.order {
            GroupOrder::Clusters => group % MOST_GROUPS as u64,
            GroupOrder::Blocks { level } => group >> level.min(63),
        }
    }

    /// Joins neighbouring blocks until none of the columns has more than [`MOST_GROUPS`].
    pub fn bound(&mut self) {
        while self.columns.iter().any(|column| column.groups.len() > MOST_GROUPS) {
            let GroupOrder::Blocks { level } = self.order else { return };
            self.coarsen(level + 1);
        }
    }

    /// Joins neighbours until the blocks are of this level.
    fn coarsen(&mut self, to: u32) {
        let GroupOrder::Blocks { level } = &mut self.order else { return };
        let steps = to.saturating_sub(*level).min(63);
        *level = to.max(*level);
        if steps == 0 {
            return;
        }
        for column in &mut self.columns {
            for (group, counts) in std::mem::take(&mut column.groups) {
                column.groups.entry(group >> steps).or_default().merge(&counts);
            }
        }
    }

    /// The same where either may be none: nothing was counted there.
    pub fn join(all: &mut Option<Self>, more: Option<&Self>) {
        match (all.as_mut(), more) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (None, Some(theirs)) => *all = Some(theirs.clone()),
            (_, None) => {}
        }
    }

    /// Adds the counts of other rows, grouped in the same way.
    pub fn merge(&mut self, other: &Self) {
        self.ungrouped += other.ungrouped;
        let mut other = other.clone();
        if let (GroupOrder::Blocks { level: mine }, GroupOrder::Blocks { level: theirs }) =
            (self.order, other.order)
        {
            self.coarsen(theirs);
            other.coarsen(mine);
        }
        for theirs in other.columns {
            match self.columns.iter_mut().find(|mine| mine.name == theirs.name) {
                Some(mine) => {
                    for (group, counts) in theirs.groups {
                        mine.groups.entry(group).or_default().merge(&counts);
                    }
                }
                None => self.columns.push(theirs),
            }
        }
        self.bound();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(groups: std::ops::Range<u64>) -> GroupedCounts {
        let counts = |group| (group, BinCounts { bins: vec![1, group], ..BinCounts::default() });
        let column = GroupedColumn { name: "x".to_owned(), groups: groups.map(counts).collect() };
        let order = GroupOrder::Blocks { level: 0 };
        let mut all = GroupedCounts { order, columns: vec![column], ungrouped: 1 };
        all.bound();
        all
    }

    #[test]
    fn blocks_that_are_too_many_join_their_neighbours_and_lose_no_row() {
        let all = blocks(1000..1300);
        assert_eq!(all.order, GroupOrder::Blocks { level: 3 });
        let groups = &all.columns[0].groups;
        assert!(groups.len() <= MOST_GROUPS && groups.len() > MOST_GROUPS / 2);
        assert_eq!(groups.values().map(|counts| counts.bins[0]).sum::<u64>(), 300);
        assert_eq!(groups[&(1000 >> 3)].bins[1], (1000..1008).sum::<u64>());
    }

    #[test]
    fn parts_merge_to_what_the_whole_yields_at_any_level() {
        let mut merged = blocks(1000..1010);
        merged.merge(&blocks(1010..1300));
        let mut turned = blocks(1010..1300);
        turned.merge(&blocks(1000..1010));
        let whole = blocks(1000..1300);
        assert_eq!(merged.columns, whole.columns);
        assert_eq!(turned.columns, whole.columns);
        assert_eq!((merged.order, merged.ungrouped), (whole.order, 2));
    }

    #[test]
    fn clusters_share_a_bounded_number_of_buckets() {
        let all = GroupedCounts::new(&Grouping::Cluster("user".to_owned()));
        assert!((0..10_000).all(|cluster| all.place(cluster * 977) < MOST_GROUPS as u64));
    }
}
