//! A Parquet file in one pass.

use std::fs::File;
use std::path::Path;

use pawl::dataset::{Scan, Schema};
use pawl_parquet::{ParquetFile, Plan, scan as scan_file};

use super::{Measures, Opened, unread};
use crate::reply::Failure;

/// Reads all row groups.
pub(super) fn scan(
    path: &Path,
    opened: &Opened,
    schema: &Schema,
    measures: Measures<'_>,
) -> Result<Scan, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::cannot_run(format!("{}: {why}", path.display()));
    if opened.plain_size.is_none() {
        return Err(failed(&"Parquet is read from its end: give it as a file, unpacked"));
    }
    let file = File::open(path).map_err(|error| unread(path, &error))?;
    let file = ParquetFile::open(file).map_err(|error| failed(&error))?;
    let plan = Plan {
        row_groups: None,
        schema: Some(schema),
        constraints: measures.constraints,
        baseline: measures.baseline,
        segments: measures.segments,
    };
    scan_file(&file, &plan, &mut ()).map_err(|error| failed(&error))
}
