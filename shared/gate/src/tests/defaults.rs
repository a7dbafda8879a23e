//! What wins and guards where the policy names nothing, and where scores begin to say yes.

use super::*;

/// Rows of which few are positive: both models rank alike, and the challenger's scores are pressed down by so
/// much.
fn pressed(rows: u64, share: f64, by: f64) -> Vec<Scored> {
    let mut rng = SplitMix64::new(11);
    (0..rows)
        .map(|_| {
            let positive = rng.unit() < share;
            let champion = (0.3 + 0.1 * rng.normal() + if positive { 0.2 } else { 0.0 }).clamp(0.001, 0.999);
            let logit = (champion / (1.0 - champion)).ln() - by;
            Scored { positive, challenger: 1.0 / (1.0 + (-logit).exp()), champion: Some(champion) }
        })
        .collect()
}

fn confusion(metrics: &Option<Metrics>) -> Confusion {
    metrics.as_ref().unwrap().confusion.unwrap()
}

#[test]
fn a_challenger_that_never_says_yes_is_not_promoted() {
    let judgement = judged(&Policy::default(), &pressed(8000, 0.03, 4.0));
    let (old, new) = (confusion(&judgement.metrics.champion), confusion(&judgement.metrics.challenger));
    assert!(old.true_positives > 80 && new.true_positives == 0, "{old:?} {new:?}");
    assert!(new.right() > old.right(), "accuracy rewards silence");
    assert_eq!(judgement.verdict, Verdict::Reject);
    let found = codes(&judgement);
    assert_eq!(found[0], ("guard:balanced_accuracy".to_owned(), Code::Harm));
    assert!(found.contains(&("threshold".to_owned(), Code::ThresholdAsks)), "{found:?}");
    assert!(found.iter().all(|(check, _)| !check.ends_with(":accuracy")), "{found:?}");
    let balance = judgement.reasons.iter().find(|reason| reason.check == Check::Balance).unwrap();
    assert!(balance.text.contains("fewer than 25.0 %: accuracy, which rewards silence"), "{}", balance.text);
}

#[test]
fn a_threshold_of_its_own_takes_the_alarm_away() {
    let rows = pressed(8000, 0.4, 1.0);
    let of = |thresholds: Option<Thresholds>| {
        let mut judge = Judge::new(&Policy::default(), Against::Champion, 7).unwrap();
        if let Some(thresholds) = thresholds {
            judge = judge.with_thresholds(thresholds).unwrap();
        }
        rows.iter().for_each(|row| row.push(&[], &mut judge));
        judge.finish()
    };
    assert!(has(&of(None), Code::ThresholdAsks));
    // Where the challenger's scores lie when the champion's lie at 0.4.
    let logit = (0.4_f64 / 0.6).ln();
    let own = 1.0 / (1.0 + (-(logit - 1.0)).exp());
    let judgement = of(Some(Thresholds { champion: 0.4, challenger: own }));
    assert!(!has(&judgement, Code::ThresholdAsks), "{:#?}", judgement.reasons);
    let (old, new) = (judgement.metrics.champion.unwrap(), judgement.metrics.challenger.unwrap());
    assert_eq!((old.threshold, new.threshold), (Some(0.4), Some(own)));
    assert_eq!(old.confusion, new.confusion);
    for wrong in [0.0, 1.0, f64::NAN] {
        let judge = Judge::new(&Policy::default(), Against::Champion, 7).unwrap();
        let refused = judge.with_thresholds(Thresholds { champion: 0.5, challenger: wrong });
        assert_eq!(refused.unwrap_err().field, "threshold");
    }
}

#[test]
fn a_trifle_of_the_ranking_does_not_hide_a_moved_threshold() {
    let mut rows = pressed(8000, 0.03, 4.0);
    for row in rows.iter_mut().filter(|row| row.positive).step_by(10) {
        row.challenger *= 1.01;
    }
    let judgement = judged(&Policy::default(), &rows);
    let ranking = judgement.test(TestName::Delong, Metric::Auc).unwrap();
    assert!(ranking.p_value.unwrap() < 0.05 && ranking.estimate.unwrap() < 0.001, "{ranking:?}");
    assert!(has(&judgement, Code::ThresholdAsks), "{:#?}", judgement.reasons);
}

#[test]
fn what_follows_a_moved_threshold_is_the_policys_choice() {
    let rows = pressed(8000, 0.4, 1.0);
    for (threshold_moved, code) in [
        (Consequence::Block, Code::ThresholdBlocks),
        (Consequence::Ask, Code::ThresholdAsks),
        (Consequence::Warn, Code::ThresholdWarning),
    ] {
        let policy = Policy { threshold_moved, ..Policy::default() };
        assert!(has(&judged(&policy, &rows), code));
    }
    // Where the ranking differs too, the model has changed and not its threshold.
    let judgement = judged(&Policy::default(), &super::rows(4000, 1, 0.9, Some(0.4)));
    assert!(judgement.reasons.iter().all(|reason| reason.check != Check::Threshold));
}

#[test]
fn what_a_policy_names_counts_whatever_the_shares() {
    let win = |metric| Superiority { metric, minimum_effect: 0.0 };
    let policy = Policy {
        superiority: Some(vec![win(Metric::Accuracy)]),
        guards: Some(Vec::new()),
        threshold_moved: Consequence::Warn,
        ..Policy::default()
    };
    let judgement = judged(&policy, &pressed(8000, 0.03, 4.0));
    assert_eq!(codes(&judgement)[0], ("superiority:accuracy".to_owned(), Code::Superior));
    assert!(!has(&judgement, Code::DefaultsChosen));
}

#[test]
fn copied_rows_ask() {
    // An honest gain on 600 rows is too small to win; the same rows five times over would.
    let rows = rows(600, 4, 0.62, Some(0.6));
    let once = judged(&Policy::default(), &rows);
    assert!(!has(&once, Code::CopiesAsk));
    let copied = rows.repeat(40);
    let warned = Policy {
        copies: policy::CopiesPolicy { action: Consequence::Warn, ..Default::default() },
        ..Policy::default()
    };
    let (silent, asked) = (judged(&warned, &copied), judged(&Policy::default(), &copied));
    assert!(has(&asked, Code::CopiesAsk) && asked.verdict != Verdict::Promote, "{:#?}", asked.reasons);
    assert_eq!((once.verdict, silent.verdict), (Verdict::Reject, Verdict::Promote), "{:#?}", silent.reasons);
    assert_eq!(asked.verdict, Verdict::NeedsApproval);
}
