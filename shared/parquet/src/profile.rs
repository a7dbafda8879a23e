//! The profile of row groups, column by column.

use std::ops::Range;

use parquet::file::reader::ChunkReader;
use pawl_data::dataset::{BinnedColumn, Schema};
use pawl_data::profile::ColumnProfile;
use pawl_data::profile::bins::Baseline;
use pawl_data::profile::typed::TypedColumn;

use crate::column;
use crate::error::ParquetError;
use crate::file::ParquetFile;
use crate::fill::Fill;
use crate::rows::Cursor;

/// The profile of one leaf.
pub(crate) struct Profiled {
    pub(crate) column: ColumnProfile,
    pub(crate) binned: Option<BinnedColumn>,
}

/// Profiles leaves, by their index: one column of one row group is in memory at a time.
pub(crate) fn profile<R: ChunkReader>(
    file: &ParquetFile<R>,
    row_groups: Range<usize>,
    schema: &Schema,
    baseline: Option<&Baseline>,
    leaves: &[usize],
) -> Result<Vec<Profiled>, ParquetError> {
    let mut found = Vec::with_capacity(leaves.len());
    // One leaf after the other: what a profile needs while values come would be much for all of many columns.
    for &index in leaves {
        let leaf = &file.leaves[index];
        let bins = baseline.and_then(|baseline| baseline.column(&leaf.name));
        let make = |numbers| TypedColumn::new(&leaf.name, numbers, &schema.null_words, bins, leaves.len());
        let mut fill = Fill::new(leaf, make);
        for row_group in row_groups.clone() {
            if leaf.repeated() {
                lists(file, row_group, index, &mut fill)?;
            } else {
                column::read(file, row_group, index, &mut fill)?;
            }
        }
        let (column, counts) = fill.finish().finish();
        let binned = counts.map(|counts| BinnedColumn { name: column.name.clone(), counts });
        found.push(Profiled { column, binned });
    }
    Ok(found)
}

/// Adds the lists of a repeated leaf, one a row.
fn lists<R: ChunkReader>(
    file: &ParquetFile<R>,
    row_group: usize,
    index: usize,
    fill: &mut Fill,
) -> Result<(), ParquetError> {
    let mut cursor = Cursor::new(file, row_group, index)?;
    for _ in 0..file.metadata.row_group(row_group).num_rows() {
        match cursor.next()? {
            Some(list) => fill.list(list),
            None => fill.missing(1),
        }
    }
    cursor.end()
}
