//! The rows of a holdout, tallied as their task asks.

use super::binary::Binary;
use super::evidence::RowEvidence;
use super::multiclass::Multiclass;
use super::regression::Regression;
use crate::policy::{ClassShares, Policy, Task, Thresholds};
use crate::row::{Against, PairedRow, Unfit};

/// The rows so far, by task.
#[derive(Debug)]
pub(crate) enum Tally {
    Binary(Box<Binary>),
    Multiclass(Box<Multiclass>),
    Regression(Box<Regression>),
}

impl Tally {
    /// No rows yet; `columns` are those that rows will bring.
    pub(crate) fn new(policy: &Policy, columns: &[String], seed: u64) -> Self {
        match policy.task {
            Task::Binary => Self::Binary(Box::new(Binary::new(policy, columns, seed))),
            Task::Multiclass => Self::Multiclass(Box::new(Multiclass::new(policy, columns))),
            Task::Regression => Self::Regression(Box::new(Regression::new(policy, columns, seed))),
        }
    }

    /// Takes one row in; says whether some model gets it wrong. A number is never right to the last digit.
    pub(crate) fn push(&mut self, row: &PairedRow<'_>) -> Result<bool, Unfit> {
        match self {
            Self::Binary(tally) => tally.push(row),
            Self::Multiclass(tally) => tally.push(row),
            Self::Regression(tally) => tally.push(row).map(|()| true),
        }
    }

    /// Decides later rows at these thresholds; other tasks than a binary one have none.
    pub(crate) fn set_thresholds(&mut self, thresholds: Thresholds) {
        if let Self::Binary(tally) = self {
            tally.set_thresholds(thresholds);
        }
    }

    /// How the labels spread over their classes; `None` where there are no classes.
    pub(crate) fn class_shares(&self) -> Option<ClassShares> {
        match self {
            Self::Binary(tally) => Some(tally.class_shares()),
            Self::Multiclass(tally) => Some(tally.class_shares()),
            Self::Regression(_) => None,
        }
    }

    /// What the rows amount to.
    pub(crate) fn finish(self, policy: &Policy, against: Against, seed: u64) -> RowEvidence {
        match self {
            Self::Binary(tally) => tally.finish(policy, against, seed),
            Self::Multiclass(tally) => tally.finish(policy, against, seed),
            Self::Regression(tally) => tally.finish(policy, against, seed),
        }
    }
}
