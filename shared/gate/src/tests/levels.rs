//! Two equal models in the settings where usual tests take chance for a difference. Few runs of each: the whole table
//! is printed by `shared/gate/examples/gate_sizes.rs`. Bounds lie three standard errors above the nominal rate.

use super::*;

/// How many of so many runs show something.
fn count(runs: u64, shows: impl Fn(u64) -> bool) -> usize {
    (0..runs).filter(|&run| shows(run)).count()
}

fn wins(metrics: &[Metric]) -> Policy {
    let win = |metric: &Metric| Superiority { metric: *metric, minimum_effect: 0.0 };
    Policy {
        superiority: Some(metrics.iter().map(win).collect()),
        guards: Some(Vec::new()),
        ..Policy::default()
    }
}

fn significant(judgement: &Judgement, name: TestName, metric: Metric) -> bool {
    judgement.test(name, metric).unwrap().p_value.is_some_and(|p| p <= 0.05)
}

/// Clusters that each favour one of two equal models by their own luck; each has so many rows, and brings its name and
/// one of four regions.
fn clustered(policy: &Policy, sizes: &[u64], seed: u64) -> Judgement {
    let mut rng = SplitMix64::new(seed);
    let mut judge = Judge::new(policy, Against::Champion, seed).unwrap();
    for (cluster, &size) in sizes.iter().enumerate() {
        let (luck, name) = (0.5 * rng.normal(), format!("u{cluster}"));
        let columns = [name.as_str(), ["north", "south", "east", "west"][cluster % 4]];
        for _ in 0..size {
            let positive = rng.unit() < 0.4;
            let mut score = |strength: f64| {
                let towards = if positive { 0.25 } else { -0.25 };
                (strength * towards + 0.25 + 0.5 * rng.unit()).clamp(0.0, 1.0)
            };
            let (challenger, champion) = (score(0.6 + luck), Some(score(0.6 - luck)));
            let columns = &columns[..policy.columns().len()];
            Scored { positive, challenger, champion }.push(columns, &mut judge);
        }
    }
    judge.finish()
}

#[test]
fn ten_clusters_of_unlike_size_show_no_more_than_chance() {
    let sizes = [5, 5, 6, 8, 10, 15, 25, 40, 80, 206];
    let policy = Policy { cluster: Some("user".into()), ..wins(&[Metric::Accuracy]) };
    let runs = 200;
    let judged: Vec<Judgement> = (0..runs).map(|run| clustered(&policy, &sizes, run)).collect();
    for metric in [Metric::Accuracy, Metric::Auc, Metric::LogLoss, Metric::Recall] {
        let found = judged.iter().filter(|it| significant(it, TestName::ClusterJackknife, metric)).count();
        // 10 are nominal; the BCa bootstrap finds 42 of accuracy.
        assert!(found <= 19, "{metric}: {found} of {runs}");
    }
    let naive = judged.iter().filter(|it| significant(it, TestName::McnemarMidP, Metric::Accuracy)).count();
    assert!(naive >= 60, "{naive} of {runs}");
}

#[test]
fn nine_clusters_ask() {
    let policy = Policy { cluster: Some("user".into()), ..wins(&[Metric::Accuracy]) };
    let judgement = clustered(&policy, &[40; 9], 1);
    assert_eq!(judgement.verdict, Verdict::NeedsApproval);
    assert_eq!(codes(&judgement)[0], ("rows".to_owned(), Code::TooFewClusters));
    assert!(!has(&clustered(&policy, &[40; 10], 1), Code::TooFewClusters));
}

#[test]
fn slices_of_whole_clusters_lose_no_more_often_than_by_chance() {
    let slices = SlicePolicy { columns: vec!["region".into()], ..SlicePolicy::default() };
    let policy = Policy { cluster: Some("user".into()), slices, ..wins(&[Metric::Accuracy]) };
    let runs = 100;
    let lost = count(runs, |run| has(&clustered(&policy, &[40; 60], run), Code::SliceAsks));
    // 2.5 are nominal.
    assert!(lost <= 7, "{lost} of {runs}");
    // Of seven or eight clusters a slice is not judged, and that is told.
    let few = clustered(&policy, &[40; 30], 1);
    assert!(few.slices.is_empty() && has(&few, Code::SlicesUnjudged), "{:#?}", few.reasons);
    let named = vec![NamedSlice { column: "region".into(), value: "north".into() }];
    let policy = Policy { slices: SlicePolicy { named, ..policy.slices.clone() }, ..policy };
    assert!(has(&clustered(&policy, &[40; 30], 1), Code::SliceTooSmall));
}

/// A slice that loses in every one of its clusters is found.
#[test]
fn a_slice_that_loses_in_all_its_clusters_is_found() {
    let slices = SlicePolicy { columns: vec!["region".into()], ..SlicePolicy::default() };
    let policy = Policy { cluster: Some("user".into()), slices, ..wins(&[Metric::Accuracy]) };
    let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
    for (at, row) in rows(4000, 1, 0.9, Some(0.6)).into_iter().enumerate() {
        let (user, region) = ((at % 40).to_string(), if at % 40 < 12 { "sea" } else { "land" });
        // Of the sea the challenger tells the contrary, in each cluster for the same share of rows or for all.
        let challenger = if region == "sea" { f64::from(u8::from(!row.positive)) } else { row.challenger };
        let champion = Some(if region == "sea" { f64::from(u8::from(row.positive)) } else { row.challenger });
        Scored { challenger, champion, ..row }.push(&[&user, region], &mut judge);
    }
    let judgement = judge.finish();
    assert!(judgement.reasons.iter().any(|r| r.check == Check::Slice("region=sea".into())));
}

#[test]
fn few_positives_show_no_more_than_chance() {
    let metrics = [Metric::Recall, Metric::Precision, Metric::F1, Metric::Mcc];
    let policy = wins(&metrics);
    let runs = 300;
    let judged = |run: u64| {
        let mut rng = SplitMix64::new(run);
        let mut judge = Judge::new(&policy, Against::Champion, run).unwrap();
        for row in 0..300 {
            let (positive, shared) = (row < 12, rng.normal());
            let mut score = || {
                let evidence = if positive { 0.8 } else { -2.0 } + 0.7 * shared + 0.7 * rng.normal();
                1.0 / (1.0 + (-evidence).exp())
            };
            Scored { positive, challenger: score(), champion: Some(score()) }.push(&[], &mut judge);
        }
        judge.finish()
    };
    let judged: Vec<Judgement> = (0..runs).map(judged).collect();
    for metric in metrics {
        let found = judged.iter().filter(|it| significant(it, TestName::Jackknife, metric)).count();
        // 15 are nominal; the BCa bootstrap finds 40 of recall.
        assert!(found <= 26, "{metric}: {found} of {runs}");
    }
}

#[test]
fn the_coarser_of_two_calibrated_models_wins_nothing() {
    let policy = wins(&[Metric::CalibrationError]);
    let judged = |seed: u64, distortion: f64| {
        let mut rng = SplitMix64::new(seed);
        let mut judge = Judge::new(&policy, Against::Champion, seed).unwrap();
        for _ in 0..1000 {
            let chance = rng.unit();
            let (positive, challenger) = (rng.unit() < chance, ((3.0 * chance).floor().min(2.0) + 0.5) / 3.0);
            let champion = Some(chance.powf(distortion));
            Scored { positive, challenger, champion }.push(&[], &mut judge);
        }
        judge.finish()
    };
    let promoted = count(100, |seed| judged(seed, 1.0).verdict == Verdict::Promote);
    assert!(promoted <= 2, "{promoted} of 100");
    // A champion that really is off by a tenth loses, and its error is told in the unit of scores.
    let lost = judged(1, 1.5);
    assert_eq!(lost.verdict, Verdict::Promote, "{:#?}", lost.reasons);
    let value =
        |metrics: &Option<Metrics>| metrics.as_ref().and_then(|it| it.value(Metric::CalibrationError));
    let (old, new) = (value(&lost.metrics.champion).unwrap(), value(&lost.metrics.challenger).unwrap());
    let told = lost.test(TestName::Jackknife, Metric::CalibrationError).unwrap();
    assert!((0.08..0.14).contains(&old) && (told.estimate.unwrap() - (new - old)).abs() < 1e-12);
    let interval = told.interval.unwrap();
    assert!(interval.low < new - old && new - old < interval.high && interval.high < 0.0, "{interval:?}");
}

/// Errors of two equal models whose size lasts, and with it who is better.
fn series(policy: &Policy, rows: usize, lasting: f64, seed: u64) -> Judgement {
    let mut rng = SplitMix64::new(seed);
    let mut judge = Judge::new(policy, Against::Champion, seed).unwrap();
    let mut luck = rng.normal();
    for _ in 0..rows {
        luck = lasting * luck + (1.0 - lasting * lasting).sqrt() * rng.normal();
        let (new, old) = ((0.5 * luck).exp() * rng.normal(), (-0.5 * luck).exp() * rng.normal());
        push_numbers(&mut judge, new, old);
    }
    judge.finish()
}

#[test]
fn losses_that_last_longer_than_the_horizon_ask_and_a_horizon_is_proposed() {
    let steps = |horizon| Policy { task: Task::Regression, horizon, ..wins(&[Metric::Mae]) };
    let runs = 100;
    let promoted = count(runs, |seed| series(&steps(Some(1)), 500, 0.9, seed).verdict == Verdict::Promote);
    assert!(promoted <= 7, "{promoted} of {runs}");
    let asked = count(runs, |seed| has(&series(&steps(Some(1)), 500, 0.9, seed), Code::RowsDepend));
    assert!(asked >= 90, "{asked} of {runs}");
    // Rows that do not depend are asked about in 1 of 100, and a horizon that covers the dependence seldom.
    let asked = count(runs, |seed| has(&series(&steps(Some(1)), 500, 0.0, seed), Code::RowsDepend));
    assert!(asked <= 4, "{asked} of {runs}");

    let found = series(&steps(Some(1)), 2000, 0.9, 3);
    let reason = found.reasons.iter().find(|reason| reason.code == Code::RowsDepend).unwrap();
    assert!(reason.text.contains("write horizon: "), "{}", reason.text);
    // Without a horizon the order of the rows may mean nothing: told, and the verdict stays.
    let told = series(&steps(None), 2000, 0.9, 3);
    assert!(has(&told, Code::RowsDependWarning) && !has(&told, Code::RowsDepend));
}

#[test]
fn a_mean_of_squares_with_a_heavy_tail_is_no_win_by_itself() {
    let judged = |policy: &Policy, seed: u64, scale: f64| {
        let mut rng = SplitMix64::new(seed);
        let mut judge = Judge::new(policy, Against::Champion, seed).unwrap();
        for _ in 0..1000 {
            let chi: f64 = (0..3).map(|_| rng.normal().powi(2)).sum();
            // Student's with three degrees of freedom, of mean square 1 as the champion's.
            let (new, old) = (scale * rng.normal() / chi.sqrt(), rng.normal());
            push_numbers(&mut judge, new, old);
        }
        judge.finish()
    };
    let squares = Policy { task: Task::Regression, ..wins(&[Metric::Mse]) };
    let runs = 100;
    let judgements: Vec<Judgement> = (0..runs).map(|seed| judged(&squares, seed, 1.0)).collect();
    let promoted = judgements.iter().filter(|it| it.verdict == Verdict::Promote).count();
    let doubtful = judgements.iter().filter(|it| has(it, Code::WinDoubtful)).count();
    // 2.5 are nominal; without the tail it would be those in doubt too.
    assert!(promoted <= 7 && doubtful >= 8, "{promoted} and {doubtful} of {runs}");
    // A gain of absolute errors stands by itself, and the doubt is told.
    let both = Policy { task: Task::Regression, ..wins(&[Metric::Mae, Metric::Mse]) };
    let better = judged(&both, 1, 0.6);
    assert!(better.verdict == Verdict::Promote && has(&better, Code::GainDoubtful), "{:#?}", better.reasons);
}
