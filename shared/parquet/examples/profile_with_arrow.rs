//! Profiles a Parquet file as `profile_parquet` does, but reads it with the crate `parquet` through Arrow:
//! the peer that `./scripts/bench parquet` measures our reader against. Needs the feature `peer`.
//!
//! `profile_with_arrow FILE`
//!
//! Both programs feed the same profiler, so what differs is the reading alone. Two things are easier here, in
//! the peer's favour: a `float` is widened, not read as its shortest decimal, and nothing checks the file.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::File;
use std::io::Write as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use jiff::civil::DateTime;
use jiff::{SignedDuration, civil};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pawl_data::profile::typed::{Numbers, TypedColumn};
use pawl_data::profile::{PROFILE_VERSION, Profile};

/// As many rows as Arrow's own users read at once.
const BATCH: usize = 8192;

const UNIX_EPOCH: DateTime = civil::datetime(1970, 1, 1, 0, 0, 0, 0);

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: profile_with_arrow FILE")?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.with_batch_size(BATCH).build()?;
    let (mut leaves, mut rows) = (Vec::new(), 0);
    for batch in reader {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        let mut at = 0;
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            add(&mut leaves, &mut at, field.name(), array)?;
        }
    }
    let profile = Profile {
        version: PROFILE_VERSION,
        rows,
        parts: 1,
        part_rows: (rows, rows),
        columns: leaves.into_iter().map(|leaf| leaf.finish().0).collect(),
        ..Profile::default()
    };
    println!("{}", serde_json::to_string(&profile)?);
    Ok(())
}

/// Adds a column, or each leaf below it, to the leaf `at` and those that follow.
fn add(
    leaves: &mut Vec<TypedColumn>,
    at: &mut usize,
    name: &str,
    array: &ArrayRef,
) -> Result<(), Box<dyn Error>> {
    match array.data_type() {
        DataType::Struct(fields) => {
            for (field, inner) in fields.iter().zip(array.as_struct().columns()) {
                add(leaves, at, &format!("{name}.{}", field.name()), inner)?;
            }
            return Ok(());
        }
        DataType::List(field) => {
            let list = array.as_list::<i32>();
            let name = format!("{name}.list.{}", field.name());
            // A null list and an empty one are an entry without a value.
            let absent =
                (0..list.len()).filter(|&row| list.is_null(row) || list.value_length(row) == 0).count();
            let (first, mut next) = (*at, *at);
            add(leaves, &mut next, &name, list.values())?;
            leaves[first..next].iter_mut().for_each(|leaf| leaf.missing(absent as u64));
            *at = next;
            return Ok(());
        }
        _ => {}
    }
    if *at == leaves.len() {
        leaves.push(column(name, array.data_type()));
    }
    fill(&mut leaves[*at], array)?;
    *at += 1;
    Ok(())
}

fn column(name: &str, kind: &DataType) -> TypedColumn {
    let numbers = match kind {
        DataType::Float32 | DataType::Float64 => Numbers::Fractional,
        _ => Numbers::Whole,
    };
    let column = TypedColumn::new(name, numbers, &[], None, 20);
    if kind.is_temporal() { column.of_times() } else { column }
}

/// Adds the values of one array.
fn fill(column: &mut TypedColumn, array: &ArrayRef) -> Result<(), Box<dyn Error>> {
    let missing = array.null_count() as u64;
    if missing > 0 {
        column.missing(missing);
    }
    let mut text = Vec::new();
    match array.data_type() {
        DataType::Int8 => numbers::<Int8Type>(column, array, f64::from),
        DataType::Int16 => numbers::<Int16Type>(column, array, f64::from),
        DataType::Int32 => numbers::<Int32Type>(column, array, f64::from),
        DataType::Int64 => numbers::<Int64Type>(column, array, |value| value as f64),
        DataType::Float32 => numbers::<Float32Type>(column, array, f64::from),
        DataType::Float64 => numbers::<Float64Type>(column, array, |value| value),
        DataType::Decimal128(_, 0) => numbers::<Decimal128Type>(column, array, |value| value as f64),
        DataType::Boolean => {
            let truths = array.as_boolean();
            column.counted_text(b"true", truths.true_count() as u64);
            column.counted_text(b"false", truths.false_count() as u64);
        }
        DataType::Utf8 => array.as_string::<i32>().iter().flatten().for_each(|it| column.text(it.as_bytes())),
        DataType::Date32 => {
            for days in array.as_primitive::<Date32Type>().iter().flatten() {
                text.clear();
                let date = UNIX_EPOCH.date().checked_add(SignedDuration::from_hours(24 * i64::from(days)))?;
                write!(text, "{date}")?;
                column.text(&text);
            }
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            for micros in array.as_primitive::<TimestampMicrosecondType>().iter().flatten() {
                text.clear();
                write!(text, "{}", UNIX_EPOCH.checked_add(SignedDuration::from_micros(micros))?)?;
                column.text(&text);
            }
        }
        other => return Err(format!("the benchmark has no column of {other}").into()),
    }
    Ok(())
}

fn numbers<T: ArrowPrimitiveType>(column: &mut TypedColumn, array: &ArrayRef, number: fn(T::Native) -> f64) {
    let values = array.as_primitive::<T>();
    if values.null_count() == 0 {
        column.numbers(values.values().iter().copied().map(number));
    } else {
        column.numbers(values.iter().flatten().map(number));
    }
}
