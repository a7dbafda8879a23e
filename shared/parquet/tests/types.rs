//! Every type, codec, page form and encoding, against what pyarrow was told to write: the files and
//! expectations come from tests/oracles/parquet.py.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use pawl_data::dataset::Schema;
use pawl_data::profile::{ColumnProfile, Profile};
use pawl_parquet::{ParquetFile, Plan, scan};
use serde_json::{Value, json};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    assert!(files.len() > 5);
    files
}

fn expected() -> BTreeMap<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/expected.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn described(column: &ColumnProfile) -> Value {
    let texts = column.values.frequent().into_iter();
    let mut texts: Vec<(String, u64)> = texts
        .filter(|counted| counted.value.parse::<f64>().is_err() && counted.value.chars().count() <= 128)
        .map(|counted| (counted.value, counted.count))
        .collect();
    texts.sort();
    json!({
        "rows": column.rows,
        "missing": column.missing,
        "integral": column.types.integral,
        "fractional": column.types.fractional,
        "boolean": column.types.boolean,
        "timestamp": column.types.timestamp,
        "string": column.types.string,
        "nan": column.nan,
        "pos_inf": column.pos_inf,
        "neg_inf": column.neg_inf,
        "numbers": column.values.weighted_numbers(),
        "texts": texts,
    })
}

#[test]
fn every_leaf_of_every_file_is_as_written() {
    let expected = expected();
    for path in files() {
        let file = ParquetFile::open(File::open(&path).unwrap()).unwrap();
        let scan = scan(&file, &Plan::default(), &mut ()).unwrap();
        assert_eq!(scan.tally.rows, 120);
        for column in &scan.profile.columns {
            assert_eq!(described(column), expected[&column.name], "{} of {}", column.name, path.display());
        }
        if !path.ends_with("int96.parquet") {
            assert_eq!(scan.profile.columns.len(), expected.len());
        }
    }
}

#[test]
fn row_groups_merge_into_the_whole() {
    for path in files() {
        let file = ParquetFile::open(File::open(&path).unwrap()).unwrap();
        let whole = scan(&file, &Plan::default(), &mut ()).unwrap().profile;
        let mut merged = Profile::default();
        for group in (0..file.row_groups()).rev() {
            let plan = Plan { row_groups: Some(group..group + 1), ..Plan::default() };
            merged.merge(&scan(&file, &plan, &mut ()).unwrap().profile);
        }
        assert_eq!((merged.rows, merged.parts as usize), (whole.rows, file.row_groups()));
        for (part, all) in merged.columns.iter().zip(&whole.columns) {
            assert_eq!(described(part), described(all), "{}", all.name);
            let (mine, theirs) = (part.numbers.mean().unwrap_or(0.0), all.numbers.mean().unwrap_or(0.0));
            assert!((mine - theirs).abs() <= 1e-12 * theirs.abs().max(1.0), "{}: {mine} {theirs}", all.name);
            assert_eq!(part.numbers.extremes(), all.numbers.extremes());
        }
    }
}

/// Judging every row reads it as a CSV record: two ways to one profile.
#[test]
fn rows_and_columns_have_the_same_profile() {
    for path in files() {
        let file = ParquetFile::open(File::open(&path).unwrap()).unwrap();
        let by_column = scan(&file, &Plan::default(), &mut ()).unwrap();
        // None for any column: a rule of a type would change how texts read.
        let constraints = serde_json::from_str(r#"{"version": 1, "columns": []}"#).unwrap();
        // What a team says of its CSV files says nothing of these.
        let schema = Schema { delimiter: Some(';'), decimal_comma: true, ..Schema::default() };
        let plan = Plan { constraints: Some(&constraints), schema: Some(&schema), ..Plan::default() };
        let by_row = scan(&file, &plan, &mut ()).unwrap();
        assert_eq!((by_row.tally.rows, by_row.tally.quarantined), (120, 0), "{:?}", by_row.tally.broken);
        assert!(by_row.tally.missing_columns.is_empty(), "{:?}", by_row.tally.missing_columns);
        assert_eq!(by_row.profile.columns.len(), by_column.profile.columns.len());
        for (row, column) in by_row.profile.columns.iter().zip(&by_column.profile.columns) {
            assert_eq!(row.name, column.name);
            assert_eq!(described(row), described(column), "{} of {}", row.name, path.display());
        }
    }
}

#[test]
fn bad_rows_are_quarantined_as_in_csv() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/delta.parquet");
    let file = ParquetFile::open(File::open(path).unwrap()).unwrap();
    let rules = r#"{"version": 1, "columns": [{"name": "required", "range": {"max": 8}}]}"#;
    let constraints = serde_json::from_str(rules).unwrap();
    let plan = Plan { constraints: Some(&constraints), row_groups: Some(1..3), ..Plan::default() };
    let judged = scan(&file, &plan, &mut ()).unwrap();
    let nines = |profile: &Profile| {
        let numbers = profile.column("required").unwrap().values.weighted_numbers();
        numbers.iter().find(|(number, _)| *number == 9.0).map_or(0, |(_, count)| *count)
    };
    let whole = scan(&file, &Plan { row_groups: Some(1..3), ..Plan::default() }, &mut ()).unwrap();
    assert_eq!((judged.tally.rows, judged.profile.parts), (70, 1));
    assert!(judged.tally.quarantined > 0);
    assert_eq!(judged.tally.quarantined, nines(&whole.profile));
    assert_eq!(nines(&judged.profile), 0);
}
