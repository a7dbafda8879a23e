//! Where the challenger must win.

use super::gain::{Gain, deciding, gain, undefined};
use crate::findings::{BothMetrics, Check, Code, Reason, Test};
use crate::policy::{Policy, Superiority};
use crate::tally::HeavyTail;
use pawl_stats::{Interval, holm};

/// The superiority family under Holm's correction at this family-wise level, and whether anything was won.
/// The tests of the family get their adjusted p-values.
pub(super) fn check(
    policy: &Policy,
    level: f64,
    metrics: &BothMetrics,
    tests: &mut [Test],
    heavy_tail: Option<HeavyTail>,
) -> Vec<Reason> {
    let family = policy.superiority();
    let gains: Vec<_> = family.iter().map(|win| (win, gain(policy, win.metric, metrics, tests))).collect();
    // A test without an answer keeps its place in the family with the p-value 1.
    let p_value = |(_, gain): &(_, Option<Gain>)| gain.as_ref().map_or(1.0, |gain| gain.p_value);
    let adjusted = holm(&gains.iter().map(p_value).collect::<Vec<_>>());
    let mut reasons: Vec<Reason> = Vec::new();
    for ((win, gain), p) in gains.into_iter().zip(adjusted) {
        let Some(gain) = gain else {
            reasons.push(undefined(Check::Superiority(win.metric), win.metric));
            continue;
        };
        let name = deciding(policy, win.metric);
        if let Some(test) = tests.iter_mut().find(|test| test.metric == win.metric && test.name == name) {
            test.adjusted_p_value = Some(p);
        }
        let reason = check_win(win, &gain, p, level, family.len());
        reasons.push(match heavy_tail {
            Some(tail) if win.metric.squares_errors() => doubt(reason, tail),
            _ => reason,
        });
    }
    let found = |code| reasons.iter().any(|reason| reason.code == code);
    if found(Code::Superior) {
        return reasons;
    }
    reasons.push(if found(Code::GainDoubtful) {
        let text =
            "the challenger is better only in a mean of squared errors, whose tail is too heavy for its test";
        Reason::new(Check::Win, Code::WinDoubtful, text)
    } else {
        let text = "the challenger is not shown to be better than the champion in anything";
        Reason::new(Check::Win, Code::NotSuperior, text)
    });
    reasons
}

/// A gain of squared errors whose tail is heavy: no win by itself.
fn doubt(reason: Reason, tail: HeavyTail) -> Reason {
    if reason.code != Code::Superior {
        return reason;
    }
    let HeavyTail { challenger, champion } = tail;
    let text = format!(
        "{}; but the tail index of its errors is {challenger:.1}, the champion's {champion:.1}: not \
         shown to be above 4, where squares begin to have a variance",
        reason.text
    );
    Reason { code: Code::GainDoubtful, text, ..reason }
}

/// One way to win; `p` is adjusted over `family` ways.
fn check_win(win: &Superiority, gain: &Gain, p: f64, level: f64, family: usize) -> Reason {
    let Gain { estimate, interval: Interval { low, high }, unit, .. } = *gain;
    let (code, means) = if p > level || estimate <= 0.0 {
        (Code::NoGain, "no significant gain")
    } else if estimate < win.minimum_effect * unit {
        (Code::GainTooSmall, "a gain below the minimum effect")
    } else {
        (Code::Superior, "better than the champion")
    };
    let metric = win.metric;
    let text = format!(
        "{means}: {metric} gain {estimate:+.4}, interval {low:+.4} to {high:+.4}, p {p:.3e} by Holm over \
         {family}"
    );
    Reason::new(Check::Superiority(metric), code, text)
}
