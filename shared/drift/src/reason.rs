//! Plain words for a person who reads a verdict.

use super::document::{Axis, EffectUnit, Finding, Verdict};
use super::policy::Policy;

/// Which column, axis and segment, for example `temp, shape (season = 1)`.
pub(super) fn place(finding: &Finding) -> String {
    let axis = match finding.axis {
        Axis::Missingness => "missingness",
        Axis::Unseen => "unseen or out of range",
        Axis::Shape => "shape",
        Axis::TypeMix => "type mix",
        Axis::Together => "moved together",
    };
    match &finding.segment {
        Some(segment) => format!("{}, {axis} ({} = {})", finding.name, segment.column, segment.value),
        None => format!("{}, {axis}", finding.name),
    }
}

/// Why a finding with enough data has its verdict.
pub(super) fn reason(finding: &Finding, significant: bool, policy: &Policy) -> String {
    let what = match finding.axis {
        Axis::Shape => shape(finding),
        Axis::Together => correlation(finding),
        Axis::Missingness | Axis::Unseen | Axis::TypeMix => share(finding),
    };
    let q = finding.evidence.q_value.map(q_words).unwrap_or_default();
    match finding.verdict {
        Verdict::Drift => format!("Drift: {what} ({q})."),
        Verdict::Warn => format!("Moved, short of drift: {what} ({q})."),
        _ if significant => format!("Moved for sure, but too little to matter: {what} ({q})."),
        _ => format!(
            "No drift seen: {what} ({q}, above {}).{}",
            policy.false_discovery_rate,
            detectable(finding)
        ),
    }
}

fn q_words(q: f64) -> String {
    if q < 1e-300 {
        "q below 1e-300".to_owned()
    } else if q < 1e-3 {
        format!("q {q:.1e}")
    } else {
        format!("q {q:.3}")
    }
}

fn shape(finding: &Finding) -> String {
    let scores = &finding.scores;
    let mut parts = Vec::new();
    if let Some(distance) = scores.wasserstein_sigma {
        parts.push(format!("moved by {distance:.3} deviations (Wasserstein)"));
    }
    if let Some(distance) = scores.jensen_shannon_debiased {
        parts.push(format!("Jensen-Shannon {distance:.3} de-biased over {} values", finding.bins.len()));
    }
    let psi = scores.psi_debiased.unwrap_or(0.0);
    parts.push(format!("PSI {psi:.3} de-biased over {} bins", finding.bins.len()));
    if let (Some(ks), Some(lower)) = (scores.ks, scores.ks_lower) {
        parts.push(format!("KS {ks:.3} (at least {lower:.3})"));
    }
    if let (true, Some(what)) = (finding.verdict > Verdict::None, &finding.share.of) {
        parts.push(format!(
            "most in {} from {} to {}",
            short(what),
            percent(finding.share.baseline.unwrap_or(0.0)),
            percent(finding.share.current.unwrap_or(0.0))
        ));
    }
    parts.join(", ")
}

fn correlation(finding: &Finding) -> String {
    let (change, lower) = (finding.scores.correlation_change, finding.scores.correlation_change_lower);
    format!(
        "of all correlations of two columns the one that moved most did so by {:.2} (at least {:.2})",
        change.unwrap_or(0.0),
        lower.unwrap_or(0.0)
    )
}

fn share(finding: &Finding) -> String {
    let what = match finding.axis {
        Axis::Missingness => "missing values",
        Axis::Unseen => "unseen or out of range values",
        Axis::Shape | Axis::TypeMix | Axis::Together => "the type that moved most",
    };
    let before = if finding.axis == Axis::Unseen { "expected" } else { "in the baseline" };
    format!(
        "{what} {} against {} {before} (a change of at least {})",
        percent(finding.share.current.unwrap_or(0.0)),
        percent(finding.share.baseline.unwrap_or(0.0)),
        percent(finding.share.lower_bound.unwrap_or(0.0))
    )
}

fn detectable(finding: &Finding) -> String {
    match (finding.detectable.minimum, finding.axis) {
        (Some(effect), Axis::Shape) if finding.detectable.unit == Some(EffectUnit::Sigma) => {
            format!(" A shift of {effect:.2} deviations would have been told.")
        }
        (Some(effect), Axis::Shape) => format!(" A PSI of {effect:.3} would have been told."),
        (Some(effect), Axis::Together) => {
            format!(" A correlation moved by {effect:.2} would have been told.")
        }
        (Some(effect), _) => format!(" A change of {} would have been told.", percent(effect)),
        (None, _) => String::new(),
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A bin's name, bounded: values come from the data and may be long.
fn short(name: &str) -> String {
    const MOST: usize = 60;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST).chain("...".chars()).collect()
}
