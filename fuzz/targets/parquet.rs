//! Parquet: column by column and row by row, whatever the footer says.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use pawl::dataset::{Record, Sink};
use pawl_parquet::{ParquetFile, Plan, scan};

/// Wants the rows.
struct Rows(u64);

impl Sink for Rows {
    fn accepted(&mut self, record: &Record<'_>) {
        self.0 += record.len() as u64;
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(file) = ParquetFile::open(Bytes::copy_from_slice(data)) else { return };
    // What a few bytes may rightly stand for takes too long to count here.
    if file.rows().iter().sum::<u64>() > 100_000 {
        return;
    }
    let _ = scan(&file, &Plan::default(), &mut ());
    let _ = scan(&file, &Plan::default(), &mut Rows(0));
});
