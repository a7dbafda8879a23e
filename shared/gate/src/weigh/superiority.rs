//! Where the challenger must win.

use super::gain::{Gain, deciding, gain, undefined};
use crate::findings::{BothMetrics, Check, Code, Reason, Test};
use crate::policy::{Policy, Superiority};
use pawl_stats::{Interval, holm};

/// The superiority family under Holm's correction at this family-wise level, and whether anything was won.
/// The tests of the family get their adjusted p-values.
pub(super) fn check(policy: &Policy, level: f64, metrics: &BothMetrics, tests: &mut [Test]) -> Vec<Reason> {
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
        reasons.push(check_win(win, &gain, p, level, family.len()));
    }
    if reasons.iter().all(|reason| reason.code != Code::Superior) {
        let text = "the challenger is not shown to be better than the champion in anything";
        reasons.push(Reason::new(Check::Win, Code::NotSuperior, text));
    }
    reasons
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
