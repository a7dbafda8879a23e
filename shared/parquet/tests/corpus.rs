//! Every file of apache/parquet-testing is read as pyarrow reads it, or refused with a reason.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use pawl_data::profile::Profile;
use pawl_parquet::{ParquetError, ParquetFile, Plan, scan};
use serde_json::Value;

/// What is refused, and the words that say why.
const REFUSED: [(&str, &str); 10] = [
    ("ARROW-GH-41317.parquet", "the footer is broken"),
    ("ARROW-GH-41321.parquet", "column \"int64\", row group 0, byte 1383: the levels of a page do not fit"),
    ("ARROW-GH-45185.parquet", "the levels of a page do not fit its values"),
    ("ARROW-GH-47662.parquet", "column \"flba_field\", row group 0, byte 394: a page holds fewer values"),
    ("ARROW-RS-GH-6229-DICTHEADER.parquet", "the footer is broken: it declares 2574 bytes of columns"),
    ("ARROW-RS-GH-6229-LEVELS.parquet", "its pages hold more values than the footer says"),
    ("PARQUET-1481.parquet", "the footer is broken"),
    ("datapage_v1-corrupt-checksum.parquet", "byte 10272: the checksum of a page does not fit its bytes"),
    ("rle-dict-uncompressed-corrupt-checksum.parquet", "the checksum of a page does not fit its bytes"),
    // A key of 1 GiB.
    ("large_string_map.brotli.parquet", "a page (bytes in memory) of 1073741828, more than 268435456"),
];

/// What the parquet crate's footer decoder refuses though it could be read: a list whose items' type
/// is not the one the format names.
const NOT_YET: [&str; 1] = ["dict-page-offset-zero.parquet"];

fn files() -> Option<Vec<PathBuf>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/corpora/parquet-testing");
    if !corpus.is_dir() {
        println!("skipped: ../shared is absent");
        return None;
    }
    let folders = ["data", "bad_data", "data/geospatial"];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(corpus.join(folder)).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    Some(paths.filter(|path| path.extension().is_some_and(|e| e == "parquet" || e == "encrypted")).collect())
}

fn read(path: &Path) -> Result<Profile, ParquetError> {
    let file = ParquetFile::open(File::open(path).unwrap())?;
    scan(&file, &Plan::default(), &mut ()).map(|scan| scan.profile)
}

#[test]
fn every_file_is_read_or_refused() {
    let Some(files) = files() else { return };
    assert!(files.len() > 90, "{}", files.len());
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let refused = REFUSED.iter().find(|(refused, _)| *refused == name);
        match (read(&path), refused) {
            (Err(ParquetError::Encrypted), None) if name.ends_with(".encrypted") => {}
            (Err(error), Some((_, why))) => assert!(error.to_string().contains(why), "{name}: {error}"),
            (Err(ParquetError::Footer { .. }), None) if NOT_YET.contains(&name) => {}
            (Err(error), None) => panic!("{name}: {error}"),
            (Ok(_), Some(_)) => panic!("{name} was read"),
            (Ok(profile), None) => {
                assert!(!profile.columns.is_empty(), "{name}");
                assert!(profile.columns.iter().all(|column| column.rows == profile.rows), "{name}");
            }
        }
    }
}

#[test]
fn flat_columns_are_as_pyarrow_reads_them() {
    let Some(files) = files() else { return };
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/corpus.json");
    let golden: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let mut compared = 0;
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (Some(expected), Ok(profile)) = (golden.get(name), read(&path)) else { continue };
        for (column, expected) in expected {
            let found = profile.column(column).unwrap_or_else(|| panic!("{name}: {column}"));
            assert_eq!(found.rows, expected["rows"], "{name}: {column}");
            let empty = expected.get("empty").and_then(Value::as_u64).unwrap_or(0);
            assert_eq!(found.missing, expected["nulls"].as_u64().unwrap() + empty, "{name}: {column}");
            if let (Some(min), Some(max)) = (expected.get("min"), expected.get("max")) {
                let extremes = found.numbers.extremes();
                assert_eq!(
                    extremes,
                    Some((min.as_f64().unwrap(), max.as_f64().unwrap())),
                    "{name}: {column}"
                );
            }
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
}
