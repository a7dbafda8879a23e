//! The judgement on a batch, as it is written down.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is wrong.
    Accepted,
    /// Bad rows were quarantined or something is odd; the rest trains.
    AcceptedWithWarnings,
    /// The batch trains nothing.
    Quarantined,
}

/// What a violation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is told and no more.
    Warning,
    /// These rows are quarantined.
    QuarantinesRows,
    /// The batch is quarantined by this alone.
    QuarantinesBatch,
}

/// The judgement on a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// What becomes of the batch.
    pub verdict: Verdict,
    /// Rows read.
    pub rows: u64,
    /// Rows that may train.
    pub accepted: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Time steps missing in gaps longer than allowed.
    pub missing_steps: u64,
    /// The share of rows that are bad, missing steps counted in, 0..=1.
    pub bad_share: f64,
    /// The share above which the batch is quarantined.
    pub quarantine_above: f64,
    /// What is wrong, the gravest first.
    pub violations: Vec<Violation>,
}

impl fmt::Display for Validation {
    /// The verdict and its figures, then a line a violation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Accepted => "accepted",
            Verdict::AcceptedWithWarnings => "accepted with warnings",
            Verdict::Quarantined => "quarantined",
        };
        writeln!(
            f,
            "{verdict}: {} of {} rows are good; {:.2} % are bad, missing time steps counted in, of at most \
             {:.2} %",
            self.accepted,
            self.rows,
            self.bad_share * 100.0,
            self.quarantine_above * 100.0
        )?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "  {}", violation.reason))
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The column; none where it is the whole batch.
    pub column: Option<String>,
    /// The rule that is broken.
    pub rule: Rule,
    /// What the rule asks for.
    pub expected: String,
    /// What the batch holds.
    pub observed: String,
    /// How many rows or steps.
    pub rows: u64,
    /// Their share of the batch, 0..=1.
    pub fraction: f64,
    /// What it does.
    pub effect: Effect,
    /// The same in a sentence.
    pub reason: String,
}
