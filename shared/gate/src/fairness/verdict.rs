//! What the rules make of the groups.
//!
//! As with guards, what is not shown does not promote. A group holds where the interval of the challenger's
//! value is acceptable, or where it is shown to be no further from fair than the champion's by the rule's
//! tolerance; a group is lost where it is not acceptable and shown to be less fair, by Holm over all groups;
//! the rest asks.

use std::collections::BTreeMap;

use super::compare::Compared;
use super::finding::GroupComparison;
use crate::findings::{Check, Code, Reason};
use crate::policy::{FairnessRule, Measure};
use crate::row::Against;
use pawl_stats::{Interval, holm};

/// The most groups of one rule and grouping that get a reason of their own.
const LISTED: usize = 20;

/// Holm's adjustment over all comparisons. One without an answer keeps its place with the p-value 1.
pub(super) fn adjust(compared: &mut [Compared<'_>]) {
    let p_values: Vec<f64> = compared.iter().map(|it| it.finding.p_value.unwrap_or(1.0)).collect();
    for (it, p) in compared.iter_mut().zip(holm(&p_values)) {
        it.finding.adjusted_p_value = it.finding.p_value.map(|_| p);
    }
}

/// One reason for each group that does not hold, and one for each rule and grouping whose groups all do.
pub(super) fn reasons_of(compared: &[Compared<'_>], alpha: f64, against: Against) -> Vec<Reason> {
    let mut by_rule: BTreeMap<(&str, Measure), Vec<(f64, Reason)>> = BTreeMap::new();
    for Compared { grouping, rule, finding } in compared {
        let (code, text) = match against {
            Against::Champion => against_champion(rule, finding, alpha),
            Against::Nobody => alone(rule, finding),
        };
        let check = Check::Fairness(grouping.clone(), rule.measure);
        // What is undefined comes first.
        let unfairness = finding.challenger.map_or(f64::INFINITY, |value| rule.measure.unfairness(value));
        let reasons = by_rule.entry((grouping, rule.measure)).or_default();
        reasons.push((unfairness, Reason::new(check, code, text)));
    }
    by_rule.into_values().flat_map(told).collect()
}

/// The reasons of one rule and grouping, the least fair group first.
fn told(mut groups: Vec<(f64, Reason)>) -> Vec<Reason> {
    groups.sort_by(|a, b| b.0.total_cmp(&a.0));
    let count = groups.len();
    let mut reasons: Vec<Reason> = groups.into_iter().map(|(_, reason)| reason).collect();
    if reasons.iter().all(|reason| reason.code == Code::FairnessHeld) {
        reasons.truncate(1);
        if count > 1 {
            reasons.iter_mut().for_each(|reason| reason.text += &format!("; the other {} hold", count - 1));
        }
        return reasons;
    }
    reasons.retain(|reason| reason.code != Code::FairnessHeld);
    // Within the list the weightiest first, so that what rejects is never cut off.
    reasons.sort_by_key(|reason| reason.code.weight());
    let more = reasons.len().saturating_sub(LISTED);
    reasons.truncate(LISTED);
    if more > 0 {
        let further = format!("; {more} further groups do not hold");
        reasons.iter_mut().take(1).for_each(|reason| reason.text += &further);
    }
    reasons
}

/// `DI of b to a is 0.6100`.
fn value_of(finding: &GroupComparison, value: f64) -> String {
    let GroupComparison { measure, group, against, .. } = finding;
    match against {
        Some(most) => format!("{} of {group} to {most}, the most selected, is {value:.4}", measure.as_str()),
        None => format!("{} of {group} is {value:.4}", measure.as_str()),
    }
}

/// Whether all of the interval is acceptable.
fn is_acceptable(rule: &FairnessRule, interval: Option<Interval>) -> bool {
    let Some((acceptable, Interval { low, high })) = rule.acceptable.zip(interval) else { return false };
    let allowance = rule.measure.allowance(acceptable);
    [low, high].iter().all(|end| rule.measure.unfairness(*end) <= allowance)
}

fn broken(rule: &FairnessRule) -> Code {
    Code::of(rule.action, Code::FairnessBroken, Code::FairnessAsks, Code::FairnessWarning)
}

fn undecided(rule: &FairnessRule) -> Code {
    let unknown = Code::FairnessUndecided;
    Code::of(rule.action, unknown, unknown, Code::FairnessWarning)
}

fn undefined(finding: &GroupComparison) -> (Code, String) {
    let GroupComparison { measure, group, .. } = finding;
    (Code::Undefined, format!("{} of {group} is undefined: nothing to divide by", measure.as_str()))
}

fn ends(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "without an interval".to_owned(), |it| format!("{:.4} to {:.4}", it.low, it.high))
}

/// A first model's value. Without an acceptable one there is nothing to hold it against.
fn alone(rule: &FairnessRule, finding: &GroupComparison) -> (Code, String) {
    let Some(new) = finding.challenger else { return undefined(finding) };
    let value = value_of(finding, new);
    let Some(acceptable) = rule.acceptable else { return (Code::FairnessHeld, value) };
    let text = format!("{value}, {}; acceptable from {acceptable}", ends(finding.interval));
    if is_acceptable(rule, finding.interval) {
        (Code::FairnessHeld, text)
    } else if rule.measure.unfairness(new) > rule.measure.allowance(acceptable) {
        (broken(rule), text)
    } else {
        (undecided(rule), format!("not shown to be acceptable: {text}"))
    }
}

/// A challenger's value, against what is acceptable and against the champion's.
fn against_champion(rule: &FairnessRule, finding: &GroupComparison, alpha: f64) -> (Code, String) {
    let Some(new) = finding.challenger else { return undefined(finding) };
    let Some(old) = finding.champion else {
        return (Code::Undefined, format!("{}, the champion\u{2019}s is undefined", value_of(finding, new)));
    };
    let value = format!("{}, the champion\u{2019}s {old:.4}", value_of(finding, new));
    if let Some(acceptable) = rule.acceptable.filter(|_| is_acceptable(rule, finding.interval)) {
        let text = format!("{value}; shown to be acceptable, {}, from {acceptable}", ends(finding.interval));
        return (Code::FairnessHeld, text);
    }
    let Some(worse) = finding.less_fair else {
        // Both models select alike on every row: nothing varies, and nothing changes.
        return if old == new {
            (Code::FairnessHeld, format!("{value}: the same"))
        } else {
            (Code::Undefined, format!("{value}; the change has no interval"))
        };
    };
    let further = format!("further from fair by {:+.4} to {:+.4}", worse.low, worse.high);
    if worse.high <= rule.tolerance {
        let text = format!("{value}; as fair as the champion: {further}, tolerance {}", rule.tolerance);
        return (Code::FairnessHeld, text);
    }
    let (unfair, was) = (rule.measure.unfairness(new), rule.measure.unfairness(old));
    let acceptable = rule.acceptable.is_some_and(|least| unfair <= rule.measure.allowance(least));
    let p = finding.adjusted_p_value.unwrap_or(1.0);
    if unfair > was && p <= alpha && !acceptable {
        (broken(rule), format!("less fair than the champion: {value}; {further}, p {p:.3e} by Holm"))
    } else {
        let tolerance = rule.tolerance;
        let text = format!(
            "not shown to be acceptable or as fair as the champion: {value}; {further}, tolerance {tolerance}"
        );
        (undecided(rule), text)
    }
}
