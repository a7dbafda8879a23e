//! The numbers against scipy, statsmodels and scikit-learn: `tests/oracles/gate.py` wrote the golden values.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;

use crate::bca::bca;
use crate::binomial::{half_cdf, half_pmf};
use crate::diebold_mariano::{DieboldMariano, Forecasts};
use crate::jackknife::jackknife_ratio;
use crate::mcnemar::Discordance;
use crate::moments::Moments;
use crate::newcombe::newcombe;
use crate::quantile;
use crate::sequential::ln_evidence;
use crate::sorted::Tag;
use crate::wilcoxon::{hodges_lehmann, signed_rank};
use crate::{delong, holm, normal_upper, tango, wilson};

#[derive(Deserialize)]
struct Golden {
    mcnemar: Vec<McnemarCase>,
    binomial: Vec<BinomialCase>,
    tango: Vec<TangoCase>,
    rows: Vec<AreaCase>,
    wilcoxon: Vec<RankCase>,
    diebold_mariano: Vec<ForecastCase>,
    bca: Vec<BcaCase>,
    sequential: Vec<SequentialCase>,
    proportions: Vec<ProportionCase>,
    newcombe: Vec<(u64, u64, u64, u64, f64, f64)>,
    holm: Vec<HolmCase>,
    student: Vec<StudentCase>,
    shift: Vec<ShiftCase>,
    quantile: Vec<QuantileCase>,
    jackknife: Vec<JackknifeCase>,
}

#[derive(Deserialize)]
struct McnemarCase {
    b: u64,
    c: u64,
    exact: f64,
    mid_p: f64,
    chi_squared: Option<f64>,
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
struct AreaCase {
    label: Vec<u8>,
    champion: Vec<f64>,
    challenger: Vec<f64>,
    auc: [f64; 2],
    auc_variance: [f64; 2],
    difference_variance: f64,
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
struct JackknifeCase {
    blocks: Vec<[f64; 2]>,
    estimate: f64,
    error: f64,
    freedom: f64,
    p_value: f64,
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
struct ShiftCase {
    differences: Vec<f64>,
    shift: f64,
    interval: [f64; 2],
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
        let (found, interval) = hodges_lehmann(&mut case.differences, 0.05).unwrap();
        close(found, case.shift, 1e-10);
        close(interval.low, case.interval[0], 1e-10);
        close(interval.high, case.interval[1], 1e-10);
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
fn jackknife_by_its_formula() {
    for case in golden().jackknife {
        let (estimate, found) = jackknife_ratio(&case.blocks, 0.05).unwrap();
        close(estimate, case.estimate, 1e-12);
        close(found.error, case.error, 1e-9);
        close(found.freedom, case.freedom, 1e-8);
        close(found.p_value, case.p_value, 1e-8);
        close(found.interval.low, case.interval[0], 1e-8);
        close(found.interval.high, case.interval[1], 1e-8);
    }
}

#[test]
fn sequential_evidence() {
    for case in golden().sequential {
        close(ln_evidence(&table(case.b, case.c, 0), case.prior), case.ln_evidence, 1e-7);
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
fn holm_step_down() {
    for case in golden().holm {
        for (found, expected) in holm(&case.p_values).into_iter().zip(case.adjusted) {
            close(found, expected, 1e-12);
        }
    }
}

#[test]
fn proportions() {
    let golden = golden();
    for case in golden.proportions {
        let found = wilson(case.hits, case.trials, 0.05).unwrap();
        close(found.low, case.wilson[0], 1e-9);
        close(found.high, case.wilson[1], 1e-9);
    }
    for (c, n, b, m, low, high) in golden.newcombe {
        let found = newcombe(c, n, b, m, normal_upper(0.025)).unwrap();
        close(found.0, low, 1e-9);
        close(found.1, high, 1e-9);
    }
}
