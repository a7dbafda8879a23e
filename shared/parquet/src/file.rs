//! A Parquet file, opened: its footer read and believed.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Repetition;
use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::Type as SchemaType;
use pawl_data::dataset::unique_names;

use crate::error::{FileLocation, ParquetError};
use crate::footer;
use crate::leaf::Leaf;
use crate::limits::FOOTER_LIMIT;

/// No more values are believed in a file than this many for each of its bytes. A column of one value
/// takes some hundred bytes for each million of rows.
const VALUES_PER_BYTE: u64 = 1 << 16;

/// A Parquet file whose footer was read.
pub struct ParquetFile<R> {
    pub(crate) source: Arc<R>,
    pub(crate) metadata: ParquetMetaData,
    pub(crate) leaves: Vec<Leaf>,
    /// What was changed about the names of the leaves.
    pub(crate) notes: Vec<String>,
}

impl<R: ChunkReader> ParquetFile<R> {
    /// Reads the footer.
    ///
    /// # Errors
    /// What is no Parquet file, is encrypted, is broken or is larger than what is held in memory.
    pub fn open(source: R) -> Result<Self, ParquetError> {
        let size = source.len();
        let not = |reason: String| ParquetError::NotParquet { reason };
        if size < 12 {
            return Err(not(format!("it has {size} bytes")));
        }
        let tail = fetch(&source, size - 8, 8)?;
        let length = match tail.split_first_chunk::<4>() {
            Some((length, b"PAR1")) => u64::from(u32::from_le_bytes(*length)),
            Some((_, b"PARE")) => return Err(ParquetError::Encrypted),
            _ => return Err(not("its last four bytes are not PAR1".to_owned())),
        };
        if length + 12 > size {
            return Err(not(format!("its footer of {length} bytes is longer than the file")));
        }
        if length > FOOTER_LIMIT {
            return Err(ParquetError::TooLarge {
                what: "a footer (bytes)".to_owned(),
                size: length,
                limit: FOOTER_LIMIT,
                fix: "write larger row groups, or several files",
            });
        }
        let bytes = fetch(&source, size - 8 - length, length)?;
        footer::check(&bytes)?;
        let options = ParquetMetaDataOptions::new()
            .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let metadata =
            guarded(|| ParquetMetaDataReader::decode_metadata_with_options(&bytes, Some(&options)))
                .map_err(|reason| ParquetError::Footer { reason })?;
        let (leaves, notes) = leaves(&metadata);
        let file = Self { source: Arc::new(source), leaves, metadata, notes };
        file.check(size)?;
        Ok(file)
    }

    /// How many row groups there are.
    pub fn row_groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// The rows of each row group.
    pub fn rows(&self) -> Vec<u64> {
        self.metadata.row_groups().iter().map(|group| group.num_rows().unsigned_abs()).collect()
    }

    /// Runs of row groups of about so many rows, in order; at least one.
    pub fn runs(&self, rows: u64) -> Vec<Range<usize>> {
        runs(&self.rows(), rows)
    }

    /// The names of the leaf columns, in order.
    pub fn columns(&self) -> Vec<String> {
        self.leaves.iter().map(|leaf| leaf.name.clone()).collect()
    }

    /// Holds what the footer declares against the file's size: not more bytes of columns than there are,
    /// not more values than such a file can hold, and each row once in each column.
    fn check(&self, size: u64) -> Result<(), ParquetError> {
        let (mut bytes, mut values, mut rows) = (0u64, 0u64, 0u64);
        for (row_group, group) in self.metadata.row_groups().iter().enumerate() {
            let here = u64::try_from(group.num_rows()).map_err(|_| ParquetError::Footer {
                reason: format!("row group {row_group} has fewer than no rows"),
            })?;
            rows = rows.saturating_add(here);
            for (leaf, chunk) in self.leaves.iter().zip(group.columns()) {
                let place = FileLocation { column: leaf.name.clone(), row_group, byte: 0 };
                let broken = |what: &str| place.broken(format!("the footer says {what}"));
                let length = u64::try_from(chunk.compressed_size())
                    .map_err(|_| broken("it has fewer than no bytes"))?;
                let count =
                    u64::try_from(chunk.num_values()).map_err(|_| broken("it has fewer than no values"))?;
                if leaf.repeated() && count < here || !leaf.repeated() && count != here {
                    return Err(broken(&format!("it has {count} values in {} rows", group.num_rows())));
                }
                bytes = bytes.saturating_add(length);
                values = values.saturating_add(count);
            }
        }
        let footer = |reason: String| Err(ParquetError::Footer { reason });
        if bytes > size {
            return footer(format!("it declares {bytes} bytes of columns in a file of {size}"));
        }
        for (count, what) in [(values, "values"), (rows, "rows")] {
            if count > size.saturating_mul(VALUES_PER_BYTE) {
                return footer(format!("it declares {count} {what} in a file of {size} bytes"));
            }
        }
        Ok(())
    }
}

/// The leaves, each under a name of its own, and what was changed about the names.
fn leaves(metadata: &ParquetMetaData) -> (Vec<Leaf>, Vec<String>) {
    let schema = metadata.file_metadata().schema_descr();
    let mut lists = Vec::with_capacity(schema.num_columns());
    lists_around(schema.root_schema(), 0, &[], &mut lists);
    let columns = schema.columns().iter().zip(lists);
    let mut leaves: Vec<Leaf> = columns.map(|(column, lists)| Leaf::new(column, lists)).collect();
    let (names, notes) = unique_names(leaves.iter().map(|leaf| leaf.name.clone()));
    leaves.iter_mut().zip(names).for_each(|(leaf, name)| leaf.name = name);
    (leaves, notes)
}

/// For each leaf below a node, in their order, the definition levels from which on the lists around it have
/// an item, outermost first.
fn lists_around(node: &SchemaType, definition: u32, above: &[u32], found: &mut Vec<Vec<u32>>) {
    for field in node.get_fields() {
        let info = field.get_basic_info();
        let repetition = info.has_repetition().then(|| info.repetition());
        let definition = definition + u32::from(repetition.is_some_and(|it| it != Repetition::REQUIRED));
        let mut lists = above.to_vec();
        lists.extend((repetition == Some(Repetition::REPEATED)).then_some(definition));
        if field.is_group() {
            lists_around(field, definition, &lists, found);
        } else {
            found.push(lists);
        }
    }
}

/// Bytes of the file.
pub(crate) fn fetch(source: &impl ChunkReader, at: u64, length: u64) -> Result<Bytes, ParquetError> {
    let failed = |reason: String| ParquetError::Read { at, length, reason };
    let wanted = usize::try_from(length).map_err(|_| failed("too many for this machine".to_owned()))?;
    let bytes = source.get_bytes(at, wanted).map_err(|error| failed(error.to_string()))?;
    if bytes.len() == wanted { Ok(bytes) } else { Err(failed("the file ends before them".to_owned())) }
}

/// Runs the parquet crate on bytes of a file. Its decoders assert in places what a broken file can
/// break; this is the one edge where such a panic becomes an error.
pub(crate) fn guarded<T>(read: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its bytes cannot be decoded".to_owned()),
    }
}

fn runs(rows: &[u64], each: u64) -> Vec<Range<usize>> {
    let (mut runs, mut start, mut gathered) = (Vec::new(), 0, 0);
    for (group, rows) in rows.iter().enumerate() {
        gathered += rows;
        if gathered >= each {
            runs.push(start..group + 1);
            (start, gathered) = (group + 1, 0);
        }
    }
    if start < rows.len() || runs.is_empty() {
        runs.push(start..rows.len());
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_groups_gather_to_about_the_same_number_of_rows() {
        assert_eq!(runs(&[10, 10, 10, 10, 10], 20), [0..2, 2..4, 4..5]);
        assert_eq!(runs(&[50, 1, 1], 20), [0..1, 1..3]);
        assert_eq!(runs(&[5, 5], 100), vec![0..2]);
        assert_eq!(runs(&[], 100), vec![0..0]);
    }
}
