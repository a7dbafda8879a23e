//! How often the gate takes chance for a difference: two models that are equally good, in the settings where tests
//! are known to fail. `cargo run -p pawl-gate --example gate_sizes -- [RUNS] [WORD OF A SETTING]`; the table stands
//! in docs/gate.md.
//!
//! A rate is printed with the upper end of its 95 % interval (Wilson). Nominal are 5 % of runs significant and 2.5 %
//! promoted.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use pawl_base::random::SplitMix64;
use pawl_gate::policy::{Guard, SlicePolicy, Superiority};
use pawl_gate::{
    Against, Code, Judge, Judgement, Metric, PairedRow, Policy, RowValue, Task, TestName, Verdict,
};
use pawl_stats::wilson;

fn main() {
    let mut args = std::env::args().skip(1);
    let runs: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let word = args.next().unwrap_or_default();
    for setting in settings().into_iter().filter(|setting| setting.name.contains(&word)) {
        let mut counts = vec![0_u64; setting.counted.len()];
        for run in 0..runs {
            let judgement = (setting.judged)(run);
            for (count, (_, counted)) in counts.iter_mut().zip(&setting.counted) {
                *count += u64::from(counted(&judgement));
            }
        }
        for (count, (what, _)) in counts.iter().zip(&setting.counted) {
            let upper = wilson(*count, runs, 0.05).unwrap().high;
            let rate = *count as f64 / runs as f64;
            println!("{:<44} {what:<34} {:5.1} % (up to {:.1})", setting.name, 100.0 * rate, 100.0 * upper);
        }
    }
}

type Counted = Box<dyn Fn(&Judgement) -> bool>;

/// A setting, how a run of it is judged, and what is counted of the judgements.
struct Setting {
    name: String,
    judged: Box<dyn Fn(u64) -> Judgement>,
    counted: Vec<(String, Counted)>,
}

fn settings() -> Vec<Setting> {
    let mut all = Vec::new();
    for clusters in [10, 15, 20, 30, 50] {
        for uneven in [false, true] {
            all.push(few_clusters(clusters, uneven));
        }
    }
    all.extend([30, 60, 120].map(few_positives));
    all.extend([(500, 20), (500, 60), (1000, 90)].map(|(rows, classes)| many_classes(rows, classes)));
    all.push(slices_of_clusters());
    all.extend([2, 3, 5].map(coarser));
    for correlation in [0.0, 0.1, 0.3, 0.6, 0.9] {
        all.push(series(correlation));
    }
    for tail in [Tail::Normal, Tail::Laplace, Tail::Student3, Tail::LogNormal, Tail::Outliers] {
        all.extend([200, 500, 1000, 5000].map(|rows| heavy_tail(tail, rows)));
    }
    all
}

fn significant(name: TestName, metric: Metric) -> (String, Counted) {
    let found = move |judgement: &Judgement| {
        judgement.test(name, metric).is_some_and(|test| test.p_value.is_some_and(|p| p <= 0.05))
    };
    (format!("{metric} significant"), Box::new(found))
}

fn promoted() -> (String, Counted) {
    ("promoted".to_owned(), Box::new(|judgement| judgement.verdict == Verdict::Promote))
}

fn told(code: Code) -> (String, Counted) {
    let name = serde_json::to_value(code).unwrap().as_str().unwrap_or_default().to_owned();
    (name, Box::new(move |judgement| judgement.reasons.iter().any(|reason| reason.code == code)))
}

fn wins(metrics: &[Metric]) -> Policy {
    let win = |metric: &Metric| Superiority { metric: *metric, minimum_effect: 0.0 };
    Policy {
        superiority: Some(metrics.iter().map(win).collect()),
        guards: Some(Vec::<Guard>::new()),
        ..Policy::default()
    }
}

fn push(judge: &mut Judge, label: RowValue<'_>, new: RowValue<'_>, old: RowValue<'_>, columns: &[&str]) {
    judge.push(&PairedRow { label, challenger: new, champion: Some(old), columns }).unwrap();
}

/// A score that follows the label with this strength.
fn score(rng: &mut SplitMix64, positive: bool, strength: f64) -> f64 {
    let towards = if positive { 0.5 } else { -0.5 };
    strength * 0.5 * towards + 0.25 + 0.5 * rng.unit()
}

/// Each cluster favours one of both models by its own luck; sizes are alike or geometric.
fn few_clusters(clusters: u64, uneven: bool) -> Setting {
    let metrics = [Metric::Auc, Metric::Accuracy, Metric::LogLoss, Metric::Recall];
    let policy = Policy { cluster: Some("user".into()), ..wins(&metrics) };
    let judged = move |run: u64| {
        let mut rng = SplitMix64::new(1_000_003 * run + clusters);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        for cluster in 0..clusters {
            let (luck, name) = (0.5 * rng.normal(), cluster.to_string());
            let rows = if uneven { 10 + (-rng.unit().max(1e-9).ln() * 30.0) as u64 } else { 40 };
            for _ in 0..rows {
                let positive = rng.unit() < 0.4;
                let new = score(&mut rng, positive, 0.6 + luck).clamp(0.0, 1.0);
                let old = score(&mut rng, positive, 0.6 - luck).clamp(0.0, 1.0);
                push(&mut judge, positive.into(), new.into(), old.into(), &[&name]);
            }
        }
        judge.finish()
    };
    Setting {
        name: format!("{clusters} clusters of {} rows", if uneven { "10 to 200" } else { "40" }),
        judged: Box::new(judged),
        counted: metrics.map(|metric| significant(TestName::ClusterJackknife, metric)).into(),
    }
}

/// A thousand rows, few of them positive.
fn few_positives(positives: u64) -> Setting {
    let metrics = [Metric::Recall, Metric::Precision, Metric::F1, Metric::Mcc, Metric::AveragePrecision];
    let policy = wins(&metrics);
    let judged = move |run: u64| {
        let mut rng = SplitMix64::new(1_000_003 * run + positives);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        for row in 0..1000 {
            let positive = row < positives;
            let shared = rng.normal();
            let mut one = || {
                let evidence = if positive { 0.3 } else { -2.0 } + 0.7 * shared + 0.7 * rng.normal();
                1.0 / (1.0 + (-evidence).exp())
            };
            let (new, old) = (one(), one());
            push(&mut judge, positive.into(), new.into(), old.into(), &[]);
        }
        judge.finish()
    };
    Setting {
        name: format!("{positives} positives of 1,000 rows"),
        judged: Box::new(judged),
        counted: metrics.map(|metric| significant(TestName::Jackknife, metric)).into(),
    }
}

/// Classes of which the tenth is a tenth as frequent as the first.
fn many_classes(rows: u64, classes: usize) -> Setting {
    let metrics = [Metric::MacroF1, Metric::WeightedF1];
    let policy = Policy { task: Task::Multiclass, ..wins(&metrics) };
    let shares: Vec<f64> = (1..=classes).map(|class| 1.0 / class as f64).collect();
    let total: f64 = shares.iter().sum();
    let judged = move |run: u64| {
        let mut rng = SplitMix64::new(1_000_003 * run + classes as u64);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        let drawn = |rng: &mut SplitMix64| {
            let mut left = rng.unit() * total;
            let found = shares.iter().position(|share| {
                left -= share;
                left <= 0.0
            });
            found.unwrap_or(classes - 1).to_string()
        };
        for _ in 0..rows {
            let label = drawn(&mut rng);
            let mut guess = || if rng.unit() < 0.6 { label.clone() } else { drawn(&mut rng) };
            let (new, old) = (guess(), guess());
            push(&mut judge, label.as_str().into(), new.as_str().into(), old.as_str().into(), &[]);
        }
        judge.finish()
    };
    Setting {
        name: format!("{classes} classes in {rows} rows"),
        judged: Box::new(judged),
        counted: metrics.map(|metric| significant(TestName::Jackknife, metric)).into(),
    }
}

/// Four slices, named after a column that is constant within clusters of 40 rows.
fn slices_of_clusters() -> Setting {
    let slices = SlicePolicy { columns: vec!["region".into()], ..SlicePolicy::default() };
    let policy = Policy { slices, cluster: Some("user".into()), ..wins(&[Metric::Accuracy]) };
    let judged = move |run: u64| {
        let mut rng = SplitMix64::new(1_000_003 * run);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        for cluster in 0..60 {
            let (luck, name) = (0.5 * rng.normal(), format!("u{cluster}"));
            let region = ["north", "south", "east", "west"][cluster % 4];
            for _ in 0..40 {
                let positive = rng.unit() < 0.4;
                let new = score(&mut rng, positive, 0.6 + luck).clamp(0.0, 1.0);
                let old = score(&mut rng, positive, 0.6 - luck).clamp(0.0, 1.0);
                push(&mut judge, positive.into(), new.into(), old.into(), &[&name, region]);
            }
        }
        judge.finish()
    };
    Setting {
        name: "slices of 15 clusters of 40 rows".into(),
        judged: Box::new(judged),
        counted: vec![told(Code::SliceAsks)],
    }
}

/// Both models are perfectly calibrated; the challenger has so many different scores.
fn coarser(scores: u64) -> Setting {
    let policy = wins(&[Metric::CalibrationError]);
    let judged = move |run: u64| {
        let mut rng = SplitMix64::new(1_000_003 * run + scores);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        for _ in 0..1000 {
            let old = rng.unit();
            let new = (((old * scores as f64) as u64).min(scores - 1) as f64 + 0.5) / scores as f64;
            let positive = rng.unit() < old;
            push(&mut judge, positive.into(), new.into(), old.into(), &[]);
        }
        judge.finish()
    };
    Setting {
        name: format!("calibrated, {scores} scores against many"),
        judged: Box::new(judged),
        counted: vec![promoted(), significant(TestName::Jackknife, Metric::CalibrationError)],
    }
}

/// Forecasts one step ahead of which the errors of each model last.
fn series(correlation: f64) -> Setting {
    let policy = Policy { task: Task::Regression, horizon: Some(1), ..wins(&[Metric::Mae, Metric::Mse]) };
    let judged = move |run: u64| {
        let mut rng = SplitMix64::new(1_000_003 * run + 17);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        // The size of the errors lasts, and with it who is better.
        let mut luck = rng.normal();
        for _ in 0..500 {
            luck = correlation * luck + (1.0 - correlation * correlation).sqrt() * rng.normal();
            let (new, old) = ((0.5 * luck).exp() * rng.normal(), (-0.5 * luck).exp() * rng.normal());
            push(&mut judge, 0.0.into(), new.into(), old.into(), &[]);
        }
        judge.finish()
    };
    Setting {
        name: format!("horizon 1, errors lasting {correlation}"),
        judged: Box::new(judged),
        counted: vec![promoted(), told(Code::RowsDepend), significant(TestName::DieboldMariano, Metric::Mae)],
    }
}

#[derive(Debug, Clone, Copy)]
enum Tail {
    Normal,
    Laplace,
    Student3,
    LogNormal,
    Outliers,
}

impl Tail {
    /// An error of mean square 1.
    fn draw(self, rng: &mut SplitMix64) -> f64 {
        let sign = if rng.unit() < 0.5 { 1.0 } else { -1.0 };
        match self {
            Self::Normal => rng.normal(),
            Self::Laplace => -rng.unit().max(1e-12).ln() / 2_f64.sqrt() * sign,
            Self::Student3 => {
                let chi = (0..3).map(|_| rng.normal().powi(2)).sum::<f64>();
                rng.normal() / chi.sqrt()
            }
            Self::LogNormal => sign * (rng.normal() - 1.0).exp(),
            Self::Outliers => {
                let large = if rng.unit() < 0.01 { 10.0 } else { 1.0 };
                large * rng.normal() / 1.99_f64.sqrt()
            }
        }
    }
}

/// Equal mean squared errors, of which the challenger's have the heavier tail.
fn heavy_tail(tail: Tail, rows: u64) -> Setting {
    let policy = Policy { task: Task::Regression, ..wins(&[Metric::Mse]) };
    let judged = move |run: u64| {
        let mut rng = SplitMix64::new(1_000_003 * run + rows);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        for _ in 0..rows {
            let (new, old) = (tail.draw(&mut rng), rng.normal());
            push(&mut judge, 0.0.into(), new.into(), old.into(), &[]);
        }
        judge.finish()
    };
    Setting {
        name: format!("mse, {tail:?} errors, {rows} rows"),
        judged: Box::new(judged),
        counted: vec![promoted(), significant(TestName::PairedT, Metric::Mse)],
    }
}
