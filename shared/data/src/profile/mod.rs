//! What a column of data looks like, in memory that does not grow with the rows.
//!
//! A [`Profile`] describes one part of the data; profiles of parts [merge](Profile::merge) into the
//! profile of the whole, in any order. Counts, extremes and bins merge exactly, means and
//! deviations to rounding, quantiles and distinct counts within the error stated beside them.
//!
//! ```
//! use pawl_data::dataset::{Scanner, Schema};
//!
//! let profile = |csv: &str| {
//!     let mut scanner = Scanner::new(&Schema::default());
//!     scanner.feed(csv.as_bytes(), &mut ())?;
//!     Ok::<_, pawl_data::dataset::ScanError>(scanner.finish(&mut ())?.profile)
//! };
//! let mut whole = profile("temp\n1\n2\n")?;
//! whole.merge(&profile("temp\n6\n")?);
//! assert_eq!(whole.column("temp").and_then(|temp| temp.numbers.mean()), Some(3.0));
//! # Ok::<(), pawl_data::dataset::ScanError>(())
//! ```

pub mod binary;
pub mod bins;
mod column;
mod column_type;
mod counter;
mod dictionary;
mod freeze;
mod groups;
pub mod hash;
mod hll;
mod kll;
mod moments;
mod room;
mod sample;
mod segments;
mod shape;
mod stretch;
mod summary;
pub mod typed;
pub mod value;
mod values;

pub use column::ColumnProfile;
pub use column_type::{ColumnType, TypeCounts};
pub(crate) use counter::{Counter, Judge, Mark};
pub use freeze::BinCounter;
pub use groups::{GroupOrder, GroupedColumn, GroupedCounts, Grouping, MOST_GROUPS};
pub use kll::{Kll, RANK_ERROR};
pub use moments::Moments;
pub use room::{Coarseness, EXACT_LIMIT};
pub(crate) use sample::Sampler;
pub use sample::{RowSample, SAMPLED_COLUMNS, SAMPLED_PAIRS, SampledRow, SampledValue};
pub use segments::{MAX_VALUES, Segment, SegmentValues, Segments};
use serde::{Deserialize, Serialize};
pub use shape::{Shapes, shape};
pub use stretch::{Gap, Gaps, Stretch, Stretches, TimeProfile};
pub use summary::{ColumnSummary, Extreme, Frequent, HistogramBar, NumberSummary, Summary, ValueCounts};
pub use values::{CountedValue, Values};

/// The version of the [`Profile`] document that this code writes.
pub const PROFILE_VERSION: u32 = 1;

/// The profile of a part of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// [`PROFILE_VERSION`] when it was written.
    pub version: u32,
    /// The rows profiled.
    pub rows: u64,
    /// Rows that were read and are not in it, because they break a rule. 0 in documents of versions that did
    /// not count them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// How many parts were merged: objects, or ranges of one.
    pub parts: u64,
    /// The rows of the smallest and of the largest part.
    pub part_rows: (u64, u64),
    /// One entry a column, in the order of the data.
    pub columns: Vec<ColumnProfile>,
    /// The time order; none when no time columns are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeProfile>,
    /// The same of each part of the rows, where parts were asked for.
    #[serde(default, skip_serializing_if = "Segments::is_empty")]
    pub segments: Segments<Profile>,
    /// A sample of the rows; none where a part was not sampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<RowSample>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out a reference
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Profile {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Adds the profile of another part of the data. Columns are matched by name; one that only
    /// the other part has is added with its own rows.
    pub fn merge(&mut self, other: &Self) {
        if other.parts == 0 {
            return;
        }
        if self.parts == 0 {
            *self = other.clone();
            return;
        }
        self.rows += other.rows;
        self.left_out += other.left_out;
        self.parts += other.parts;
        self.part_rows = (self.part_rows.0.min(other.part_rows.0), self.part_rows.1.max(other.part_rows.1));
        for theirs in &other.columns {
            match self.columns.iter_mut().find(|mine| mine.name == theirs.name) {
                Some(mine) => mine.merge(theirs),
                None => self.columns.push(theirs.clone()),
            }
        }
        match (&mut self.time, &other.time) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, theirs) => mine.clone_from(theirs),
            (Some(_), None) => {}
        }
        self.segments.merge(&other.segments, Self::merge);
        // A sample that leaves a part out would speak for other rows than the profile does.
        match (&mut self.sample, &other.sample) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine, _) => *mine = None,
        }
    }
}

impl Default for Profile {
    /// The profile of nothing: merging it changes nothing.
    fn default() -> Self {
        Self {
            version: PROFILE_VERSION,
            rows: 0,
            left_out: 0,
            parts: 0,
            part_rows: (0, 0),
            columns: Vec::new(),
            time: None,
            segments: Segments::default(),
            sample: None,
        }
    }
}
