//! The scanner: bytes in, rows to a sink, and at the end what was seen.

use std::collections::VecDeque;

use super::csv::{Cut, cut};
use super::error::ScanError;
use super::record::{Reason, Record, Rule, Sink, Span};
use super::schema::{Schema, TimeOrder};
use super::table::Table;
use super::tally::Scan;
use crate::constraints::Constraints;
use crate::profile::bins::Baseline;
use crate::profile::value::{Value, timestamp_seconds};
use crate::profile::{Gap, Stretch, TimeProfile};

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
    fields: Vec<Span>,
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
            fields: Vec::new(),
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
        let delimiter = u8::try_from(self.schema.delimiter).unwrap_or(b',');
        let mut at = 0;
        while at < buffer.len() {
            let rest = &buffer[at..];
            if self.state.is_none() && self.line == 1 {
                const BOM: &[u8] = b"\xEF\xBB\xBF";
                if rest.starts_with(BOM) {
                    at += BOM.len();
                    continue;
                }
                if !end && BOM.starts_with(rest) {
                    break;
                }
            }
            let Cut::Record { length, next } = cut(rest, delimiter, end, &mut self.fields) else { break };
            let raw = &rest[..length];
            let line = self.line;
            self.line += memchr::memchr_iter(b'\n', &rest[..next]).count() as u64;
            at += next;
            if raw.is_empty() {
                continue;
            }
            let record = Record { number: 0, line, raw, fields: &self.fields, values: &[] };
            match &mut self.state {
                Some(state) => state.record(record, sink),
                None => {
                    let names = header(&record)?;
                    sink.header(&names, raw);
                    let table =
                        Table::new(names, &self.schema, self.constraints.as_ref(), self.baseline.as_ref());
                    self.state = Some(State::new(table, &self.schema, self.constraints.as_ref()));
                }
            }
        }
        Ok(at)
    }
}

fn header(record: &Record<'_>) -> Result<Vec<String>, ScanError> {
    let refuse = |reason: String| Err(ScanError::Header { reason });
    if record.len() > COLUMN_LIMIT {
        return refuse(format!("{} columns, more than {COLUMN_LIMIT}", record.len()));
    }
    if std::str::from_utf8(record.raw).is_err() || record.raw.contains(&0) {
        return refuse("the header is no UTF-8 text".to_owned());
    }
    let mut names = Vec::with_capacity(record.len());
    let mut seen = std::collections::HashSet::new();
    for index in 0..record.len() {
        let name = record.text(index).unwrap_or_default().trim().to_owned();
        if name.is_empty() {
            return refuse(format!("column {} has no name", index + 1));
        }
        if !seen.insert(name.clone()) {
            return refuse(format!("two columns are named {name:?}"));
        }
        names.push(name);
    }
    Ok(names)
}

/// A record that waits until it is known whether its stretch is stuck.
struct Held {
    number: u64,
    line: u64,
    raw: Vec<u8>,
    fields: Vec<Span>,
    values: Vec<Value>,
    reasons: Vec<Reason>,
}

/// The stretch that a column is in.
struct Run {
    column: usize,
    limit: Option<u64>,
    value: Option<f64>,
    rows: u64,
    first: u64,
    from: i64,
}

/// The scan after the header.
struct State {
    table: Table,
    order: Option<Order>,
    runs: Vec<Run>,
    holds: bool,
    held: VecDeque<Held>,
    records: u64,
    values: Vec<Value>,
    reasons: Vec<Reason>,
}

impl State {
    fn new(table: Table, schema: &Schema, constraints: Option<&Constraints>) -> Self {
        let limit = constraints.and_then(|constraints| constraints.gap);
        let order = schema.time.as_ref().and_then(|time| Order::new(time, &table.names, limit));
        let runs: Vec<Run> = match order {
            None => Vec::new(),
            Some(_) => table
                .stuck_limits()
                .into_iter()
                .map(|(column, limit)| Run { column, limit, value: None, rows: 0, first: 0, from: 0 })
                .collect(),
        };
        let holds = runs.iter().any(|run| run.limit.is_some());
        Self {
            table,
            order,
            runs,
            holds,
            held: VecDeque::new(),
            records: 0,
            values: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn record(&mut self, mut record: Record<'_>, sink: &mut impl Sink) {
        self.records += 1;
        record.number = self.records;
        self.reasons.clear();
        self.table.read(&record, &mut self.values, &mut self.reasons);
        if let Some(order) = &mut self.order
            && let Some(time) = order.read(&record, &self.values)
        {
            if order.step(time, &mut self.table) == Flow::Broken {
                self.end_runs();
            }
            self.extend_runs(time);
        }
        if !self.holds {
            let record = Record { values: &self.values, ..record };
            return decide(&mut self.table, &record, &self.reasons, sink);
        }
        self.held.push_back(Held {
            number: record.number,
            line: record.line,
            raw: record.raw.to_vec(),
            fields: record.fields.to_vec(),
            values: self.values.clone(),
            reasons: std::mem::take(&mut self.reasons),
        });
        self.mark_stuck();
        self.release(sink);
    }

    fn extend_runs(&mut self, time: i64) {
        for run in &mut self.runs {
            let value = self.values.get(run.column).and_then(|value| value.number());
            if run.value.is_some() && run.value == value {
                run.rows += 1;
                continue;
            }
            close(run, &mut self.table);
            *run = Run { value, rows: 1, first: self.records, from: time, ..*run };
        }
    }

    fn end_runs(&mut self) {
        for run in &mut self.runs {
            close(run, &mut self.table);
            run.value = None;
        }
    }

    /// Marks the rows of stretches that have become too long: all of them when the limit is
    /// passed, then each new one.
    fn mark_stuck(&mut self) {
        for run in &self.runs {
            let Some(limit) = run.limit.filter(|&limit| run.value.is_some() && run.rows > limit) else {
                continue;
            };
            let (Some(name), Some(value)) = (self.table.names.get(run.column), run.value) else { continue };
            for held in self.held.iter_mut().filter(|held| held.number >= run.first) {
                if held.reasons.iter().any(|r| r.rule == Rule::Stuck && r.column.as_ref() == Some(name)) {
                    continue;
                }
                held.reasons.push(Reason {
                    column: Some(name.clone()),
                    rule: Rule::Stuck,
                    expected: format!("no more than {limit} rows of one value in time order"),
                    observed: format!("a stretch that stays at {value}"),
                });
            }
        }
    }

    /// Decides the held rows that no stretch can turn bad any more.
    fn release(&mut self, sink: &mut impl Sink) {
        let undecided = self
            .runs
            .iter()
            .filter(|run| run.value.is_some() && run.limit.is_some_and(|limit| run.rows <= limit))
            .map(|run| run.first)
            .min()
            .unwrap_or(u64::MAX);
        while self.held.front().is_some_and(|held| held.number < undecided) {
            let Some(held) = self.held.pop_front() else { break };
            let record = Record {
                number: held.number,
                line: held.line,
                raw: &held.raw,
                fields: &held.fields,
                values: &held.values,
            };
            decide(&mut self.table, &record, &held.reasons, sink);
        }
    }

    fn finish(mut self, sink: &mut impl Sink) -> Scan {
        self.end_runs();
        self.release(sink);
        self.table.finish(self.order.map(|order| order.profile))
    }
}

fn close(run: &mut Run, table: &mut Table) {
    if let (Some(value), Some(column)) = (run.value, table.column_mut(run.column)) {
        column.stretches.add(Stretch { rows: run.rows, value, from: run.from });
    }
}

fn decide(table: &mut Table, record: &Record<'_>, reasons: &[Reason], sink: &mut impl Sink) {
    table.decide(record, reasons);
    if reasons.is_empty() { sink.accepted(record) } else { sink.quarantined(record, reasons) }
}

/// The order of rows in time.
struct Order {
    date: usize,
    hour: Option<usize>,
    every: i64,
    limit: Option<u64>,
    last: Option<i64>,
    profile: TimeProfile,
}

/// Whether a row follows the one before it.
#[derive(PartialEq, Eq)]
enum Flow {
    Steady,
    Broken,
}

impl Order {
    fn new(time: &TimeOrder, names: &[String], limit: Option<u64>) -> Option<Self> {
        let at = |wanted: &String| names.iter().position(|name| name == wanted);
        let hour = match &time.hour {
            Some(hour) => Some(at(hour)?),
            None => None,
        };
        let every = i64::try_from(time.every).unwrap_or(i64::MAX).max(1);
        Some(Self { date: at(&time.date)?, hour, every, limit, last: None, profile: TimeProfile::default() })
    }

    /// When the row is, in seconds since 1970.
    fn read(&mut self, record: &Record<'_>, values: &[Value]) -> Option<i64> {
        let date = record.field(self.date).and_then(|field| timestamp_seconds(&field));
        let hours = match self.hour {
            None => Some(0),
            Some(index) => values
                .get(index)
                .and_then(|value| value.number())
                .filter(|hour| (0.0..=24.0).contains(hour))
                .map(|hour| (hour * 3600.0) as i64),
        };
        let time = date.zip(hours).map(|(date, seconds)| date + seconds);
        self.profile.unreadable += u64::from(time.is_none());
        time
    }

    fn step(&mut self, time: i64, table: &mut Table) -> Flow {
        self.profile.first = Some(self.profile.first.map_or(time, |first| first.min(time)));
        self.profile.last = Some(self.profile.last.map_or(time, |last| last.max(time)));
        let Some(before) = self.last.replace(time) else { return Flow::Steady };
        if time < before {
            self.profile.out_of_order += 1;
            return Flow::Broken;
        }
        let steps = u64::try_from((time - before) / self.every - 1).unwrap_or(0);
        if steps > 0 {
            let gap = Gap { steps, after: before, before: time };
            self.profile.missing_steps += steps;
            if self.limit.is_some_and(|limit| steps > limit) {
                table.tally.missing_steps += steps;
                table.tally.gaps.add(gap.clone());
            }
            self.profile.gaps.add(gap);
        }
        Flow::Steady
    }
}
