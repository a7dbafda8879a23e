//! The decision rules of other tools, for a like-for-like move. They see the shape only, and know
//! neither materiality nor many tests at once: `scripts/bench drift` shows what that costs.

use super::axes::raw_shape;
use super::document::{Axis, DecisionRule, DriftTest, Finding, Verdict};
use super::input::Input;
use super::measure::{blank, sides};
use super::policy::Compat;
use super::scores::{
    SAGEMAKER_ROBUST, chi_square_one_sample, jensen_shannon, kolmogorov_sf, ks, largest_difference, robust,
};
use super::table::ContingencyTable;
use super::wasserstein::wasserstein_sigma;
use pawl_data::profile::bins::{BaselineColumn, BinCounts, Bins};

/// Evidently: a p-value below this is drift.
const EVIDENTLY_P: f64 = 0.05;
/// Evidently: a distance from this on is drift.
const EVIDENTLY_DISTANCE: f64 = 0.1;
/// Evidently: the data set drifts if this share of its columns does.
const EVIDENTLY_SHARE: f64 = 0.5;
/// Evidently: a numeric column of at most so many different values is one of categories.
const EVIDENTLY_FEW: usize = 5;
/// Evidently: up to this many rows of the baseline it tests, beyond it takes distances.
const EVIDENTLY_SMALL: u64 = 1000;
/// SageMaker Model Monitor: `comparison_threshold` as suggested.
const SAGEMAKER_THRESHOLD: f64 = 0.1;

/// One finding a column, on its shape, decided by the tool's own default rule on the frozen bins.
pub(super) fn decide_all(inputs: &[Input<'_>], compat: Compat) -> Vec<Finding> {
    inputs.iter().map(|input| decide(input, compat)).collect()
}

/// What the tool says of the whole data set, given its columns.
pub(super) fn of_all(findings: &[Finding], compat: Compat) -> Verdict {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (drifted, silent) = (count(Verdict::Drift), count(Verdict::InsufficientData));
    let enough = match compat {
        Compat::Evidently => drifted as f64 >= EVIDENTLY_SHARE * findings.len() as f64,
        Compat::Sagemaker => true,
    };
    match (drifted, silent) {
        _ if findings.is_empty() => Verdict::InsufficientData,
        (1.., _) if enough => Verdict::Drift,
        (_, 1..) => Verdict::InsufficientData,
        (1.., 0) => Verdict::Warn,
        (0, 0) => Verdict::None,
    }
}

fn decide(input: &Input<'_>, compat: Compat) -> Finding {
    let mut finding = blank(input, Axis::Shape);
    let (baseline, current) = match sides(input) {
        Ok(sides) => sides,
        Err(why) => {
            finding.reason = why.to_owned();
            return finding;
        }
    };
    let table = raw_shape(baseline, current).table;
    (finding.evidence.n, finding.evidence.m) = (table.n(), table.m());
    let judged = match compat {
        Compat::Evidently => evidently(&table, baseline, current),
        Compat::Sagemaker => sagemaker(&table, baseline),
    };
    finding.bins = table.cells;
    let Some(Judged { rule, score, drifted }) = judged.filter(|judged| judged.score.is_finite()) else {
        finding.reason = "The rule has no score for these counts.".to_owned();
        return finding;
    };
    (finding.rule, finding.rule_score) = (rule, Some(score));
    finding.verdict = if drifted { Verdict::Drift } else { Verdict::None };
    finding.evidence.test = match rule {
        DecisionRule::EvidentlyChiSquare => Some(DriftTest::OneSampleChiSquare),
        DecisionRule::EvidentlyZ => Some(DriftTest::ContingencyChiSquare),
        DecisionRule::EvidentlyKs => Some(DriftTest::KolmogorovSmirnov),
        _ => None,
    };
    finding.evidence.p_value = finding.evidence.test.map(|_| score);
    finding.reason = format!(
        "{} by {}: {score:.4}.",
        if drifted { "Drift" } else { "No drift" },
        match rule {
            DecisionRule::Pawl => "the rule of Pawl",
            DecisionRule::EvidentlyKs => "Evidently's KS test, p below 0.05",
            DecisionRule::EvidentlyChiSquare => "Evidently's chi-square test, p below 0.05",
            DecisionRule::EvidentlyZ => "Evidently's Z-test, p below 0.05",
            DecisionRule::EvidentlyWasserstein => "Evidently's normed Wasserstein distance, 0.1 or more",
            DecisionRule::EvidentlyJensenShannon => "Evidently's Jensen-Shannon distance, 0.1 or more",
            DecisionRule::SagemakerRobust => "SageMaker's Robust L-infinity distance, above 0.1",
        }
    );
    finding
}

struct Judged {
    rule: DecisionRule,
    score: f64,
    drifted: bool,
}

impl Judged {
    fn p(rule: DecisionRule, score: f64) -> Self {
        Self { rule, score, drifted: score < EVIDENTLY_P }
    }

    fn distance(rule: DecisionRule, score: f64) -> Self {
        Self { rule, score, drifted: score >= EVIDENTLY_DISTANCE }
    }
}

/// The default of Evidently 0.2 to 0.7, as documented: chosen by the size of the baseline, the type
/// and the number of different values. A numeric column with bins of ranges has more than five.
fn evidently(table: &ContingencyTable, baseline: &BaselineColumn, current: &BinCounts) -> Option<Judged> {
    let used = table.cells.iter().filter(|cell| cell.baseline + cell.current > 0).count();
    let (n, m) = (table.n() as f64, table.m() as f64);
    if n == 0.0 || m == 0.0 {
        return None;
    }
    let atoms = ordered_values(baseline, table).filter(|(values, _)| values.len() > EVIDENTLY_FEW);
    let numbers = matches!(&baseline.bins, Bins::Numeric { .. }) || atoms.is_some();
    let ordered = atoms.as_ref().map_or(table, |(_, table)| table);
    if baseline.counts.rows() <= EVIDENTLY_SMALL {
        return Some(if numbers {
            Judged::p(DecisionRule::EvidentlyKs, kolmogorov_sf((n * m / (n + m)).sqrt() * ks(ordered)?))
        } else if used > 2 {
            // A value that the baseline lacks has an infinite statistic there.
            Judged::p(DecisionRule::EvidentlyChiSquare, chi_square_one_sample(table).map_or(0.0, |(_, p)| p))
        } else {
            Judged::p(DecisionRule::EvidentlyZ, table.homogeneity().map_or(1.0, |outcome| outcome.p_value))
        });
    }
    let deviation = baseline.std_dev.map(|deviation| deviation.max(0.001));
    let distance = match (&baseline.bins, deviation, &atoms) {
        (Bins::Numeric { edges }, Some(deviation), _) if current.rows() > 0 => {
            Some(wasserstein_sigma(edges, table, deviation, (0.0, 1.0))?)
        }
        (_, Some(deviation), Some((values, ordered))) => Some(between_values(values, ordered) / deviation),
        _ => None,
    };
    Some(match distance {
        Some(distance) => Judged::distance(DecisionRule::EvidentlyWasserstein, distance),
        None => Judged::distance(DecisionRule::EvidentlyJensenShannon, jensen_shannon(table)?),
    })
}

/// The numbers of a column that has few, in rising order, with their cells; what the baseline never saw is
/// taken for larger than all. None where the column holds anything but numbers.
fn ordered_values(column: &BaselineColumn, table: &ContingencyTable) -> Option<(Vec<f64>, ContingencyTable)> {
    let Bins::Categorical { values } = &column.bins else { return None };
    if column.counts.other > 0 || column.counts.types.boolean + column.counts.types.string > 0 {
        return None;
    }
    let numbers = values.iter().map(|value| value.parse::<f64>().ok()).collect::<Option<Vec<f64>>>()?;
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut cells: Vec<_> = order.iter().filter_map(|&index| table.cells.get(index)).cloned().collect();
    cells.extend(table.cells.iter().skip(numbers.len()).cloned());
    Some((order.iter().map(|&index| numbers[index]).collect(), ContingencyTable { cells }))
}

/// Wasserstein-1 between two sides that hold few numbers: the area between their cumulative shares.
fn between_values(values: &[f64], table: &ContingencyTable) -> f64 {
    let (n, m) = (table.n() as f64, table.m() as f64);
    let (mut below_n, mut below_m, mut area) = (0, 0, 0.0);
    for (cell, pair) in table.cells.iter().zip(values.windows(2)) {
        below_n += cell.baseline;
        below_m += cell.current;
        area += (below_n as f64 / n - below_m as f64 / m).abs() * (pair[1] - pair[0]);
    }
    area
}

/// Model Monitor's `baseline_drift_check` with `comparison_method: Robust`.
fn sagemaker(table: &ContingencyTable, baseline: &BaselineColumn) -> Option<Judged> {
    let values = ordered_values(baseline, table);
    let simple = match (&baseline.bins, &values) {
        (Bins::Numeric { .. }, _) => ks(table)?,
        (Bins::Categorical { .. }, Some((_, ordered))) => ks(ordered)?,
        (Bins::Categorical { .. }, None) => largest_difference(table)?,
    };
    let score = robust(simple, table.n() as f64, table.m() as f64, SAGEMAKER_ROBUST);
    Some(Judged { rule: DecisionRule::SagemakerRobust, score, drifted: score > SAGEMAKER_THRESHOLD })
}
