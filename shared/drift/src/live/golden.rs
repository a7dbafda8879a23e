//! Several classes against scikit-learn: `tests/oracles/live.py` wrote the golden values.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;

use super::{ClassPrediction, GroundTruth, Join, LiveTally, Prediction, QualityPolicy, QualityVerdict};
use crate::Verdict;
use pawl_gate::{Classes, RowValue, Task};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    classes: Vec<String>,
    probabilities: Vec<Vec<f64>>,
    truth: Vec<String>,
    held: Vec<Vec<f64>>,
    held_truth: Vec<String>,
    accuracy: f64,
    interval: (f64, f64),
    log_loss: f64,
    brier: f64,
    auc: f64,
    calibration_error: f64,
    estimate: Option<f64>,
}

fn close(mine: Option<f64>, theirs: f64, what: &str) {
    let mine = mine.unwrap();
    assert!((mine - theirs).abs() <= 1e-12 * theirs.abs().max(1.0), "{what}: {mine} instead of {theirs}");
}

#[test]
fn several_classes_are_measured_as_scikit_learn_does() {
    let golden: Golden = serde_json::from_str(include_str!("../../../../tests/oracles/live.json")).unwrap();
    for case in golden.cases {
        // Those of whole numbers need no list.
        let classes = if case.classes[0] == "0" { Classes::default() } else { Classes::new(&case.classes) };
        let policy = QualityPolicy { min_rows: 30, ..QualityPolicy::default() };
        let answer = |scores: &Vec<f64>| {
            Prediction::Class(Box::new(ClassPrediction::read(RowValue::Scores(scores), &classes).unwrap()))
        };
        let mut holdout = LiveTally::new(Task::Multiclass, &classes, &policy);
        for (scores, truth) in case.held.iter().zip(&case.held_truth) {
            holdout.add(&answer(scores), &GroundTruth::Class(truth.clone()));
        }
        let mut join = Join::with(LiveTally::new(Task::Multiclass, &classes, &policy), 1_000);
        for (row, scores) in case.probabilities.iter().enumerate() {
            join.predicted(&row.to_string(), answer(scores));
        }
        let judge = |join: &Join| join.judge(Some(0.5), &holdout.calibration(), Verdict::None, &policy);
        let waiting = judge(&join);
        assert_eq!((waiting.verdict, waiting.accuracy), (QualityVerdict::InsufficientData, None));
        match case.estimate {
            Some(estimate) => {
                close(waiting.estimated_accuracy_of_pending, estimate, "estimate");
                assert!(
                    waiting.reason.contains(&format!("an estimated {estimate:.3} are right")),
                    "{}",
                    waiting.reason
                );
            }
            None => assert_eq!(waiting.estimated_accuracy_of_pending, None),
        }
        // What waits is remembered as text between two looks.
        let mut join: Join = serde_json::from_str(&serde_json::to_string(&join).unwrap()).unwrap();
        for (row, truth) in case.truth.iter().enumerate() {
            join.truth(&row.to_string(), GroundTruth::Class(truth.clone()));
        }
        let quality = judge(&join);
        close(quality.accuracy, case.accuracy, "accuracy");
        let (low, high) = quality.accuracy_interval.unwrap();
        close(Some(low), case.interval.0, "interval, low");
        close(Some(high), case.interval.1, "interval, high");
        close(quality.log_loss, case.log_loss, "log loss");
        close(quality.brier, case.brier, "Brier");
        close(quality.auc, case.auc, "AUC");
        close(quality.calibration_error, case.calibration_error, "calibration error");
        assert_eq!(quality.estimated_accuracy_of_pending, None, "nothing waits");
    }
}
