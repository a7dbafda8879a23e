//! The numbers against scipy and statsmodels: `tests/oracles/drift.py` wrote the golden values.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde::Deserialize;

use super::power::{Critical, Z_95, detectable_psi, detectable_shift};
use super::scores::{
    chi_square_one_sample, hellinger, jensen_shannon, jensen_shannon_debiased, kolmogorov_sf, ks, ks_lower,
    largest_difference, psi, psi_debiased, robust,
};
use super::table::{ContingencyTable, TestOutcome, benjamini_hochberg, fisher_exact, fisher_more};
use super::wasserstein::{TRIM, wasserstein_sigma};
use super::{CountedBin, DriftTest};
use pawl_stats::newcombe::newcombe;

#[derive(Deserialize)]
struct Golden {
    tables: Vec<TableCase>,
    fisher: Vec<(u64, u64, u64, u64, f64, f64)>,
    wasserstein: Vec<WassersteinCase>,
    kolmogorov: Vec<(f64, f64)>,
    newcombe: Vec<(u64, u64, u64, u64, f64, f64)>,
    benjamini_hochberg: Vec<(Vec<f64>, Vec<f64>)>,
    detectable_psi: Vec<(usize, f64, f64, f64, f64, f64)>,
    ordered: Vec<OrderedCase>,
    detectable_shift: Vec<(f64, f64, f64, f64)>,
}

/// Statistic, degrees of freedom, p-value.
type Chi = (f64, u32, f64);

#[derive(Deserialize)]
struct OrderedCase {
    baseline: Vec<u64>,
    current: Vec<u64>,
    sketch: f64,
    any: Chi,
    scores: Option<Chi>,
    jensen_shannon_debiased: f64,
}

#[derive(Deserialize)]
struct TableCase {
    baseline: Vec<u64>,
    current: Vec<u64>,
    ordered: Vec<(u64, u64)>,
    rare: Vec<(u64, u64)>,
    ordered_fisher: Option<f64>,
    ordered_chi2: Option<(f64, u32, f64)>,
    rare_fisher: Option<f64>,
    rare_chi2: Option<(f64, u32, f64)>,
    psi: f64,
    psi_debiased: f64,
    ks: f64,
    jensen_shannon: f64,
    hellinger: f64,
    largest_difference: f64,
    one_sample: Option<(f64, f64)>,
    ks_lower: f64,
}

/// Edges, baseline, current, deviation, distance.
type WassersteinCase = (Vec<f64>, Vec<u64>, Vec<u64>, f64, f64);

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/oracles/drift.json")).unwrap()
}

/// Relative error 1e-9; what is nearly zero by cancellation, 1e-13 absolute.
fn close(mine: f64, theirs: f64, what: &str) {
    let error = (mine - theirs).abs();
    assert!(error <= 1e-9 * theirs.abs() || error <= 1e-13, "{what}: {mine} instead of {theirs}");
}

fn table(baseline: &[u64], current: &[u64]) -> ContingencyTable {
    let cell = |(&baseline, &current)| CountedBin { bin: String::new(), baseline, current };
    ContingencyTable { cells: baseline.iter().zip(current).map(cell).collect() }
}

fn pairs(table: &ContingencyTable) -> Vec<(u64, u64)> {
    table.cells.iter().map(|cell| (cell.baseline, cell.current)).collect()
}

fn check_test(table: &ContingencyTable, chi: Option<(f64, u32, f64)>, fisher: Option<f64>) {
    let outcome = table.test().unwrap();
    match (chi, fisher) {
        (Some((statistic, freedom, p)), _) => {
            assert_eq!(outcome.test, DriftTest::ContingencyChiSquare);
            assert_eq!(outcome.degrees_of_freedom, Some(freedom));
            close(outcome.statistic.unwrap(), statistic, "chi-square");
            // Both lose digits far out in the tail, where the sign of the doubt is long settled.
            assert!((outcome.p_value - p).abs() <= 1e-9 * p || p < 1e-280, "{} {p}", outcome.p_value);
        }
        (None, Some(p)) => {
            assert_eq!(outcome.test, DriftTest::FisherExact);
            close(outcome.p_value, p, "Fisher in a table");
        }
        (None, None) => assert_eq!(outcome.test, DriftTest::SingleCell),
    }
}

#[test]
fn tests_and_scores_of_240_tables() {
    for case in golden().tables {
        let raw = table(&case.baseline, &case.current);
        let (ordered, rare) = (raw.pool_neighbours(), raw.pool_rare());
        assert_eq!(pairs(&ordered), case.ordered);
        assert_eq!(pairs(&rare), case.rare);
        check_test(&ordered, case.ordered_chi2, case.ordered_fisher);
        check_test(&rare, case.rare_chi2, case.rare_fisher);
        close(psi(&ordered).unwrap(), case.psi, "PSI");
        close(psi_debiased(&ordered).unwrap(), case.psi_debiased, "de-biased PSI");
        let distance = ks(&ordered).unwrap();
        close(distance, case.ks, "KS");
        close(jensen_shannon(&ordered).unwrap(), case.jensen_shannon, "Jensen-Shannon");
        close(hellinger(&ordered).unwrap(), case.hellinger, "Hellinger");
        close(largest_difference(&ordered).unwrap(), case.largest_difference, "largest difference");
        let one_sample = chi_square_one_sample(&ordered);
        assert_eq!(one_sample.is_some(), case.one_sample.is_some());
        if let (Some(mine), Some(theirs)) = (one_sample, case.one_sample) {
            close(mine.0, theirs.0, "one-sample chi-square");
            assert!((mine.1 - theirs.1).abs() <= 1e-9 * theirs.1 || theirs.1 < 1e-280);
        }
        let (n, m) = (ordered.n() as f64, ordered.m() as f64);
        close(ks_lower(distance, n, m), case.ks_lower, "KS lower bound");
    }
}

fn same_chi(mine: &TestOutcome, (statistic, freedom, p): Chi) {
    assert_eq!(mine.degrees_of_freedom, Some(freedom));
    let found = mine.statistic.unwrap();
    // Two ways to an orthonormal basis agree to the digits that rounding leaves.
    assert!((found - statistic).abs() <= 1e-7 * statistic.max(1e-6), "{found} instead of {statistic}");
    assert!((mine.p_value - p).abs() <= 1e-6 * p || p < 1e-250, "{} instead of {p}", mine.p_value);
}

#[test]
fn both_tests_of_160_tables_in_order() {
    for case in golden().ordered {
        let table = table(&case.baseline, &case.current).pool_neighbours();
        let debiased = jensen_shannon_debiased(&table).unwrap();
        let error = (debiased - case.jensen_shannon_debiased).abs();
        assert!(error <= 1e-9 * debiased + 1e-9, "{debiased} {}", case.jensen_shannon_debiased);
        let Some(scores) = case.scores else { continue };
        same_chi(&table.normal_scores(case.sketch).unwrap(), scores);
        let decided = table.test_ordered(case.sketch).unwrap();
        let smaller = scores.2.min(case.any.2);
        assert!((decided.p_value - (2.0 * smaller).min(1.0)).abs() <= 1e-6 * smaller || smaller < 1e-250);
        let expected = if scores.2 < case.any.2 { scores } else { case.any };
        assert_eq!(decided.degrees_of_freedom, Some(expected.1));
    }
}

#[test]
fn the_detectable_shift_is_within_one_percent_of_the_exact_noncentral_chi_square() {
    for (scale, alpha, material, effect) in golden().detectable_shift {
        let mine = detectable_shift(scale, alpha, material).unwrap();
        assert!((mine / effect - 1.0).abs() < 0.01, "{scale} {alpha}: {mine} instead of {effect}");
    }
}

#[test]
fn wasserstein_of_200_pairs() {
    for (edges, baseline, current, sigma, expected) in golden().wasserstein {
        close(
            wasserstein_sigma(&edges, &table(&baseline, &current), sigma, TRIM).unwrap(),
            expected,
            "Wasserstein",
        );
    }
}

#[test]
fn kolmogorov_at_200_points() {
    for (x, expected) in golden().kolmogorov {
        close(kolmogorov_sf(x), expected, "Kolmogorov");
    }
}

/// What other tools compute on the inputs of their own tests.
#[test]
fn the_worked_numbers_of_deequ_and_tfdv() {
    // Deequ, L-infinity Robust at alpha 0.003; a and f are on one side only.
    let linf = table(&[207, 20, 25, 14, 25, 0, 13], &[22, 20, 25, 12, 13, 15, 0]);
    let (n, m) = (linf.n() as f64, linf.m() as f64);
    let coefficient = (-(0.003_f64 / 2.0).ln() / 2.0).sqrt();
    let distance = robust(largest_difference(&linf).unwrap(), n, m, coefficient);
    close(distance, 0.272_633_804_655_034_9, "L-infinity Robust");
    let chi = table(&[223, 20, 25, 12, 13], &[207, 20, 25, 14, 25]);
    close(chi_square_one_sample(&chi).unwrap().1, 0.013_227_994_814_265_176, "chi-square p");
    let expected = [428, 425, 414, 427, 440, 447, 380, 386, 444, 386];
    let actual = [426, 437, 429, 391, 469, 433, 360, 443, 371, 418];
    close(psi(&table(&expected, &actual)).unwrap(), 0.007_406_694_184_014_186, "PSI");
    // TFDV names the divergence; ours is its root.
    let divergence = jensen_shannon(&table(&[2, 2, 0, 0], &[0, 1, 1, 2])).unwrap().powi(2);
    assert!((divergence - 0.655_639_062_22).abs() < 1e-11, "{divergence}");
}

#[test]
fn fisher_exact_of_200_tables() {
    for (a, n, c, m, both_sides, more) in golden().fisher {
        close(fisher_exact(a, n, c, m), both_sides, "Fisher");
        close(fisher_more(a, n, c, m), more, "Fisher, one-sided");
    }
}

#[test]
fn newcombe_of_200_pairs_of_shares() {
    for (b, n, c, m, low, high) in golden().newcombe {
        let (mine_low, mine_high) = newcombe(b, n, c, m, Z_95).unwrap();
        close(mine_low, low, "Newcombe, low");
        close(mine_high, high, "Newcombe, high");
    }
    let (low, high) = newcombe(48, 80, 56, 70, 1.959_963_984_540_054).unwrap();
    assert!((low - 0.052_431_5).abs() < 5e-8 && (high - 0.333_872_7).abs() < 5e-8, "{low} {high}");
}

#[test]
fn benjamini_hochberg_of_20_families() {
    for (p_values, expected) in golden().benjamini_hochberg {
        for (mine, theirs) in benjamini_hochberg(&p_values).into_iter().zip(expected) {
            close(mine, theirs, "Benjamini-Hochberg");
        }
    }
}

#[test]
fn the_detectable_effect_is_within_one_percent_of_the_exact_noncentral_chi_square() {
    for (cells, n, m, alpha, material, effect) in golden().detectable_psi {
        let mine = detectable_psi(&mut Critical::new(alpha), cells, n, m, material).unwrap();
        assert!((mine / effect - 1.0).abs() < 0.01, "{cells} cells, {n} and {m}: {mine} instead of {effect}");
    }
}
