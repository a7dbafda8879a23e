//! The rule of Pawl: enough data, significant, material; all three, or it is no drift.

use super::document::{Axis, EffectUnit, Finding, Verdict};
use super::measure::Draft;
use super::policy::Policy;
use super::power::{Critical, detectable_psi, detectable_share};
use super::reason;
use super::table::benjamini_hochberg;

/// Corrects all p-values together and gives each draft its verdict; also the number of tests.
pub(super) fn decide_all(mut drafts: Vec<Draft>, policy: &Policy) -> (Vec<Finding>, usize) {
    let tested: Vec<f64> = drafts.iter().filter_map(|draft| draft.finding.evidence.p_value).collect();
    let alpha = policy.false_discovery_rate / tested.len().max(1) as f64;
    let mut critical = Critical::new(alpha);
    let mut adjusted = benjamini_hochberg(&tested).into_iter();
    for draft in &mut drafts {
        if draft.finding.evidence.p_value.is_some() {
            draft.finding.evidence.q_value = adjusted.next();
        }
        decide(draft, policy, alpha, &mut critical);
    }
    (drafts.into_iter().map(|draft| draft.finding).collect(), tested.len())
}

fn decide(draft: &mut Draft, policy: &Policy, alpha: f64, critical: &mut Critical) {
    let finding = &mut draft.finding;
    let q_value = match (draft.unfit.take(), finding.evidence.q_value) {
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
    let significant = q_value <= policy.false_discovery_rate;
    finding.verdict = if significant { material(finding, policy) } else { Verdict::None };
    if finding.verdict == Verdict::None {
        let effect = detectable(finding, policy, alpha, critical);
        finding.detectable.minimum = effect.map(|(effect, _)| effect);
        finding.detectable.unit = effect.map(|(_, unit)| unit);
    }
    finding.reason = reason::reason(finding, significant, policy);
}

/// How far it moved, leaving significance aside.
fn material(finding: &Finding, policy: &Policy) -> Verdict {
    let reaches = |score: Option<f64>, threshold: f64| score.is_some_and(|score| score >= threshold);
    let (warn, drift) = match finding.axis {
        Axis::Shape => (
            reaches(finding.scores.psi_debiased, policy.psi_warn),
            reaches(finding.scores.psi_debiased, policy.psi_drift)
                || reaches(finding.scores.ks_lower, policy.ks_drift),
        ),
        Axis::Unseen => (false, reaches(finding.share.lower_bound, policy.unseen_drift)),
        Axis::Together => (
            reaches(finding.scores.correlation_change_lower, policy.correlation_warn),
            reaches(finding.scores.correlation_change_lower, policy.correlation_drift),
        ),
        Axis::Missingness | Axis::TypeMix => (
            reaches(finding.share.lower_bound, policy.share_warn),
            reaches(finding.share.lower_bound, policy.share_drift),
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
    critical: &mut Critical,
) -> Option<(f64, EffectUnit)> {
    if finding.axis == Axis::Together {
        // Measured with the test, by its permutations.
        return finding.detectable.minimum.zip(finding.detectable.unit);
    }
    let (n, m) = (finding.evidence.n as f64, finding.evidence.m as f64);
    if finding.axis == Axis::Shape {
        let effect = detectable_psi(critical, finding.bins.len(), n, m, policy.psi_warn)?;
        return Some((effect, EffectUnit::Psi));
    }
    let least = if finding.axis == Axis::Unseen { policy.unseen_drift } else { policy.share_warn };
    let share = finding.share.baseline?;
    // A share can move both ways; the arcsine is symmetric, so count from the nearer end.
    let effect = detectable_share(share.min(1.0 - share), n, m, alpha, least)?;
    Some((effect, EffectUnit::Share))
}
