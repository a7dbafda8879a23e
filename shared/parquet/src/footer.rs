//! Walks over a footer before it is decoded, so that no size it declares is believed unseen.

use crate::error::ParquetError;
use crate::limits::COLUMN_LIMIT;
use crate::thrift::{Bad, STRUCT, Walker};

/// How deep columns may nest: decoding recurses.
const NESTING: usize = 100;

/// Schema elements, groups included.
const ELEMENTS: usize = 4 * COLUMN_LIMIT;

/// Column chunks in all row groups together.
const CHUNKS: usize = 1_000_000;

/// Walks over a footer's bytes.
///
/// # Errors
/// Lists longer than their bytes, row groups that do not have each column once, an encrypted file,
/// more columns or column chunks than are held in memory.
pub(crate) fn check(bytes: &[u8]) -> Result<(), ParquetError> {
    let mut walker = Walker::new(bytes);
    let (mut leaves, mut last) = (None, 0);
    while let Some(kind) = walker.field(&mut last)? {
        match last {
            2 => leaves = Some(schema(&mut walker)?),
            4 => row_groups(&mut walker, leaves.ok_or_else(|| footer("it has no schema"))?)?,
            8 => return Err(ParquetError::Encrypted),
            _ => walker.skip(kind)?,
        }
    }
    Ok(())
}

fn footer(reason: impl Into<String>) -> ParquetError {
    ParquetError::Footer { reason: reason.into() }
}

impl From<Bad> for ParquetError {
    fn from(bad: Bad) -> Self {
        footer(match bad {
            Bad::End => "it ends in the middle of a field",
            Bad::Nonsense(what) => what,
        })
    }
}

/// The number of leaf columns.
fn schema(walker: &mut Walker<'_>) -> Result<usize, ParquetError> {
    let (kind, count) = walker.list()?;
    if kind != STRUCT {
        return Err(footer("its schema is no list of columns"));
    }
    if count > ELEMENTS {
        return Err(ParquetError::TooLarge {
            what: "a schema (columns and groups)".to_owned(),
            size: count as u64,
            limit: ELEMENTS as u64,
            fix: "split the table by columns",
        });
    }
    // The children still to come of each group that is open.
    let (mut open, mut leaves): (Vec<i32>, usize) = (Vec::new(), 0);
    for index in 0..count {
        let (mut children, mut last) = (0, 0);
        while let Some(kind) = walker.field(&mut last)? {
            match last {
                5 => children = walker.i32(kind)?,
                _ => walker.skip(kind)?,
            }
        }
        if children < 0 {
            return Err(footer("a group of columns has fewer than no children"));
        }
        if index > 0 {
            leaves += usize::from(children == 0);
            *open.last_mut().ok_or_else(|| footer("its schema has columns outside its root"))? -= 1;
        }
        if children > 0 || index == 0 {
            open.push(children);
        }
        if open.len() > NESTING {
            return Err(footer(format!("its columns nest deeper than {NESTING} levels")));
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    if !open.is_empty() {
        return Err(footer("its schema ends before all its columns are named"));
    }
    if leaves > COLUMN_LIMIT {
        return Err(ParquetError::TooLarge {
            what: "a table (columns)".to_owned(),
            size: leaves as u64,
            limit: COLUMN_LIMIT as u64,
            fix: "split the table by columns",
        });
    }
    Ok(leaves)
}

fn row_groups(walker: &mut Walker<'_>, leaves: usize) -> Result<(), ParquetError> {
    let (_, count) = walker.list()?;
    if count.saturating_mul(leaves.max(1)) > CHUNKS {
        return Err(ParquetError::TooLarge {
            what: "a footer (column chunks)".to_owned(),
            size: count as u64 * leaves.max(1) as u64,
            limit: CHUNKS as u64,
            fix: "write larger row groups, or several files",
        });
    }
    for row_group in 0..count {
        let mut last = 0;
        while let Some(kind) = walker.field(&mut last)? {
            if last != 1 {
                walker.skip(kind)?;
                continue;
            }
            let (kind, columns) = walker.list()?;
            if columns != leaves {
                return Err(footer(format!("row group {row_group} has {columns} of {leaves} columns")));
            }
            (0..columns).try_for_each(|_| walker.skip(kind))?;
        }
    }
    Ok(())
}
