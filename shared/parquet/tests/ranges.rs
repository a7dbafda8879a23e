//! Reading by ranges, as an object in a store is read: few requests, no byte twice, no more than is needed.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};
use pawl_parquet::{ParquetFile, Plan, scan};

/// Bytes that remember what was asked of them.
struct Remote {
    bytes: Bytes,
    asked: Arc<Mutex<Vec<(u64, usize)>>>,
}

impl Length for Remote {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl ChunkReader for Remote {
    type T = std::io::Empty;

    fn get_read(&self, _start: u64) -> Result<Self::T> {
        unreachable!("reading is by ranges")
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.asked.lock().unwrap().push((start, length));
        self.bytes.get_bytes(start, length)
    }
}

#[test]
fn a_row_group_takes_a_request_a_column_and_no_byte_of_another() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/dictionary_v2.parquet");
    let bytes = Bytes::from(std::fs::read(path).unwrap());
    let whole = ParquetFile::open(bytes.clone()).unwrap();
    let expected = scan(&whole, &Plan { row_groups: Some(1..2), ..Plan::default() }, &mut ()).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let file = ParquetFile::open(Remote { bytes: bytes.clone(), asked: Arc::clone(&asked) }).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2, "the footer and its length");
    asked.lock().unwrap().clear();
    let found = scan(&file, &Plan { row_groups: Some(1..2), ..Plan::default() }, &mut ()).unwrap();
    assert_eq!(found, expected);
    let asked = asked.lock().unwrap();
    let leaves = file.columns().len();
    assert_eq!(asked.len(), leaves, "{asked:?}");
    let total: usize = asked.iter().map(|(_, length)| length).sum();
    // A little more than the chunks: old writers leave some bytes of a chunk uncounted.
    assert!(total <= bytes.len() / 2 + 100 * leaves, "{total} of {}", bytes.len());
}
