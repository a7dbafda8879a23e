//! From tests to reasons: which test speaks for which check, and what it may say.

use super::judge::Evidence;
use super::judgement::{BothMetrics, Test, TestName};
use super::leakage;
use super::metric::{Better, Metric};
use super::paired::accuracy_tests;
use super::pairs::Against;
use super::policy::{Floor, Policy};
use super::verdict::{Check, Code, Reason};
use pawl_stats::mcnemar::Discordance;
use pawl_stats::{Interval, holm};

/// Every check the policy asks for, the weightiest first; p-values of the superiority family are adjusted.
pub(super) fn weigh(policy: &Policy, against: Against, mut evidence: Evidence) -> (Evidence, Vec<Reason>) {
    let mut reasons = rows(policy, &evidence);
    reasons.extend(policy.floors.iter().map(|floor| check_floor(floor, policy, against, &evidence)));
    match against {
        Against::Champion => {
            reasons.extend(guards(policy, &evidence.metrics, &evidence.tests));
            reasons.extend(superiority(policy, &evidence.metrics, &mut evidence.tests));
        }
        Against::Nobody if policy.floors.is_empty() => reasons.push(Reason::new(
            Check::Win,
            Code::NoFloors,
            "a first model, and no floors in the policy to judge it by",
        )),
        Against::Nobody => {}
    }
    let score = evidence.metrics.challenger.as_ref().and_then(|metrics| metrics.value(policy.task.leading()));
    reasons.extend(leakage::ceiling(policy, score));
    reasons.append(&mut evidence.reasons);
    // Stable: within one weight the order of the policy stays.
    reasons.sort_by_key(|r| r.code.weight());
    (evidence, reasons)
}

fn enough_rows(policy: &Policy, rows: u64) -> Option<Reason> {
    let text = format!("{rows} holdout rows; the policy asks for {}", policy.minimum_rows);
    (rows < policy.minimum_rows).then(|| Reason::new(Check::Rows, Code::TooFewRows, text))
}

fn rows(policy: &Policy, evidence: &Evidence) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = enough_rows(policy, evidence.rows).into_iter().collect();
    let least = policy.minimum_rows_per_class;
    if let Some(second) = evidence.second_class.filter(|rows| *rows < least) {
        let text = format!("only one class has more than {second} rows; the policy asks for two of {least}");
        reasons.push(Reason::new(Check::Rows, Code::TooFewOfOneClass, text));
    }
    reasons
}

/// Tests and reasons of a table of discordant rows alone.
pub(super) fn weigh_counts(policy: &Policy, table: &Discordance) -> (Vec<Test>, Vec<Reason>) {
    let accuracy = |metric: Metric| metric == Metric::Accuracy;
    let policy = Policy {
        guards: Some(policy.guards().iter().filter(|g| accuracy(g.metric)).cloned().collect()),
        superiority: Some(policy.superiority().iter().filter(|s| accuracy(s.metric)).cloned().collect()),
        cluster: None,
        ..policy.clone()
    };
    let mut reasons: Vec<Reason> = enough_rows(&policy, table.rows).into_iter().collect();
    let (mut tests, metrics) = (accuracy_tests(&policy, table), BothMetrics::default());
    reasons.extend(guards(&policy, &metrics, &tests));
    reasons.extend(superiority(&policy, &metrics, &mut tests));
    reasons.sort_by_key(|r| r.code.weight());
    (tests, reasons)
}

fn check_floor(floor: &Floor, policy: &Policy, against: Against, evidence: &Evidence) -> Reason {
    let (check, metric) = (Check::Floor(floor.metric), floor.metric);
    let metrics = evidence.metrics.challenger.as_ref();
    let Some(value) = metrics.and_then(|m| m.value(metric)) else {
        return Reason::new(check, Code::Undefined, format!("{metric} is undefined on these rows"));
    };
    let beyond = |value: f64| match metric.better() {
        Better::Higher => value >= floor.worst,
        Better::Lower => value <= floor.worst,
    };
    let text = format!("{metric} is {value:.4}, the floor is {}", floor.worst);
    if !beyond(value) {
        return Reason::new(check, Code::FloorBroken, text);
    }
    if against == Against::Champion {
        return Reason::new(check, Code::FloorHeld, text);
    }
    let of_metric = || evidence.tests.iter().filter(|t| t.metric == metric);
    // Where rows belong together, only resampled clusters say how far the value may be off.
    let own = match policy.cluster {
        Some(_) => of_metric().find(|t| t.name == TestName::BootstrapInterval),
        None => of_metric().find(|t| t.interval.is_some()),
    };
    match own.and_then(|t| t.interval) {
        Some(Interval { low, high }) => {
            let worst_end = if metric.better() == Better::Higher { low } else { high };
            let code = if beyond(worst_end) { Code::FloorProven } else { Code::FloorUnproven };
            Reason::new(check, code, format!("{text}, the interval {low:.4} to {high:.4}"))
        }
        None => Reason::new(check, Code::FloorUnproven, format!("{text}, without an interval")),
    }
}

/// What the deciding test says, as a gain: above zero is better, whatever the metric.
struct Gain {
    estimate: f64,
    interval: Interval,
    p_value: f64,
    /// What margins and minimum effects are counted in.
    unit: f64,
}

/// The test that decides a metric under this policy.
fn deciding(policy: &Policy, metric: Metric) -> TestName {
    match metric {
        _ if policy.cluster.is_some() => TestName::ClusterBootstrap,
        Metric::Auc => TestName::Delong,
        Metric::Accuracy => TestName::McnemarMidP,
        Metric::Mae | Metric::Mse if policy.horizon.is_some() => TestName::DieboldMariano,
        Metric::LogLoss | Metric::Brier | Metric::Mae | Metric::Mse => TestName::PairedT,
        _ => TestName::Bootstrap,
    }
}

fn gain(policy: &Policy, metric: Metric, metrics: &BothMetrics, tests: &[Test]) -> Option<Gain> {
    let test = tests.iter().find(|t| t.metric == metric && t.name == deciding(policy, metric))?;
    let (estimate, interval, p_value) = (test.estimate?, test.interval?, test.p_value?);
    let unit = metric.unit(metrics.champion.as_ref().and_then(|m| m.value(metric)))?;
    let all_finite = [estimate, interval.low, interval.high, p_value, unit].iter().all(|v| v.is_finite());
    let gain = match metric.better() {
        Better::Higher => Gain { estimate, interval, p_value, unit },
        Better::Lower => Gain {
            estimate: -estimate,
            interval: Interval { low: -interval.high, high: -interval.low },
            p_value,
            unit,
        },
    };
    all_finite.then_some(gain)
}

fn undefined(check: Check, metric: Metric) -> Reason {
    let text = format!("the test of {metric} has no answer on these rows");
    Reason::new(check, Code::Undefined, text)
}

fn guards<'a>(
    policy: &'a Policy,
    metrics: &'a BothMetrics,
    tests: &'a [Test],
) -> impl Iterator<Item = Reason> + 'a {
    policy.guards().iter().map(|guard| {
        let (check, metric) = (Check::Guard(guard.metric), guard.metric);
        let Some(Gain { estimate, interval: Interval { low, high }, unit, .. }) =
            gain(policy, metric, metrics, tests)
        else {
            return undefined(check, metric);
        };
        let margin = guard.margin * unit;
        let (code, means) = if low > -margin {
            (Code::NonInferior, "as good as the champion")
        } else if high < 0.0 {
            (Code::Harm, "worse than the champion")
        } else {
            (Code::GuardUndecided, "not shown to be as good as the champion")
        };
        // A share of an error has as many digits as the error; four are told of all.
        let told = (1e4 * margin).round() / 1e4;
        let text =
            format!("{means}: {metric} gain {estimate:+.4}, interval {low:+.4} to {high:+.4}, margin {told}");
        Reason::new(check, code, text)
    })
}

/// The superiority family under Holm's correction, and whether anything was won.
fn superiority(policy: &Policy, metrics: &BothMetrics, tests: &mut [Test]) -> Vec<Reason> {
    let family = policy.superiority();
    let gains: Vec<_> = family.iter().map(|s| (s, gain(policy, s.metric, metrics, tests))).collect();
    // A test without an answer keeps its place in the family with the p-value 1.
    let adjusted =
        holm(&gains.iter().map(|(_, g)| g.as_ref().map_or(1.0, |g| g.p_value)).collect::<Vec<_>>());
    let mut reasons = Vec::new();
    let mut won = false;
    for ((win, gain), p) in gains.into_iter().zip(adjusted) {
        let (metric, check) = (win.metric, Check::Superiority(win.metric));
        let Some(Gain { estimate, interval: Interval { low, high }, unit, .. }) = gain else {
            reasons.push(undefined(check, metric));
            continue;
        };
        if let Some(test) =
            tests.iter_mut().find(|t| t.metric == metric && t.name == deciding(policy, metric))
        {
            test.adjusted_p_value = Some(p);
        }
        let (code, means) = if p > policy.alpha || estimate <= 0.0 {
            (Code::NoGain, "no significant gain")
        } else if estimate < win.minimum_effect * unit {
            (Code::GainTooSmall, "a gain below the minimum effect")
        } else {
            won = true;
            (Code::Superior, "better than the champion")
        };
        let text = format!(
            "{means}: {metric} gain {estimate:+.4}, interval {low:+.4} to {high:+.4}, p {p:.3e} by Holm over {}",
            family.len()
        );
        reasons.push(Reason::new(check, code, text));
    }
    if !won {
        let text = "the challenger is not shown to be better than the champion in anything";
        reasons.push(Reason::new(Check::Win, Code::NotSuperior, text));
    }
    reasons
}
