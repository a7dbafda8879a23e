//! A Parquet file in one pass.

use std::fs::File;
use std::io;
use std::path::Path;

use indicatif::ProgressBar;
use pawl::dataset::{Scan, Schema};
use pawl::profile::Coarseness;
use pawl_parquet::{ParquetError, ParquetFile, Plan, scan as scan_file};

use super::parallel::in_order;
use super::{Measures, unread};
use crate::reply::Failure;

/// How many rows are read in one piece, about: enough that sketches are cheap, few enough to share a file
/// out.
const ROWS: u64 = 1 << 20;

/// Why a piece was not read.
#[derive(Debug, thiserror::Error)]
enum PieceError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

/// Reads all row groups of a file of this size on so many threads. Rows that are judged in time order are
/// read as one piece.
pub(super) fn scan(
    path: &Path,
    size: u64,
    threads: usize,
    bar: &ProgressBar,
    schema: &Schema,
    measures: Measures<'_>,
) -> Result<Scan, Failure> {
    // Each thread opens the file for itself: they must not move each other's place in it.
    let open = || -> Result<_, PieceError> { Ok(ParquetFile::open(File::open(path)?)?) };
    let read = || -> Result<Scan, PieceError> {
        let file = open()?;
        // Each piece of a wide file that is under way has sketches of all columns.
        let narrow = Coarseness::of(file.columns().len()).is_none();
        let runs = file.runs(if schema.time.is_none() && narrow { ROWS } else { u64::MAX });
        let all = file.rows().iter().sum::<u64>().max(1);
        let worker = || {
            let (runs, mut opened) = (&runs, None);
            move |piece: usize| -> Result<Scan, PieceError> {
                let file = match &mut opened {
                    Some(file) => file,
                    none => none.insert(open()?),
                };
                let plan = Plan {
                    row_groups: runs.get(piece).cloned(),
                    schema: Some(schema),
                    constraints: measures.constraints,
                    baseline: measures.baseline,
                    segments: measures.segments,
                    sampled: measures.sampled,
                    groups: measures.groups,
                };
                Ok(scan_file(file, &plan, &mut ())?)
            }
        };
        let mut whole = Scan::default();
        in_order(threads, runs.len(), worker, |_, part| {
            let (part, before) = (part?, whole.tally.rows);
            bar.inc(size * part.tally.rows / all);
            whole.append(part, before);
            Ok::<_, PieceError>(())
        })?;
        Ok(whole)
    };
    read().map_err(|error| match error {
        PieceError::Read(error) => unread(path, &error),
        PieceError::Parquet(error) => Failure::cannot_run(format!("{}: {error}", path.display())),
    })
}
