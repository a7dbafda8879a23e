//! The columns of one scan: profiles, bins and rules, row by row.

use std::sync::Arc;

use super::record::{Reason, Record, Rule, Sink, Span};
use super::rules::{AcrossRule, ColumnJudge, ColumnRules};
use super::schema::Schema;
use super::tally::{BinnedColumn, Scan, Tally};
use crate::constraints::Constraints;
use crate::profile::bins::Baseline;
use crate::profile::value::Value;
use crate::profile::{ColumnProfile, Counter, Judge, Mark, PROFILE_VERSION, Profile, TimeProfile};

/// How often, in rows, full counters are looked for.
pub(crate) const SETTLE_EVERY: u64 = 32;

pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) judges: Vec<ColumnJudge>,
    across: Vec<AcrossRule>,
    pub(crate) tally: Tally,
}

pub(crate) struct Column {
    /// None for a column that is neither profiled nor judged.
    pub(crate) counter: Option<Counter>,
    /// Whether its profile is wanted.
    profiled: bool,
}

impl Table {
    pub(crate) fn new(
        names: Vec<String>,
        schema: &Schema,
        constraints: Option<&Constraints>,
        baseline: Option<&Baseline>,
    ) -> Self {
        let null_words: Arc<[Vec<u8>]> =
            schema.null_words.iter().map(|word| word.clone().into_bytes()).collect();
        let (mut columns, mut judges) = (Vec::new(), Vec::new());
        for name in &names {
            let fixed = schema.columns.get(name).and_then(|spec| spec.kind);
            let judged = constraints.and_then(|all| all.column(name));
            let profiled = !schema.ignore.contains(name);
            let bins = baseline.and_then(|baseline| baseline.column(name));
            let counter = (profiled || judged.is_some())
                .then(|| Counter::new(ColumnProfile::new(name.clone(), fixed), bins, names.len()));
            columns.push(Column { counter, profiled });
            let rules = ColumnRules::new(fixed, judged);
            judges.push(ColumnJudge { rules, null_words: Arc::clone(&null_words) });
        }
        let mut tally = Tally::default();
        let time = schema.time.iter().flat_map(|time| [Some(&time.date), time.hour.as_ref()]).flatten();
        let known = constraints.iter().flat_map(|all| all.columns.iter().map(|column| &column.name));
        let across = constraints.iter().flat_map(|all| &all.across).flat_map(|rule| [&rule.column, &rule.of]);
        for wanted in time.chain(schema.columns.keys()).chain(known).chain(across) {
            if !names.contains(wanted) && !tally.missing_columns.contains(wanted) {
                tally.missing_columns.push(wanted.clone());
            }
        }
        if let Some(constraints) = constraints {
            let strange =
                |name: &&String| constraints.column(name).is_none() && !schema.ignore.contains(name);
            tally.extra_columns = names.iter().filter(strange).cloned().collect();
        }
        let across = constraints.map(|all| AcrossRule::ready(all, &names)).unwrap_or_default();
        Self { names, columns, judges, across, tally }
    }

    /// Reads a record's values and notes the rules it breaks.
    pub(crate) fn read(
        &self,
        raw: &[u8],
        fields: &[Span],
        values: &mut Vec<Value>,
        reasons: &mut Vec<Reason>,
    ) {
        values.clear();
        let record = Record { number: 0, line: 0, raw, fields, judges: &self.judges };
        if record.len() != self.columns.len() {
            reasons.push(Reason {
                column: None,
                rule: Rule::Fields,
                expected: format!("{} fields as in the header", self.columns.len()),
                observed: format!("{} field{}", record.len(), if record.len() == 1 { "" } else { "s" }),
            });
            return;
        }
        if std::str::from_utf8(record.raw).is_err() {
            reasons.push(Reason {
                column: None,
                rule: Rule::Encoding,
                expected: "UTF-8".to_owned(),
                observed: "bytes that are not".to_owned(),
            });
            return;
        }
        for (index, (judge, name)) in self.judges.iter().zip(&self.names).enumerate() {
            let field = record.field(index).unwrap_or_default();
            let value = judge.value(&field);
            judge.rules.check(name, &field, value, reasons);
            values.push(value);
        }
        for rule in &self.across {
            rule.check(&self.names, values, &record, reasons);
        }
    }

    /// Whether a row can be judged field by field.
    pub(crate) fn judges_fields_alone(&self) -> bool {
        self.across.is_empty()
    }

    /// Counts a decided record.
    pub(crate) fn decide(
        &mut self,
        number: u64,
        line: u64,
        raw: &[u8],
        fields: &[Span],
        reasons: &[Reason],
        sink: &mut impl Sink,
    ) {
        self.tally.rows += 1;
        if !reasons.is_empty() {
            self.tally.quarantined += 1;
            reasons.iter().for_each(|reason| self.tally.count(line, reason));
            let record = Record { number, line, raw, fields, judges: &self.judges };
            return sink.quarantined(&record, reasons);
        }
        self.tally.accepted += 1;
        for ((column, judge), &span) in self.columns.iter_mut().zip(&self.judges).zip(fields) {
            let Some(counter) = &mut column.counter else { continue };
            let field = span.field(raw);
            if let (Mark::Later, _) = counter.add(&field, 0, field.len(), judge) {
                counter.add_late(&field, judge);
            }
        }
        if self.tally.accepted.is_multiple_of(SETTLE_EVERY) {
            self.settle();
        }
        sink.accepted(&Record { number, line, raw, fields, judges: &self.judges });
    }

    /// Moves full counters into their profiles. Only between rows.
    pub(crate) fn settle(&mut self) {
        for (column, judge) in self.columns.iter_mut().zip(&self.judges) {
            if let Some(counter) = column.counter.as_mut().filter(|counter| counter.is_full()) {
                counter.settle(judge);
            }
        }
    }

    /// The longest allowed stretch of each column, for those that are profiled.
    pub(crate) fn stuck_limits(&self) -> Vec<(usize, Option<u64>)> {
        let profiled = |index: &usize| self.columns.get(*index).is_some_and(|column| column.profiled);
        let limit = |index: usize| (index, self.judges.get(index).and_then(|judge| judge.rules.stuck));
        (0..self.columns.len()).filter(profiled).map(limit).collect()
    }

    pub(crate) fn column_mut(&mut self, index: usize) -> Option<&mut ColumnProfile> {
        Some(self.columns.get_mut(index)?.counter.as_mut()?.profile_mut())
    }

    pub(crate) fn finish(self, time: Option<TimeProfile>) -> Scan {
        let (mut columns, mut binned) = (Vec::new(), Vec::new());
        for ((column, judge), name) in self.columns.into_iter().zip(&self.judges).zip(self.names) {
            let Some(counter) = column.counter else { continue };
            let (profile, counts) = counter.finish(judge);
            if column.profiled {
                columns.push(profile);
            }
            binned.extend(counts.map(|counts| BinnedColumn { name, counts }));
        }
        let profile = Profile {
            version: PROFILE_VERSION,
            rows: self.tally.accepted,
            parts: 1,
            part_rows: (self.tally.rows, self.tally.rows),
            columns,
            time,
        };
        Scan { profile, binned, tally: self.tally }
    }
}
