//! The columns of one scan: profiles, bins and rules, row by row.

use super::record::{Reason, Record, Rule};
use super::rules::{AcrossRule, ColumnRules};
use super::schema::Schema;
use super::tally::{BinnedColumn, Scan, Tally};
use crate::constraints::Constraints;
use crate::profile::bins::Baseline;
use crate::profile::value::{self, Value};
use crate::profile::{BinCounter, ColumnProfile, ColumnType, PROFILE_VERSION, Profile, TimeProfile};

pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    columns: Vec<Column>,
    across: Vec<AcrossRule>,
    null_words: Vec<Vec<u8>>,
    pub(crate) tally: Tally,
}

struct Column {
    /// None for a column the schema ignores.
    profile: Option<ColumnProfile>,
    bins: Option<BinCounter>,
    rules: ColumnRules,
}

impl Table {
    pub(crate) fn new(
        names: Vec<String>,
        schema: &Schema,
        constraints: Option<&Constraints>,
        baseline: Option<&Baseline>,
    ) -> Self {
        let columns = names
            .iter()
            .map(|name| {
                let fixed = schema.columns.get(name).and_then(|spec| spec.kind);
                let ignored = schema.ignore.contains(name);
                Column {
                    profile: (!ignored).then(|| ColumnProfile::new(name.clone(), fixed)),
                    bins: baseline.and_then(|baseline| baseline.column(name)).map(BinCounter::new),
                    rules: ColumnRules::new(fixed, constraints.and_then(|all| all.column(name))),
                }
            })
            .collect();
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
        let null_words = schema.null_words.iter().map(|word| word.clone().into_bytes()).collect();
        Self { names, columns, across, null_words, tally }
    }

    /// Reads a record's values and notes the rules it breaks.
    pub(crate) fn read(&mut self, record: &Record<'_>, values: &mut Vec<Value>, reasons: &mut Vec<Reason>) {
        values.clear();
        if record.len() != self.columns.len() {
            reasons.push(Reason {
                column: None,
                rule: Rule::Fields,
                expected: format!("{} fields as in the header", self.columns.len()),
                observed: format!("{} fields", record.len()),
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
        for (index, (column, name)) in self.columns.iter().zip(&self.names).enumerate() {
            let field = record.field(index).unwrap_or_default();
            let value = self.value(column.rules.kind, &field);
            column.rules.check(name, &field, value, reasons);
            values.push(value);
        }
        for rule in &self.across {
            rule.check(&self.names, values, record, reasons);
        }
    }

    /// Counts a decided record.
    pub(crate) fn decide(&mut self, record: &Record<'_>, reasons: &[Reason]) {
        self.tally.rows += 1;
        if reasons.is_empty() {
            self.tally.accepted += 1;
            for (index, (column, &value)) in self.columns.iter_mut().zip(record.values).enumerate() {
                let field = record.field(index).unwrap_or_default();
                if let Some(profile) = &mut column.profile {
                    profile.add(&field, value);
                }
                if let Some(bins) = &mut column.bins {
                    bins.add(&field, value);
                }
            }
        } else {
            self.tally.quarantined += 1;
            reasons.iter().for_each(|reason| self.tally.count(record.line, reason));
        }
    }

    /// The longest allowed stretch of each column, for those that are profiled.
    pub(crate) fn stuck_limits(&self) -> Vec<(usize, Option<u64>)> {
        self.columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.profile.is_some())
            .map(|(index, column)| (index, column.rules.stuck))
            .collect()
    }

    pub(crate) fn column_mut(&mut self, index: usize) -> Option<&mut ColumnProfile> {
        self.columns.get_mut(index)?.profile.as_mut()
    }

    pub(crate) fn finish(self, time: Option<TimeProfile>) -> Scan {
        let rows = self.tally.accepted;
        let binned = self
            .columns
            .iter()
            .zip(&self.names)
            .filter_map(|(column, name)| {
                let counts = column.bins.as_ref()?.counts.clone();
                Some(BinnedColumn { name: name.clone(), counts })
            })
            .collect();
        let profile = Profile {
            version: PROFILE_VERSION,
            rows,
            parts: 1,
            part_rows: (self.tally.rows, self.tally.rows),
            columns: self.columns.into_iter().filter_map(|column| column.profile).collect(),
            time,
        };
        Scan { profile, binned, tally: self.tally }
    }

    fn value(&self, kind: Option<ColumnType>, field: &[u8]) -> Value {
        if field.is_empty() || self.null_words.iter().any(|word| word == field) {
            Value::Missing
        } else if kind == Some(ColumnType::String) {
            Value::Text
        } else {
            value::read(field)
        }
    }
}
