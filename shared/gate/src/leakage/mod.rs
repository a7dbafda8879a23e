//! Too good to be true: a challenger that saw the answer looks like one that learnt it.
//!
//! Four alarms: a holdout score near perfection; one far above what earlier challengers reached; a single feature
//! that tells the label; holdout rows that the training saw. What an alarm does is the policy's choice.

mod feature;

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use self::feature::{Sampled, strength};
use super::fairness::Action;
use super::judgement::Judgement;
use super::policy::Policy;
use super::verdict::{Check, Code, Leak, Reason};
use pawl_base::random::SplitMix64;
use pawl_data::profile::hash::{self, TableState};

/// Earlier judgements, below which a median says little.
const LEAST_HISTORY: usize = 5;

/// The least spread that history is taken to have: scores of months differ by chance alone.
const LEAST_SPREAD: f64 = 0.01;

/// Rows of the holdout that features are looked at in: a seeded sample of so many.
const FEATURE_ROWS: usize = 5000;

/// Hashes of holdout rows that are held; of more rows a sample by hash.
const MOST_HASHES: usize = 1 << 20;

/// The most features told.
const LISTED: usize = 5;

/// The alarms on answers that leaked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeakagePolicy {
    /// What follows. Default: ask a person.
    pub action: Action,
    /// A holdout score at or above it is too good: `auc`, of several classes `accuracy`, of numbers `r2`. Default 0.999.
    pub ceiling: f64,
    /// So many robust standard deviations above the median of at least 5 earlier judgements, the score is too good. Default 6.
    pub above_history: f64,
    /// A single feature that reaches this alone has the answer in it: the area under the curve, of numbers the squared
    /// correlation, of several classes the share of errors that it saves. Default 0.995.
    pub feature: f64,
    /// When more than this share of the holdout's rows is also in the training data (beyond the share that is in the
    /// holdout twice by itself), the training has seen the answers. Default 0.1.
    pub seen_rows: f64,
}

impl Default for LeakagePolicy {
    fn default() -> Self {
        Self { action: Action::Ask, ceiling: 0.999, above_history: 6.0, feature: 0.995, seen_rows: 0.1 }
    }
}

impl LeakagePolicy {
    fn reason(&self, leak: Leak, found: bool, text: String) -> Reason {
        let code = match (found, self.action) {
            (false, _) => Code::NoLeak,
            (true, Action::Block) => Code::LeakBlocks,
            (true, Action::Ask) => Code::LeakAsks,
            (true, Action::Warn) => Code::LeakWarning,
        };
        Reason::new(Check::Leakage(leak), code, text)
    }
}

/// The score of the measure that runs from useless to perfect.
fn score(judgement: &Judgement) -> Option<f64> {
    judgement.metrics.challenger.as_ref()?.value(judgement.policy.task.leading())
}

/// Is the score near perfection? Nothing to say where there is no score.
pub(super) fn ceiling(policy: &Policy, score: Option<f64>) -> Option<Reason> {
    let (rules, metric, score) = (&policy.leakage, policy.task.leading(), score?);
    let text = format!("{metric} is {score:.4}; {} or more is too good to be true", rules.ceiling);
    (score >= rules.ceiling).then(|| rules.reason(Leak::Ceiling, true, text))
}

/// Is the score far above those of earlier challengers? Nothing to say below 5 of them.
pub fn against_history(judgement: &Judgement, earlier: &[Judgement]) -> Vec<Reason> {
    let same = earlier.iter().filter(|it| it.policy.task == judgement.policy.task);
    let mut scores: Vec<f64> = same.filter_map(score).collect();
    let Some(score) = score(judgement).filter(|_| scores.len() >= LEAST_HISTORY) else { return Vec::new() };
    let middle = median(&mut scores);
    let mut distances: Vec<f64> = scores.iter().map(|score| (score - middle).abs()).collect();
    // 1.4826 makes the median distance a standard deviation where values are normal.
    let spread = (1.4826 * median(&mut distances)).max(LEAST_SPREAD);
    let (rules, above) = (&judgement.policy.leakage, (score - middle) / spread);
    let text = format!(
        "{} is {score:.4}, {above:.1} robust deviations above the median {middle:.4} of {} earlier challengers; {} is the limit",
        judgement.policy.task.leading(),
        scores.len(),
        rules.above_history
    );
    vec![rules.reason(Leak::History, above >= rules.above_history, text)]
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    f64::midpoint(at((values.len().saturating_sub(1)) / 2), at(values.len() / 2))
}

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
struct Parts {
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
    pub fn holdout(&mut self, line: &[u8]) {
        let Some(content) = content(line) else { return };
        self.rows += 1;
        let slot = match self.sample.len() < FEATURE_ROWS {
            true => self.sample.len(),
            false => self.rng.below(self.rows) as usize,
        };
        if slot < FEATURE_ROWS
            && let Ok(Parts { label, features }) = serde_json::from_slice(line)
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
    pub fn training(&mut self, line: &[u8]) {
        let hash = content(line).map(hash::bytes);
        if let Some(seen) = hash.and_then(|hash| self.holdout.get_mut(&hash)) {
            seen.in_training = true;
        }
    }

    /// The findings; `looked` says in how much of the training data the rows were sought.
    pub fn finish(self, looked: &str) -> Vec<Reason> {
        let mut reasons = self.features();
        let sum = |keep: fn(&Seen) -> bool| {
            self.holdout.values().filter(|seen| keep(seen)).map(|seen| seen.times).sum::<u64>() as f64
        };
        let all = sum(|_| true);
        if all > 0.0 {
            let (seen, twice) = (sum(|seen| seen.in_training) / all, sum(|seen| seen.times > 1) / all);
            let limit = self.policy.leakage.seen_rows;
            let share =
                if self.highest == u64::MAX { String::new() } else { format!(" (sample of {all} rows)") };
            let text = format!(
                "{:.2} % of the holdout's rows{share} are in {looked}, {:.2} % are in the holdout more than once; the limit is {:.0} % beyond that",
                100.0 * seen,
                100.0 * twice,
                100.0 * limit
            );
            reasons.push(self.policy.leakage.reason(Leak::Rows, seen - twice > limit, text));
        }
        reasons
    }

    /// Features that tell the label alone.
    fn features(&self) -> Vec<Reason> {
        let task = self.policy.task;
        let names: std::collections::BTreeSet<&String> =
            self.sample.iter().flat_map(|(_, features)| features.keys()).collect();
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

/// What of a line says whether two rows are one: features and label, as the pipeline writes them, in this order.
fn content(line: &[u8]) -> Option<&[u8]> {
    let from = memchr::memmem::find(line, b"\"features\":")?;
    let to = memchr::memmem::rfind(line, b",\"row\":")?;
    line.get(from..to)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Against, Judge, Row, Task, Verdict, verdict};

    fn line(row: u32, label: &str, features: &str) -> String {
        format!("{{\"columns\":{{}},\"features\":{features},\"label\":{label},\"row\":\"a:{row}\"}}")
    }

    /// 600 rows of features that say little, and one that may say all.
    fn holdout(telling: impl Fn(u32, bool) -> String) -> Vec<String> {
        let row = |row: u32| {
            let positive = row * 7919 % 13 > 6;
            let features = format!("{{\"day\":{},\"x\":{}}}", row % 31, telling(row, positive));
            line(row, if positive { "1" } else { "0" }, &features)
        };
        (0..600).map(row).collect()
    }

    fn found(policy: &Policy, holdout: &[String], training: &[String]) -> Vec<(String, Code)> {
        let mut leaks = Leaks::new(policy, 1);
        holdout.iter().for_each(|line| leaks.holdout(line.as_bytes()));
        training.iter().for_each(|line| leaks.training(line.as_bytes()));
        let reasons = leaks.finish("all training objects");
        reasons.into_iter().map(|reason| (reason.check.to_string(), reason.code)).collect()
    }

    fn feature(code: Code) -> (String, Code) {
        ("leakage:feature".into(), code)
    }

    fn rows(code: Code) -> (String, Code) {
        ("leakage:rows".into(), code)
    }

    #[test]
    fn a_feature_that_has_the_answer_in_it_is_told() {
        let policy = Policy::default();
        let number = holdout(|row, positive| format!("{}.{row}", u8::from(!positive)));
        assert_eq!(found(&policy, &number, &[]), [feature(Code::LeakAsks), rows(Code::NoLeak)]);
        let word = holdout(|_, positive| if positive { "\"paid\"" } else { "\"open\"" }.into());
        assert_eq!(found(&policy, &word, &[])[0], feature(Code::LeakAsks));
        // A text of its own in each row knows no other row.
        let name = holdout(|row, _| format!("\"id {row}\""));
        assert_eq!(found(&policy, &name, &[])[0], feature(Code::NoLeak));
        let empty = holdout(|_, _| "null".into());
        assert_eq!(found(&policy, &empty, &[])[0], feature(Code::NoLeak));
    }

    #[test]
    fn a_feature_that_has_the_class_in_it_is_told() {
        let policy = Policy { task: Task::Multiclass, ..Policy::default() };
        let classes = ["\"ant\"", "\"bee\"", "\"cow\"", "7"];
        let rows = |x: &dyn Fn(usize, u32) -> String| {
            let row = |row: u32| {
                let class = (row * 7919 % 13 % 4) as usize;
                line(row, classes[class], &format!("{{\"day\":{},\"x\":{}}}", row % 31, x(class, row)))
            };
            (0..600).map(row).collect::<Vec<_>>()
        };
        let first = |x: &dyn Fn(usize, u32) -> String| found(&policy, &rows(x), &[])[0].clone();
        // Neither order nor size of the numbers tells the classes, but each number does.
        let number = first(&|class, row| format!("{}.{row:04}", [3, 1, 4, 2][class]));
        assert_eq!(number, feature(Code::LeakAsks));
        let word = first(&|class, _| ["\"a\"", "\"b\"", "\"c\"", "\"d\""][class].into());
        assert_eq!(word, feature(Code::LeakAsks));
        assert_eq!(first(&|_, row| (row % 17).to_string()), feature(Code::NoLeak));
        assert_eq!(first(&|_, row| format!("\"id {row}\"")), feature(Code::NoLeak));
    }

    /// Told by scikit-learn's nearest neighbour.
    #[test]
    fn the_errors_that_a_feature_saves() {
        #[derive(Deserialize)]
        struct Case {
            label: Vec<u8>,
            feature: Vec<f64>,
            strength: f64,
        }
        #[derive(Deserialize)]
        struct Golden {
            feature: Vec<Case>,
        }
        let golden: Golden =
            serde_json::from_str(include_str!("../../../../tests/oracles/gate.json")).unwrap();
        for case in golden.feature {
            let row =
                |(y, x): (&u8, &f64)| (Json::from(*y), Map::from_iter([("x".to_owned(), Json::from(*x))]));
            let sample: Vec<Sampled> = case.label.iter().zip(&case.feature).map(row).collect();
            let found = strength(Task::Multiclass, &sample, "x").unwrap();
            assert!((found - case.strength).abs() < 1e-12, "{found} {}", case.strength);
        }
    }

    #[test]
    fn rows_that_trained_are_told_unless_rows_repeat_anyway() {
        let unique = holdout(|row, _| row.to_string());
        let action =
            |action| Policy { leakage: LeakagePolicy { action, ..Default::default() }, ..Policy::default() };
        let half: Vec<String> = unique.iter().step_by(2).map(|line| line.replace("\"a:", "\"b:")).collect();
        assert_eq!(found(&action(Action::Block), &unique, &half)[1], rows(Code::LeakBlocks));
        assert_eq!(found(&action(Action::Warn), &unique, &half)[1], rows(Code::LeakWarning));
        assert_eq!(found(&action(Action::Ask), &unique, &unique[..30])[1], rows(Code::NoLeak));
        let coarse = holdout(|row, _| (row % 2).to_string());
        assert_eq!(found(&action(Action::Ask), &coarse, &coarse)[1], rows(Code::NoLeak));
    }

    fn judgement(noise: f64) -> Judgement {
        let mut judge = Judge::new(&Policy::default(), Against::Nobody, 1).unwrap();
        let mut rng = SplitMix64::new(5);
        for row in 0..400 {
            let chance = rng.next_u64() as f64 / u64::MAX as f64;
            let positive = row % 3 == 0;
            let score = f64::from(u8::from(positive)) * (1.0 - noise) + noise * chance;
            let row = Row { label: positive.into(), challenger: score.into(), champion: None, columns: &[] };
            judge.push(&row).unwrap();
        }
        judge.finish()
    }

    #[test]
    fn a_score_too_good_asks() {
        let perfect = judgement(0.1);
        assert_eq!(perfect.reasons.iter().filter(|r| r.code == Code::LeakAsks).count(), 1);
        let usual = judgement(0.7);
        assert!(usual.reasons.iter().all(|r| r.code != Code::LeakAsks));
        let history = vec![judgement(0.8); 5];
        assert!(against_history(&usual, &history[..4]).is_empty());
        assert_eq!(against_history(&history[0], &history)[0].code, Code::NoLeak);
        let sudden = usual.clone().and(against_history(&usual, &history));
        assert!(sudden.reasons.iter().any(|r| r.code == Code::LeakAsks), "{:#?}", sudden.reasons);
        assert_eq!(sudden.verdict, Verdict::NeedsApproval);
        assert_eq!(verdict(&sudden.reasons), sudden.verdict);
    }
}
