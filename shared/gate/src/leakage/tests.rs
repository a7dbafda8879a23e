#![allow(clippy::unwrap_used)]
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::feature::{Sampled, strength};
use super::*;
use crate::findings::{Code, Verdict, verdict};
use crate::judge::Judge;
use crate::judgement::Judgement;
use crate::policy::{Consequence, LeakagePolicy, Policy, Task};
use crate::row::{Against, PairedRow};
use pawl_base::random::SplitMix64;

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
    holdout.iter().for_each(|line| leaks.add_holdout(line.as_bytes()));
    training.iter().for_each(|line| leaks.add_training(line.as_bytes()));
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
    let golden: Golden = serde_json::from_str(include_str!("../../../../tests/oracles/gate.json")).unwrap();
    for case in golden.feature {
        let row = |(y, x): (&u8, &f64)| (Json::from(*y), Map::from_iter([("x".to_owned(), Json::from(*x))]));
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
    assert_eq!(found(&action(Consequence::Block), &unique, &half)[1], rows(Code::LeakBlocks));
    assert_eq!(found(&action(Consequence::Warn), &unique, &half)[1], rows(Code::LeakWarning));
    assert_eq!(found(&action(Consequence::Ask), &unique, &unique[..30])[1], rows(Code::NoLeak));
    let coarse = holdout(|row, _| (row % 2).to_string());
    assert_eq!(found(&action(Consequence::Ask), &coarse, &coarse)[1], rows(Code::NoLeak));
}

fn judgement(noise: f64) -> Judgement {
    let mut judge = Judge::new(&Policy::default(), Against::Nobody, 1).unwrap();
    let mut rng = SplitMix64::new(5);
    for row in 0..400 {
        let chance = rng.unit();
        let positive = row % 3 == 0;
        let score = f64::from(u8::from(positive)) * (1.0 - noise) + noise * chance;
        let row =
            PairedRow { label: positive.into(), challenger: score.into(), champion: None, columns: &[] };
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
    let sudden = usual.clone().with_reasons(against_history(&usual, &history));
    assert!(sudden.reasons.iter().any(|r| r.code == Code::LeakAsks), "{:#?}", sudden.reasons);
    assert_eq!(sudden.verdict, Verdict::NeedsApproval);
    assert_eq!(verdict(&sudden.reasons), sudden.verdict);
}
