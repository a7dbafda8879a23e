//! The scan after the header: rows cut, judged, counted and handed on.
//!
//! Most rows go the fast way: each field is counted as it is cut, and taken back in the rare case
//! that its row proves bad or odd. Such a row then goes the careful way, which finds the reasons.
//! Rows that are judged in time order or across columns all go the careful way. Lines of JSON are cut by
//! their reader and then counted the same way.

use super::csv::{RECORD_LIMIT, RecordCut, astray, cut};
use super::field::{FieldKind, FieldSpan, Row};
use super::json::{self, Keys};
use super::quotes::{Quotes, odd_quotes};
use super::record::Sink;
use super::schema::Schema;
use super::separators::Separators;
use super::table::Table;
use super::time::Order;
use super::waiting::Waiting;
use crate::constraints::{Constraints, Oddity, Reason, Rule, Scan};
use crate::profile::value::FieldValue;
use crate::profile::{Judge, Mark};

/// Bytes that hold rows.
pub(super) struct Rows<'a> {
    pub(super) buffer: &'a [u8],
    pub(super) delimiter: u8,
    /// Whether the data ends with them.
    pub(super) end: bool,
    /// Records that start here or later are left alone.
    pub(super) stop: usize,
    /// The line of the next record.
    pub(super) line: &'a mut u64,
}

/// The scan after the header.
pub(super) struct State {
    table: Table,
    order: Option<Order>,
    waiting: Waiting,
    records: u64,
    fields: Vec<FieldSpan>,
    marks: Vec<Mark>,
    values: Vec<FieldValue>,
    reasons: Vec<Reason>,
    /// Unescaped texts of a line of JSON.
    extra: Vec<u8>,
}

/// How the fast way through a record ended.
enum Fast {
    /// The record is good and counted.
    Good {
        /// Where the next one starts.
        next: usize,
        /// How many fields are quoted, which may hold line ends.
        quoted: usize,
    },
    /// It must go the careful way.
    Careful,
}

impl State {
    pub(super) fn new(table: Table, schema: &Schema, constraints: Option<&Constraints>) -> Self {
        let limit = constraints.and_then(|constraints| constraints.gap);
        let order = schema.time.as_ref().and_then(|time| Order::new(time, &table.names, limit));
        let waiting = Waiting::new(&table, order.is_some());
        let columns = table.columns.len();
        Self {
            table,
            order,
            waiting,
            records: 0,
            fields: vec![FieldSpan::default(); columns],
            marks: vec![Mark::Later; columns],
            values: Vec::new(),
            reasons: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Handles every whole record; the bytes used up.
    pub(super) fn rows<S: Sink>(&mut self, rows: Rows<'_>, sink: &mut S) -> usize {
        let fast = self.order.is_none() && self.table.judges_fields_alone();
        let mut separators = Separators::new(rows.buffer, rows.delimiter);
        let mut quotes = Quotes::new(rows.buffer);
        let mut careful_fields = Vec::new();
        let mut at = 0;
        let stop = rows.stop.min(rows.buffer.len());
        while at < stop {
            if fast && let Fast::Good { next, quoted } = self.fast(rows.buffer, at, &mut separators) {
                if quotes.before(next) && quotes.take(next) > 2 * quoted {
                    self.table.tally.note(Oddity::QuoteInside, *rows.line);
                }
                self.accept(rows.buffer);
                if S::ROWS || self.table.wants_row() {
                    self.hand_on(rows.buffer, at, next, *rows.line, sink);
                } else {
                    self.table.skip_row();
                }
                *rows.line += if quoted > 0 { newlines(&rows.buffer[at..next]) } else { 1 };
                at = next;
                continue;
            }
            let rest = &rows.buffer[at..];
            let Some(next) = self.careful_record(rest, &rows, &mut careful_fields, sink) else { break };
            *rows.line += newlines(&rest[..next]);
            at += next;
            separators.seek(at);
            quotes.seek(at);
        }
        at
    }

    /// Cuts and judges one record with reasons; where the next one starts, unless this one goes on behind the
    /// buffer.
    fn careful_record(
        &mut self,
        rest: &[u8],
        rows: &Rows<'_>,
        fields: &mut Vec<FieldSpan>,
        sink: &mut impl Sink,
    ) -> Option<usize> {
        let mut record = cut(rest, rows.delimiter, rows.end, fields);
        if let RecordCut::Record { length, .. } = record
            && fields.len() != self.table.columns.len()
            && joins_lines(&rest[..length], fields)
        {
            // A quote that opens and closes at the wrong places joins rows to one of the wrong width.
            record = astray(rest, 0, length, rows.end);
        }
        let (length, next, whole) = match record {
            RecordCut::Record { length, next } => (length, next, true),
            RecordCut::Astray { length, next, until } => {
                // Where the field would have closed on its own line no other was at stake.
                let behind = rest.get(next - 1..until).unwrap_or_default();
                self.table.tally.swallowed_lines += newlines(behind);
                (length, next, false)
            }
            RecordCut::Incomplete { .. } => return None,
        };
        if length == 0 {
            return Some(next);
        }
        self.records += 1;
        let (number, line, bytes) = (self.records, *rows.line, &rest[..length]);
        if whole {
            for oddity in odd_quotes(bytes, fields) {
                self.table.tally.note(oddity, line);
            }
            self.careful(Row { number, line, bytes, length, fields }, sink);
        } else {
            self.reasons = vec![Reason {
                column: None,
                rule: Rule::Quotes,
                expected:
                    "each quoted field to close before a separator; the lines behind are read on their own"
                        .to_owned(),
                observed: super::quotes::shown(bytes),
            }];
            self.decide_or_hold(Row { number, line, bytes, length, fields: &[] }, sink);
        }
        Some(next)
    }

    /// Counts a record's fields while cutting it, and takes them back unless the record is whole,
    /// well formed and good.
    #[inline]
    fn fast(&mut self, buffer: &[u8], from: usize, separators: &mut Separators<'_>) -> Fast {
        let columns = self.table.columns.len();
        let (mut start, mut index, mut good, mut quoted) = (from, 0, true, 0);
        let next = loop {
            let (mut first, mut close) = (start, None);
            if buffer.get(start) == Some(&b'"') {
                // A quoted field without quotes inside; any other goes the careful way.
                let Some(length) = memchr::memchr(b'"', &buffer[start + 1..]) else { break None };
                first = start + 1;
                quoted += 1;
                close = Some(first + length);
                separators.seek(first + length + 1);
            }
            let Some(stop) = separators.next() else { break None };
            let newline = buffer[stop] == b'\n';
            let mut end = stop - usize::from(newline && stop > start && buffer[stop - 1] == b'\r');
            if let Some(close) = close {
                if close + 1 != end {
                    break None;
                }
                end = close;
            }
            if index == columns || newline && (index + 1 != columns || end == from) {
                break None;
            }
            if let Some(counter) = &mut self.table.columns[index].counter {
                let (mark, allowed) = counter.add(buffer, first, end, &self.table.judges[index]);
                self.marks[index] = mark;
                good &= allowed;
            }
            self.fields[index] = FieldSpan { start: first, end, kind: FieldKind::Plain };
            index += 1;
            start = stop + 1;
            if newline {
                break good.then_some(start);
            }
        };
        if let Some(next) = next.filter(|next| next - from <= RECORD_LIMIT) {
            return Fast::Good { next, quoted };
        }
        for index in (0..index).rev() {
            if let Some(counter) = &mut self.table.columns[index].counter {
                let span = self.fields[index];
                counter.take_back(self.marks[index], buffer, span.start, span.end);
            }
        }
        Fast::Careful
    }

    /// Ends a record whose fields were counted.
    #[inline]
    fn accept(&mut self, bytes: &[u8]) {
        self.records += 1;
        let tally = &mut self.table.tally;
        tally.rows += 1;
        tally.accepted += 1;
        if tally.accepted.is_multiple_of(self.table.settle_every) {
            self.table.settle();
        }
        for (index, _) in self.marks.iter().enumerate().filter(|(_, mark)| **mark == Mark::Later) {
            if let Some(counter) = &mut self.table.columns[index].counter {
                let span = self.fields[index];
                let field = &bytes[span.start..span.end];
                counter.add_value(field, self.table.judges[index].read(field, span.kind));
            }
        }
    }

    /// Gives a record of CSV that went the fast way to its parts, the sample and the sink.
    fn hand_on(&mut self, buffer: &[u8], from: usize, next: usize, line: u64, sink: &mut impl Sink) {
        let mut raw = &buffer[from..next - 1];
        raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        for span in &mut self.fields {
            *span = FieldSpan { start: span.start - from, end: span.end - from, kind: span.kind };
        }
        let row = Row { number: self.records, line, bytes: raw, length: raw.len(), fields: &self.fields };
        self.table.hand_out(row);
        sink.accepted(&row.record(&self.table.names, &self.table.judges));
    }

    /// Handles every whole line of JSON; the bytes used up.
    pub(super) fn json_rows<S: Sink>(&mut self, rows: Rows<'_>, keys: &mut Keys, sink: &mut S) -> usize {
        let stop = rows.stop.min(rows.buffer.len());
        let mut at = 0;
        while at < stop {
            let rest = &rows.buffer[at..];
            let length = match memchr::memchr(b'\n', rest) {
                Some(length) => length,
                None if rows.end => rest.len(),
                None => break,
            };
            let line = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
            if !line.trim_ascii().is_empty() {
                self.json_row(line, *rows.line, keys, sink);
            }
            *rows.line += 1;
            at += (length + 1).min(rest.len());
        }
        at
    }

    fn json_row<S: Sink>(&mut self, line: &[u8], number: u64, keys: &mut Keys, sink: &mut S) {
        let (mut fields, mut extra) = (std::mem::take(&mut self.fields), std::mem::take(&mut self.extra));
        let read = keys.read(line, &mut extra, &mut self.table, &mut fields);
        if !extra.is_empty() {
            extra.splice(..0, line.iter().copied());
        }
        let bytes = if extra.is_empty() { line } else { &extra };
        let row = Row { number: self.records + 1, line: number, bytes, length: line.len(), fields: &fields };
        if let Ok(Some(oddity)) = read {
            self.table.tally.note(oddity, number);
        }
        if let Err(flaw) = read {
            self.records += 1;
            let reason = Reason {
                column: None,
                rule: Rule::Json,
                expected: flaw.expected.to_owned(),
                observed: json::shown(flaw, line),
            };
            self.table.decide(Row { fields: &[], ..row }, &[reason], sink);
        } else if self.order.is_none() && self.table.judges_fields_alone() && self.count(row) {
            self.table.hand_out(row);
            if S::ROWS {
                sink.accepted(&row.record(&self.table.names, &self.table.judges));
            }
            self.fields.clone_from(&fields);
            self.accept(bytes);
        } else {
            self.records += 1;
            self.careful(row, sink);
        }
        (self.fields, self.extra) = (fields, extra);
    }

    /// Counts the fields of a row; none of them when one breaks a rule.
    fn count(&mut self, row: Row<'_>) -> bool {
        self.marks.resize(row.fields.len(), Mark::Later);
        let mut good = true;
        let columns = self.table.columns.iter_mut().zip(&self.table.judges);
        for (((column, judge), span), mark) in columns.zip(row.fields).zip(&mut self.marks) {
            let Some(counter) = &mut column.counter else { continue };
            let allowed;
            (*mark, allowed) = if span.kind == FieldKind::Text {
                let field = span.field(row.bytes);
                (Mark::Later, judge.allows(&field, judge.read(&field, span.kind)))
            } else {
                counter.add(row.bytes, span.start, span.end, judge)
            };
            good &= allowed;
        }
        if !good {
            let columns = self.table.columns.iter_mut().zip(row.fields).zip(&self.marks);
            for ((column, span), mark) in columns {
                if let Some(counter) = &mut column.counter {
                    counter.take_back(*mark, row.bytes, span.start, span.end);
                }
            }
        }
        good
    }

    /// Judges a record with reasons, and in time order.
    fn careful(&mut self, row: Row<'_>, sink: &mut impl Sink) {
        self.reasons.clear();
        self.table.read(row, &mut self.values, &mut self.reasons);
        if let Some(order) = &mut self.order
            && let Some(time) = order.read(row, &self.values)
        {
            let flow = order.step(time, &mut self.table);
            self.waiting.extend(flow, row.number, time, &self.values, &mut self.table);
        }
        self.decide_or_hold(row, sink);
    }

    /// Decides a record by the reasons noted, or lets it wait its turn.
    fn decide_or_hold(&mut self, row: Row<'_>, sink: &mut impl Sink) {
        if self.waiting.holds() {
            let reasons = std::mem::take(&mut self.reasons);
            self.waiting.hold(row, reasons, &mut self.table, sink);
        } else {
            self.table.decide(row, &self.reasons, sink);
        }
    }

    pub(super) fn finish(mut self, sink: &mut impl Sink) -> Scan {
        self.waiting.finish(&mut self.table, sink);
        self.table.finish(self.order.map(|order| order.profile))
    }
}

/// Whether quoted fields join the lines of a record. Not where many do: trying each line of data made of
/// such records would take time without end.
fn joins_lines(record: &[u8], fields: &[FieldSpan]) -> bool {
    const MANY: usize = 16;
    let joins = |span: &&FieldSpan| {
        record.get(span.start..span.end).is_some_and(|it| memchr::memchr(b'\n', it).is_some())
    };
    (1..=MANY).contains(&fields.iter().filter(joins).take(MANY + 1).count())
}

/// How many lines end in these bytes.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
