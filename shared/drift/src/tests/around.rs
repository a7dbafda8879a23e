//! What surrounds the rule: segments, sketches, importance, history, other tools' rules.

use super::*;
use pawl_base::names::Generation;
use pawl_data::profile::Segments;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Two features, the first of which drifts.
fn two() -> (Baseline, [(String, BinCounts); 2]) {
    let columns = vec![numeric("temp", &[1000; 4]), numeric("hum", &[1000; 4])];
    let batch = [("temp".to_owned(), counts(&[400, 300, 200, 100])), ("hum".to_owned(), counts(&[250; 4]))];
    (baseline(columns), batch)
}

#[test]
fn a_segment_is_corrected_together_with_the_whole_and_named() {
    let (baseline, batch) = two();
    let features = names(&["hum"]);
    let segment = Segment { column: "season".into(), value: "1".into() };
    let in_segment = [("hum".to_owned(), counts(&[400, 300, 200, 100]))];
    let mut all = inputs(&baseline, &batch, &features, None);
    let parts = inputs(&baseline, &in_segment, &features, None);
    all.extend(parts.into_iter().map(|input| Input { segment: Some(("season", "1")), ..input }));
    let drift = compare(&all, &Policy::default());
    // Shapes and unseen values; nothing is missing or of another type, so that no other test could reject.
    assert_eq!(drift.tests, 4);
    assert_eq!(drift.verdict, Verdict::Drift);
    let drifted: Vec<_> = drift.findings(Verdict::Drift).collect();
    assert_eq!(drifted.len(), 1);
    assert_eq!(drifted[0].segment.as_ref(), Some(&segment));
    assert!(drift.reasons[0].starts_with("hum, shape (season = 1): Drift"), "{:?}", drift.reasons);
}

/// Segments that were asked for and cannot be compared at all are no pass.
#[test]
fn segments_that_one_side_lacks_are_insufficient_data() {
    let (mut known, batch) = two();
    let features = names(&["hum"]);
    let by = |columns: &[&str]| Segments::<Vec<(String, BinCounts)>>::by(&names(columns));
    let judged = |baseline: &Baseline, parts: &Segments<Vec<(String, BinCounts)>>| {
        let mut all = inputs(baseline, &batch, &features, None);
        all.extend(in_segments(baseline, parts, &features, None));
        compare(&all, &Policy::default())
    };
    assert_eq!(judged(&known, &by(&[])).verdict, Verdict::None);
    let unknown = judged(&known, &by(&["town"]));
    assert_eq!(unknown.verdict, Verdict::InsufficientData);
    assert!(unknown.reasons[0].ends_with("No segments by this column are known of the baseline."));
    known.segments = Segments::by(&names(&["town"]));
    let absent = judged(&known, &by(&["town"]));
    assert!(absent.reasons[0].ends_with("There is no such column to segment by."), "{:?}", absent.reasons);
    let many = serde_json::from_str(r#"{"town": "too_many"}"#).unwrap();
    let many = judged(&known, &many);
    assert!(many.reasons[0].contains("too many values to segment by"), "{:?}", many.reasons);
    assert_eq!(many.verdict, Verdict::InsufficientData);
}

#[test]
fn what_lies_within_the_sketches_errors_is_no_drift() {
    // A rank off by 0.2 % a bin is significant in ten million rows, and is only the sketch.
    let baseline = baseline(vec![numeric("temp", &[2_500_000; 4])]);
    let batch = [("temp".to_owned(), counts(&[2_520_000, 2_500_000, 2_500_000, 2_480_000]))];
    let features = names(&["temp"]);
    let exact = inputs(&baseline, &batch, &features, None);
    let sketched: Vec<_> = exact.iter().map(|input| Input { rank_error: 0.005, ..*input }).collect();
    let p = |inputs: &[Input<'_>]| {
        on(&compare(inputs, &Policy::default()), Axis::Shape).evidence.p_value.unwrap()
    };
    assert!(p(&exact) < 1e-30);
    assert_eq!(p(&sketched), 1.0);
    let broken: Vec<_> = exact.iter().map(|input| Input { rank_error: f64::NAN, ..*input }).collect();
    assert_eq!(compare(&broken, &Policy::default()).verdict, Verdict::InsufficientData);
}

#[test]
fn drift_in_what_the_champion_hardly_uses_is_a_warning_if_the_team_says_so() {
    let (baseline, batch) = two();
    let features = names(&["temp", "hum"]);
    let policy = Policy { importance_drift: 0.1, ..Policy::default() };
    let weighed = |importances: [Option<f64>; 2]| {
        let inputs = inputs(&baseline, &batch, &features, None);
        let with = inputs.iter().zip(importances).map(|(input, importance)| Input { importance, ..*input });
        compare(&with.collect::<Vec<_>>(), &policy)
    };
    let light = weighed([Some(3.0), Some(97.0)]);
    assert_eq!((light.verdict, light.features), (Verdict::Warn, Verdict::Warn));
    assert_eq!(light.importance.unwrap().drift, 0.03);
    assert!(light.reasons[0].contains("carry 3.0 %"), "{:?}", light.reasons);
    assert_eq!(weighed([Some(30.0), Some(70.0)]).verdict, Verdict::Drift);
    for silent in [[Some(3.0), None], [Some(f64::NAN), Some(97.0)], [Some(0.0), Some(0.0)]] {
        assert_eq!(weighed(silent).verdict, Verdict::Drift, "{silent:?}");
    }
}

#[test]
fn drift_must_last_if_the_team_says_so_and_thin_windows_neither_count_nor_break() {
    let policy = Policy { persist_windows: 3, ..Policy::default() };
    let (baseline, batch) = two();
    let features = names(&["temp"]);
    let moved = compare(&inputs(&baseline, &batch, &features, None), &policy);
    let quiet_batch = [("temp".to_owned(), counts(&[250; 4]))];
    let quiet = compare(&inputs(&baseline, &quiet_batch, &features, None), &policy);
    let thin_batch = [("temp".to_owned(), counts(&[9; 4]))];
    let thin = compare(&inputs(&baseline, &thin_batch, &features, None), &policy);

    let after = |runs: &[&Drift]| {
        let mut history = History::default();
        runs.iter().for_each(|run| history.push(run));
        moved.clone().with_history(&history)
    };
    let windows = |drift: &Drift| on(drift, Axis::Shape).past.windows.unwrap();
    let first = after(&[]);
    assert_eq!((first.verdict, windows(&first)), (Verdict::Warn, 1));
    assert!(first.reasons[0].ends_with("Window 1 of the 3 that drift must last."), "{:?}", first.reasons);
    assert_eq!(after(&[&moved, &quiet, &moved]).verdict, Verdict::Warn);
    let third = after(&[&quiet, &moved, &thin, &moved]);
    assert_eq!((third.verdict, windows(&third)), (Verdict::Drift, 3));
}

/// A step that is repeated finds what it found the first time, and nothing is remembered twice.
#[test]
fn a_run_is_remembered_once_however_often_it_is_compared() {
    let (baseline, batch) = two();
    let features = names(&["temp"]);
    let run = |count: u64| {
        let batch = [("temp".to_owned(), counts(&[250, 250, 250, 250 + count]))];
        compare(&inputs(&baseline, &batch, &features, None), &Policy::default())
    };
    let mut remembered = Remembered::default();
    for generation in 1..=9u64 {
        for _ in 0..2 {
            let before = remembered.remember(Generation(generation), &run(generation % 4));
            assert_eq!(before.runs.len() as u64, generation - 1);
        }
    }
    let moved = compare(&inputs(&baseline, &batch, &features, None), &Policy::default());
    let before = remembered.remember(Generation(10), &moved);
    let drift = moved.clone().with_history(&before);
    let shape = on(&drift, Axis::Shape);
    assert!(shape.past.robust_z.unwrap() > 10.0 && shape.past.windows == Some(1), "{shape:?}");
    let late = remembered.remember(Generation(3), &moved);
    assert_eq!(late.runs.len(), 9);
    let text = serde_json::to_string(&remembered).unwrap();
    assert_eq!(serde_json::from_str::<Remembered>(&text).unwrap(), remembered);
}

#[test]
fn the_history_gives_a_robust_z_and_stays_bounded() {
    let (baseline, batch) = two();
    let features = names(&["temp"]);
    let run = |last: u64| {
        let batch = [("temp".to_owned(), counts(&[250, 250, 250, 250 + last]))];
        compare(&inputs(&baseline, &batch, &features, None), &Policy::default())
    };
    let mut history = History::default();
    (0..100).for_each(|step| history.push(&run(step % 7)));
    assert_eq!(history.runs.len(), MAX_RUNS);
    let moved = compare(&inputs(&baseline, &batch, &features, None), &Policy::default());
    assert!(on(&moved.with_history(&history), Axis::Shape).past.robust_z.unwrap() > 10.0);
    let text = serde_json::to_string(&history).unwrap();
    assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history);
}

fn judged_by(tool: Compat, column: BaselineColumn, current: BinCounts) -> Drift {
    let name = column.name.clone();
    let baseline = baseline(vec![column]);
    let batch = [(name.clone(), current)];
    compare(&inputs(&baseline, &batch, &[name], None), &Policy { compat: Some(tool), ..Policy::default() })
}

#[test]
fn evidently_chooses_by_size_type_and_number_of_values() {
    let bins = Bins::Categorical { values: vec!["a".into(), "b".into(), "c".into()] };
    let values = |counts_of: &[u64]| column("kind", &bins, &counts(counts_of));
    let rule = |drift: &Drift| (drift.columns[0].rule, drift.columns[0].verdict);
    let by = |column, current: &[u64]| judged_by(Compat::Evidently, column, counts(current));
    // 300 rows, 10 bins: KS. D = 0.1 at the middle, p = scipy kstwobign.sf(0.1 √150).
    let ks = by(numeric("x", &[30; 10]), &[36, 36, 36, 36, 36, 24, 24, 24, 24, 24]);
    assert_eq!(rule(&ks), (DecisionRule::EvidentlyKs, Verdict::None));
    assert!((ks.columns[0].evidence.p_value.unwrap() - 0.099_561_848_314_780_25).abs() < 1e-12);
    // Three values: chi-square of one sample, scipy.stats.chisquare([30,30,40],[100/3]*3).pvalue
    let chi = by(values(&[100, 100, 100]), &[30, 30, 40]);
    assert_eq!(rule(&chi), (DecisionRule::EvidentlyChiSquare, Verdict::None));
    assert!((chi.columns[0].evidence.p_value.unwrap() - (-1.0_f64).exp()).abs() < 1e-12);
    // Two values: Z. 60 of 100 against 150 of 300: statsmodels proportions_ztest.
    let z = by(values(&[150, 150, 0]), &[60, 40, 0]);
    assert_eq!(rule(&z), (DecisionRule::EvidentlyZ, Verdict::None));
    assert!((z.columns[0].evidence.p_value.unwrap() - 0.08287906644281612).abs() < 1e-12);
    assert_eq!(
        rule(&by(numeric("x", &[200; 10]), &[10; 10])),
        (DecisionRule::EvidentlyWasserstein, Verdict::None)
    );
    assert_eq!(
        rule(&by(values(&[500, 500, 500]), &[20, 40, 60])),
        (DecisionRule::EvidentlyJensenShannon, Verdict::Drift)
    );
    assert_eq!(
        rule(&by(values(&[500, 500, 500]), &[0, 0, 0])),
        (DecisionRule::Pawl, Verdict::InsufficientData)
    );
}

#[test]
fn sagemaker_allows_for_small_samples() {
    // max|F - G| = 0.25, less 1.8 √(1/400 + 1/m): 0.1556 at 1000 rows, 0 at 20.
    let by = |current: &[u64]| judged_by(Compat::Sagemaker, numeric("x", &[100; 4]), counts(current));
    let far = by(&[500, 250, 125, 125]);
    assert_eq!((far.verdict, far.columns[0].rule), (Verdict::Drift, DecisionRule::SagemakerRobust));
    let expected = 0.25 - 1.8 * (1.0 / 400.0 + 1.0 / 1000.0_f64).sqrt();
    assert!((far.columns[0].rule_score.unwrap() - expected).abs() < 1e-12);
    assert_eq!(by(&[10, 5, 3, 2]).verdict, Verdict::None);
}

#[test]
fn evidently_calls_the_data_set_drifted_from_half_of_its_columns_on() {
    let (baseline, batch) = two();
    let policy = Policy { compat: Some(Compat::Evidently), ..Policy::default() };
    let of = |features: &[&str]| {
        let features = names(features);
        compare(&inputs(&baseline, &batch, &features, None), &policy).verdict
    };
    assert_eq!(of(&["temp", "hum"]), Verdict::Drift);
    assert_eq!(of(&["temp", "hum", "hum"]), Verdict::Warn);
    assert_eq!(of(&["hum", "absent"]), Verdict::InsufficientData);
    assert_eq!(compare(&[], &policy).verdict, Verdict::InsufficientData);
}
