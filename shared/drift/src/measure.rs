//! The evidence: for each column and axis, whether there is enough data, the test and the scores.

use super::axes::{View, axes_of, has_rare_values, raw_shape, view};
use super::design::{Design, too_few_groups};
use super::document::{
    Axis, CountedBin, DecisionRule, DetectableEffect, Distances, Finding, Past, ShareChange, TestEvidence,
    Verdict,
};
use super::input::Input;
use super::material::{self, Moved, Watched};
use super::policy::Policy;
use super::scores::{
    SAGEMAKER_ROBUST, hellinger, jensen_shannon, jensen_shannon_debiased, ks, ks_lower, largest_difference,
    psi, psi_debiased, robust,
};
use super::table::{ContingencyTable, TestOutcome};
use super::wasserstein::{TRIM, wasserstein_sigma};
use pawl_data::profile::Segment;
use pawl_data::profile::bins::{BaselineColumn, BinCounts, Bins};

/// A finding on its way, with what only the decision needs.
pub(super) struct Draft {
    pub finding: Finding,
    /// Why nothing can be said, if so.
    pub unfit: Option<String>,
    /// What the change comes to if it is significant.
    pub material: Verdict,
    /// The least p-value that the test could have come to.
    pub least_p_value: f64,
    /// The variance of the difference of two means of unit deviation; for bins that have an order.
    pub mean_variance: Option<f64>,
}

impl Draft {
    pub(super) fn of(finding: Finding, unfit: Option<String>) -> Self {
        Self { finding, unfit, material: Verdict::None, least_p_value: 1.0, mean_variance: None }
    }
}

/// All axes on which one column can be compared; a single draft if the two sides cannot be compared.
pub(super) fn measure(input: &Input<'_>, policy: &Policy) -> Vec<Draft> {
    match sides(input) {
        Ok((baseline, current)) => {
            let axes = axes_of(baseline).into_iter();
            axes.map(|axis| draft(input, axis, baseline, current, policy)).collect()
        }
        Err(why) => vec![Draft::of(blank(input, Axis::Shape), Some(why.to_owned()))],
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
    let rows = (table.n(), table.m());
    let unfit = too_few(rows, policy).or_else(|| too_few_groups(input.groups));
    let sketch = if ordered { sketch_variance(baseline.rank_error, input.rank_error) } else { 0.0 };
    let mut finding = blank(input, axis);
    (finding.evidence.n, finding.evidence.m) = rows;
    if axis == Axis::Shape {
        finding.scores = score_shape(&table, ordered, baseline.rank_error + input.rank_error);
    }
    let numbers = Numbers::of(axis, baseline, current);
    if let (Some(Numbers { edges, raw }), Some(deviation)) = (&numbers, baseline.std_dev) {
        finding.scores.wasserstein_sigma = wasserstein_sigma(edges, raw, deviation, TRIM);
    }
    let moved = material::most(axis, watched(axis, &table, numbers), rows, policy);
    if let Some(moved) = &moved {
        finding.share = material::told(axis, &moved.cell, rows);
    }
    let mut draft = Draft::of(finding, unfit);
    if draft.unfit.is_none() {
        let halved = axis == Axis::Unseen && has_rare_values(baseline) && !ordered_bins(baseline);
        let tested = if halved { table.halved() } else { table.clone() };
        let outcome = match axis {
            Axis::Unseen => tested.test_more(),
            _ if ordered => tested.test_ordered(sketch),
            _ => tested.test(),
        };
        // How many values are unseen is itself the evidence, so their test is always a try.
        let always = axis == Axis::Unseen && outcome.is_some();
        draft.least_p_value = if always { 0.0 } else { tested.least_p_value() };
        let cells = table.cells.len() as f64;
        draft.mean_variance = ordered.then(|| mean_variance(rows) + 2.0 * sketch * cells);
        set_test(&mut draft.finding.evidence, outcome);
        if let Some(design) = input.groups.and_then(|groups| Design::of(axis, baseline, groups)) {
            design.widen(&mut draft.finding, &tested);
        }
    }
    // Where rows belong together the bounds are wider by now.
    draft.material = materiality(axis, &draft.finding.scores, moved.as_ref(), policy);
    draft.finding.bins = table.cells;
    draft
}

/// The shape of a column of many numbers, with every bin as it is.
struct Numbers<'a> {
    edges: &'a [f64],
    raw: ContingencyTable,
}

impl<'a> Numbers<'a> {
    fn of(axis: Axis, baseline: &'a BaselineColumn, current: &BinCounts) -> Option<Self> {
        let (Axis::Shape, Bins::Numeric { edges }) = (axis, &baseline.bins) else { return None };
        Some(Self { edges, raw: raw_shape(baseline, current).table })
    }
}

fn ordered_bins(column: &BaselineColumn) -> bool {
    matches!(column.bins, Bins::Numeric { .. })
}

fn materiality(axis: Axis, scores: &Distances, moved: Option<&Moved>, policy: &Policy) -> Verdict {
    match axis {
        Axis::Shape => material::shape(scores, moved, policy),
        _ => moved.map_or(Verdict::None, |moved| moved.verdict),
    }
}

/// How many standard deviations the stated error of a sketch, at 99 %, is.
const STATED: f64 = 2.575_829_303_548_900_4;

/// The variance that the quantile sketches of both sides add to the difference of the shares below an edge.
fn sketch_variance(baseline: f64, current: f64) -> f64 {
    (baseline / STATED).powi(2) + (current / STATED).powi(2)
}

fn mean_variance((n, m): (u64, u64)) -> f64 {
    1.0 / n as f64 + 1.0 / m as f64
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
        jensen_shannon_debiased: if ordered { None } else { jensen_shannon_debiased(table) },
        hellinger: hellinger(table),
        l_infinity,
        l_infinity_robust: l_infinity.map(|simple| robust(simple, n, m, SAGEMAKER_ROBUST)),
        ..Distances::default()
    }
}

fn set_test(evidence: &mut TestEvidence, outcome: Option<TestOutcome>) {
    evidence.test = outcome.map(|outcome| outcome.test);
    evidence.statistic = outcome.and_then(|outcome| outcome.statistic);
    evidence.degrees_of_freedom = outcome.and_then(|outcome| outcome.degrees_of_freedom);
    evidence.p_value = outcome.map(|outcome| outcome.p_value);
}

/// The shares that an axis watches: missing, unseen, each type, each value or bin, each tail.
fn watched(axis: Axis, table: &ContingencyTable, numbers: Option<Numbers<'_>>) -> Vec<Watched> {
    let of = |by_ratio: bool| move |cell: CountedBin| Watched { cell, by_ratio };
    match (axis, numbers) {
        (Axis::Missingness | Axis::Unseen, _) => {
            table.cells.first().cloned().map(of(true)).into_iter().collect()
        }
        (Axis::Shape, Some(Numbers { edges, raw })) => {
            let tails = material::tails(&raw.cells, edges, table.n());
            raw.cells.into_iter().map(of(false)).chain(tails.into_iter().map(of(true))).collect()
        }
        (Axis::TypeMix | Axis::Shape, _) => table.cells.iter().cloned().map(of(true)).collect(),
        (Axis::Together, _) => Vec::new(),
    }
}

fn too_few((n, m): (u64, u64), policy: &Policy) -> Option<String> {
    if m < policy.min_rows {
        return Some(format!("The batch has {m} rows to judge by; at least {} are needed.", policy.min_rows));
    }
    let effective = if n == 0 { 0.0 } else { 1.0 / mean_variance((n, m)) };
    (effective < policy.min_effective_rows).then(|| {
        format!(
            "{n} rows of the baseline and {m} of the batch weigh as {effective:.0}; at least {:.0} are \
             needed.",
            policy.min_effective_rows
        )
    })
}
