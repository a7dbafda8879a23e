//! The scanner: bytes in, rows to a sink, and at the end what was seen.

use super::boundary::first_record;
use super::csv::RECORD_LIMIT;
use super::error::ScanError;
use super::format::Format;
use super::header::Header;
use super::json::Keys;
use super::record::Sink;
use super::schema::Schema;
use super::state::{Rows, State};
use super::table::Table;
use crate::constraints::{Constraints, Scan};
use crate::profile::Grouping;
use crate::profile::bins::Baseline;

/// Reads data in one pass, fed chunk by chunk; see the [module](super).
///
/// Memory is bounded by columns (and by the longest allowed stuck stretch, in rows), never by rows.
pub struct Scanner {
    format: Format,
    schema: Schema,
    constraints: Option<Constraints>,
    baseline: Option<Baseline>,
    /// The columns that part the rows.
    segments: Vec<String>,
    /// Whether a sample of the rows is drawn.
    sampled: bool,
    /// Which rows belong together, where they are counted group by group.
    grouping: Option<Grouping>,
    /// The beginning of a record whose end has not come yet.
    carry: Vec<u8>,
    line: u64,
    state: Option<State>,
    /// The keys of JSON Lines.
    keys: Keys,
    /// Where in the data the next record starts.
    at: u64,
    /// Records that start here or later belong to another range.
    stop: u64,
}

impl Scanner {
    /// A scanner of CSV before its first byte.
    pub fn new(schema: &Schema) -> Self {
        Self::of(Format::Csv, schema)
    }

    /// A scanner before its first byte.
    pub fn of(format: Format, schema: &Schema) -> Self {
        Self {
            format,
            keys: Keys::new(&[]),
            schema: schema.clone(),
            constraints: None,
            baseline: None,
            segments: Vec::new(),
            sampled: false,
            grouping: None,
            carry: Vec::new(),
            line: 1,
            state: None,
            at: 0,
            stop: u64::MAX,
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

    /// Describes and counts also each part of the accepted rows that these columns make, at most
    /// [`MAX_VALUES`](crate::profile::MAX_VALUES) of each.
    #[must_use]
    pub fn with_segments(mut self, columns: &[String]) -> Self {
        self.segments = columns.to_vec();
        self
    }

    /// Keeps a bounded [sample](crate::profile::RowSample) of the accepted rows in the profile.
    #[must_use]
    pub fn with_row_sample(mut self) -> Self {
        self.sampled = true;
        self
    }

    /// Counts accepted rows in the frozen bins group by group as well, and names the group of each
    /// sampled row.
    #[must_use]
    pub fn with_groups(mut self, grouping: Option<&Grouping>) -> Self {
        self.grouping = grouping.cloned();
        self
    }

    /// Skips the header: reads the records that start from `from` on and before `stop`.
    pub(super) fn between(mut self, header: &Header, from: u64, stop: u64) -> Self {
        self.begin(header.names.clone(), header.notes.clone());
        (self.at, self.stop) = (from, stop);
        self
    }

    /// Where the first whole record starts behind the first byte of a window, as far as can be told.
    pub(super) fn guess_start(&self, window: &[u8], header: &Header) -> Option<usize> {
        match self.format {
            Format::Csv => first_record(window, self.schema.delimiter(), header.names.len()),
            Format::JsonLines => memchr::memchr(b'\n', window).map(|end| end + 1),
        }
    }

    /// Where in the data the next record starts.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// How many lines were read.
    pub(super) fn lines(&self) -> u64 {
        self.line - 1
    }

    /// Takes the next bytes, which may end anywhere.
    ///
    /// # Errors
    /// A [`ScanError`] when the data cannot be read at all; the scan is over then.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) -> Result<(), ScanError> {
        // First the record that began in an earlier chunk, a line at a time; each try takes at least as
        // much as the one before, so that a long quoted field full of line ends costs no more than its
        // length.
        let mut least = 0;
        while !self.carry.is_empty() && !bytes.is_empty() && self.at < self.stop {
            let skipped = least.min(bytes.len());
            let rest = bytes.get(skipped..).unwrap_or_default();
            let take = memchr::memchr(b'\n', rest).map_or(bytes.len(), |end| skipped + end + 1);
            let (head, tail) = bytes.split_at(take);
            bytes = tail;
            self.carry.extend_from_slice(head);
            let carry = std::mem::take(&mut self.carry);
            let used = self.consume(&carry, false, sink)?;
            self.carry = carry;
            self.carry.drain(..used);
            least = self.carry.len();
            self.bound()?;
        }
        let used = self.consume(bytes, false, sink)?;
        if let Some(rest) = bytes.get(used..)
            && self.at < self.stop
        {
            self.carry.extend_from_slice(rest);
        }
        self.bound()
    }

    fn bound(&self) -> Result<(), ScanError> {
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
        self.end(sink)?;
        Ok(self.state.ok_or(ScanError::Empty)?.finish(sink))
    }

    /// Takes the end of the data, or of the range, for the end of the last record.
    pub(super) fn end(&mut self, sink: &mut impl Sink) -> Result<(), ScanError> {
        let carry = std::mem::take(&mut self.carry);
        let used = self.consume(&carry, true, sink)?;
        if self.state.is_none() && carry.iter().all(|byte| b"\xEF\xBB\xBF\r\n".contains(byte)) {
            return Err(ScanError::Empty);
        }
        if used < carry.len() && self.at < self.stop {
            return Err(ScanError::RecordTooLong { line: self.line, limit: RECORD_LIMIT });
        }
        Ok(())
    }

    /// Handles every whole record of a buffer; the bytes used up.
    fn consume(&mut self, buffer: &[u8], end: bool, sink: &mut impl Sink) -> Result<usize, ScanError> {
        let delimiter = self.schema.delimiter();
        let mut used = 0;
        if self.state.is_none() {
            let Some(header) = Header::of(self.format, buffer, &self.schema, end)? else { return Ok(0) };
            used = header.length;
            if self.format == Format::Csv {
                sink.header(&header.names, buffer.get(header.raw.clone()).unwrap_or_default());
            }
            self.line += header.lines;
            self.begin(header.names, header.notes);
        }
        if let (Some(state), Some(rest)) = (&mut self.state, buffer.get(used..)) {
            let left = self.stop - self.at.min(self.stop) - used as u64;
            let stop = usize::try_from(left).unwrap_or(usize::MAX);
            let rows = Rows { buffer: rest, delimiter, end, stop, line: &mut self.line };
            used += match self.format {
                Format::Csv => state.rows(rows, sink),
                Format::JsonLines => state.json_rows(rows, &mut self.keys, sink),
            };
        }
        self.at += used as u64;
        Ok(used)
    }

    fn begin(&mut self, names: Vec<String>, notes: Vec<String>) {
        let (constraints, baseline) = (self.constraints.as_ref(), self.baseline.as_ref());
        let table = match self.format {
            Format::Csv => Table::new(names, &self.schema, constraints, baseline),
            Format::JsonLines => Table::open(&self.schema, constraints, baseline),
        };
        let mut table = table.parted_by(&self.segments).sampled(self.sampled, self.grouping.as_ref());
        table.tally.notes = notes;
        self.keys = Keys::new(&table.names);
        self.state = Some(State::new(table, &self.schema, self.constraints.as_ref()));
    }
}
