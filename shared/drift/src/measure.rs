//! The evidence: for each column and axis, whether there is enough data, the test and the scores.

use super::axes::{View, can_tell_unseen, raw_shape, view};
use super::design::{Design, too_few_groups};
use super::document::{
    Axis, CountedBin, DecisionRule, DetectableEffect, Distances, DriftTest, Finding, Past, ShareChange,
    TestEvidence, Verdict,
};
use super::input::Input;
use super::policy::Policy;
use super::power::Z_95;
use super::scores::{
    SAGEMAKER_ROBUST, hellinger, jensen_shannon, kolmogorov_sf, ks, ks_lower, largest_difference, psi,
    psi_debiased, robust,
};
use super::table::{ContingencyTable, TestOutcome};
use super::wasserstein::{TRIM, wasserstein_sigma};
use pawl_data::profile::Segment;
use pawl_data::profile::bins::{BaselineColumn, BinCounts, Bins};
use pawl_stats::newcombe::newcombe;

/// A finding on its way, with what only the decision needs.
pub(super) struct Draft {
    pub finding: Finding,
    /// Why nothing can be said, if so.
    pub unfit: Option<String>,
}

const AXES: [Axis; 4] = [Axis::Missingness, Axis::Unseen, Axis::Shape, Axis::TypeMix];

/// All axes of one column, save unseen values where the baseline held too many to tell them; a single draft
/// if the two sides cannot be compared.
pub(super) fn measure(input: &Input<'_>, policy: &Policy) -> Vec<Draft> {
    match sides(input) {
        Ok((baseline, current)) => {
            let told = |axis: &&Axis| **axis != Axis::Unseen || can_tell_unseen(baseline);
            let draft = |&axis: &Axis| draft(input, axis, baseline, current, policy);
            AXES.iter().filter(told).map(draft).collect()
        }
        Err(why) => {
            let finding = blank(input, Axis::Shape);
            vec![Draft { finding, unfit: Some(why.to_owned()) }]
        }
    }
}

/// Both sides of an input, if they can be compared at all.
pub(super) fn sides<'a>(input: &Input<'a>) -> Result<(&'a BaselineColumn, &'a BinCounts), &'a str> {
    if let Some(why) = input.unfit {
        return Err(why);
    }
    let (baseline, current) = match (input.baseline, input.current) {
        (Some(baseline), Some(current)) => (baseline, current),
        (None, _) if input.segment.is_some() => return Err("The baseline has no such rows."),
        (None, _) => return Err("The baseline has no such column."),
        (_, None) => return Err("The batch has no such column."),
    };
    let bins = baseline.bins.count();
    if baseline.counts.bins.len() != bins || current.bins.len() != bins {
        return Err("The counts do not fit the baseline's bins; count them again.");
    }
    if input.rank_error.is_finite() && input.rank_error >= 0.0 {
        Ok((baseline, current))
    } else {
        Err("The error of the quantile sketches is no number.")
    }
}

/// A finding without evidence.
pub(super) fn blank(input: &Input<'_>, axis: Axis) -> Finding {
    Finding {
        name: input.name.to_owned(),
        role: input.role,
        segment: input
            .segment
            .map(|(column, value)| Segment { column: column.to_owned(), value: value.to_owned() }),
        axis,
        verdict: Verdict::InsufficientData,
        reason: String::new(),
        rule: DecisionRule::Pawl,
        rule_score: None,
        importance: input.importance.filter(|weight| weight.is_finite() && *weight >= 0.0),
        evidence: TestEvidence::default(),
        scores: Distances::default(),
        share: ShareChange::default(),
        detectable: DetectableEffect::default(),
        past: Past::default(),
        bins: Vec::new(),
    }
}

fn draft(
    input: &Input<'_>,
    axis: Axis,
    baseline: &BaselineColumn,
    current: &BinCounts,
    policy: &Policy,
) -> Draft {
    let View { table, ordered } = view(axis, baseline, current);
    let (n, m) = (table.n(), table.m());
    let (nf, mf) = (n as f64, m as f64);
    let effective = if n == 0 || m == 0 { 0.0 } else { nf * mf / (nf + mf) };
    let unfit = too_few(n, m, effective, policy).or_else(|| too_few_groups(input.groups));
    let mut finding = blank(input, axis);
    (finding.evidence.n, finding.evidence.m) = (n, m);
    if axis == Axis::Shape {
        finding.scores = score_shape(&table, ordered, input.rank_error);
        if let (Bins::Numeric { edges }, Some(deviation)) = (&baseline.bins, baseline.std_dev) {
            let raw = raw_shape(baseline, current).table;
            finding.scores.wasserstein_sigma = wasserstein_sigma(edges, &raw, deviation, TRIM);
        }
    } else if let Some(cell) = watched(axis, &table.cells, nf, mf) {
        finding.share.baseline = (n > 0).then(|| cell.baseline as f64 / nf);
        finding.share.current = (m > 0).then(|| cell.current as f64 / mf);
        finding.share.lower_bound = newcombe(cell.baseline, n, cell.current, m, Z_95)
            .map(|(low, high)| if axis == Axis::Unseen { low.max(0.0) } else { low.max(-high).max(0.0) });
    }
    if unfit.is_none() {
        let sketched = ordered && input.rank_error > 0.0;
        let outcome = match axis {
            Axis::Unseen if matches!(baseline.bins, Bins::Categorical { .. }) => table.halved().test_more(),
            Axis::Unseen => table.test_more(),
            _ if sketched => of_sketches(&finding.scores, effective, input),
            _ => table.test(),
        };
        set_test(&mut finding.evidence, outcome);
        if let Some(design) = input.groups.and_then(|groups| Design::of(axis, baseline, groups)) {
            design.widen(&mut finding, &table);
        }
    }
    finding.bins = table.cells;
    Draft { finding, unfit }
}

fn score_shape(table: &ContingencyTable, ordered: bool, rank_error: f64) -> Distances {
    let (n, m) = (table.n() as f64, table.m() as f64);
    let l_infinity = if ordered { ks(table) } else { largest_difference(table) };
    let distance = l_infinity.filter(|_| ordered);
    Distances {
        psi: psi(table),
        psi_debiased: psi_debiased(table),
        ks: distance,
        ks_lower: distance.map(|distance| ks_lower((distance - rank_error).max(0.0), n, m)),
        jensen_shannon: jensen_shannon(table),
        hellinger: hellinger(table),
        l_infinity,
        l_infinity_robust: l_infinity.map(|simple| robust(simple, n, m, SAGEMAKER_ROBUST)),
        ..Distances::default()
    }
}

/// The test where a side is only known from its quantile sketch: the distance less the sketches'
/// errors, since a chi-square would take those errors for drift in any large sample.
fn of_sketches(scores: &Distances, effective: f64, input: &Input<'_>) -> Option<TestOutcome> {
    let sure = (scores.ks? - input.rank_error).max(0.0);
    Some(TestOutcome {
        test: DriftTest::KolmogorovSmirnovSketched,
        statistic: Some(sure),
        degrees_of_freedom: None,
        p_value: kolmogorov_sf(effective.sqrt() * sure),
    })
}

fn set_test(evidence: &mut TestEvidence, outcome: Option<TestOutcome>) {
    evidence.test = outcome.map(|outcome| outcome.test);
    evidence.statistic = outcome.and_then(|outcome| outcome.statistic);
    evidence.degrees_of_freedom = outcome.and_then(|outcome| outcome.degrees_of_freedom);
    evidence.p_value = outcome.map(|outcome| outcome.p_value);
}

/// The cell whose share an axis reports: missing, unseen, or the type that moved most.
fn watched(axis: Axis, cells: &[CountedBin], n: f64, m: f64) -> Option<&CountedBin> {
    let moved = |cell: &CountedBin| (cell.current as f64 / m - cell.baseline as f64 / n).abs();
    match axis {
        Axis::TypeMix => cells.iter().max_by(|a, b| moved(a).total_cmp(&moved(b))),
        _ => cells.first(),
    }
}

fn too_few(n: u64, m: u64, effective: f64, policy: &Policy) -> Option<String> {
    if m < policy.min_rows {
        return Some(format!("The batch has {m} rows to judge by; at least {} are needed.", policy.min_rows));
    }
    (effective < policy.min_effective_rows).then(|| {
        format!(
            "{n} rows of the baseline and {m} of the batch weigh as {effective:.0}; at least {:.0} are \
             needed.",
            policy.min_effective_rows
        )
    })
}
