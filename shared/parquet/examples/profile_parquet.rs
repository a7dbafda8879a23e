//! Profiles a Parquet file and prints the profile as JSON: for benchmarks and independent oracles.
//!
//! `profile_parquet FILE [FIRST_ROW_GROUP END_ROW_GROUP]`

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::File;

use pawl_parquet::{ParquetFile, Plan, scan};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().ok_or("usage: profile_parquet FILE [FIRST_ROW_GROUP END_ROW_GROUP]")?;
    let row_groups = match arguments.get(1..3) {
        Some([from, to]) => Some(from.parse()?..to.parse()?),
        _ => None,
    };
    let file = ParquetFile::open(File::open(path)?)?;
    let scan = scan(&file, &Plan { row_groups, ..Plan::default() }, &mut ())?;
    println!("{}", serde_json::to_string(&scan.profile)?);
    Ok(())
}
