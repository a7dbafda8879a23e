//! Every group against the most selected one.

use super::*;
use crate::fairness::GroupComparison;

/// A group: its name, its rows, and how often each model selects it.
struct Selected(&'static str, u64, f64, f64);

/// Labels are positive in half of the rows; the models agree as far as their shares allow, and the challenger
/// ranks better within each share.
fn judged_by(policy: &Policy, groups: &[Selected], seed: u64) -> Judgement {
    let mut judge = Judge::new(policy, Against::Champion, seed).unwrap();
    let mut rng = SplitMix64::new(seed);
    for &Selected(name, rows, old, new) in groups {
        for _ in 0..rows {
            let (positive, luck) = (rng.unit() < 0.5, rng.unit());
            // The two models do not select the same rows where shares are alike.
            let other_luck = if rng.unit() < 0.2 { rng.unit() } else { luck };
            let mut score = |selected: bool, strength: f64| {
                let within = (0.5 + if positive { strength } else { -strength } + 0.15 * rng.normal())
                    .clamp(0.0, 0.999);
                if selected { 0.5 + within / 2.0 } else { within / 2.0 }
            };
            let (challenger, champion) = (score(other_luck < new, 0.3), score(luck < old, 0.05));
            Scored { positive, challenger, champion: Some(champion) }.push(&[name], &mut judge);
        }
    }
    judge.finish()
}

fn policy(disadvantaged: Option<&str>) -> Policy {
    let groups = Groups { columns: vec!["g".into()], disadvantaged: disadvantaged.map(str::to_owned) };
    let fairness = FairnessPolicy { groups: vec![groups], ..Default::default() };
    Policy {
        fairness,
        guards: Some(Vec::new()),
        threshold_moved: Consequence::Warn,
        resamples: 400,
        ..Policy::default()
    }
}

fn of_fairness(judgement: &Judgement) -> Vec<(Code, String)> {
    let reasons =
        judgement.reasons.iter().filter(|it| matches!(it.check, Check::Fairness(..) | Check::Group(_)));
    reasons.map(|it| (it.code, it.text.clone())).collect()
}

fn comparison<'a>(judgement: &'a Judgement, group: &str) -> Option<&'a GroupComparison> {
    judgement.fairness["g"].comparisons.iter().find(|it| it.group == group)
}

#[test]
fn a_group_that_labels_favour_is_looked_at_too() {
    let groups =
        [Selected("a", 3000, 0.5, 0.5), Selected("b", 2000, 0.49, 0.3), Selected("c", 1500, 0.45, 0.45)];
    let judgement = judged_by(&policy(None), &groups, 1);
    assert_eq!(judgement.verdict, Verdict::Reject, "{:#?}", judgement.reasons);
    let found = of_fairness(&judgement);
    assert_eq!((found.len(), found[0].0), (1, Code::FairnessBroken), "{found:?}");
    let text = "less fair than the champion: DI of b to a, the most selected, is ";
    assert!(found[0].1.starts_with(text), "{found:?}");
    let b = comparison(&judgement, "b").unwrap();
    assert!((b.challenger.unwrap() - 0.3 / 0.5).abs() < 0.05 && (b.champion.unwrap() - 0.98).abs() < 0.05);
    assert!(b.adjusted_p_value.unwrap() > b.p_value.unwrap(), "Holm over both groups");
    assert!(comparison(&judgement, "a").is_none(), "the others are held against it");
    assert_eq!(comparison(&judgement, "c").unwrap().against.as_deref(), Some("a"));
    // Told by name, it is the same: all groups are held to the rules.
    let named = judged_by(&policy(Some("c")), &groups, 1);
    assert_eq!((named.verdict, of_fairness(&named)[0].0), (Verdict::Reject, Code::FairnessBroken));
    assert_eq!(named.fairness["g"].disadvantaged.as_deref(), Some("c"));
}

#[test]
fn what_eighty_rows_cannot_show_asks() {
    let fair = |rows| [Selected("maj", 6000, 0.5, 0.5), Selected("min", rows, 0.5, 0.5)];
    let few = judged_by(&policy(Some("min")), &fair(80), 3);
    assert_eq!(
        (few.verdict, of_fairness(&few)[0].0),
        (Verdict::NeedsApproval, Code::FairnessUndecided),
        "{few:#?}"
    );
    let many = judged_by(&policy(Some("min")), &fair(3000), 3);
    assert_eq!((many.verdict, of_fairness(&many)[0].0), (Verdict::Promote, Code::FairnessHeld), "{many:#?}");
    // A rule that only warns asks nobody.
    let mut warns = policy(Some("min"));
    warns.fairness.rules[0].action = Consequence::Warn;
    let told = judged_by(&warns, &fair(80), 3);
    assert_eq!((told.verdict, of_fairness(&told)[0].0), (Verdict::Promote, Code::FairnessWarning));
}

/// The ratio falls from 1.0 to 0.67 in 80 rows of a group: as good as never promoted.
#[test]
fn a_ratio_that_falls_in_a_small_group_is_not_promoted() {
    let runs = 60;
    let falls = [Selected("maj", 1500, 0.5, 0.5), Selected("min", 80, 0.5, 0.335)];
    let promoted = (0..runs).filter(|&seed| {
        judged_by(&Policy { resamples: 200, ..policy(Some("min")) }, &falls, 100 + seed).verdict
            == Verdict::Promote
    });
    // 2.5 % are 1.5; 5 lie three standard errors above.
    let promoted = promoted.count();
    assert!(promoted <= 5, "{promoted} of {runs}");
}

/// Both models select all groups alike, by chance not the same rows: Holm over all groups keeps the share of
/// judgements that see harm in any at its level.
#[test]
fn six_fair_groups_are_rarely_called_less_fair() {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let (runs, mut broken, mut alone) = (60, 0, 0);
    let policy = Policy { resamples: 400, ..policy(None) };
    for seed in 0..runs {
        let mut judge = Judge::new(&policy, Against::Champion, seed).unwrap();
        let mut rng = SplitMix64::new(7 + seed);
        for row in 0..900_usize {
            let mut score = || rng.unit();
            let row_of = Scored { positive: score() < 0.5, challenger: score(), champion: Some(score()) };
            row_of.push(&[NAMES[row % 6]], &mut judge);
        }
        let judgement = judge.finish();
        broken += u32::from(has(&judgement, Code::FairnessBroken));
        let p_values = judgement.fairness["g"].comparisons.iter().filter_map(|it| it.p_value);
        alone += u32::from(p_values.fold(1.0, f64::min) <= 0.05);
    }
    // 2.5 % are 1.5; 5 lie three standard errors above.
    assert!(broken <= 5, "{broken} of {runs}");
    assert!(alone >= 6, "without Holm only {alone} of {runs} would see a difference");
}

#[test]
fn groups_with_too_few_rows_are_told() {
    let groups = [Selected("a", 2000, 0.5, 0.5), Selected("b", 2000, 0.5, 0.5), Selected("x", 20, 0.5, 0.0)];
    let judgement = judged_by(&policy(None), &groups, 5);
    let left_out =
        of_fairness(&judgement).into_iter().find(|(code, _)| *code == Code::GroupsLeftOut).unwrap();
    assert!(left_out.1.contains("1 groups of g with 20 rows") && left_out.1.ends_with(": x"), "{left_out:?}");
    // Where only one group has enough, it is held against all others together.
    let alone = [Selected("a", 2000, 0.5, 0.2), Selected("x", 25, 0.5, 0.5), Selected("y", 45, 0.5, 0.5)];
    let mut policy = policy(None);
    policy.fairness.minimum_rows = 60;
    let judgement = judged_by(&policy, &alone, 5);
    assert_eq!(comparison(&judgement, "a").unwrap().against, None, "{:#?}", judgement.reasons);
}

#[test]
fn a_first_model_must_be_shown_to_be_acceptable() {
    let of = |rows: u64, share: f64| {
        let mut policy = policy(None);
        policy.floors = vec![Floor { metric: Metric::Auc, worst: 0.2 }];
        let mut judge = Judge::new(&policy, Against::Nobody, 7).unwrap();
        let mut rng = SplitMix64::new(7);
        for row in 0..rows {
            let (name, share) = if row % 2 == 0 { ("a", 0.5) } else { ("b", share) };
            let positive = rng.unit() < 0.5;
            let challenger = if rng.unit() < share { 0.9 } else { 0.1 } + rng.unit() / 100.0;
            Scored { positive, challenger, champion: None }.push(&[name], &mut judge);
        }
        of_fairness(&judge.finish())[0].0
    };
    assert_eq!(of(8000, 0.5), Code::FairnessHeld);
    assert_eq!(of(200, 0.45), Code::FairnessUndecided);
    assert_eq!(of(8000, 0.3), Code::FairnessBroken);
}
