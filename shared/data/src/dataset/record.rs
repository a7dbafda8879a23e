//! One row as a sink sees it.

use std::borrow::Cow;

use super::field::{FieldSpan, Row};
use super::rules::ColumnJudge;
use crate::constraints::Reason;
use crate::profile::value::FieldValue;

impl<'a> Row<'a> {
    /// The record for a sink.
    pub(crate) fn record(&self, names: &'a [String], judges: &'a [ColumnJudge]) -> Record<'a> {
        let Self { number, line, bytes, fields, .. } = *self;
        Record { number, line, raw: self.raw(), names, bytes, fields, judges }
    }
}

/// One data record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// 1 for the first record after the header.
    pub number: u64,
    /// The line it starts on; the header is line 1.
    pub line: u64,
    /// Its bytes as they came, without the line end.
    pub raw: &'a [u8],
    /// The columns' names by position; those of JSON Lines grow from row to row. Empty for the header.
    pub names: &'a [String],
    pub(crate) bytes: &'a [u8],
    pub(crate) fields: &'a [FieldSpan],
    /// How each column's fields are read; empty for the header.
    pub(crate) judges: &'a [ColumnJudge],
}

impl<'a> Record<'a> {
    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether it has no field; a blank line is no record, so this does not happen.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The field at this position without its quotes.
    pub fn field(&self, index: usize) -> Option<Cow<'a, [u8]>> {
        Some(self.fields.get(index)?.field(self.bytes))
    }

    /// The field as JSON: a number, `true` or `false`, null where it is missing, NaN or infinite,
    /// else a string. A column that the schema fixes as a string stays one.
    pub fn json(&self, index: usize) -> serde_json::Value {
        match self.value(index) {
            None | Some(FieldValue::Missing) => serde_json::Value::Null,
            Some(FieldValue::Integral(number)) if number.abs() < 9e15 => (number as i64).into(),
            Some(FieldValue::Integral(number) | FieldValue::Fractional(number)) => number.into(),
            Some(FieldValue::Boolean) => self
                .field(index)
                .is_some_and(|field| matches!(field.trim_ascii().first(), Some(b't' | b'T')))
                .into(),
            Some(FieldValue::Timestamp | FieldValue::Text) => self.text(index).unwrap_or_default().into(),
        }
    }

    /// The field as a number; none where it is missing, no number, NaN or infinite.
    pub fn number(&self, index: usize) -> Option<f64> {
        self.value(index)?.number().filter(|number| number.is_finite())
    }

    pub(crate) fn value(&self, index: usize) -> Option<FieldValue> {
        let span = self.fields.get(index)?;
        Some(self.judges.get(index)?.read(&span.field(self.bytes), span.kind))
    }

    /// One spelling for a value: `1` and `1.0` are the same, and all that is missing is empty.
    pub(crate) fn spelled(&self, index: usize) -> String {
        match self.value(index) {
            None | Some(FieldValue::Missing) => String::new(),
            Some(FieldValue::Integral(number) | FieldValue::Fractional(number)) => number.to_string(),
            Some(FieldValue::Boolean | FieldValue::Timestamp | FieldValue::Text) => {
                self.text(index).unwrap_or_default().into_owned()
            }
        }
    }

    /// The field as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self, index: usize) -> Option<Cow<'a, str>> {
        Some(match self.field(index)? {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        })
    }
}

/// Where the rows go. Called in the order of the data, except that rows of a stretch that may yet
/// prove stuck wait until it is decided; accepted rows keep their order among themselves.
pub trait Sink {
    /// Whether accepted rows are wanted; a sink that drops them makes the scan faster.
    const ROWS: bool = true;
    /// The header, once, before any row.
    fn header(&mut self, names: &[String], raw: &[u8]) {
        let _ = (names, raw);
    }
    /// A row that broke no rule.
    fn accepted(&mut self, record: &Record<'_>) {
        let _ = record;
    }
    /// A row that broke at least one.
    fn quarantined(&mut self, record: &Record<'_>, reasons: &[Reason]) {
        let _ = (record, reasons);
    }
}

/// Drops the rows: for callers that only want the profile.
impl Sink for () {
    const ROWS: bool = false;
}
