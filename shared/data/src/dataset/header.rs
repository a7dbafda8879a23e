//! What stands before the first record: the header row with the names of the columns.

use std::collections::{HashMap, HashSet};
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
    /// What was changed about the names.
    pub notes: Vec<String>,
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
                Ok(Some(Self { names: Vec::new(), length, lines: 0, notes: Vec::new(), raw: 0..0 }))
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
            let (length, next) = match cut(rest, schema.delimiter(), end, &mut fields) {
                RecordCut::Record { length, next } => (length, next),
                RecordCut::Incomplete { .. } => return Ok(None),
                RecordCut::Astray { .. } => {
                    let reason = "a quoted name does not close before a separator".to_owned();
                    return Err(ScanError::Header { line, reason, fix: "close the quote, or leave it out" });
                }
            };
            let lines = newlines(&rest[..next]);
            if length > 0 {
                let row = Row { number: 0, line, bytes: &rest[..length], length, fields: &fields };
                if schema.header == Some(false) {
                    let names = (1..=fields.len()).map(|place| format!("column_{place}")).collect();
                    let (notes, raw) = (Vec::new(), start..start);
                    return Ok(Some(Self { names, length: start, lines: line - 1, notes, raw }));
                }
                let (names, notes) = names(&row.record(&[], &[]))?;
                let (raw, length) = (start..start + length, start + next);
                return Ok(Some(Self { names, length, lines: line - 1 + lines, notes, raw }));
            }
            line += lines;
            start += next;
        }
    }
}

/// The names of the columns, and what was changed about them.
fn names(record: &Record<'_>) -> Result<(Vec<String>, Vec<String>), ScanError> {
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
    Ok(unique_names((0..record.len()).map(|index| record.text(index).unwrap_or_default().trim().to_owned())))
}

/// Gives each column a name of its own: an empty one becomes `column_3` by its place, and one that stands
/// before already `name_2`, `name_3` and so on, past names that the header has. What changed is told.
pub fn unique_names(given: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
    let given: Vec<String> = given.collect();
    let mut taken: HashSet<String> = given.iter().filter(|name| !name.is_empty()).cloned().collect();
    let mut seen = HashSet::with_capacity(given.len());
    let mut counts: HashMap<String, usize> = HashMap::new();
    let (mut names, mut notes) = (Vec::with_capacity(given.len()), Vec::new());
    for (name, place) in given.into_iter().zip(1..) {
        if !name.is_empty() && seen.insert(name.clone()) {
            names.push(name);
            continue;
        }
        let what = if name.is_empty() { "no name".to_owned() } else { format!("the name {name:?} again") };
        let (stem, count) = if name.is_empty() { ("column", place) } else { (name.as_str(), 2) };
        let count = if name.is_empty() { count } else { *counts.get(stem).unwrap_or(&count) };
        let fresh = (count..).map(|count| (count, format!("{stem}_{count}")));
        let Some((count, new)) = fresh.into_iter().find(|(_, new)| !taken.contains(new)) else { continue };
        if !name.is_empty() {
            counts.insert(name.clone(), count + 1);
        }
        taken.insert(new.clone());
        notes.push(format!("column {place} has {what}: it is called {new:?}"));
        names.push(new);
    }
    (names, notes)
}
