//! The rule of Pawl: enough data, significant, material; all three, or it is no drift.

use super::document::{Axis, EffectUnit, Finding, Verdict};
use super::measure::Draft;
use super::policy::Policy;
use super::power::{Critical, detectable_psi, detectable_share, detectable_shift};
use super::reason;
use super::table::benjamini_hochberg;

/// Corrects all p-values together and gives each draft its verdict; also the number of tests.
///
/// A test whose least possible p-value lies above the level cannot reject, whatever the data says, and is no
/// try: it takes no part in the correction (Tarone 1990; with Benjamini–Hochberg: Gilbert 2005).
pub(super) fn decide_all(mut drafts: Vec<Draft>, policy: &Policy) -> (Vec<Finding>, usize) {
    let with_p = |draft: &&Draft| draft.finding.evidence.p_value.is_some();
    let least: Vec<f64> = drafts.iter().filter(with_p).map(|draft| draft.least_p_value).collect();
    let level = policy.false_discovery_rate / tries(least, policy.false_discovery_rate) as f64;
    let is_try = |draft: &Draft| draft.least_p_value <= level;
    let tested: Vec<f64> = drafts
        .iter()
        .filter(|draft| is_try(draft))
        .filter_map(|draft| draft.finding.evidence.p_value)
        .collect();
    let alpha = policy.false_discovery_rate / tested.len().max(1) as f64;
    let mut critical = Critical::new(alpha);
    let mut adjusted = benjamini_hochberg(&tested).into_iter();
    for draft in &mut drafts {
        if draft.finding.evidence.p_value.is_some() {
            draft.finding.evidence.q_value = if is_try(draft) { adjusted.next() } else { Some(1.0) };
        }
        decide(draft, policy, alpha, &mut critical);
    }
    (drafts.into_iter().map(|draft| draft.finding).collect(), tested.len())
}

/// The smallest k of which at most k tests could come to a p-value of `level` / k or less, at least 1.
fn tries(mut least: Vec<f64>, level: f64) -> usize {
    least.sort_by(f64::total_cmp);
    let fits = |k: &usize| least.partition_point(|&p| p <= level / *k as f64) <= *k;
    (1..=least.len().max(1)).find(fits).unwrap_or(1)
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
    finding.verdict = if significant { draft.material } else { Verdict::None };
    if finding.verdict == Verdict::None {
        let effect = detectable(finding, draft.mean_variance, policy, alpha, critical);
        finding.detectable.minimum = effect.map(|(effect, _)| effect);
        finding.detectable.unit = effect.map(|(_, unit)| unit);
    }
    finding.reason = reason::reason(finding, significant, policy);
}

fn detectable(
    finding: &Finding,
    mean_variance: Option<f64>,
    policy: &Policy,
    alpha: f64,
    critical: &mut Critical,
) -> Option<(f64, EffectUnit)> {
    if finding.axis == Axis::Together {
        // Measured with the test, by its permutations.
        return finding.detectable.minimum.zip(finding.detectable.unit);
    }
    let (n, m) = (finding.evidence.n as f64, finding.evidence.m as f64);
    if let Some(variance) = mean_variance {
        let shift = detectable_shift(variance, alpha, policy.wasserstein_drift)?;
        return Some((shift, EffectUnit::Sigma));
    }
    if finding.axis == Axis::Shape {
        // Near no change PSI is 8 ln 2 times the Jensen-Shannon divergence in bits.
        let material = 8.0 * std::f64::consts::LN_2 * policy.jensen_shannon_drift.powi(2);
        let effect = detectable_psi(critical, finding.bins.len(), n, m, material)?;
        return Some((effect, EffectUnit::Psi));
    }
    let least = if finding.axis == Axis::Unseen { policy.unseen_drift } else { policy.share_warn };
    let share = finding.share.baseline?;
    // A share can move both ways; the arcsine is symmetric, so count from the nearer end.
    let effect = detectable_share(share.min(1.0 - share), n, m, alpha, least)?;
    Some((effect, EffectUnit::Share))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tarone's rule by its definition: R(k) counts the tests that could reject at level / k.
    #[test]
    fn what_could_never_reject_is_no_try() {
        assert_eq!(tries(vec![], 0.05), 1);
        assert_eq!(tries(vec![1.0; 30], 0.05), 1);
        assert_eq!(tries(vec![0.0, 0.0, 1.0, 1.0], 0.05), 2);
        // At 0.05 / 2 all three could reject, which are more than two; at 0.05 / 3 the third cannot.
        assert_eq!(tries(vec![0.0, 0.0, 0.02], 0.05), 3);
        assert_eq!(tries(vec![0.0; 7], 0.05), 7);
    }
}
