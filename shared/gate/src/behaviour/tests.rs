#![allow(clippy::unwrap_used)]
use serde_json::{Value as Json, json};

use super::*;
use crate::findings::{Code, Reason};
use crate::policy::{BehaviourPolicy, Task};
use crate::row::Contender;

const SUITE: &str = r#"{
    "rows": 20, "noise": 0.1, "action": "block",
    "cases": [
        {"name": "cold is quiet", "row": {"temp": 0.0}, "expect": {"at_most": 0.2}},
        {"name": "warmer is busier", "change": {"add": {"temp": 0.1}}, "expect": {"not_lower": 0.0}},
        {"name": "the name says nothing", "change": {"set": {"name": "x"}}, "expect": {"same_within": 0.0}},
        {"name": "answers without temp", "change": {"missing": ["temp"]}, "expect": "answers", "share": 0.5}
    ]}"#;

fn features() -> Vec<String> {
    ["temp", "name"].map(str::to_owned).to_vec()
}

/// The suite's lines through a model of `temp` and `name`.
fn answers(suite: &BehaviourPolicy, model: impl Fn(Option<f64>, &str) -> f64) -> SuiteAnswers {
    let holdout: Vec<Vec<u8>> = (0..30)
        .map(|row| json!({"features": {"temp": f64::from(row) / 40.0, "name": "y"}, "row": "a:1"}))
        .map(|row| row.to_string().into_bytes())
        .collect();
    let mut answers = SuiteAnswers::default();
    for line in suite.lines(&features(), &holdout, 1) {
        let mut row: Json = serde_json::from_str(&line).unwrap();
        let score = model(row["features"]["temp"].as_f64(), row["features"]["name"].as_str().unwrap_or(""));
        row["SageMakerOutput"] = json!({ "score": score });
        answers.push(row.to_string().as_bytes(), Contender::Challenger, Task::Binary).unwrap();
    }
    answers
}

fn codes(reasons: &[Reason]) -> Vec<Code> {
    reasons.iter().map(|reason| reason.code).collect()
}

#[test]
fn a_good_model_holds_all_and_a_bad_one_is_told_by_case() {
    let suite: BehaviourPolicy = serde_json::from_str(SUITE).unwrap();
    suite.check(Task::Binary).and(suite.check_features(&features())).unwrap();
    let good = answers(&suite, |temp, _| temp.unwrap_or(0.5));
    assert_eq!(codes(&suite.judge(Task::Binary, &good, None)), [Code::BehaviourHeld; 5]);
    let bad =
        answers(&suite, |temp, name| 0.9 - 2.0 * temp.unwrap_or(0.4) + if name == "x" { 0.1 } else { 0.0 });
    let found = suite.judge(Task::Binary, &bad, Some(&good));
    let broken = Code::BehaviourBroken;
    assert_eq!(codes(&found), [broken, broken, broken, Code::BehaviourHeld, broken], "{found:#?}");
    assert!(
        found[1].text.contains("in 0 of 20 rows, asked for 100 %; on the champion's answers in 20 of 20")
    );
    let silent = suite.judge(Task::Binary, &SuiteAnswers::default(), None);
    assert_eq!(codes(&silent), [Code::Undefined; 5]);
}

#[test]
fn what_cannot_be_meant_is_refused_by_case() {
    let of = |task, case: Json| {
        let cases = vec![serde_json::from_value(case).unwrap()];
        let suite = BehaviourPolicy { cases, ..BehaviourPolicy::default() };
        suite.check(task).and_then(|()| suite.check_features(&features())).map_err(|e| e.found)
    };
    let refused = |task, case: Json| of(task, case).unwrap_err();
    assert!(
        refused(Task::Binary, json!({"name": "a", "expect": {"same_within": 0.1}})).contains("no change")
    );
    let foreign = json!({"name": "a", "row": {"hum": 1}, "expect": "answers"});
    assert_eq!(refused(Task::Binary, foreign), "\"hum\"");
    let class = json!({"name": "a", "expect": {"class": "cat"}});
    assert!(refused(Task::Regression, class.clone()).contains("under task regression"));
    assert_eq!(of(Task::Multiclass, class), Ok(()));
    assert!(refused(Task::Multiclass, json!({"name": "a", "expect": {"at_most": 1.0}})).contains("AtMost"));
    assert!(
        refused(Task::Binary, json!({"name": "a", "expect": "answers", "share": 0.0})).contains("share 0")
    );
    assert!(BehaviourPolicy { noise: Some(0.0), ..BehaviourPolicy::default() }.check(Task::Binary).is_err());
}
