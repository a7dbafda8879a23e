//! From evidence to tests and reasons: which test speaks for which check, and what it may say.

use super::judge::{Areas, Evidence};
use super::judgement::{Test, TestName};
use super::pairs::Against;
use super::policy::{Better, Floor, Metric, Policy};
use super::stats::{Interval, holm, tango, wilson};
use super::verdict::{Check, Code, Reason};

/// Runs every test the evidence allows and every check the policy asks for.
pub(super) fn weigh(policy: &Policy, against: Against, evidence: &Evidence) -> (Vec<Test>, Vec<Reason>) {
    let mut reasons = rows(policy, evidence);
    let mut tests = match against {
        Against::Champion => paired_tests(policy, evidence),
        Against::Nobody => own_intervals(policy, evidence),
    };
    reasons.extend(policy.floors.iter().map(|floor| check_floor(floor, against, evidence, &tests)));
    match against {
        Against::Champion => {
            reasons.extend(guards(policy, &tests));
            reasons.extend(superiority(policy, &mut tests));
        }
        Against::Nobody if policy.floors.is_empty() => reasons.push(Reason::new(
            Check::Win,
            Code::NoFloors,
            "a first model, and no floors in the policy to judge it by",
        )),
        Against::Nobody => {}
    }
    // Stable: within one weight the order of the policy stays.
    reasons.sort_by_key(|r| r.code.weight());
    (tests, reasons)
}

fn rows(policy: &Policy, evidence: &Evidence) -> Vec<Reason> {
    let (rows, positives) = (evidence.rows, evidence.positives);
    let mut reasons = Vec::new();
    if rows < policy.minimum_rows {
        let text = format!("{rows} holdout rows; the policy asks for {}", policy.minimum_rows);
        reasons.push(Reason::new(Check::Rows, Code::TooFewRows, text));
    }
    let rarer = positives.min(rows - positives);
    if rarer < policy.minimum_rows_per_class {
        let least = policy.minimum_rows_per_class;
        let text = format!("{rarer} rows of the rarer class; the policy asks for {least}");
        reasons.push(Reason::new(Check::Rows, Code::TooFewOfOneClass, text));
    }
    reasons
}

/// The tests of challenger against champion.
fn paired_tests(policy: &Policy, evidence: &Evidence) -> Vec<Test> {
    let table = &evidence.discordance;
    let root = table.chi_squared().map(|x| x.sqrt());
    let signed = match table.difference() {
        Some(d) if d < 0.0 => root.map(|z| -z),
        _ => root,
    };
    let margin = policy.guards.iter().find(|g| g.metric == Metric::Accuracy).map(|g| g.margin);
    let non_inferiority = margin.and_then(|m| tango::non_inferiority(table, m));
    let interval = tango::interval(table, policy.alpha);
    let accuracy = |name, statistic, p_value, margin| Test {
        estimate: table.difference(),
        statistic,
        p_value,
        interval,
        margin,
        ..Test::new(name, Metric::Accuracy, table.rows)
    };
    let some = |p: f64| (table.rows > 0).then_some(p);
    let mut tests = vec![
        accuracy(TestName::McnemarMidP, signed, some(table.mid_p()), None),
        accuracy(TestName::McnemarExact, signed, some(table.exact()), None),
        accuracy(TestName::Tango, non_inferiority.map(|x| x.0), non_inferiority.map(|x| x.1), margin),
    ];
    let mut delong = Test::new(TestName::Delong, Metric::Auc, evidence.ranked);
    if let Areas::Two(both) = &evidence.areas {
        delong.estimate = Some(both.difference);
        delong.statistic = both.statistic();
        delong.p_value = both.p_value();
        delong.interval = both.interval(policy.alpha);
    }
    tests.push(delong);
    for (metric, change) in
        [(Metric::LogLoss, &evidence.log_loss_change), (Metric::Brier, &evidence.brier_change)]
    {
        let found = change.t_test(policy.alpha);
        tests.push(Test {
            estimate: change.mean(),
            statistic: found.map(|t| t.statistic),
            p_value: found.map(|t| t.p_value),
            interval: found.map(|t| t.interval),
            ..Test::new(TestName::PairedT, metric, change.count())
        });
    }
    tests
}

/// Intervals of a first model's own values.
fn own_intervals(policy: &Policy, evidence: &Evidence) -> Vec<Test> {
    let metrics = evidence.metrics.challenger.clone().unwrap_or_default();
    let right = metrics.confusion.right();
    let area = match &evidence.areas {
        Areas::One(area) => area.interval(policy.alpha),
        Areas::Two(_) | Areas::Undefined => None,
    };
    let loss = |moments: super::stats::moments::Moments| moments.t_test(policy.alpha).map(|t| t.interval);
    [
        (TestName::DelongInterval, Metric::Auc, area, evidence.ranked),
        (
            TestName::WilsonInterval,
            Metric::Accuracy,
            wilson(right, evidence.rows, policy.alpha),
            evidence.rows,
        ),
        (TestName::TInterval, Metric::LogLoss, loss(evidence.challenger.log_loss), evidence.rows),
        (TestName::TInterval, Metric::Brier, loss(evidence.challenger.brier), evidence.rows),
    ]
    .into_iter()
    .map(|(name, metric, interval, n)| Test {
        estimate: metrics.value(metric),
        interval,
        ..Test::new(name, metric, n)
    })
    .collect()
}

fn check_floor(floor: &Floor, against: Against, evidence: &Evidence, tests: &[Test]) -> Reason {
    let check = Check::Floor(floor.metric);
    let metrics = evidence.metrics.challenger.as_ref();
    let Some(value) = metrics.and_then(|m| m.value(floor.metric)).filter(|v| v.is_finite()) else {
        return Reason::new(check, Code::Undefined, format!("{} is undefined on these rows", floor.metric));
    };
    let beyond = |value: f64| match floor.metric.better() {
        Better::Higher => value >= floor.worst,
        Better::Lower => value <= floor.worst,
    };
    let text = format!("{} is {value:.4}, the floor is {}", floor.metric, floor.worst);
    if !beyond(value) {
        return Reason::new(check, Code::FloorBroken, text);
    }
    if against == Against::Champion {
        return Reason::new(check, Code::FloorHeld, text);
    }
    let own = tests.iter().find(|t| t.metric == floor.metric).and_then(|t| t.interval);
    match own {
        Some(Interval { low, high }) => {
            let worst_end = if floor.metric.better() == Better::Higher { low } else { high };
            let code = if beyond(worst_end) { Code::FloorProven } else { Code::FloorUnproven };
            Reason::new(check, code, format!("{text}, the interval {low:.4} to {high:.4}"))
        }
        None => Reason::new(check, Code::FloorUnproven, format!("{text}, without an interval")),
    }
}

/// The test that decides a metric, and what it says as a gain: above zero is better, whatever the metric.
struct Gain {
    estimate: f64,
    interval: Interval,
    p_value: f64,
}

fn deciding(metric: Metric) -> TestName {
    match metric {
        Metric::Auc => TestName::Delong,
        Metric::Accuracy => TestName::McnemarMidP,
        Metric::LogLoss | Metric::Brier => TestName::PairedT,
    }
}

fn gain(metric: Metric, tests: &[Test]) -> Option<Gain> {
    let test = tests.iter().find(|t| t.metric == metric && t.name == deciding(metric))?;
    let (estimate, interval, p_value) = (test.estimate?, test.interval?, test.p_value?);
    let all_finite = [estimate, interval.low, interval.high, p_value].iter().all(|v| v.is_finite());
    let gain = match metric.better() {
        Better::Higher => Gain { estimate, interval, p_value },
        Better::Lower => Gain {
            estimate: -estimate,
            interval: Interval { low: -interval.high, high: -interval.low },
            p_value,
        },
    };
    all_finite.then_some(gain)
}

fn undefined(check: Check, metric: Metric) -> Reason {
    let text = format!("the test of {metric} has no answer on these rows");
    Reason::new(check, Code::Undefined, text)
}

fn guards<'a>(policy: &'a Policy, tests: &'a [Test]) -> impl Iterator<Item = Reason> + 'a {
    policy.guards.iter().map(|guard| {
        let check = Check::Guard(guard.metric);
        let Some(Gain { estimate, interval: Interval { low, high }, .. }) = gain(guard.metric, tests) else {
            return undefined(check, guard.metric);
        };
        let (code, means) = if low > -guard.margin {
            (Code::NonInferior, "as good as the champion")
        } else if high < 0.0 {
            (Code::Harm, "worse than the champion")
        } else {
            (Code::GuardUndecided, "not shown to be as good as the champion")
        };
        let text = format!(
            "{means}: {} gain {estimate:+.4}, interval {low:+.4} to {high:+.4}, margin {}",
            guard.metric, guard.margin
        );
        Reason::new(check, code, text)
    })
}

/// The superiority family under Holm's correction, and whether anything was won.
fn superiority(policy: &Policy, tests: &mut [Test]) -> Vec<Reason> {
    let gains: Vec<_> = policy.superiority.iter().map(|s| (s, gain(s.metric, tests))).collect();
    // A test without an answer keeps its place in the family with the p-value 1.
    let adjusted =
        holm(&gains.iter().map(|(_, g)| g.as_ref().map_or(1.0, |g| g.p_value)).collect::<Vec<_>>());
    let mut reasons = Vec::new();
    let mut won = false;
    for ((win, gain), p) in gains.into_iter().zip(adjusted) {
        let (metric, check) = (win.metric, Check::Superiority(win.metric));
        let Some(Gain { estimate, interval: Interval { low, high }, .. }) = gain else {
            reasons.push(undefined(check, metric));
            continue;
        };
        if let Some(test) = tests.iter_mut().find(|t| t.metric == metric && t.name == deciding(metric)) {
            test.adjusted_p_value = Some(p);
        }
        let (code, means) = if p > policy.alpha || estimate <= 0.0 {
            (Code::NoGain, "no significant gain")
        } else if estimate < win.minimum_effect {
            (Code::GainTooSmall, "a gain below the minimum effect")
        } else {
            won = true;
            (Code::Superior, "better than the champion")
        };
        let text = format!(
            "{means}: {metric} gain {estimate:+.4}, interval {low:+.4} to {high:+.4}, p {p:.3e} by Holm over {}",
            policy.superiority.len()
        );
        reasons.push(Reason::new(check, code, text));
    }
    if !won {
        let text = "the challenger is not shown to be better than the champion in anything";
        reasons.push(Reason::new(Check::Win, Code::NotSuperior, text));
    }
    reasons
}

impl Test {
    fn new(name: TestName, metric: Metric, n: u64) -> Self {
        Self {
            name,
            metric,
            estimate: None,
            statistic: None,
            p_value: None,
            adjusted_p_value: None,
            interval: None,
            margin: None,
            n,
        }
    }
}
