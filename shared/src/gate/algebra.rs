//! From evidence to tests and reasons: which test speaks for which check, and what it may say.

use std::collections::BTreeMap;

use super::cells::{Block, Cells, Matrix};
use super::fairness::{self, GroupFairness};
use super::judge::{Areas, Evidence};
use super::judgement::{Test, TestName};
use super::metric::{Better, Metric};
use super::pairs::Against;
use super::policy::{Floor, Policy};
use super::slices::{self, SliceFinding};
use super::stats::mcnemar::Discordance;
use super::stats::{Interval, holm, tango, wilson};
use super::verdict::{Check, Code, Reason};

/// All that a judgement says beyond the metrics.
pub(super) struct Weighed {
    pub(super) tests: Vec<Test>,
    pub(super) reasons: Vec<Reason>,
    pub(super) fairness: BTreeMap<String, GroupFairness>,
    pub(super) slices: Vec<SliceFinding>,
}

/// Runs every test the evidence allows and every check the policy asks for.
pub(super) fn weigh(policy: &Policy, against: Against, evidence: &Evidence) -> Weighed {
    let mut reasons = rows(policy, evidence);
    let mut tests = match against {
        Against::Champion => paired_tests(policy, evidence),
        Against::Nobody => own_intervals(policy, evidence),
    };
    reasons.extend(policy.floors.iter().map(|floor| check_floor(floor, against, evidence, &tests)));
    let mut slices = Vec::new();
    match against {
        Against::Champion => {
            tests.extend(bootstrap_tests(policy, evidence));
            reasons.extend(guards(policy, &tests));
            reasons.extend(superiority(policy, &mut tests));
            let (found, why) = slices::search(policy, &evidence.counts);
            slices = found;
            reasons.extend(why);
        }
        Against::Nobody if policy.floors.is_empty() => reasons.push(Reason::new(
            Check::Win,
            Code::NoFloors,
            "a first model, and no floors in the policy to judge it by",
        )),
        Against::Nobody => {}
    }
    let (fairness, why) = fairness::assess(policy, against, &evidence.counts, &evidence.resamples);
    reasons.extend(why);
    // Stable: within one weight the order of the policy stays.
    reasons.sort_by_key(|r| r.code.weight());
    Weighed { tests, reasons, fairness, slices }
}

/// Bootstrap tests: of every metric over clusters where the policy names them, else of those metrics
/// of the policy that have no test of their own.
fn bootstrap_tests(policy: &Policy, evidence: &Evidence) -> Vec<Test> {
    let named = |m: &Metric| {
        policy.guards().iter().any(|g| g.metric == *m) || policy.superiority().iter().any(|s| s.metric == *m)
    };
    let wanted = |m: &Metric| match (m, &policy.cluster) {
        (_, Some(_)) => true,
        (Metric::Precision | Metric::Recall | Metric::F1, None) => named(m),
        _ => false,
    };
    let counts = &evidence.counts;
    let (alpha, resamples) = (policy.alpha, &evidence.resamples);
    let of_cells = |metric: fn(&Matrix) -> f64| {
        let parts: Vec<[f64; 8]> = counts.blocks.iter().map(|b| b.cells.0).collect();
        let change = |sums: &[f64; 8]| metric(&Cells(*sums).challenger()) - metric(&Cells(*sums).champion());
        (Some(change(&counts.total().0)), resamples.interval(&parts, change, alpha))
    };
    let of_losses = |loss: fn(&Block) -> f64| {
        let rows = |b: &Block| b.cells.challenger().rows();
        let parts: Vec<[f64; 2]> = counts.blocks.iter().map(|b| [loss(b), rows(b)]).collect();
        let mean = |[sum, rows]: &[f64; 2]| sum / rows;
        let total = parts.iter().fold([0.0, 0.0], |t, p| [t[0] + p[0], t[1] + p[1]]);
        (Some(mean(&total)), resamples.interval(&parts, mean, alpha))
    };
    let name = if policy.cluster.is_some() { TestName::ClusterBootstrap } else { TestName::Bootstrap };
    policy
        .task
        .metrics()
        .iter()
        .copied()
        .filter(wanted)
        .map(|metric| {
            let (estimate, found) = match metric {
                Metric::Auc => match (&evidence.areas, &evidence.pairs) {
                    (Areas::Two(both), Some(pairs)) => {
                        (Some(both.difference), resamples.areas(pairs, both.difference, alpha))
                    }
                    _ => (None, None),
                },
                Metric::Accuracy => of_cells(|m| (m.true_positives + m.true_negatives) / m.rows()),
                Metric::Precision => of_cells(|m| m.true_positives / m.selected()),
                Metric::Recall => of_cells(|m| m.true_positives / m.positives()),
                Metric::F1 => of_cells(|m| 2.0 * m.true_positives / (m.selected() + m.positives())),
                Metric::LogLoss => of_losses(|b| b.log_loss),
                Metric::Brier => of_losses(|b| b.brier),
                _ => (None, None),
            };
            let n = if metric == Metric::Auc { evidence.ranked } else { evidence.rows };
            // Where nothing varies at all the two models are one, and differ by nothing.
            let same = estimate == Some(0.0) && found.is_none() && evidence.discordance.discordant() == 0;
            Test {
                estimate: estimate.filter(|e| e.is_finite()),
                p_value: found.map(|b| b.p_value).or(same.then_some(1.0)),
                interval: found.map(|b| b.interval).or(same.then_some(Interval { low: 0.0, high: 0.0 })),
                ..Test::new(name, metric, n)
            }
        })
        .collect()
}

fn enough_rows(policy: &Policy, rows: u64) -> Option<Reason> {
    let text = format!("{rows} holdout rows; the policy asks for {}", policy.minimum_rows);
    (rows < policy.minimum_rows).then(|| Reason::new(Check::Rows, Code::TooFewRows, text))
}

fn rows(policy: &Policy, evidence: &Evidence) -> Vec<Reason> {
    let (rows, positives) = (evidence.rows, evidence.positives);
    let mut reasons: Vec<Reason> = enough_rows(policy, rows).into_iter().collect();
    let rarer = positives.min(rows - positives);
    if rarer < policy.minimum_rows_per_class {
        let least = policy.minimum_rows_per_class;
        let text = format!("{rarer} rows of the rarer class; the policy asks for {least}");
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
    let mut tests = accuracy_tests(&policy, table);
    reasons.extend(guards(&policy, &tests));
    reasons.extend(superiority(&policy, &mut tests));
    reasons.sort_by_key(|r| r.code.weight());
    (tests, reasons)
}

fn accuracy_tests(policy: &Policy, table: &Discordance) -> Vec<Test> {
    let root = table.chi_squared().map(f64::sqrt);
    let signed = match table.difference() {
        Some(d) if d < 0.0 => root.map(|z| -z),
        _ => root,
    };
    let margin = policy.guards().iter().find(|g| g.metric == Metric::Accuracy).map(|g| g.margin);
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
    let (z, p) = non_inferiority.unzip();
    vec![
        accuracy(TestName::McnemarMidP, signed, some(table.mid_p()), None),
        accuracy(TestName::McnemarExact, signed, some(table.exact()), None),
        accuracy(TestName::Tango, z, p, margin),
    ]
}

/// The tests of challenger against champion.
fn paired_tests(policy: &Policy, evidence: &Evidence) -> Vec<Test> {
    let mut tests = accuracy_tests(policy, &evidence.discordance);
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

/// What the deciding test says, as a gain: above zero is better, whatever the metric.
struct Gain {
    estimate: f64,
    interval: Interval,
    p_value: f64,
}

/// The test that decides a metric under this policy.
fn deciding(policy: &Policy, metric: Metric) -> TestName {
    match metric {
        _ if policy.cluster.is_some() => TestName::ClusterBootstrap,
        Metric::Precision | Metric::Recall | Metric::F1 => TestName::Bootstrap,
        Metric::Auc => TestName::Delong,
        Metric::Accuracy => TestName::McnemarMidP,
        Metric::LogLoss | Metric::Brier => TestName::PairedT,
        _ => TestName::Bootstrap,
    }
}

fn gain(policy: &Policy, metric: Metric, tests: &[Test]) -> Option<Gain> {
    let test = tests.iter().find(|t| t.metric == metric && t.name == deciding(policy, metric))?;
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
    policy.guards().iter().map(|guard| {
        let check = Check::Guard(guard.metric);
        let Some(Gain { estimate, interval: Interval { low, high }, .. }) = gain(policy, guard.metric, tests)
        else {
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
    let gains: Vec<_> = policy.superiority().iter().map(|s| (s, gain(policy, s.metric, tests))).collect();
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
        if let Some(test) =
            tests.iter_mut().find(|t| t.metric == metric && t.name == deciding(policy, metric))
        {
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
            policy.superiority().len()
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
