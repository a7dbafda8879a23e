//! The gate from rows to verdict.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::rng::SplitMix64;
use super::*;

/// Rows whose scores follow the label with this strength (0 guesses, 1 knows).
fn rows(n: u64, seed: u64, challenger: f64, champion: Option<f64>) -> Vec<Row<'static>> {
    let mut rng = SplitMix64::new(seed);
    let mut unit = move || rng.next_u64() as f64 / u64::MAX as f64;
    (0..n)
        .map(|_| {
            let positive = unit() < 0.4;
            let mut score = |strength: f64| {
                let towards = if positive { 1.0 } else { 0.0 };
                strength * 0.5 * (towards - 0.5) + 0.25 + 0.5 * unit()
            };
            Row { positive, challenger: score(challenger), champion: champion.map(&mut score), columns: &[] }
        })
        .collect()
}

fn judged(policy: &Policy, rows: &[Row<'_>]) -> Judgement {
    let against = if rows.iter().any(|r| r.champion.is_some()) { Against::Champion } else { Against::Nobody };
    let mut judge = Judge::new(policy, against, 7).unwrap();
    rows.iter().for_each(|row| judge.push(row));
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
            ("superiority:accuracy".to_owned(), Code::Superior),
            ("guard:auc".to_owned(), Code::NonInferior),
            ("guard:accuracy".to_owned(), Code::NonInferior),
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
    assert_eq!(judgement.metrics.challenger.unwrap().auc, None);

    assert_eq!(judged(&Policy::default(), &[]).verdict, Verdict::NeedsApproval);
}

#[test]
fn a_first_model_is_judged_by_its_floors() {
    let first = rows(2000, 1, 0.7, None);
    let of = |policy: &Policy| judged(policy, &first);
    let unfloored = of(&Policy::default());
    assert_eq!(unfloored.verdict, Verdict::NeedsApproval);
    assert!(has(&unfloored, Code::NoFloors));
    let auc = unfloored.metrics.challenger.unwrap().auc.unwrap();

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
    let policy = Policy { superiority: vec![win(Metric::Auc), win(Metric::LogLoss)], ..Policy::default() };
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
    let whole = judged(&Policy::default(), &rows).metrics.challenger.unwrap().auc.unwrap();
    assert!((judgement.metrics.challenger.unwrap().auc.unwrap() - whole).abs() < 0.03);
}

#[test]
fn a_judgement_reads_back() {
    let judgement = judged(&with_floor(Metric::Auc, 0.5), &rows(500, 1, 0.9, Some(0.4)));
    let text = serde_json::to_string_pretty(&judgement).unwrap();
    assert_eq!(serde_json::from_str::<Judgement>(&text).unwrap(), judgement);
    let fault = PairError::MissingOutput { side: Side::Champion, line: 3, row: "a:3".into() };
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
        let rows: Vec<Row<'_>> = rows
            .into_iter()
            .map(|(positive, new, old)| Row {
                positive,
                challenger: f64::from(new) / 4.0,
                champion: Some(f64::from(old) / 4.0),
                columns: &[],
            })
            .collect();
        let policy = Policy { minimum_rows: minimum, minimum_rows_per_class: 5, ..Policy::default() };
        let mut judge = Judge::new(&policy, Against::Champion, 7).unwrap();
        rows.iter().for_each(|row| judge.push(row));
        let judgement = judge.finish();
        if judgement.verdict == Verdict::Promote {
            prop_assert!(judgement.rows >= minimum.max(10));
            prop_assert!(judgement.reasons.iter().all(|r| r.code.weight() >= Weight::Win));
            prop_assert!(judgement.tests.iter().any(|t| t.estimate.is_some_and(|e| e > 0.0)));
        }
    }
}
