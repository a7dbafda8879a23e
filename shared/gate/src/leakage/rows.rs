//! Rows of the holdout: which features tell their labels, and which of them the training saw.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::feature::{Sampled, strength};
use crate::findings::{Leak, Reason};
use crate::policy::Policy;
use pawl_base::random::SplitMix64;
use pawl_data::profile::hash::{self, TableState};

/// Rows of the holdout that features are looked at in: a seeded sample of so many.
const FEATURE_ROWS: usize = 5000;

/// Hashes of holdout rows that are held; of more rows a sample by hash.
const MOST_HASHES: usize = 1 << 20;

/// The most features told.
const LISTED: usize = 5;

/// Rows of the holdout and of the training data, as the pipeline wrote them for scoring:
/// `{"columns": …, "features": …, "label": …, "row": …}`, one a line.
#[derive(Debug)]
pub struct Leaks {
    policy: Policy,
    sample: Vec<Sampled>,
    rows: u64,
    rng: SplitMix64,
    holdout: HashMap<u64, Seen, TableState>,
    /// Hashes above it are left out.
    highest: u64,
}

/// A row of the holdout.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    times: u64,
    in_training: bool,
}

#[derive(Deserialize)]
struct ScoredLine {
    label: Json,
    features: Map<String, Json>,
}

impl Leaks {
    /// Nothing seen yet. The seed draws the rows that features are looked at in.
    pub fn new(policy: &Policy, seed: u64) -> Self {
        Self {
            policy: policy.clone(),
            sample: Vec::new(),
            rows: 0,
            rng: SplitMix64::new(seed),
            holdout: HashMap::default(),
            highest: u64::MAX,
        }
    }

    /// A row that judges. A line that is no row is left out: the judge tells of it.
    pub fn add_holdout(&mut self, line: &[u8]) {
        let Some(content) = content(line) else { return };
        self.rows += 1;
        let slot = match self.sample.len() < FEATURE_ROWS {
            true => self.sample.len(),
            false => self.rng.below(self.rows) as usize,
        };
        if slot < FEATURE_ROWS
            && let Ok(ScoredLine { label, features }) = serde_json::from_slice(line)
        {
            match self.sample.get_mut(slot) {
                Some(old) => *old = (label, features),
                None => self.sample.push((label, features)),
            }
        }
        let hash = hash::bytes(content);
        if hash <= self.highest {
            self.holdout.entry(hash).or_default().times += 1;
        }
        while self.holdout.len() > MOST_HASHES {
            self.highest /= 2;
            let highest = self.highest;
            self.holdout.retain(|hash, _| *hash <= highest);
        }
    }

    /// A row that trained. All rows of the holdout come before.
    pub fn add_training(&mut self, line: &[u8]) {
        let hash = content(line).map(hash::bytes);
        if let Some(seen) = hash.and_then(|hash| self.holdout.get_mut(&hash)) {
            seen.in_training = true;
        }
    }

    /// The findings; `sought_in` says in how much of the training data the rows were sought.
    pub fn finish(self, sought_in: &str) -> Vec<Reason> {
        let mut reasons = self.check_features();
        reasons.extend(self.check_rows(sought_in));
        reasons
    }

    /// Did the training see more of the holdout's rows than repeat by themselves?
    fn check_rows(&self, sought_in: &str) -> Option<Reason> {
        let count = |keep: fn(&Seen) -> bool| {
            self.holdout.values().filter(|seen| keep(seen)).map(|seen| seen.times).sum::<u64>() as f64
        };
        let all = count(|_| true);
        if all <= 0.0 {
            return None;
        }
        let (seen, twice) = (count(|seen| seen.in_training) / all, count(|seen| seen.times > 1) / all);
        let limit = self.policy.leakage.seen_rows;
        let sample =
            if self.highest == u64::MAX { String::new() } else { format!(" (sample of {all} rows)") };
        let text = format!(
            "{:.2} % of the holdout's rows{sample} are in {sought_in}, {:.2} % are in the holdout more than \
             once; the limit is {:.0} % beyond that",
            100.0 * seen,
            100.0 * twice,
            100.0 * limit
        );
        Some(self.policy.leakage.reason(Leak::Rows, seen - twice > limit, text))
    }

    /// Features that tell the label alone.
    fn check_features(&self) -> Vec<Reason> {
        let task = self.policy.task;
        let names: BTreeSet<&String> = self.sample.iter().flat_map(|(_, features)| features.keys()).collect();
        let mut found: Vec<(f64, &String)> =
            names.into_iter().filter_map(|name| Some((strength(task, &self.sample, name)?, name))).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let rules = &self.policy.leakage;
        let Some(&(best, first)) = found.first() else { return Vec::new() };
        let text = |strength: f64, name: &String| {
            format!(
                "{name} alone reaches {strength:.4} on {} rows; {} is the limit",
                self.sample.len(),
                rules.feature
            )
        };
        if best < rules.feature {
            return vec![rules.reason(Leak::Feature, false, text(best, first))];
        }
        let strong = found.iter().filter(|(strength, _)| *strength >= rules.feature).take(LISTED);
        strong.map(|&(strength, name)| rules.reason(Leak::Feature, true, text(strength, name))).collect()
    }
}

/// What of a line says whether two rows are one: features and label, as the pipeline writes them, in this
/// order.
fn content(line: &[u8]) -> Option<&[u8]> {
    let from = memchr::memmem::find(line, b"\"features\":")?;
    let to = memchr::memmem::rfind(line, b",\"row\":")?;
    line.get(from..to)
}
