//! The numbers against scipy, statsmodels and scikit-learn: `tests/oracles/gate.py` wrote the golden values.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::fairness::{Favourable, Groups, Measure};
use super::{Against, Judge, Metric, Policy, Row, Task, TestName, Value};
use pawl_stats::bca::bca;
use pawl_stats::binomial::{half_cdf, half_pmf};
use pawl_stats::diebold_mariano::{DieboldMariano, Forecasts};
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;
use pawl_stats::power::share_upper_bound;
use pawl_stats::quantile;
use pawl_stats::sequential::ln_evidence;
use pawl_stats::sorted::Tag;
use pawl_stats::wilcoxon::{shift, signed_rank};
use pawl_stats::{delong, holm, normal_upper, tango, wilson};

#[derive(Deserialize)]
struct Golden {
    mcnemar: Vec<McnemarCase>,
    binomial: Vec<BinomialCase>,
    tango: Vec<TangoCase>,
    rows: Vec<RowsCase>,
    wilcoxon: Vec<RankCase>,
    diebold_mariano: Vec<ForecastCase>,
    bca: Vec<BcaCase>,
    sequential: Vec<SequentialCase>,
    proportions: Vec<ProportionCase>,
    newcombe: Vec<(u64, u64, u64, u64, f64, f64)>,
    holm: Vec<HolmCase>,
    student: Vec<StudentCase>,
    shift: Vec<ShiftCase>,
    regression: Vec<RegressionCase>,
    multiclass: Vec<MulticlassCase>,
    quantile: Vec<QuantileCase>,
    fairness: Vec<FairnessCase>,
}

#[derive(Deserialize)]
struct McnemarCase {
    b: u64,
    c: u64,
    exact: f64,
    mid_p: f64,
    chi_squared: Option<f64>,
    corrected: Option<f64>,
}

#[derive(Deserialize)]
struct BinomialCase {
    n: u64,
    k: u64,
    cdf: f64,
    pmf: f64,
}

#[derive(Deserialize)]
struct TangoCase {
    b: u64,
    c: u64,
    n: u64,
    delta: f64,
    z: f64,
}

#[derive(Deserialize)]
struct RowsCase {
    label: Vec<u8>,
    champion: Vec<f64>,
    challenger: Vec<f64>,
    auc: [f64; 2],
    auc_variance: [f64; 2],
    difference_variance: f64,
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
struct RankCase {
    differences: Vec<f64>,
    statistic: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct ForecastCase {
    differences: Vec<f64>,
    horizon: usize,
    statistic: f64,
    p_value: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct BcaCase {
    estimate: f64,
    replicates: Vec<f64>,
    jackknife: Vec<f64>,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct SequentialCase {
    b: u64,
    c: u64,
    prior: u64,
    ln_evidence: f64,
}

#[derive(Deserialize)]
struct ProportionCase {
    hits: u64,
    trials: u64,
    upper: f64,
    wilson: [f64; 2],
}

#[derive(Deserialize)]
struct HolmCase {
    p_values: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct StudentCase {
    n: u64,
    mean: f64,
    statistic: f64,
    p_value: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct QuantileCase {
    values: Vec<f64>,
    share: f64,
    value: f64,
    interval: [Option<f64>; 2],
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
struct ShiftCase {
    differences: Vec<f64>,
    shift: f64,
    interval: [f64; 2],
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

/// The test over a list of differences.
fn diebold_mariano(differences: &[f64], horizon: usize, alpha: f64) -> Option<Forecasts> {
    let mut test = DieboldMariano::new(horizon);
    differences.iter().for_each(|difference| test.push(*difference));
    test.test(alpha)
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

fn table(b: u64, c: u64, rows: u64) -> Discordance {
    Discordance { challenger_only: b, champion_only: c, rows }
}

#[test]
fn mcnemar() {
    for case in golden().mcnemar {
        let t = table(case.b, case.c, case.b + case.c + 10);
        close(t.exact(), case.exact, 1e-12);
        close(t.mid_p(), case.mid_p, 1e-12);
        assert_eq!(t.chi_squared().is_some(), case.chi_squared.is_some());
        close(t.chi_squared().unwrap_or(0.0), case.chi_squared.unwrap_or(0.0), 1e-12);
        close(t.chi_squared_corrected().unwrap_or(0.0), case.corrected.unwrap_or(0.0), 1e-12);
    }
}

#[test]
fn fair_coins_by_the_million() {
    for case in golden().binomial {
        close(half_cdf(case.k, case.n), case.cdf, 1e-9);
        close(half_pmf(case.k, case.n), case.pmf, 1e-9);
    }
}

#[test]
fn tango_maximises_the_likelihood() {
    for case in golden().tango {
        close(tango::score(&table(case.b, case.c, case.n), case.delta).unwrap(), case.z, 1e-7);
    }
}

#[test]
fn delong_by_all_pairs() {
    for case in golden().rows {
        let tags: Vec<Tag> = case.label.iter().map(|&y| Tag::new(y == 1, 0)).collect();
        let found = delong::compare(case.champion, case.challenger, &tags, None).unwrap();
        for (area, (auc, variance)) in
            [found.champion, found.challenger].iter().zip(case.auc.iter().zip(case.auc_variance))
        {
            close(area.auc, *auc, 1e-12);
            close(area.variance, variance, 1e-10);
        }
        close(found.variance, case.difference_variance, 1e-10);
    }
}

#[test]
fn metrics_and_paired_t_of_whole_judgements() {
    for case in golden().rows {
        let mut judge = Judge::new(&Policy::default(), Against::Champion, 1).unwrap();
        for ((label, champion), challenger) in case.label.iter().zip(&case.champion).zip(&case.challenger) {
            judge
                .push(&Row {
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
fn student_with_millions_of_rows() {
    for case in golden().student {
        let mut moments = Moments::default();
        for row in 0..case.n {
            moments.push(case.mean + if row % 2 == 0 { 1.0 } else { -1.0 });
        }
        let found = moments.t_test(0.05).unwrap();
        close(found.statistic, case.statistic, 1e-9);
        close(found.p_value, case.p_value, 1e-8);
        close(found.interval.low, case.interval[0], 1e-7);
        close(found.interval.high, case.interval[1], 1e-7);
    }
}

#[test]
fn wilcoxon() {
    for mut case in golden().wilcoxon {
        let found = signed_rank(&mut case.differences).unwrap();
        assert_eq!(found.statistic, case.statistic);
        close(found.p_value, case.p_value, 1e-10);
    }
}

#[test]
fn hodges_and_lehmann() {
    for mut case in golden().shift {
        let (found, interval) = shift(&mut case.differences, 0.05).unwrap();
        close(found, case.shift, 1e-10);
        close(interval.low, case.interval[0], 1e-10);
        close(interval.high, case.interval[1], 1e-10);
    }
}

#[test]
fn whole_judgements_of_numbers() {
    let policy = Policy { task: Task::Regression, ..Policy::default() };
    for case in golden().regression {
        let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
        for ((label, champion), challenger) in case.label.iter().zip(&case.champion).zip(&case.challenger) {
            judge
                .push(&Row {
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
                .push(&Row {
                    label: Value::Text(label),
                    challenger: Value::Scores(challenger),
                    champion: Some(Value::Scores(champion)),
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
fn diebold_mariano_with_harvey() {
    for case in golden().diebold_mariano {
        let found = diebold_mariano(&case.differences, case.horizon, 0.05).unwrap();
        close(found.statistic, case.statistic, 1e-11);
        close(found.p_value, case.p_value, 1e-9);
        close(found.interval.low, case.interval[0], 1e-8);
        close(found.interval.high, case.interval[1], 1e-8);
    }
}

#[test]
fn bca_by_its_formula() {
    for mut case in golden().bca {
        let found = bca(case.estimate, &mut case.replicates, &case.jackknife, 0.05).unwrap();
        close(found.interval.low, case.interval[0], 1e-9);
        close(found.interval.high, case.interval[1], 1e-9);
    }
}

#[test]
fn sequential_evidence() {
    for case in golden().sequential {
        close(ln_evidence(&table(case.b, case.c, 0), case.prior), case.ln_evidence, 1e-7);
    }
}

#[test]
fn proportions() {
    let golden = golden();
    for case in golden.proportions {
        close(share_upper_bound(case.hits, case.trials, 0.05), case.upper, 1e-9);
        let found = wilson(case.hits, case.trials, 0.05).unwrap();
        close(found.low, case.wilson[0], 1e-9);
        close(found.high, case.wilson[1], 1e-9);
    }
    for (c, n, b, m, low, high) in golden.newcombe {
        let found = pawl_stats::newcombe::newcombe(c, n, b, m, normal_upper(0.025)).unwrap();
        close(found.0, low, 1e-9);
        close(found.1, high, 1e-9);
    }
}

#[test]
fn quantiles_and_their_intervals() {
    for mut case in golden().quantile {
        case.values.sort_by(f64::total_cmp);
        assert_eq!(quantile::quantile(&case.values, case.share), Some(case.value));
        let found = quantile::interval(&case.values, case.share, 0.05);
        let expected = case.interval[0].zip(case.interval[1]);
        assert_eq!(found.map(|it| (it.low, it.high)), expected);
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
            let (label, challenger) = (Value::Text(&label), Value::Text(&new));
            judge
                .push(&Row { label, challenger, champion: Some(Value::Text(&old)), columns: &columns })
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

#[test]
fn holm_step_down() {
    for case in golden().holm {
        for (found, expected) in holm(&case.p_values).into_iter().zip(case.adjusted) {
            close(found, expected, 1e-12);
        }
    }
}
