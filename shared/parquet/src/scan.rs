//! One pass over row groups.

use std::ops::Range;

use parquet::file::reader::ChunkReader;
use pawl_data::constraints::Constraints;
use pawl_data::dataset::{Scan, Scanner, Schema, Sink, Tally};
use pawl_data::profile::bins::Baseline;
use pawl_data::profile::{Coarseness, Grouping, PROFILE_VERSION, Profile, Segments};

use crate::error::ParquetError;
use crate::file::ParquetFile;
use crate::profile::profile;
use crate::rows;

/// A profile alone is read column by column; so many rows at most are read row by row for a sample of them,
/// which takes several times as long.
pub const MOST_SAMPLED: u64 = 1 << 18;

/// What to read of a file, and how.
#[derive(Debug, Clone, Default)]
pub struct Plan<'a> {
    /// The row groups, from 0; none for all.
    pub row_groups: Option<Range<usize>>,
    /// Null words, time order, fixed types and ignored columns, as in CSV; none for the defaults of CSV.
    pub schema: Option<&'a Schema>,
    /// What each row is judged by.
    pub constraints: Option<&'a Constraints>,
    /// Frozen bins to count values in.
    pub baseline: Option<&'a Baseline>,
    /// Columns whose values part the rows.
    pub segments: &'a [String],
    /// Whether a sample of the rows is kept; not of more than [`MOST_SAMPLED`] that nothing else asks to read
    /// row by row.
    pub sampled: bool,
    /// Which rows belong together, where they are counted group by group.
    pub groups: Option<&'a Grouping>,
}

/// Reads row groups in one pass: column by column where only a profile is asked for, else row by row.
/// What parts yield merges into what the whole yields.
///
/// ```
/// use pawl_parquet::{ParquetFile, Plan, scan};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/snappy.parquet");
/// let file = ParquetFile::open(std::fs::File::open(path)?)?;
/// let mut whole = scan(&file, &Plan { row_groups: Some(0..1), ..Plan::default() }, &mut ())?;
/// whole.merge(&scan(&file, &Plan { row_groups: Some(1..file.row_groups()), ..Plan::default() }, &mut ())?);
/// assert_eq!(whole.profile.rows, 120);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A [`ParquetError`] that names the column and the place.
pub fn scan<R: ChunkReader, S: Sink>(
    file: &ParquetFile<R>,
    plan: &Plan<'_>,
    sink: &mut S,
) -> Result<Scan, ParquetError> {
    let all = file.row_groups();
    let row_groups = plan.row_groups.clone().unwrap_or(0..all);
    if row_groups.end > all {
        return Err(ParquetError::NoRowGroup { wanted: row_groups.end - 1, row_groups: all });
    }
    let default = Schema::default();
    let schema = plan.schema.unwrap_or(&default);
    let judged = plan.constraints.is_some() || schema.time.is_some() || !schema.columns.is_empty();
    let rows: u64 = file.rows()[row_groups.clone()].iter().sum();
    let parted = !plan.segments.is_empty() || plan.groups.is_some();
    if judged || S::ROWS || parted || plan.sampled && rows <= MOST_SAMPLED {
        return row_by_row(file, row_groups, schema, plan, sink);
    }
    let leaves: Vec<usize> = profiled(file, schema).collect();
    let (mut columns, mut binned) = (Vec::new(), Vec::new());
    for leaf in profile(file, row_groups, schema, plan.baseline, &leaves)? {
        columns.push(leaf.column);
        binned.extend(leaf.binned);
    }
    let mut notes = file.notes.clone();
    notes.extend(Coarseness::of(leaves.len()).note(leaves.len()));
    let profile = Profile {
        version: PROFILE_VERSION,
        rows,
        parts: 1,
        part_rows: (rows, rows),
        columns,
        ..Profile::default()
    };
    Ok(Scan {
        profile,
        binned,
        segments: Segments::default(),
        groups: None,
        tally: Tally { rows, accepted: rows, notes, ..Tally::default() },
    })
}

/// Leaves that the schema does not ignore.
fn profiled<R>(file: &ParquetFile<R>, schema: &Schema) -> impl Iterator<Item = usize> {
    let wanted = |index: &usize| !schema.ignore.contains(&file.leaves[*index].name);
    (0..file.leaves.len()).filter(wanted)
}

fn row_by_row<R: ChunkReader>(
    file: &ParquetFile<R>,
    row_groups: Range<usize>,
    schema: &Schema,
    plan: &Plan<'_>,
    sink: &mut impl Sink,
) -> Result<Scan, ParquetError> {
    // The records are written here, whatever the team's own files look like.
    let records = Schema { delimiter: None, header: None, decimal_comma: false, ..schema.clone() };
    let mut scanner = Scanner::new(&records).with_segments(plan.segments).with_groups(plan.groups);
    if plan.sampled {
        scanner = scanner.with_row_sample();
    }
    if let Some(constraints) = plan.constraints {
        scanner = scanner.with_constraints(constraints);
    }
    if let Some(baseline) = plan.baseline {
        scanner = scanner.with_baseline(baseline);
    }
    let feed = |bytes: &[u8]| -> Result<(), ParquetError> { Ok(scanner.feed(bytes, sink)?) };
    rows::write_rows(file, row_groups.clone(), feed)?;
    let mut scan = scanner.finish(sink)?;
    scan.tally.notes.extend(file.notes.iter().cloned());
    Ok(scan)
}
