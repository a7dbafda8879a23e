//! Judges comparisons from standard input, one JSON document a line, for `scripts/bench drift`.
//!
//! In: `{"baseline": <frozen baseline>, "current": [[<column>, <counts>], ...], "values": [{"name": <column>,
//! "before": [[<value>, <rows>], ...], "after": [...], "missing": [<rows before>, <rows after>]}, ...]}`; the
//! columns of `values` are profiled and frozen here as their texts would be.
//! Out: the verdict, how many findings of each kind, the columns that drift or were told, and the time taken to
//! read and to compare.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::time::Instant;

use pawl::drift::{Policy, Verdict, compare, inputs};
use pawl::profile::Profile;
use pawl::profile::bins::{Baseline, BaselineColumn, BinCounts};
use pawl::profile::typed::{Numbers, TypedColumn};

#[derive(serde::Deserialize)]
struct Case {
    baseline: Baseline,
    current: Vec<(String, BinCounts)>,
    #[serde(default)]
    values: Vec<Counted>,
}

/// A column by its values.
#[derive(serde::Deserialize)]
struct Counted {
    name: String,
    before: Vec<(String, u64)>,
    after: Vec<(String, u64)>,
    #[serde(default)]
    missing: (u64, u64),
}

impl Counted {
    fn column(
        &self,
        values: &[(String, u64)],
        missing: u64,
        bins: Option<&BaselineColumn>,
    ) -> (Profile, Option<BinCounts>) {
        let mut column = TypedColumn::new(&self.name, Numbers::Whole, &[], bins, 1);
        values.iter().for_each(|(value, rows)| column.counted_text(value.as_bytes(), *rows));
        column.missing(missing);
        let (profile, counts) = column.finish();
        (Profile { rows: profile.rows, columns: vec![profile], ..Profile::default() }, counts)
    }

    /// Freezes it and counts the batch in its bins.
    fn add_to(&self, baseline: &mut Baseline, current: &mut Vec<(String, BinCounts)>) {
        let frozen = Baseline::freeze(&self.column(&self.before, self.missing.0, None).0);
        let (_, counts) = self.column(&self.after, self.missing.1, frozen.columns.first());
        current.extend(counts.map(|counts| (self.name.clone(), counts)));
        baseline.columns.extend(frozen.columns);
    }
}

fn main() -> std::io::Result<()> {
    let policy = Policy::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let started = Instant::now();
        let Case { mut baseline, mut current, values } = serde_json::from_str(&line)?;
        let read = started.elapsed();
        values.iter().for_each(|counted| counted.add_to(&mut baseline, &mut current));
        let columns: Vec<String> = current.iter().map(|(name, _)| name.clone()).collect();
        let started = Instant::now();
        let drift = compare(&inputs(&baseline, &current, &columns, None), &policy);
        let compared = started.elapsed();
        let count = |verdict| drift.findings(verdict).count();
        let warned: BTreeSet<&str> = drift.findings(Verdict::Warn).map(|it| it.name.as_str()).collect();
        let line = serde_json::json!({
            "verdict": drift.verdict,
            "drift": count(Verdict::Drift),
            "warn": count(Verdict::Warn),
            "insufficient": count(Verdict::InsufficientData),
            "findings": drift.columns.len(),
            "drifting": drift.drifting(),
            "warned": warned,
            "alarms": drift.reasons,
            "read_ms": read.as_secs_f64() * 1e3,
            "compare_ms": compared.as_secs_f64() * 1e3,
        });
        // The other side waits for its answer.
        writeln!(out, "{line}")?;
        out.flush()?;
    }
    Ok(())
}
