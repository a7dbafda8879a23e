//! Judges comparisons from standard input, one JSON document a line, for `scripts/bench drift`.
//!
//! In: `{"baseline": <frozen baseline>, "current": [[<column>, <counts>], ...]}`.
//! Out: the verdict, how many findings of each kind, and the time taken to read and to compare.

use std::io::{BufRead, Write};
use std::time::Instant;

use pawl::drift::{Policy, Verdict, compare, inputs};
use pawl::profile::bins::{Baseline, BinCounts};

#[derive(serde::Deserialize)]
struct Case {
    baseline: Baseline,
    current: Vec<(String, BinCounts)>,
}

fn main() -> std::io::Result<()> {
    let policy = Policy::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let started = Instant::now();
        let case: Case = serde_json::from_str(&line)?;
        let read = started.elapsed();
        let columns: Vec<String> = case.current.iter().map(|(name, _)| name.clone()).collect();
        let started = Instant::now();
        let drift = compare(&inputs(&case.baseline, &case.current, &columns, None), &policy);
        let compared = started.elapsed();
        let count = |verdict| drift.findings(verdict).count();
        let line = serde_json::json!({
            "verdict": drift.verdict,
            "drift": count(Verdict::Drift),
            "warn": count(Verdict::Warn),
            "insufficient": count(Verdict::InsufficientData),
            "findings": drift.columns.len(),
            "alarms": drift.reasons,
            "read_ms": read.as_secs_f64() * 1e3,
            "compare_ms": compared.as_secs_f64() * 1e3,
        });
        writeln!(out, "{line}")?;
    }
    out.flush()
}
