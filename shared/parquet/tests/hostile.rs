//! Files that lie: whatever their bytes, reading ends soon with a profile or an error.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pawl_data::constraints::Constraints;
use pawl_parquet::{ParquetError, ParquetFile, Plan, scan};
use proptest::prelude::*;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)).unwrap()
}

fn read(bytes: Vec<u8>) -> Result<u64, ParquetError> {
    let file = ParquetFile::open(Bytes::from(bytes))?;
    // Row by row too: another way through the pages.
    let constraints =
        Constraints { version: 1, rows: None, gap: None, columns: Vec::new(), across: Vec::new() };
    let _ = scan(&file, &Plan { constraints: Some(&constraints), ..Plan::default() }, &mut ());
    scan(&file, &Plan::default(), &mut ()).map(|scan| scan.tally.rows)
}

/// A file of this footer alone.
fn of_footer(footer: &[u8]) -> Vec<u8> {
    let mut bytes = b"PAR1".to_vec();
    bytes.extend_from_slice(footer);
    bytes.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    bytes.extend_from_slice(b"PAR1");
    bytes
}

fn footer_of(bytes: &[u8]) -> (usize, usize) {
    let end = bytes.len() - 8;
    let length = u32::from_le_bytes(*bytes[end..].first_chunk().unwrap()) as usize;
    (end - length, end)
}

#[test]
fn what_is_no_parquet_says_so() {
    let whole = file("snappy.parquet");
    for cut in [0, 3, 11, 12, 1000, whole.len() - 1] {
        let error = read(whole[..cut].to_vec()).unwrap_err();
        assert!(matches!(error, ParquetError::NotParquet { .. }), "{cut}: {error}");
    }
    let error = read(b"a,b\n1,2\n3,4\n5,6\n".to_vec()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no Parquet file: its last four bytes are not PAR1: give a whole Parquet file, or name another format"
    );
    let mut long = whole;
    let end = long.len();
    long[end - 8..end - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(long).unwrap_err(), ParquetError::NotParquet { .. }));
}

#[test]
fn lists_and_nesting_are_held_against_their_bytes() {
    // Field 2, a list of structures: 15 in the high half means that the count follows.
    let lying_list = [0x29, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
    let error = read(of_footer(&lying_list)).unwrap_err();
    assert!(error.to_string().contains("a list longer than the bytes that hold it"), "{error}");
    // A schema whose every element has one child: 30,000 deep.
    let depth = 30_000u32;
    let mut deep = vec![0x29, 0xFC];
    deep.extend([(depth & 0x7F | 0x80) as u8, (depth >> 7 & 0x7F | 0x80) as u8, (depth >> 14) as u8]);
    (0..depth).for_each(|_| deep.extend([0x55, 0x02, 0x00]));
    let error = read(of_footer(&deep)).unwrap_err();
    assert!(error.to_string().contains("nest deeper than 100 levels"), "{error}");
    // A structure within a structure, and so on, in a field nobody knows.
    let error = read(of_footer(&[0x9C; 5000])).unwrap_err();
    assert!(error.to_string().contains("nested too deep"), "{error}");
}

/// A footer of no columns and a great many rows: there is nothing that they could be in.
#[test]
fn rows_without_columns_are_not_believed() {
    // version 1; schema: a root without children; 2^62 rows; one row group of them, without columns.
    let rows = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
    let mut footer = vec![0x15, 0x02, 0x19, 0x1C, 0x48, 0x04, b'r', b'o', b'o', b't', 0x15, 0x00, 0x00];
    footer.push(0x16);
    footer.extend(rows);
    footer.extend([0x19, 0x1C, 0x19, 0x0C, 0x16, 0x00, 0x16]);
    footer.extend(rows);
    footer.extend([0x00, 0x00]);
    let error = read(of_footer(&footer)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the footer is broken: it declares 4611686018427387903 rows in a file of 53 bytes: write the file \
         again"
    );
}

#[test]
fn a_schema_of_100_000_columns_is_refused() {
    let count = 100_001u32;
    let mut wide = vec![0x29, 0xFC];
    wide.extend([(count & 0x7F | 0x80) as u8, (count >> 7 & 0x7F | 0x80) as u8, (count >> 14) as u8]);
    // The root: 100,000 children (zigzag).
    wide.extend([0x55, 0xC0, 0x9A, 0x0C, 0x00]);
    (0..count - 1).for_each(|_| wide.extend([0x15, 0x02, 0x00]));
    let error = read(of_footer(&wide)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a schema (columns and groups) of 100001, more than 80000: split the table by columns"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_changed_footer_ends_soon(
        name in prop::sample::select(vec!["int96.parquet", "snappy.parquet", "plain_v1.parquet"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(name);
        let (from, to) = footer_of(&bytes);
        for (at, byte) in changes {
            bytes[from + at.index(to - from)] = byte;
        }
        let started = Instant::now();
        let _ = read(bytes);
        prop_assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn changed_pages_end_soon(
        name in prop::sample::select(vec![
            "plain_v1.parquet", "plain_v2.parquet", "dictionary_v2.parquet", "delta.parquet", "int96.parquet",
            "gzip.parquet", "brotli.parquet", "lz4.parquet", "zstd.parquet", "none.parquet",
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60),
    ) {
        let mut bytes = file(name);
        let (to, _) = footer_of(&bytes);
        for (at, byte) in changes {
            bytes[4 + at.index(to - 4)] = byte;
        }
        let started = Instant::now();
        let _ = read(bytes);
        prop_assert!(started.elapsed() < Duration::from_secs(20));
    }
}
