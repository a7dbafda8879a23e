//! What stands before the first record: the header row with the names of the columns.

use std::collections::HashMap;
use std::ops::Range;

use super::csv::{RecordCut, cut};
use super::error::ScanError;
use super::field::Row;
use super::format::Format;
use super::record::Record;
use super::schema::Schema;
use super::state::newlines;

/// The most columns a header may name.
const COLUMN_LIMIT: usize = 20_000;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A header row, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The columns' names, without the blanks around them.
    pub names: Vec<String>,
    /// How many bytes it takes, with what is before it: the first record starts here.
    pub length: usize,
    /// How many lines these are.
    pub(super) lines: u64,
    /// Where its own bytes lie, without the line end.
    pub(super) raw: Range<usize>,
}

impl Header {
    /// What stands before the first record: a header row in CSV, at most a byte order mark in JSON Lines.
    ///
    /// # Errors
    /// As [`Header::read`].
    pub fn of(format: Format, data: &[u8], schema: &Schema, end: bool) -> Result<Option<Self>, ScanError> {
        match format {
            Format::Csv => Self::read(data, schema, end),
            Format::JsonLines if BOM.starts_with(data) => Ok(None),
            Format::JsonLines => {
                let length = if data.starts_with(BOM) { BOM.len() } else { 0 };
                Ok(Some(Self { names: Vec::new(), length, lines: 0, raw: 0..0 }))
            }
        }
    }

    /// Reads the header off the beginning of the data, skipping a byte order mark and blank lines.
    /// None where it does not end in these bytes, unless they are the `end` of the data.
    ///
    /// # Errors
    /// [`ScanError::Header`] when it names no usable columns.
    pub fn read(data: &[u8], schema: &Schema, end: bool) -> Result<Option<Self>, ScanError> {
        if !end && BOM.starts_with(data) {
            return Ok(None);
        }
        let mut start = if data.starts_with(BOM) { BOM.len() } else { 0 };
        let mut line = 1;
        let mut fields = Vec::new();
        loop {
            let rest = data.get(start..).filter(|rest| !rest.is_empty());
            let Some(rest) = rest else { return Ok(None) };
            let RecordCut::Record { length, next } = cut(rest, schema.delimiter(), end, &mut fields) else {
                return Ok(None);
            };
            let lines = newlines(&rest[..next]);
            if length > 0 {
                let row = Row { number: 0, line, bytes: &rest[..length], length, fields: &fields };
                let names = names(&row.record(&[], &[]))?;
                let (raw, length) = (start..start + length, start + next);
                return Ok(Some(Self { names, length, lines: line - 1 + lines, raw }));
            }
            line += lines;
            start += next;
        }
    }
}

fn names(record: &Record<'_>) -> Result<Vec<String>, ScanError> {
    const NAMES: &str = "give each column a name of its own, in a header row before the data";
    let refuse = |reason: String, fix| Err(ScanError::Header { line: record.line, reason, fix });
    if record.len() > COLUMN_LIMIT {
        let reason = format!("{} columns, more than {COLUMN_LIMIT}", record.len());
        return refuse(reason, "give the data with fewer columns, or name the character between fields");
    }
    if record.raw.starts_with(b"\xFF\xFE") || record.raw.starts_with(b"\xFE\xFF") {
        return refuse("this is UTF-16 text".to_owned(), "save it as UTF-8");
    }
    if std::str::from_utf8(record.raw).is_err() || record.raw.contains(&0) {
        return refuse("the header is no UTF-8 text".to_owned(), "give the data as text in UTF-8");
    }
    let mut names = Vec::with_capacity(record.len());
    let mut seen = HashMap::new();
    for index in 0..record.len() {
        let name = record.text(index).unwrap_or_default().trim().to_owned();
        if name.is_empty() {
            return refuse(format!("column {} has no name", index + 1), NAMES);
        }
        if let Some(first) = seen.insert(name.clone(), index) {
            return refuse(format!("columns {} and {} are both named {name:?}", first + 1, index + 1), NAMES);
        }
        names.push(name);
    }
    Ok(names)
}
