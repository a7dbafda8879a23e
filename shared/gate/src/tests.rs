//! The gate from rows to verdict.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::policy::{
    Consequence, FairnessPolicy, FairnessRule, Floor, Groups, Measure, NamedSlice, SlicePolicy, Superiority,
};
use pawl_base::random::SplitMix64;

mod defaults;
mod groups;
mod levels;
mod reuse;
mod tasks;

/// A row of a binary classifier.
#[derive(Debug, Clone, Copy)]
struct Scored {
    positive: bool,
    challenger: f64,
    champion: Option<f64>,
}

impl Scored {
    fn push(self, columns: &[&str], judge: &mut Judge) {
        let Self { positive, challenger, champion } = self;
        let champion = champion.map(RowValue::from);
        judge
            .push(&PairedRow { label: positive.into(), challenger: challenger.into(), champion, columns })
            .unwrap();
    }
}

/// A row of numbers whose truth is 0, with both models' answers.
fn push_numbers(judge: &mut Judge, new: f64, old: f64) {
    let (challenger, champion) = (new.into(), Some(old.into()));
    judge.push(&PairedRow { label: 0.0.into(), challenger, champion, columns: &[] }).unwrap();
}

/// Rows whose scores follow the label with this strength (0 guesses, 1 knows).
fn rows(n: u64, seed: u64, challenger: f64, champion: Option<f64>) -> Vec<Scored> {
    let mut rng = SplitMix64::new(seed);
    let mut unit = move || rng.unit();
    (0..n)
        .map(|_| {
            let positive = unit() < 0.4;
            let mut score = |strength: f64| {
                let towards = if positive { 1.0 } else { 0.0 };
                strength * 0.5 * (towards - 0.5) + 0.25 + 0.5 * unit()
            };
            Scored { positive, challenger: score(challenger), champion: champion.map(&mut score) }
        })
        .collect()
}

fn judged(policy: &Policy, rows: &[Scored]) -> Judgement {
    let against = if rows.iter().any(|r| r.champion.is_some()) { Against::Champion } else { Against::Nobody };
    let mut judge = Judge::new(policy, against, 7).unwrap();
    rows.iter().for_each(|row| row.push(&[], &mut judge));
    judge.finish()
}

fn codes(judgement: &Judgement) -> Vec<(String, Code)> {
    judgement.reasons.iter().map(|r| (r.check.to_string(), r.code)).collect()
}

fn has(judgement: &Judgement, code: Code) -> bool {
    judgement.reasons.iter().any(|r| r.code == code)
}

fn with_floor(metric: Metric, worst: f64) -> Policy {
    Policy { floors: vec![Floor { metric, worst }], ..Policy::default() }
}

#[test]
fn a_better_challenger_is_promoted() {
    let judgement = judged(&Policy::default(), &rows(4000, 1, 0.9, Some(0.4)));
    assert_eq!(judgement.verdict, Verdict::Promote, "{:#?}", judgement.reasons);
    assert_eq!(
        codes(&judgement),
        [
            ("superiority:auc".to_owned(), Code::Superior),
            ("superiority:log_loss".to_owned(), Code::Superior),
            ("guard:auc".to_owned(), Code::NonInferior),
            ("guard:balanced_accuracy".to_owned(), Code::NonInferior),
            ("guard:accuracy".to_owned(), Code::NonInferior),
            ("balance".to_owned(), Code::DefaultsChosen),
        ]
    );
    let delong = judgement.test(TestName::Delong, Metric::Auc).unwrap();
    assert!(delong.estimate.unwrap() > 0.1 && delong.p_value.unwrap() < 1e-9 && delong.n == 4000);
}

#[test]
fn a_worse_challenger_harms() {
    let judgement = judged(&Policy::default(), &rows(4000, 1, 0.4, Some(0.9)));
    assert_eq!(judgement.verdict, Verdict::Reject);
    assert_eq!(codes(&judgement)[0], ("guard:auc".to_owned(), Code::Harm));
}

#[test]
fn the_same_model_is_not_superior() {
    let mut same = rows(4000, 1, 0.6, Some(0.6));
    same.iter_mut().for_each(|r| r.champion = Some(r.challenger));
    let judgement = judged(&Policy::default(), &same);
    assert_eq!(judgement.verdict, Verdict::Reject);
    assert_eq!(codes(&judgement)[0], ("win".to_owned(), Code::NotSuperior));
    assert!(!has(&judgement, Code::Undefined) && !has(&judgement, Code::Harm));
}

#[test]
fn too_little_decides_nothing_however_good_it_looks() {
    let judgement = judged(&Policy::default(), &rows(150, 1, 1.0, Some(0.1)));
    assert_eq!(judgement.verdict, Verdict::NeedsApproval);
    assert_eq!(codes(&judgement)[0], ("rows".to_owned(), Code::TooFewRows));

    let mut one_class = rows(1000, 1, 0.9, Some(0.4));
    one_class.retain(|r| r.positive);
    let judgement = judged(&Policy::default(), &one_class);
    assert_eq!(judgement.verdict, Verdict::NeedsApproval);
    assert!(has(&judgement, Code::TooFewOfOneClass) && has(&judgement, Code::Undefined));
    assert_eq!(judgement.metrics.challenger.unwrap().value(Metric::Auc), None);

    assert_eq!(judged(&Policy::default(), &[]).verdict, Verdict::NeedsApproval);
}

#[test]
fn a_first_model_is_judged_by_its_floors() {
    let first = rows(2000, 1, 0.7, None);
    let of = |policy: &Policy| judged(policy, &first);
    let unfloored = of(&Policy::default());
    assert_eq!(unfloored.verdict, Verdict::NeedsApproval);
    assert!(has(&unfloored, Code::NoFloors));
    let auc = unfloored.metrics.challenger.unwrap().value(Metric::Auc).unwrap();

    let proven = of(&with_floor(Metric::Auc, auc - 0.05));
    assert_eq!((proven.verdict, has(&proven, Code::FloorProven)), (Verdict::Promote, true));
    let unproven = of(&with_floor(Metric::Auc, auc - 0.001));
    assert_eq!((unproven.verdict, has(&unproven, Code::FloorUnproven)), (Verdict::NeedsApproval, true));
    let broken = of(&with_floor(Metric::Auc, auc + 0.001));
    assert_eq!((broken.verdict, has(&broken, Code::FloorBroken)), (Verdict::Reject, true));
    assert_eq!(of(&with_floor(Metric::LogLoss, 0.9)).verdict, Verdict::Promote);
    assert_eq!(of(&with_floor(Metric::Brier, 0.01)).verdict, Verdict::Reject);
}

#[test]
fn a_floor_binds_a_winner_too() {
    let judgement = judged(&with_floor(Metric::Accuracy, 0.999), &rows(4000, 1, 0.9, Some(0.4)));
    assert_eq!(judgement.verdict, Verdict::Reject);
    assert_eq!(codes(&judgement)[0], ("floor:accuracy".to_owned(), Code::FloorBroken));
}

#[test]
fn a_gain_below_the_minimum_effect_is_no_win() {
    let win = |metric| Superiority { metric, minimum_effect: 0.9 };
    let policy =
        Policy { superiority: Some(vec![win(Metric::Auc), win(Metric::LogLoss)]), ..Policy::default() };
    let judgement = judged(&policy, &rows(4000, 1, 0.9, Some(0.4)));
    assert_eq!(judgement.verdict, Verdict::Reject);
    assert!(has(&judgement, Code::GainTooSmall) && has(&judgement, Code::NotSuperior));
}

#[test]
fn above_the_cap_a_sample_is_drawn_and_said() {
    let policy = Policy { sample_above: 1000, ..Policy::default() };
    let rows = rows(3000, 1, 0.9, Some(0.4));
    let judgement = judged(&policy, &rows);
    assert_eq!(judgement.sample, Some(Sample { kept: 1000, of: 3000, seed: 7 }));
    assert_eq!(judgement.test(TestName::Delong, Metric::Auc).unwrap().n, 1000);
    assert_eq!(judgement.test(TestName::McnemarMidP, Metric::Accuracy).unwrap().n, 3000);
    assert_eq!(judged(&policy, &rows), judgement);
    let auc = |judgement: Judgement| judgement.metrics.challenger.unwrap().value(Metric::Auc).unwrap();
    let whole = auc(judged(&Policy::default(), &rows));
    assert!((auc(judgement) - whole).abs() < 0.03);
}

#[test]
fn a_judgement_reads_back() {
    let judgement = judged(&with_floor(Metric::Auc, 0.5), &rows(500, 1, 0.9, Some(0.4)));
    let text = serde_json::to_string_pretty(&judgement).unwrap();
    assert_eq!(serde_json::from_str::<Judgement>(&text).unwrap(), judgement);
    let fault = PairError::MissingOutput { side: Contender::Champion, line: 3, row: "a:3".into() };
    let unusable = Judgement::unusable(&Policy::default(), 1, &fault);
    assert_eq!(unusable.verdict, Verdict::NeedsApproval);
    assert_eq!(codes(&unusable), [("input".to_owned(), Code::UnusableInput)]);
}

proptest! {
    /// Whatever the rows: a promotion rests on enough rows of both classes and a positive gain.
    #[test]
    fn nothing_promotes_by_accident(
        rows in prop::collection::vec((any::<bool>(), 0_u8..=4, 0_u8..=4), 0..400),
        minimum in 0_u64..100,
    ) {
        let rows: Vec<Scored> = rows
            .into_iter()
            .map(|(positive, new, old)| Scored {
                positive,
                challenger: f64::from(new) / 4.0,
                champion: Some(f64::from(old) / 4.0),
            })
            .collect();
        let policy =
            Policy { minimum_rows: minimum, minimum_rows_per_class: 5, resamples: 200, ..Policy::default() };
        let mut judge = Judge::new(&policy, Against::Champion, 7).unwrap();
        rows.iter().for_each(|row| row.push(&[], &mut judge));
        let judgement = judge.finish();
        if judgement.verdict == Verdict::Promote {
            prop_assert!(judgement.rows >= minimum.max(10));
            prop_assert!(judgement.reasons.iter().all(|r| r.code.weight() >= Weight::Win));
            prop_assert!(judgement.tests.iter().any(|t| t.estimate.is_some_and(|e| e > 0.0)));
        }
    }
}

/// Two models that are equally good, 400 times: no more than the nominal 2.5 % (one side of 5 %) is
/// promoted, and no test is significant more often than it may be.
#[test]
fn equal_models_are_rarely_promoted() {
    let runs = 400;
    let win = |metric| Superiority { metric, minimum_effect: 0.0 };
    let policy = Policy {
        superiority: Some([Metric::Auc, Metric::Accuracy, Metric::LogLoss].map(win).to_vec()),
        guards: Some(Vec::new()),
        ..Policy::default()
    };
    let (mut promoted, mut significant) = (0, [0; 4]);
    for seed in 0..runs {
        let judgement = judged(&policy, &rows(300, 1_000_003 * seed, 0.6, Some(0.6)));
        promoted += u32::from(judgement.verdict == Verdict::Promote);
        let tests = [
            (TestName::Delong, Metric::Auc),
            (TestName::McnemarMidP, Metric::Accuracy),
            (TestName::McnemarExact, Metric::Accuracy),
            (TestName::PairedT, Metric::LogLoss),
        ];
        for (count, (name, metric)) in significant.iter_mut().zip(tests) {
            *count += u32::from(judgement.test(name, metric).unwrap().p_value.unwrap() <= 0.05);
        }
    }
    // Three standard errors above 10 and 20.
    assert!(promoted <= 19, "{promoted} of {runs} promoted");
    assert!(significant.iter().all(|&count| count <= 33), "{significant:?} of {runs}");
}

/// Days that share their luck: rows of a day rise and fall together. Over them the jackknife of clusters keeps
/// its level, while McNemar, which takes rows for independent, does not.
#[test]
fn clusters_keep_the_level_where_rows_depend() {
    let days: Vec<String> = (0..40).map(|day| format!("d{day}")).collect();
    let policy = Policy { cluster: Some("day".into()), resamples: 200, ..Policy::default() };
    let runs = 120;
    let (mut clustered, mut mcnemar) = (0, 0);
    for seed in 0..runs {
        let mut rng = SplitMix64::new(seed);
        let mut unit = move || rng.unit();
        let mut judge = Judge::new(&policy, Against::Champion, seed).unwrap();
        for day in &days {
            let luck = unit();
            for _ in 0..15 {
                let positive = unit() < 0.5;
                let right = |chance: f64| if chance < luck { 0.9 } else { 0.4 };
                let (new, old) = if unit() < 0.5 { (right(0.5), right(2.0)) } else { (0.6, 0.6) };
                let towards = |score: f64| if positive { score } else { 1.0 - score };
                let (new, old) = if luck < 0.5 { (new, 0.8) } else { (0.8, old) };
                Scored { positive, challenger: towards(new), champion: Some(towards(old)) }
                    .push(&[day], &mut judge);
            }
        }
        let judgement = judge.finish();
        let significant = |name| judgement.test(name, Metric::Accuracy).unwrap().p_value.unwrap() <= 0.05;
        clustered += u32::from(significant(TestName::ClusterJackknife));
        mcnemar += u32::from(significant(TestName::McnemarMidP));
    }
    // 6 are nominal and 13 lie three standard errors above.
    assert!(clustered <= 13, "{clustered} of {runs}");
    assert!(mcnemar >= 36, "{mcnemar} of {runs}");
}

#[test]
fn the_less_fair_challenger_is_blocked_asked_about_or_told() {
    // Both rank alike; the challenger selects group d far less often.
    let fairness = |action| {
        let rule = FairnessRule { measure: Measure::Di, acceptable: Some(0.8), tolerance: 0.0, action };
        let groups = Groups { columns: vec!["group".into()], disadvantaged: Some("d".into()) };
        FairnessPolicy { groups: vec![groups], rules: vec![rule], ..Default::default() }
    };
    let of = |policy: &Policy, harsh: f64| {
        let mut judge = Judge::new(policy, Against::Champion, 7).unwrap();
        for (at, row) in rows(4000, 1, 0.9, Some(0.4)).into_iter().enumerate() {
            let group = if at % 3 == 0 { "d" } else { "a" };
            let challenger =
                if group == "d" && at % 2 == 0 { row.challenger * harsh } else { row.challenger };
            Scored { challenger, ..row }.push(&[group], &mut judge);
        }
        judge.finish()
    };
    let policy = |action| Policy { fairness: fairness(action), ..Policy::default() };
    let blocked = of(&policy(Consequence::Block), 0.1);
    assert_eq!((blocked.verdict, has(&blocked, Code::FairnessBroken)), (Verdict::Reject, true));
    let asked = of(&policy(Consequence::Ask), 0.1);
    assert!(has(&asked, Code::FairnessAsks) && asked.verdict != Verdict::Promote);
    let told = of(&policy(Consequence::Warn), 0.1);
    assert!(has(&told, Code::FairnessWarning));
    let fair = of(&policy(Consequence::Block), 1.0);
    assert_eq!((fair.verdict, has(&fair, Code::FairnessHeld)), (Verdict::Promote, true));

    let mut absent = policy(Consequence::Block);
    absent.fairness.groups[0].disadvantaged = Some("nobody".into());
    let absent = of(&absent, 1.0);
    assert_eq!((absent.verdict, has(&absent, Code::GroupTooSmall)), (Verdict::NeedsApproval, true));

    let analysis = documents::analysis(&blocked, "y");
    let facet = &analysis["post_training_bias_metrics"]["facets"]["group"][0];
    assert_eq!(facet["value_or_threshold"], "d");
    let names: Vec<_> = facet["metrics"].as_array().unwrap().iter().map(|m| m["name"].clone()).collect();
    assert!(names.contains(&"DPPL".into()) && names.contains(&"DCAcc".into()), "{names:?}");
    assert_eq!(analysis["pre_training_bias_metrics"]["label_value_or_threshold"], "1");
}

#[test]
fn a_lost_slice_is_found_and_a_named_one_must_be_there() {
    let slices = |named: &[&str]| SlicePolicy {
        columns: vec!["region".into()],
        named: named
            .iter()
            .map(|value| NamedSlice { column: "region".into(), value: (*value).into() })
            .collect(),
        ..SlicePolicy::default()
    };
    let of = |slices: SlicePolicy| {
        let policy = Policy { slices, ..Policy::default() };
        let mut judge = Judge::new(&policy, Against::Champion, 7).unwrap();
        for (at, row) in rows(6000, 1, 0.9, Some(0.4)).into_iter().enumerate() {
            let region = if at % 15 == 0 { "sea" } else { ["north", "south", "east", "west"][at % 4] };
            let challenger = if region == "sea" { 1.0 - row.challenger } else { row.challenger };
            Scored { challenger, ..row }.push(&[region], &mut judge);
        }
        judge.finish()
    };
    let found = of(slices(&["north"]));
    assert_eq!(found.verdict, Verdict::NeedsApproval, "{:#?}", found.reasons);
    assert!(found.reasons.iter().any(|r| r.check == Check::Slice("region=sea".into())));
    assert_eq!(found.slices[0].slice, "region=sea");
    assert!(found.slices[0].change < 0.0 && found.slices.len() == 5);
    assert!(has(&of(slices(&["moon"])), Code::SliceTooSmall));
}

#[test]
fn registry_documents_carry_sagemakers_names() {
    let judgement = judged(&Policy::default(), &rows(500, 1, 0.9, Some(0.4)));
    let evaluation = documents::evaluation(&judgement);
    let metrics = &evaluation["binary_classification_metrics"];
    let challenger = judgement.metrics.challenger.as_ref().unwrap();
    assert_eq!(metrics["auc"]["value"].as_f64(), challenger.value(Metric::Auc));
    assert_eq!(metrics["f1"]["value"].as_f64(), challenger.value(Metric::F1));
    assert_eq!(metrics["auc"]["standard_deviation"], "NaN");
    assert_eq!(metrics["confusion_matrix"]["1"]["0"], challenger.confusion.unwrap().false_negatives);
    let empty = documents::evaluation(&judged(&Policy::default(), &[]));
    assert_eq!(empty["binary_classification_metrics"]["accuracy"]["value"], "NaN");
}
