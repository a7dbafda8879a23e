//! Whole judgements against scikit-learn, statsmodels and Clarify's formulas: `tests/oracles/gate.py` wrote
//! the golden values.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::findings::TestName;
use crate::judge::Judge;
use crate::policy::{Favourable, Groups, Measure, Metric, Policy, Task};
use crate::row::{Against, PairedRow, RowValue};

#[derive(Deserialize)]
struct Golden {
    rows: Vec<RowsCase>,
    regression: Vec<RegressionCase>,
    multiclass: Vec<MulticlassCase>,
    fairness: Vec<FairnessCase>,
}

#[derive(Deserialize)]
struct RowsCase {
    label: Vec<u8>,
    champion: Vec<f64>,
    challenger: Vec<f64>,
    auc: [f64; 2],
    accuracy: [f64; 2],
    precision: [Option<f64>; 2],
    recall: [f64; 2],
    f1: [f64; 2],
    log_loss: [f64; 2],
    brier: [f64; 2],
    average_precision: [f64; 2],
    balanced_accuracy: [f64; 2],
    mcc: [Option<f64>; 2],
    calibration_error: [f64; 2],
    t: Option<f64>,
    t_p: Option<f64>,
    t_interval: [Option<f64>; 2],
}

#[derive(Deserialize)]
struct FairnessCase {
    task: Task,
    favourable: Favourable,
    group: Vec<String>,
    label: Vec<Json>,
    champion: Vec<Json>,
    challenger: Vec<Json>,
    measures: [BTreeMap<Measure, f64>; 2],
}

#[derive(Deserialize)]
struct RegressionCase {
    label: Vec<f64>,
    champion: Vec<f64>,
    challenger: Vec<f64>,
    mae: [f64; 2],
    mse: [f64; 2],
    rmse: [f64; 2],
    r2: [f64; 2],
    t: [f64; 2],
    t_p: [f64; 2],
    wilcoxon_p: f64,
}

#[derive(Deserialize)]
struct MulticlassCase {
    classes: Vec<String>,
    label: Vec<String>,
    champion: Vec<Vec<f64>>,
    challenger: Vec<Vec<f64>>,
    accuracy: [f64; 2],
    macro_f1: [f64; 2],
    weighted_f1: [f64; 2],
    weighted_precision: [f64; 2],
    log_loss: [f64; 2],
    mcnemar: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/oracles/gate.json")).unwrap()
}

/// Relative error; below 1e-12 absolute, where cancellation leaves no more digits.
#[track_caller]
fn close(found: f64, expected: f64, relative: f64) {
    let off = (found - expected).abs();
    assert!(off <= relative * expected.abs() || off < 1e-12, "{found} is not {expected}");
}

#[test]
fn metrics_and_paired_t_of_whole_judgements() {
    for case in golden().rows {
        let mut judge = Judge::new(&Policy::default(), Against::Champion, 1).unwrap();
        for ((label, champion), challenger) in case.label.iter().zip(&case.champion).zip(&case.challenger) {
            judge
                .push(&PairedRow {
                    label: (*label == 1).into(),
                    challenger: (*challenger).into(),
                    champion: Some((*champion).into()),
                    columns: &[],
                })
                .unwrap();
        }
        let judgement = judge.finish();
        let models = [judgement.metrics.champion.clone(), judgement.metrics.challenger.clone()];
        for (model, found) in models.into_iter().enumerate() {
            let found = found.unwrap();
            close(found.value(Metric::Auc).unwrap(), case.auc[model], 1e-12);
            close(found.value(Metric::Accuracy).unwrap(), case.accuracy[model], 1e-12);
            let precision = found.value(Metric::Precision);
            assert_eq!(precision.is_some(), case.precision[model].is_some());
            close(precision.unwrap_or(0.0), case.precision[model].unwrap_or(0.0), 1e-12);
            close(found.value(Metric::Recall).unwrap(), case.recall[model], 1e-12);
            close(found.value(Metric::F1).unwrap(), case.f1[model], 1e-12);
            close(found.value(Metric::LogLoss).unwrap(), case.log_loss[model], 1e-12);
            close(found.value(Metric::Brier).unwrap(), case.brier[model], 1e-12);
            close(found.value(Metric::AveragePrecision).unwrap(), case.average_precision[model], 1e-12);
            close(found.value(Metric::BalancedAccuracy).unwrap(), case.balanced_accuracy[model], 1e-12);
            close(found.value(Metric::CalibrationError).unwrap(), case.calibration_error[model], 1e-12);
            assert_eq!(found.value(Metric::Mcc).is_some(), case.mcc[model].is_some());
            close(found.value(Metric::Mcc).unwrap_or(0.0), case.mcc[model].unwrap_or(0.0), 1e-12);
        }
        let t = judgement.test(TestName::PairedT, Metric::LogLoss).unwrap();
        assert_eq!(t.statistic.is_some(), case.t.is_some());
        if let (Some(statistic), Some(p), [Some(low), Some(high)]) = (case.t, case.t_p, case.t_interval) {
            close(t.statistic.unwrap(), statistic, 1e-9);
            close(t.p_value.unwrap(), p, 1e-9);
            close(t.interval.unwrap().low, low, 1e-8);
            close(t.interval.unwrap().high, high, 1e-8);
        }
    }
}

#[test]
fn whole_judgements_of_numbers() {
    let policy = Policy { task: Task::Regression, ..Policy::default() };
    for case in golden().regression {
        let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
        for ((label, champion), challenger) in case.label.iter().zip(&case.champion).zip(&case.challenger) {
            judge
                .push(&PairedRow {
                    label: (*label).into(),
                    challenger: (*challenger).into(),
                    champion: Some((*champion).into()),
                    columns: &[],
                })
                .unwrap();
        }
        let judgement = judge.finish();
        let models = [judgement.metrics.champion.clone(), judgement.metrics.challenger.clone()];
        for (model, found) in models.into_iter().enumerate() {
            let found = found.unwrap();
            // The oracle rounds the labels' large mean away in its own order.
            close(found.value(Metric::Mae).unwrap(), case.mae[model], 1e-11);
            close(found.value(Metric::Mse).unwrap(), case.mse[model], 1e-11);
            close(found.value(Metric::Rmse).unwrap(), case.rmse[model], 1e-11);
            close(found.value(Metric::R2).unwrap(), case.r2[model], 1e-9);
        }
        for (at, metric) in [Metric::Mae, Metric::Mse].into_iter().enumerate() {
            let t = judgement.test(TestName::PairedT, metric).unwrap();
            close(t.statistic.unwrap(), case.t[at], 1e-8);
            close(t.p_value.unwrap(), case.t_p[at], 1e-7);
        }
        let wilcoxon = judgement.test(TestName::Wilcoxon, Metric::Mae).unwrap();
        close(wilcoxon.p_value.unwrap(), case.wilcoxon_p, 1e-8);
    }
}

#[test]
fn whole_judgements_of_classes() {
    for case in golden().multiclass {
        let policy = Policy { task: Task::Multiclass, classes: case.classes, ..Policy::default() };
        let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
        for ((label, champion), challenger) in case.label.iter().zip(&case.champion).zip(&case.challenger) {
            judge
                .push(&PairedRow {
                    label: RowValue::Text(label),
                    challenger: RowValue::Scores(challenger),
                    champion: Some(RowValue::Scores(champion)),
                    columns: &[],
                })
                .unwrap();
        }
        let judgement = judge.finish();
        let models = [judgement.metrics.champion.clone(), judgement.metrics.challenger.clone()];
        for (model, found) in models.into_iter().enumerate() {
            let found = found.unwrap();
            close(found.value(Metric::Accuracy).unwrap(), case.accuracy[model], 1e-12);
            close(found.value(Metric::MacroF1).unwrap(), case.macro_f1[model], 1e-12);
            close(found.value(Metric::WeightedF1).unwrap(), case.weighted_f1[model], 1e-12);
            close(found.value(Metric::WeightedPrecision).unwrap(), case.weighted_precision[model], 1e-12);
            close(found.value(Metric::LogLoss).unwrap(), case.log_loss[model], 1e-11);
        }
        let exact = judgement.test(TestName::McnemarExact, Metric::Accuracy).unwrap();
        close(exact.p_value.unwrap(), case.mcnemar, 1e-12);
    }
}

#[test]
fn fairness_of_a_favourable_class_or_number() {
    for case in golden().fairness {
        let groups = Groups { columns: vec!["group".into()], disadvantaged: Some("d".into()) };
        let mut policy = Policy { task: case.task, ..Policy::default() };
        policy.fairness.favourable = Some(case.favourable);
        policy.fairness.groups.push(groups);
        let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
        let value = |json: &'_ Json| {
            json.as_f64().map_or_else(|| json.as_str().unwrap().to_owned(), |x| x.to_string())
        };
        for place in 0..case.label.len() {
            let [label, old, new] =
                [&case.label, &case.champion, &case.challenger].map(|it| value(&it[place]));
            let columns = [case.group[place].as_str()];
            let (label, challenger) = (RowValue::Text(&label), RowValue::Text(&new));
            judge
                .push(&PairedRow {
                    label,
                    challenger,
                    champion: Some(RowValue::Text(&old)),
                    columns: &columns,
                })
                .unwrap();
        }
        let found = &judge.finish().fairness["group"];
        for (measure, expected) in &case.measures[0] {
            close(found.measures[measure].champion.unwrap(), *expected, 1e-12);
        }
        for (measure, expected) in &case.measures[1] {
            close(found.measures[measure].challenger.unwrap(), *expected, 1e-12);
        }
        assert!(found.measures[&Measure::Di].less_fair.is_some());
    }
}

#[derive(Deserialize)]
struct RatioCase {
    group: Vec<String>,
    label: Vec<u8>,
    champion: Vec<f64>,
    challenger: Vec<f64>,
    /// Of the champion and of the challenger, by group.
    ratios: [BTreeMap<String, f64>; 2],
}

/// The four-fifths rule: `tests/oracles/fairness.py` has the ratios, and compares their least with Fairlearn.
#[test]
fn every_group_against_the_most_selected_one() {
    let cases: Vec<RatioCase> =
        serde_json::from_str(include_str!("../../../tests/oracles/fairness.json")).unwrap();
    for case in cases {
        let mut policy = Policy { resamples: 200, ..Policy::default() };
        policy.fairness.groups.push(Groups { columns: vec!["group".into()], disadvantaged: None });
        let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
        for place in 0..case.label.len() {
            judge
                .push(&PairedRow {
                    label: (case.label[place] == 1).into(),
                    challenger: case.challenger[place].into(),
                    champion: Some(case.champion[place].into()),
                    columns: &[&case.group[place]],
                })
                .unwrap();
        }
        let judgement = judge.finish();
        let found = &judgement.fairness["group"].comparisons;
        // All but the one that the challenger selects most.
        assert_eq!(found.len() + 1, case.ratios[1].len());
        for it in found {
            close(it.champion.unwrap(), case.ratios[0][&it.group], 1e-12);
            close(it.challenger.unwrap(), case.ratios[1][&it.group], 1e-12);
        }
        let least = found.iter().filter_map(|it| it.challenger).fold(f64::INFINITY, f64::min);
        close(least, case.ratios[1].values().copied().fold(f64::INFINITY, f64::min), 1e-12);
    }
}
