//! The comparison: enough data, significant, material; all three, or it is no drift.

use super::axes::{View, view};
use super::document::{
    Axis, CountedBin, DRIFT_VERSION, Drift, EffectUnit, Finding, Role, Segment, Verdict, formulas,
};
use super::policy::Policy;
use super::power::{Z_95, detectable_psi, detectable_share, newcombe};
use super::scores::{ks, ks_lower, psi, psi_debiased};
use super::table::benjamini_hochberg;
use super::words;
use crate::profile::bins::{Baseline, BaselineColumn, BinCounts};

/// The most reasons that the head of a document repeats.
const MAX_REASONS: usize = 20;

/// One column to compare, in all rows or in one segment of them.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The column's name.
    pub name: &'a str,
    /// What it is to the model.
    pub role: Role,
    /// The part of the rows; none for all of them.
    pub segment: Option<&'a Segment>,
    /// The frozen bins and the baseline's counts; none if the baseline lacks the column.
    pub baseline: Option<&'a BaselineColumn>,
    /// The batch counted in these bins; none if the batch lacks the column.
    pub current: Option<&'a BinCounts>,
}

/// Pairs the named columns of a baseline with the counts of a batch: `features` in their order,
/// then the label. A name that a side lacks is compared all the same, and is `insufficient_data`.
///
/// Leave out columns that are new by construction, such as a date, a year or an index.
pub fn inputs<'a>(
    baseline: &'a Baseline,
    current: &'a [(String, BinCounts)],
    features: &'a [String],
    label: Option<&'a str>,
) -> Vec<Input<'a>> {
    let input = |name: &'a str, role| Input {
        name,
        role,
        segment: None,
        baseline: baseline.column(name),
        current: current.iter().find(|(other, _)| other == name).map(|(_, counts)| counts),
    };
    let features = features.iter().map(|name| input(name, Role::Feature));
    features.chain(label.map(|name| input(name, Role::Label))).collect()
}

/// Compares a batch with its baseline, column by column, on four axes.
///
/// Pure and total: nothing to compare, counts that do not fit the bins, or a policy that cannot be
/// used come out as `insufficient_data` with the reason, never as a pass.
pub fn compare(inputs: &[Input<'_>], policy: &Policy) -> Drift {
    if let Err(error) = policy.check() {
        return document(Vec::new(), 0, policy, vec![error.to_string()]);
    }
    let mut drafts: Vec<Draft> = inputs.iter().flat_map(|input| measure(input, policy)).collect();
    let tested: Vec<f64> = drafts.iter().filter_map(|draft| draft.finding.p_value).collect();
    let alpha = policy.false_discovery_rate / tested.len().max(1) as f64;
    let mut adjusted = benjamini_hochberg(&tested).into_iter();
    for draft in &mut drafts {
        if draft.finding.p_value.is_some() {
            draft.finding.q_value = adjusted.next();
        }
        decide(draft, policy, alpha);
    }
    let findings: Vec<Finding> = drafts.into_iter().map(|draft| draft.finding).collect();
    let reasons = if findings.is_empty() {
        vec!["No column was named to compare.".to_owned()]
    } else {
        reasons(&findings)
    };
    document(findings, tested.len(), policy, reasons)
}

/// A finding on its way, with what only the decision needs.
struct Draft {
    finding: Finding,
    effective: f64,
    /// Why nothing can be said, if so.
    unfit: Option<String>,
}

const AXES: [Axis; 4] = [Axis::Missingness, Axis::Unseen, Axis::Shape, Axis::TypeMix];

fn measure(input: &Input<'_>, policy: &Policy) -> Vec<Draft> {
    let (baseline, current) = match (input.baseline, input.current) {
        (Some(baseline), Some(current)) => (baseline, current),
        (None, _) => return vec![unfit(input, "The baseline has no such column.")],
        (_, None) => return vec![unfit(input, "The batch has no such column.")],
    };
    let bins = baseline.bins.count();
    if baseline.counts.bins.len() != bins || current.bins.len() != bins {
        return vec![unfit(input, "The counts do not fit the baseline's bins; count them again.")];
    }
    AXES.iter().map(|&axis| draft(input, axis, view(axis, baseline, current), policy)).collect()
}

/// A finding without evidence.
fn blank(input: &Input<'_>, axis: Axis) -> Finding {
    Finding {
        name: input.name.to_owned(),
        role: input.role,
        segment: input.segment.cloned(),
        axis,
        verdict: Verdict::InsufficientData,
        reason: String::new(),
        n: 0,
        m: 0,
        test: None,
        statistic: None,
        degrees_of_freedom: None,
        p_value: None,
        q_value: None,
        psi: None,
        psi_debiased: None,
        ks: None,
        ks_lower: None,
        share_baseline: None,
        share_current: None,
        share_change_lower: None,
        minimum_detectable_effect: None,
        minimum_detectable_unit: None,
        bins: Vec::new(),
    }
}

fn unfit(input: &Input<'_>, why: &str) -> Draft {
    Draft { finding: blank(input, Axis::Shape), effective: 0.0, unfit: Some(why.to_owned()) }
}

fn draft(input: &Input<'_>, axis: Axis, View { table, ordered }: View, policy: &Policy) -> Draft {
    let (n, m) = (table.n(), table.m());
    let (nf, mf) = (n as f64, m as f64);
    let effective = if n == 0 || m == 0 { 0.0 } else { nf * mf / (nf + mf) };
    let unfit = too_few(n, m, effective, policy);
    let outcome = if unfit.is_none() { table.test() } else { None };
    let mut finding = Finding {
        n,
        m,
        test: outcome.map(|outcome| outcome.test),
        statistic: outcome.and_then(|outcome| outcome.statistic),
        degrees_of_freedom: outcome.and_then(|outcome| outcome.degrees_of_freedom),
        p_value: outcome.map(|outcome| outcome.p_value),
        ..blank(input, axis)
    };
    if axis == Axis::Shape {
        finding.psi = psi(&table);
        finding.psi_debiased = psi_debiased(&table);
        if ordered {
            finding.ks = ks(&table);
            finding.ks_lower = finding.ks.map(|distance| ks_lower(distance, nf, mf));
        }
    } else if let Some(cell) = watched(axis, &table.cells, nf, mf) {
        finding.share_baseline = (n > 0).then(|| cell.baseline as f64 / nf);
        finding.share_current = (m > 0).then(|| cell.current as f64 / mf);
        finding.share_change_lower = newcombe(cell.baseline, n, cell.current, m, Z_95)
            .map(|(low, high)| if axis == Axis::Unseen { low.max(0.0) } else { low.max(-high).max(0.0) });
    }
    finding.bins = table.cells;
    Draft { finding, effective, unfit }
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
            "{n} rows of the baseline and {m} of the batch weigh as {effective:.0}; at least {:.0} are needed.",
            policy.min_effective_rows
        )
    })
}

fn decide(draft: &mut Draft, policy: &Policy, alpha: f64) {
    let finding = &mut draft.finding;
    let q_value = match (draft.unfit.take(), finding.q_value) {
        (Some(why), _) => {
            finding.reason = why;
            return;
        }
        (None, Some(q)) if q.is_finite() => q,
        _ => {
            finding.reason = "No test could be made of these counts.".to_owned();
            return;
        }
    };
    let material = material(finding, policy);
    let significant = q_value <= policy.false_discovery_rate;
    finding.verdict = if significant { material } else { Verdict::None };
    if finding.verdict == Verdict::None {
        (finding.minimum_detectable_effect, finding.minimum_detectable_unit) =
            detectable(finding, policy, alpha, draft.effective);
    }
    finding.reason = words::reason(finding, significant, policy);
}

/// How far it moved, leaving significance aside.
fn material(finding: &Finding, policy: &Policy) -> Verdict {
    let reaches = |score: Option<f64>, threshold: f64| score.is_some_and(|score| score >= threshold);
    let (warn, drift) = match finding.axis {
        Axis::Shape => (
            reaches(finding.psi_debiased, policy.psi_warn),
            reaches(finding.psi_debiased, policy.psi_drift) || reaches(finding.ks_lower, policy.ks_drift),
        ),
        Axis::Unseen => (false, reaches(finding.share_change_lower, policy.unseen_drift)),
        Axis::Missingness | Axis::TypeMix => (
            reaches(finding.share_change_lower, policy.share_warn),
            reaches(finding.share_change_lower, policy.share_drift),
        ),
    };
    match (warn, drift) {
        (_, true) => Verdict::Drift,
        (true, false) => Verdict::Warn,
        (false, false) => Verdict::None,
    }
}

fn detectable(
    finding: &Finding,
    policy: &Policy,
    alpha: f64,
    effective: f64,
) -> (Option<f64>, Option<EffectUnit>) {
    if effective <= 0.0 {
        return (None, None);
    }
    let (n, m) = (finding.n as f64, finding.m as f64);
    let (effect, unit) = if finding.axis == Axis::Shape {
        (detectable_psi(finding.bins.len(), n, m, alpha, policy.psi_warn), EffectUnit::Psi)
    } else {
        let least = if finding.axis == Axis::Unseen { policy.unseen_drift } else { policy.share_warn };
        let share = finding.share_baseline.unwrap_or(0.0);
        // A share can move both ways; the arcsine is symmetric, so count from the nearer end.
        (detectable_share(share.min(1.0 - share), n, m, alpha, least), EffectUnit::Share)
    };
    (effect, effect.map(|_| unit))
}

/// The findings that are no pass, the worst first.
fn reasons(findings: &[Finding]) -> Vec<String> {
    let mut worst: Vec<&Finding> =
        findings.iter().filter(|finding| finding.verdict > Verdict::None).collect();
    worst.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    let line = |finding: &&Finding| format!("{}: {}", words::place(finding), finding.reason);
    let mut lines: Vec<String> = worst.iter().take(MAX_REASONS).map(line).collect();
    if worst.len() > MAX_REASONS {
        lines.push(format!("and {} more", worst.len() - MAX_REASONS));
    }
    lines
}

fn document(columns: Vec<Finding>, tests: usize, policy: &Policy, reasons: Vec<String>) -> Drift {
    let worst = |role: Role| {
        columns.iter().filter(|finding| finding.role == role).map(|finding| finding.verdict).max()
    };
    let features = worst(Role::Feature).unwrap_or(Verdict::InsufficientData);
    let (label, predictions) = (worst(Role::Label), worst(Role::Prediction));
    Drift {
        version: DRIFT_VERSION,
        verdict: columns.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::InsufficientData),
        features,
        label,
        predictions,
        reasons,
        tests,
        policy: policy.clone(),
        columns,
        formulas: formulas(),
    }
}
