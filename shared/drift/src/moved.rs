//! The pairs of columns that a document names because they no longer move together.

use serde::{Deserialize, Serialize};

/// What of a column was correlated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairedScore {
    /// The rank of its numbers: the correlation is Spearman's.
    Rank,
    /// How far the rank lies from the middle.
    Spread,
    /// Whether it holds one of its commonest values.
    Value,
}

/// One column of a [`MovedPair`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedColumn {
    /// Its name.
    pub column: String,
    /// What of it was correlated.
    pub score: PairedScore,
}

/// Two columns whose correlation moved for sure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MovedPair {
    /// One of them.
    pub first: PairedColumn,
    /// The other.
    pub second: PairedColumn,
    /// The correlation in the baseline, -1 to 1.
    pub baseline: f64,
    /// The correlation in the batch, -1 to 1.
    pub current: f64,
    /// By how much it moved at least, at 95 % for all pairs at once.
    pub change_lower: f64,
}
