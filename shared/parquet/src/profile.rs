//! The profile of row groups.

use std::ops::Range;

use parquet::file::reader::ChunkReader;
use pawl::dataset::{BinnedColumn, Scan, Schema, Tally};
use pawl::profile::bins::Baseline;
use pawl::profile::typed::TypedColumn;
use pawl::profile::{PROFILE_VERSION, Profile};

use crate::column;
use crate::error::ParquetError;
use crate::file::ParquetFile;
use crate::fill::Fill;

/// What to read of a file, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan<'a> {
    /// The row groups, from 0; none for all.
    pub row_groups: Option<(usize, usize)>,
    /// Null words and ignored columns, as in CSV; none for the defaults of CSV.
    pub schema: Option<&'a Schema>,
    /// Frozen bins to count values in.
    pub baseline: Option<&'a Baseline>,
}

/// Profiles row groups, column by column: one column of one row group is in memory at a time.
///
/// Every row counts; a rule for rows is not judged here. Profiles of parts merge into that of the whole.
///
/// # Errors
/// A [`ParquetError`] that names the column and the place.
pub fn profile<R: ChunkReader>(file: &ParquetFile<R>, plan: Plan<'_>) -> Result<Scan, ParquetError> {
    let default = Schema::default();
    let schema = plan.schema.unwrap_or(&default);
    let row_groups = row_groups(file, plan.row_groups)?;
    let mut fills: Vec<(usize, Fill)> = (0..file.leaves.len())
        .filter(|&index| !schema.ignore.contains(&file.leaves[index].name))
        .map(|index| {
            let leaf = &file.leaves[index];
            let bins = plan.baseline.and_then(|baseline| baseline.column(&leaf.name));
            let make =
                |numbers| TypedColumn::new(&leaf.name, numbers, &schema.null_words, bins, file.leaves.len());
            (index, Fill::new(leaf, make))
        })
        .collect();
    let mut rows = 0;
    for row_group in row_groups {
        for (index, fill) in &mut fills {
            column::read(file, row_group, *index, fill)?;
        }
        rows += file.metadata.row_group(row_group).num_rows().unsigned_abs();
    }
    let (mut columns, mut binned) = (Vec::new(), Vec::new());
    for (index, fill) in fills {
        let (profile, counts) = fill.finish().finish();
        columns.push(profile);
        binned.extend(counts.map(|counts| BinnedColumn { name: file.leaves[index].name.clone(), counts }));
    }
    let profile =
        Profile { version: PROFILE_VERSION, rows, parts: 1, part_rows: (rows, rows), columns, time: None };
    Ok(Scan { profile, binned, tally: Tally { rows, accepted: rows, ..Tally::default() } })
}

/// The row groups asked for, all of them in the file.
pub(crate) fn row_groups<R: ChunkReader>(
    file: &ParquetFile<R>,
    wanted: Option<(usize, usize)>,
) -> Result<Range<usize>, ParquetError> {
    let all = file.row_groups();
    let (from, to) = wanted.unwrap_or((0, all));
    if to > all {
        return Err(ParquetError::NoRowGroup { wanted: to - 1, row_groups: all });
    }
    Ok(from..to)
}
