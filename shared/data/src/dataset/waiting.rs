//! Stretches of one repeated number, and the rows that wait to learn whether theirs is stuck.

use std::collections::VecDeque;

use super::field::{FieldSpan, Row};
use super::record::Sink;
use super::table::Table;
use super::time::Flow;
use crate::constraints::{Reason, Rule};
use crate::profile::Stretch;
use crate::profile::value::FieldValue;

/// A record that waits until it is known whether its stretch is stuck.
struct Held {
    number: u64,
    line: u64,
    bytes: Vec<u8>,
    length: usize,
    fields: Vec<FieldSpan>,
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

/// The stretches of all columns. At most as many rows wait as the longest stretch allowed.
pub(super) struct Waiting {
    runs: Vec<Run>,
    held: VecDeque<Held>,
}

impl Waiting {
    /// Watches the columns of a table, if its rows are in time order.
    pub(super) fn new(table: &Table, ordered: bool) -> Self {
        let run = |(column, limit)| Run { column, limit, value: None, rows: 0, first: 0, from: 0 };
        let limits = if ordered { table.stuck_limits() } else { Vec::new() };
        Self { runs: limits.into_iter().map(run).collect(), held: VecDeque::new() }
    }

    /// Whether rows must wait.
    pub(super) fn holds(&self) -> bool {
        self.runs.iter().any(|run| run.limit.is_some())
    }

    /// Adds a row at this time to the stretches.
    pub(super) fn extend(
        &mut self,
        flow: Flow,
        number: u64,
        time: i64,
        values: &[FieldValue],
        table: &mut Table,
    ) {
        for run in &mut self.runs {
            let value = values.get(run.column).and_then(|value| value.number());
            if flow == Flow::Steady && run.value.is_some() && run.value == value {
                run.rows += 1;
                continue;
            }
            close(run, table);
            *run = Run { value, rows: 1, first: number, from: time, ..*run };
        }
    }

    /// Lets a row wait, and decides those that no stretch can turn bad any more.
    pub(super) fn hold(
        &mut self,
        row: Row<'_>,
        reasons: Vec<Reason>,
        table: &mut Table,
        sink: &mut impl Sink,
    ) {
        let Row { number, line, bytes, length, fields } = row;
        self.held.push_back(Held {
            number,
            line,
            bytes: bytes.to_vec(),
            length,
            fields: fields.to_vec(),
            reasons,
        });
        self.mark_stuck(table);
        self.release(table, sink);
    }

    /// Ends all stretches and decides the rows that still wait.
    pub(super) fn finish(&mut self, table: &mut Table, sink: &mut impl Sink) {
        for run in &mut self.runs {
            close(run, table);
            run.value = None;
        }
        self.release(table, sink);
    }

    /// Marks the rows of stretches that have become too long: all of them when the limit is
    /// passed, then each new one.
    fn mark_stuck(&mut self, table: &Table) {
        for run in &self.runs {
            let (Some(limit), Some(value)) = (run.limit, run.value) else { continue };
            let Some(name) = table.names.get(run.column).filter(|_| run.rows > limit) else { continue };
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

    fn release(&mut self, table: &mut Table, sink: &mut impl Sink) {
        let undecided = self
            .runs
            .iter()
            .filter(|run| run.value.is_some() && run.limit.is_some_and(|limit| run.rows <= limit))
            .map(|run| run.first)
            .min()
            .unwrap_or(u64::MAX);
        while self.held.front().is_some_and(|held| held.number < undecided) {
            let Some(held) = self.held.pop_front() else { break };
            let Held { number, line, bytes, length, fields, reasons } = held;
            table.decide(Row { number, line, bytes: &bytes, length, fields: &fields }, &reasons, sink);
        }
    }
}

fn close(run: &mut Run, table: &mut Table) {
    if let (Some(value), Some(column)) = (run.value, table.column_mut(run.column)) {
        column.stretches.add(Stretch { rows: run.rows, value, from: run.from });
    }
}
