//! The scanner: bytes in, rows to a sink, and at the end what was seen.

use super::csv::{Cut, cut};
use super::error::ScanError;
use super::record::{Record, Sink};
use super::schema::Schema;
use super::state::{Rows, State, newlines};
use super::table::Table;
use super::tally::Scan;
use crate::constraints::Constraints;
use crate::profile::bins::Baseline;

/// The longest record held in memory, in bytes.
const RECORD_LIMIT: usize = 1 << 20;

/// The most columns a header may name.
const COLUMN_LIMIT: usize = 20_000;

/// Reads CSV with a header row in one pass, fed chunk by chunk; see the [module](super).
///
/// Memory is bounded by columns (and by the longest allowed stuck stretch, in rows), never by rows.
pub struct Scanner {
    schema: Schema,
    constraints: Option<Constraints>,
    baseline: Option<Baseline>,
    /// The beginning of a record whose end has not come yet.
    carry: Vec<u8>,
    line: u64,
    state: Option<State>,
}

impl Scanner {
    /// A scanner before its first byte.
    pub fn new(schema: &Schema) -> Self {
        Self {
            schema: schema.clone(),
            constraints: None,
            baseline: None,
            carry: Vec::new(),
            line: 1,
            state: None,
        }
    }

    /// Judges each row by these constraints.
    #[must_use]
    pub fn with_constraints(mut self, constraints: &Constraints) -> Self {
        self.constraints = Some(constraints.clone());
        self
    }

    /// Counts accepted rows in the frozen bins of this baseline.
    #[must_use]
    pub fn with_baseline(mut self, baseline: &Baseline) -> Self {
        self.baseline = Some(baseline.clone());
        self
    }

    /// Takes the next bytes, which may end anywhere.
    ///
    /// # Errors
    /// A [`ScanError`] when the data cannot be read at all; the scan is over then.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) -> Result<(), ScanError> {
        // First the record that began in an earlier chunk, a line at a time.
        while !self.carry.is_empty() && !bytes.is_empty() {
            let take = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
            let (head, tail) = bytes.split_at(take);
            bytes = tail;
            self.carry.extend_from_slice(head);
            let carry = std::mem::take(&mut self.carry);
            let used = self.consume(&carry, false, sink)?;
            self.carry = carry;
            self.carry.drain(..used);
        }
        let used = self.consume(bytes, false, sink)?;
        if let Some(rest) = bytes.get(used..) {
            self.carry.extend_from_slice(rest);
        }
        if self.carry.len() > RECORD_LIMIT {
            return Err(ScanError::RecordTooLong { line: self.line, limit: RECORD_LIMIT });
        }
        Ok(())
    }

    /// Ends the data and yields what was seen.
    ///
    /// # Errors
    /// A [`ScanError`] when nothing was fed or the last record is broken.
    pub fn finish(mut self, sink: &mut impl Sink) -> Result<Scan, ScanError> {
        let carry = std::mem::take(&mut self.carry);
        let used = self.consume(&carry, true, sink)?;
        if used < carry.len() {
            return Err(ScanError::UnclosedQuote { line: self.line });
        }
        Ok(self.state.ok_or(ScanError::Empty)?.finish(sink))
    }

    /// Handles every whole record of a buffer; the bytes used up.
    fn consume(&mut self, buffer: &[u8], end: bool, sink: &mut impl Sink) -> Result<usize, ScanError> {
        const BOM: &[u8] = b"\xEF\xBB\xBF";
        let delimiter = u8::try_from(self.schema.delimiter).unwrap_or(b',');
        let mut at = 0;
        while self.state.is_none() {
            let rest = &buffer[at..];
            if self.line == 1 && at == 0 && rest.starts_with(BOM) {
                at = BOM.len();
                continue;
            }
            if rest.is_empty() || self.line == 1 && !end && BOM.starts_with(rest) {
                return Ok(at);
            }
            let mut fields = Vec::new();
            let Cut::Record { length, next } = cut(rest, delimiter, end, &mut fields) else { return Ok(at) };
            let line = self.line;
            self.line += newlines(&rest[..next]);
            at += next;
            if length == 0 {
                continue;
            }
            let record = Record { number: 0, line, raw: &rest[..length], fields: &fields, judges: &[] };
            let names = header(&record)?;
            sink.header(&names, record.raw);
            let table = Table::new(names, &self.schema, self.constraints.as_ref(), self.baseline.as_ref());
            self.state = Some(State::new(table, &self.schema, self.constraints.as_ref()));
        }
        if let (Some(state), Some(rest)) = (&mut self.state, buffer.get(at..)) {
            let rows = Rows { buffer: rest, delimiter, end, line: &mut self.line };
            at += state.rows(rows, sink);
        }
        Ok(at)
    }
}

fn header(record: &Record<'_>) -> Result<Vec<String>, ScanError> {
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
    let mut seen = std::collections::HashMap::new();
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
