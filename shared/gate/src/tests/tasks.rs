//! Numbers, classes and what a binary label has beyond accuracy: from rows to verdict, and how often chance
//! wins.

use super::*;
use crate::policy::Guard;

fn regression() -> Policy {
    Policy { task: Task::Regression, ..Policy::default() }
}

/// Labels around 100 and two models that miss them by these deviations; columns `day` and `region`.
fn numbers(policy: &Policy, rows: u64, seed: u64, challenger: f64, champion: Option<f64>) -> Judgement {
    let against = if champion.is_some() { Against::Champion } else { Against::Nobody };
    let mut judge = Judge::new(policy, against, seed).unwrap();
    let mut rng = SplitMix64::new(seed);
    for row in 0..rows {
        let label = 100.0 + 20.0 * rng.normal();
        let new = label + challenger * rng.normal();
        let old = champion.map(|spread| RowValue::from(label + spread * rng.normal()));
        let names = [format!("d{}", row % 40), if row % 5 == 0 { "sea".into() } else { "land".to_owned() }];
        let asked = judge.columns().iter().map(|name| names[usize::from(name == "region")].as_str());
        let columns: Vec<&str> = asked.collect();
        let row = PairedRow { label: label.into(), challenger: new.into(), champion: old, columns: &columns };
        judge.push(&row).unwrap();
    }
    judge.finish()
}

#[test]
fn a_closer_number_is_promoted_and_a_farther_one_harms() {
    let better = numbers(&regression(), 1000, 1, 4.0, Some(6.0));
    assert_eq!(better.verdict, Verdict::Promote, "{:#?}", better.reasons);
    assert_eq!(codes(&better)[0], ("superiority:mae".to_owned(), Code::Superior));
    let t = better.test(TestName::PairedT, Metric::Mae).unwrap();
    assert!(t.estimate.unwrap() < -1.0 && t.interval.unwrap().high < 0.0 && t.p_value.unwrap() < 1e-6);
    let ranks = better.test(TestName::Wilcoxon, Metric::Mae).unwrap();
    assert!(ranks.estimate.unwrap() < -1.0 && ranks.interval.unwrap().high < 0.0);
    let worse = numbers(&regression(), 1000, 1, 6.0, Some(4.0));
    assert_eq!((worse.verdict, codes(&worse)[0].1), (Verdict::Reject, Code::Harm));
    let evaluation = documents::evaluation(&better);
    let r2 = evaluation["regression_metrics"]["r2"]["value"].as_f64();
    assert_eq!(r2, better.metrics.challenger.as_ref().unwrap().value(Metric::R2));
    let text = serde_json::to_string(&better).unwrap();
    assert_eq!(serde_json::from_str::<Judgement>(&text).unwrap(), better);
}

#[test]
fn margins_of_errors_are_shares_of_the_champions() {
    // Both miss by 5, so 0.1 % are 0.004 of a mean absolute error of 4: far less than 500 rows can show.
    let with = |margin| {
        let guards = Some(vec![Guard { metric: Metric::Mae, margin }]);
        numbers(&Policy { guards, ..regression() }, 500, 3, 5.0, Some(5.0))
    };
    assert!(has(&with(0.001), Code::GuardUndecided));
    let wide = with(0.3);
    assert!(has(&wide, Code::NonInferior));
    let (guard, mae) = (&wide.policy.guards()[0], wide.metrics.champion.as_ref().unwrap().value(Metric::Mae));
    assert_eq!(wide.margin(guard), mae.map(|mae| 0.3 * mae));
}

#[test]
fn the_same_numbers_are_not_superior() {
    let policies = [
        regression(),
        Policy { horizon: Some(3), ..regression() },
        Policy { cluster: Some("day".into()), resamples: 200, ..regression() },
    ];
    for policy in policies {
        let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
        for row in 0..400 {
            let (label, day) = (f64::from(row % 17), (row % 20).to_string());
            let columns = [day.as_str()];
            let columns = if policy.cluster.is_some() { &columns[..] } else { &[] };
            let row = PairedRow {
                label: label.into(),
                challenger: 8.0.into(),
                champion: Some(8.0.into()),
                columns,
            };
            judge.push(&row).unwrap();
        }
        let judgement = judge.finish();
        assert_eq!(codes(&judgement)[0], ("win".to_owned(), Code::NotSuperior), "{:#?}", judgement.reasons);
        assert!(!has(&judgement, Code::Undefined));
    }
}

#[test]
fn a_first_model_of_numbers_is_judged_by_its_floors() {
    let with = |metric, worst, cluster: Option<&str>| {
        let floors = vec![Floor { metric, worst }];
        let policy = Policy { floors, cluster: cluster.map(str::to_owned), resamples: 200, ..regression() };
        numbers(&policy, 1000, 5, 5.0, None)
    };
    let value = |metric| with(metric, 0.0, None).metrics.challenger.unwrap().value(metric).unwrap();
    for cluster in [None, Some("day")] {
        for metric in [Metric::Rmse, Metric::R2, Metric::Mae] {
            let (value, worse) = (value(metric), if metric == Metric::R2 { -1.0 } else { 1.0 });
            let at = |share: f64| with(metric, value * (1.0 + worse * share), cluster);
            assert_eq!(at(0.2).verdict, Verdict::Promote, "{metric} {cluster:?}");
            assert!(has(&at(0.0001), Code::FloorUnproven), "{metric} {cluster:?}");
            assert_eq!(at(-0.001).verdict, Verdict::Reject, "{metric} {cluster:?}");
        }
    }
}

#[test]
fn what_is_no_number_names_its_part() {
    let mut judge = Judge::new(&regression(), Against::Champion, 1).unwrap();
    let mut unfit = |label: RowValue<'_>, challenger: RowValue<'_>, champion: RowValue<'_>| {
        let row = PairedRow { label, challenger, champion: Some(champion), columns: &[] };
        judge.push(&row).unwrap_err().part
    };
    assert_eq!(unfit(RowValue::Null, 1.0.into(), 1.0.into()), RowPart::Label);
    assert_eq!(unfit(1.0.into(), f64::NAN.into(), 1.0.into()), RowPart::Challenger);
    assert_eq!(unfit(1.0.into(), "1.5".into(), "much".into()), RowPart::Champion);
    assert_eq!(judge.finish().rows, 0);
}

#[test]
fn a_slice_whose_numbers_get_worse_is_found() {
    let slices = SlicePolicy { columns: vec!["region".into()], ..SlicePolicy::default() };
    let policy = Policy { slices, ..regression() };
    let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
    let mut rng = SplitMix64::new(9);
    for row in 0..3000 {
        let region = if row % 10 == 0 { "sea" } else { "land" };
        let label = 50.0 + 10.0 * rng.normal();
        let spread = if region == "sea" { 8.0 } else { 2.0 };
        let (new, old) = (label + spread * rng.normal(), label + 5.0 * rng.normal());
        let columns = [region];
        let row = PairedRow {
            label: label.into(),
            challenger: new.into(),
            champion: Some(old.into()),
            columns: &columns,
        };
        judge.push(&row).unwrap();
    }
    let judgement = judge.finish();
    assert_eq!(judgement.verdict, Verdict::NeedsApproval, "{:#?}", judgement.reasons);
    let worst = &judgement.slices[0];
    assert_eq!((worst.slice.as_str(), worst.metric), ("region=sea", Metric::Mae));
    assert!(worst.change > 1.0 && worst.interval.unwrap().low > 0.0);
}

/// Errors that last from row to row, alike for both models: Diebold–Mariano keeps its level over them, a
/// paired t-test, which takes rows for independent, does not. Wilcoxon and the paired t keep theirs where
/// rows are independent.
#[test]
fn equal_numbers_are_rarely_told_apart() {
    let (runs, rows, steps) = (200, 240, 6);
    let (mut forecasts, mut naive, mut independent, mut ranks, mut roots) = (0, 0, 0, 0, 0);
    let policy = Policy { horizon: Some(steps), minimum_rows: 0, ..regression() };
    let rooted = Policy {
        superiority: Some(vec![Superiority { metric: Metric::Rmse, minimum_effect: 0.0 }]),
        resamples: 200,
        minimum_rows: 0,
        ..regression()
    };
    for seed in 0..runs {
        let mut rng = SplitMix64::new(77 + seed);
        let mut judge = Judge::new(&policy, Against::Champion, seed).unwrap();
        let mut shocks = std::collections::VecDeque::from(vec![(0.0, 0.0); steps]);
        for _ in 0..rows {
            // A forecast so many steps ahead misses by the sum of what happens until then.
            shocks.pop_front();
            shocks.push_back((rng.normal(), rng.normal()));
            let (new, old) = shocks.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
            push_numbers(&mut judge, new, old);
        }
        let significant = |judgement: &Judgement, name, metric| {
            u32::from(judgement.test(name, metric).unwrap().p_value.unwrap() <= 0.05)
        };
        let dependent = judge.finish();
        forecasts += significant(&dependent, TestName::DieboldMariano, Metric::Mse);
        naive += significant(&dependent, TestName::PairedT, Metric::Mse);
        let free = numbers(&rooted, 600, 9_000 + seed, 5.0, Some(5.0));
        independent += significant(&free, TestName::PairedT, Metric::Mae);
        ranks += significant(&free, TestName::Wilcoxon, Metric::Mae);
        roots += significant(&free, TestName::Jackknife, Metric::Rmse);
    }
    // 10 are nominal and 19 lie three standard errors above; the long-run variance of few rows is a little
    // short.
    assert!(forecasts <= 24, "Diebold-Mariano {forecasts} of {runs}");
    assert!(naive >= 30, "paired t over a series {naive} of {runs}");
    assert!(independent <= 19 && ranks <= 19 && roots <= 19, "{independent} {ranks} {roots} of {runs}");
}

/// Three classes; each model is right with its chance, else anywhere.
fn classes(policy: &Policy, rows: u64, seed: u64, challenger: f64, champion: Option<f64>) -> Judgement {
    let against = if champion.is_some() { Against::Champion } else { Against::Nobody };
    let mut judge = Judge::new(policy, against, seed).unwrap();
    let mut rng = SplitMix64::new(seed);
    let names = ["cat", "dog", "owl"];
    for _ in 0..rows {
        let label = names[(rng.below(4) as usize).min(2)];
        let mut guess = |chance: f64| if rng.unit() < chance { label } else { names[rng.below(3) as usize] };
        let (new, old) = (guess(challenger), champion.map(&mut guess).map(RowValue::Text));
        let row = PairedRow { label: label.into(), challenger: new.into(), champion: old, columns: &[] };
        judge.push(&row).unwrap();
    }
    judge.finish()
}

fn multiclass() -> Policy {
    Policy { task: Task::Multiclass, resamples: 200, ..Policy::default() }
}

#[test]
fn classes_are_judged_by_who_is_right_and_by_the_mean_of_their_f1() {
    let better = classes(&multiclass(), 1500, 1, 0.8, Some(0.6));
    assert_eq!(better.verdict, Verdict::Promote, "{:#?}", better.reasons);
    let worse = classes(&multiclass(), 1500, 1, 0.6, Some(0.8));
    assert_eq!((worse.verdict, codes(&worse)[0].1), (Verdict::Reject, Code::Harm));
    let evaluation = documents::evaluation(&better);
    let metrics = &evaluation["multiclass_classification_metrics"];
    assert!(metrics["confusion_matrix"]["owl"]["cat"].as_u64().is_some());
    assert!(metrics["weighted_precision"]["value"].as_f64().is_some_and(|value| value > 0.7));
    assert_eq!(better.metrics.challenger.as_ref().unwrap().value(Metric::LogLoss), None);

    let floors = vec![Floor { metric: Metric::MacroF1, worst: 0.75 }];
    let first = classes(&Policy { floors, ..multiclass() }, 1500, 1, 0.8, None);
    assert_eq!((first.verdict, codes(&first)[0].1), (Verdict::Promote, Code::FloorProven));
}

#[test]
fn equal_classifiers_are_rarely_told_apart() {
    let runs = 120;
    let count = |name, metric| {
        (0..runs)
            .filter(|&seed| {
                let judgement = classes(&multiclass(), 250, 40 + seed, 0.6, Some(0.6));
                judgement.test(name, metric).unwrap().p_value.unwrap() <= 0.05
            })
            .count()
    };
    // 6 are nominal and 13 lie three standard errors above.
    let (right, f1) =
        (count(TestName::McnemarMidP, Metric::Accuracy), count(TestName::Jackknife, Metric::MacroF1));
    assert!(right <= 13 && f1 <= 13, "{right} {f1} of {runs}");
}

#[test]
fn names_of_classes_meet_whatever_their_form_and_too_many_are_refused() {
    let mut judge = Judge::new(&multiclass(), Against::Nobody, 1).unwrap();
    for (label, prediction) in [("2", RowValue::Number(2.0)), ("2.0", "2".into()), (" a", "a ".into())] {
        judge
            .push(&PairedRow { label: label.into(), challenger: prediction, champion: None, columns: &[] })
            .unwrap();
    }
    // Whole numbers name the classes of a list, in the order of the list.
    let listed =
        PairedRow { label: "2".into(), challenger: "[0.1, 0.2 0.7]".into(), champion: None, columns: &[] };
    judge.push(&listed).unwrap();
    for bad in ["[0.5, 0.9]", "[a]", ""] {
        let unfit = judge.push(&PairedRow { challenger: bad.into(), ..listed }).unwrap_err();
        assert_eq!(unfit.part, RowPart::Challenger, "{bad}");
    }
    let mut refused = None;
    for class in 0..200 {
        let name = format!("class {class}");
        let row =
            PairedRow { label: name.as_str().into(), challenger: "a".into(), champion: None, columns: &[] };
        refused = refused.or(judge.push(&row).err());
    }
    assert!(refused.unwrap().to_string().contains("at most 100 classes"));
    let accuracy = judge.finish().metrics.challenger.unwrap();
    assert_eq!(accuracy.confusion_matrix["2"]["2"], 3);
}

#[test]
fn scores_under_the_names_of_classes_are_those_of_a_list() {
    use crate::{Contender, PairReader};
    let policy = Policy { classes: ["owl", "hawk"].map(str::to_owned).to_vec(), ..multiclass() };
    let judged = |answer: &str| {
        let mut judge = Judge::new(&policy, Against::Nobody, 1).unwrap();
        let line =
            format!("{{\"row\": \"a\", \"label\": \"owl\", \"SageMakerOutput\": {{\"score\": {answer}}}}}\n");
        let read = PairReader::new(Against::Nobody).push(Contender::Challenger, line.as_bytes(), &mut judge);
        read.map(|()| judge.finish())
    };
    let listed = judged("[0.25, 0.75]").unwrap();
    let log_loss = listed.metrics.challenger.as_ref().unwrap().value(Metric::LogLoss);
    assert_eq!(log_loss, Some(-0.25_f64.ln()));
    assert_eq!(judged(r#"{"hawk": 0.75, "owl": 0.25}"#).unwrap(), listed);
    for (answer, why) in [
        (r#"{"hawk": 1.0}"#, "those of gate.classes, each once"),
        (r#"{"hawk": 0.5, "owl": 0.2}"#, "scores of classes are probabilities"),
        (r#"{"hawk": "much"}"#, "invalid type"),
    ] {
        let error = judged(answer).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn average_precision_calibration_and_correlation_can_win_and_guard() {
    let metrics = [Metric::AveragePrecision, Metric::Mcc, Metric::BalancedAccuracy];
    let policy = Policy {
        superiority: Some(metrics.map(|metric| Superiority { metric, minimum_effect: 0.0 }).to_vec()),
        guards: Some(metrics.map(|metric| Guard { metric, margin: 0.05 }).to_vec()),
        resamples: 400,
        ..Policy::default()
    };
    let judgement = judged(&policy, &rows(3000, 1, 0.9, Some(0.4)));
    assert_eq!(judgement.verdict, Verdict::Promote, "{:#?}", judgement.reasons);
    assert!(judgement.tests.iter().filter(|t| t.name == TestName::Jackknife).all(|t| t.p_value.is_some()));
    let bins = &judgement.metrics.challenger.as_ref().unwrap().calibration;
    assert_eq!(bins.iter().map(|bin| bin.rows).sum::<u64>(), 3000);

    // The same ranks and the same decisions, but scores pressed towards the middle: only calibration is lost.
    let guards = Some(vec![Guard { metric: Metric::CalibrationError, margin: 0.02 }]);
    let mut pressed = rows(3000, 1, 0.9, Some(0.9));
    pressed.iter_mut().for_each(|row| row.champion = Some(row.challenger));
    pressed.iter_mut().for_each(|row| row.challenger = 0.5 + 0.2 * (row.challenger - 0.5));
    let lost = judged(&Policy { guards, resamples: 400, ..Policy::default() }, &pressed);
    assert_eq!(codes(&lost)[0], ("guard:calibration_error".to_owned(), Code::Harm), "{:#?}", lost.reasons);
}

/// Equal models under the jackknife of ranks and of calibration: no more is significant than may be.
#[test]
fn equal_models_are_rarely_told_apart_by_resampling() {
    let runs = 100;
    let metrics = [Metric::AveragePrecision, Metric::CalibrationError, Metric::Mcc];
    let superiority = metrics.map(|metric| Superiority { metric, minimum_effect: 0.0 }).to_vec();
    let policy = Policy {
        superiority: Some(superiority),
        guards: Some(Vec::new()),
        resamples: 200,
        ..Policy::default()
    };
    let mut significant = [0; 3];
    for seed in 0..runs {
        let judgement = judged(&policy, &rows(250, 50 + seed, 0.6, Some(0.6)));
        for (count, metric) in significant.iter_mut().zip(metrics) {
            let p = judgement.test(TestName::Jackknife, metric).unwrap().p_value.unwrap();
            *count += u32::from(p <= 0.05);
        }
    }
    // 5 are nominal and 12 lie three standard errors above.
    assert!(significant.iter().all(|&count| count <= 12), "{significant:?} of {runs}");
}
