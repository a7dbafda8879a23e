//! The columns of one scan: profiles, bins and rules, row by row.

use std::collections::HashSet;
use std::sync::Arc;

use super::field::{FieldKind, Row};
use super::grouped::Grouper;
use super::record::Sink;
use super::rules::{AcrossRule, ColumnJudge, ColumnRules};
use super::schema::Schema;
use crate::constraints::{BinnedColumn, Constraints, Reason, Rule, Scan, Tally};
use crate::profile::bins::Baseline;
use crate::profile::value::FieldValue;
use crate::profile::{
    Coarseness, ColumnProfile, Counter, Judge, Mark, PROFILE_VERSION, Profile, Sampler, Segments, TimeProfile,
};

/// How often, in rows, full counters are looked for; in a wide table, where they hold less, four times as
/// often.
const SETTLE_EVERY: u64 = 32;
const SETTLE_EVERY_WIDE: u64 = 8;

pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) judges: Vec<ColumnJudge>,
    across: Vec<AcrossRule>,
    pub(crate) tally: Tally,
    /// The parts of the accepted rows, each a table of its own.
    pub(super) segments: Segments<Table>,
    /// Draws a sample of the accepted rows, where one is wanted.
    pub(super) sampler: Option<Sampler>,
    /// Counts the accepted rows group by group, where that is wanted.
    pub(super) grouper: Option<Grouper>,
    pub(super) known: Known,
    /// How coarse the sketches of its columns are.
    coarseness: Coarseness,
    /// How often, in rows, full counters are looked for.
    pub(super) settle_every: u64,
}

/// What is known beforehand, for columns that come later.
pub(super) struct Known {
    pub(super) schema: Schema,
    pub(super) constraints: Option<Constraints>,
    pub(super) baseline: Option<Baseline>,
    null_words: Arc<[Vec<u8>]>,
}

pub(crate) struct Column {
    /// None for a column that is neither profiled nor judged.
    pub(crate) counter: Option<Counter>,
    /// Whether its profile is wanted.
    pub(super) profiled: bool,
    /// Whether the data has it.
    pub(crate) seen: bool,
}

impl Table {
    /// A table before its first row, with the columns of a header.
    pub(crate) fn new(
        names: Vec<String>,
        schema: &Schema,
        constraints: Option<&Constraints>,
        baseline: Option<&Baseline>,
    ) -> Self {
        let null_words = schema.null_words.iter().map(|word| word.clone().into_bytes()).collect();
        let mut table = Self {
            names: Vec::with_capacity(names.len()),
            columns: Vec::with_capacity(names.len()),
            judges: Vec::with_capacity(names.len()),
            across: constraints.map(|all| AcrossRule::ready(all, &names)).unwrap_or_default(),
            tally: Tally::default(),
            segments: Segments::default(),
            sampler: None,
            grouper: None,
            known: Known {
                schema: schema.clone(),
                constraints: constraints.cloned(),
                baseline: baseline.cloned(),
                null_words,
            },
            coarseness: Coarseness::default(),
            settle_every: SETTLE_EVERY,
        };
        let columns = names.len();
        for name in names {
            table.add_column(name, columns);
        }
        for column in &mut table.columns {
            column.seen = true;
        }
        table
    }

    /// A table of data without a header: it starts with the columns that are named beforehand, and others
    /// are added as they come.
    pub(crate) fn open(
        schema: &Schema,
        constraints: Option<&Constraints>,
        baseline: Option<&Baseline>,
    ) -> Self {
        let mut table = Self::new(Vec::new(), schema, constraints, baseline);
        for name in table.known.wanted() {
            table.add_column(name, 0);
        }
        table.across = constraints.map(|all| AcrossRule::ready(all, &table.names)).unwrap_or_default();
        table
    }

    /// Adds a column that the rows so far did not have. `share` of the memory for texts is its own.
    pub(crate) fn add_column(&mut self, name: String, share: usize) -> usize {
        let known = &self.known;
        let fixed = known.schema.columns.get(&name).and_then(|spec| spec.kind);
        let judged = known.constraints.as_ref().and_then(|all| all.column(&name));
        let profiled = !known.schema.ignore.contains(&name);
        let bins = known.baseline.as_ref().and_then(|baseline| baseline.column(&name));
        let counter = (profiled || judged.is_some()).then(|| {
            let profile = ColumnProfile::new(name.clone(), fixed);
            Counter::new(profile, bins, share.max(self.names.len())).behind(self.tally.accepted)
        });
        self.columns.push(Column { counter, profiled, seen: false });
        let rules = ColumnRules::new(fixed, judged);
        let decimal_comma = known.schema.decimal_comma;
        let null_words = Arc::clone(&known.null_words);
        self.judges.push(ColumnJudge { rules, null_words, decimal_comma });
        self.names.push(name);
        self.bound(share.max(self.names.len()));
        self.names.len() - 1
    }

    /// Holds what all columns keep together within its bound, now that they are so many.
    fn bound(&mut self, columns: usize) {
        let coarseness = Coarseness::of(columns);
        if coarseness > self.coarseness {
            self.coarseness = coarseness;
            self.settle_every = SETTLE_EVERY_WIDE;
            let counters = self.columns.iter_mut().filter_map(|column| column.counter.as_mut());
            counters.for_each(|counter| counter.coarsen(columns));
        }
    }

    /// Takes back the columns added after the first `count`, which no row has.
    pub(crate) fn drop_columns(&mut self, count: usize) {
        self.names.truncate(count);
        self.columns.truncate(count);
        self.judges.truncate(count);
    }

    /// Reads a record's values and notes the rules it breaks.
    pub(crate) fn read(&self, row: Row<'_>, values: &mut Vec<FieldValue>, reasons: &mut Vec<Reason>) {
        values.clear();
        if row.fields.len() != self.columns.len() {
            reasons.push(Reason {
                column: None,
                rule: Rule::Fields,
                expected: format!("{} as in the header", fields(self.columns.len())),
                observed: fields(row.fields.len()),
            });
            return;
        }
        if std::str::from_utf8(row.raw()).is_err() {
            reasons.push(Reason {
                column: None,
                rule: Rule::Encoding,
                expected: "UTF-8".to_owned(),
                observed: "bytes that are not".to_owned(),
            });
            return;
        }
        for ((span, judge), name) in row.fields.iter().zip(&self.judges).zip(&self.names) {
            let field = span.field(row.bytes);
            let value = judge.read(&field, span.kind);
            judge.rules.check(name, &field, value, reasons);
            values.push(value);
        }
        for rule in &self.across {
            rule.check(&self.names, values, row, reasons);
        }
    }

    /// Whether a row can be judged field by field.
    pub(crate) fn judges_fields_alone(&self) -> bool {
        self.across.is_empty()
    }

    /// Counts a decided record.
    pub(crate) fn decide(&mut self, row: Row<'_>, reasons: &[Reason], sink: &mut impl Sink) {
        self.tally.rows += 1;
        if !reasons.is_empty() {
            self.tally.quarantined += 1;
            reasons.iter().for_each(|reason| self.tally.count(row.line, reason));
            return sink.quarantined(&row.record(&self.names, &self.judges), reasons);
        }
        self.tally.accepted += 1;
        for (index, (column, judge)) in self.columns.iter_mut().zip(&self.judges).enumerate() {
            let Some(counter) = &mut column.counter else { continue };
            // A column that came while the row waited is missing in it.
            let span = row.fields.get(index).copied().unwrap_or_default();
            let field = span.field(row.bytes);
            if span.kind == FieldKind::Text {
                counter.add_value(&field, judge.read(&field, span.kind));
            } else if let (Mark::Later, _) = counter.add(&field, 0, field.len(), judge) {
                counter.add_value(&field, judge.value(&field));
            }
        }
        if self.tally.accepted.is_multiple_of(self.settle_every) {
            self.settle();
        }
        self.hand_out(row);
        sink.accepted(&row.record(&self.names, &self.judges));
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

    pub(crate) fn finish(mut self, time: Option<TimeProfile>) -> Scan {
        let parts = self.finish_parts();
        let counts = parts.as_ref().map(|_, _, part| part.binned.clone());
        let profiles = parts.map(|_, _, part| part.profile);
        let found: HashSet<&String> = self
            .names
            .iter()
            .zip(&self.columns)
            .filter(|(_, column)| column.seen)
            .map(|(name, _)| name)
            .collect();
        self.tally.missing_columns =
            self.known.wanted().into_iter().filter(|name| !found.contains(name)).collect();
        if let Some(constraints) = &self.known.constraints {
            let ignored = &self.known.schema.ignore;
            let strange = |name: &&&String| constraints.column(name).is_none() && !ignored.contains(name);
            self.tally.extra_columns = self
                .names
                .iter()
                .filter(|name| found.contains(name))
                .filter(|name| strange(&name))
                .cloned()
                .collect();
        }
        self.tally.notes.extend(self.coarseness.note(self.names.len()));
        let groups = self.grouper.take().and_then(Grouper::finish);
        let names = self.names.iter().zip(&self.columns).filter(|(_, column)| column.profiled);
        let sample =
            self.sampler.take().map(|sampler| sampler.finish(names.map(|(name, _)| name.clone()).collect()));
        let (mut columns, mut binned) = (Vec::new(), Vec::new());
        for ((column, judge), name) in self.columns.into_iter().zip(&self.judges).zip(self.names) {
            let Some(counter) = column.counter.filter(|_| column.seen) else { continue };
            let (profile, counts) = counter.finish(judge);
            if column.profiled {
                columns.push(profile);
            }
            binned.extend(counts.map(|counts| BinnedColumn { name, counts }));
        }
        let profile = Profile {
            version: PROFILE_VERSION,
            rows: self.tally.accepted,
            left_out: self.tally.quarantined,
            parts: 1,
            part_rows: (self.tally.rows, self.tally.rows),
            columns,
            time,
            segments: profiles,
            sample,
        };
        Scan { profile, binned, segments: counts, groups, tally: self.tally }
    }
}

impl Known {
    /// The columns that the time order, the schema and the constraints name, each once.
    fn wanted(&self) -> Vec<String> {
        let time = self.schema.time.iter().flat_map(|time| [Some(&time.date), time.hour.as_ref()]).flatten();
        let constraints = self.constraints.iter();
        let judged = constraints.clone().flat_map(|all| all.columns.iter().map(|column| &column.name));
        let across = constraints.flat_map(|all| &all.across).flat_map(|rule| [&rule.column, &rule.of]);
        let mut seen = HashSet::new();
        let all = time.chain(self.schema.columns.keys()).chain(judged).chain(across);
        all.filter(|name| seen.insert(*name)).cloned().collect()
    }
}

fn fields(count: usize) -> String {
    if count == 1 { "1 field".to_owned() } else { format!("{count} fields") }
}
