//! The rule: enough data, significant, material; and nothing else passes as either verdict.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod around;
mod blind_spots;
mod changes;
mod rows;

use proptest::prelude::*;

use super::*;
use pawl_data::profile::TypeCounts;
use pawl_data::profile::bins::{Baseline, BaselineColumn, BinCounts, Bins};

fn counts(bins: &[u64]) -> BinCounts {
    let rows = bins.iter().sum();
    BinCounts {
        bins: bins.to_vec(),
        types: TypeCounts { fractional: rows, ..Default::default() },
        ..Default::default()
    }
}

/// Read from JSON as documents are: fields that only the profile needs may be absent.
fn column(name: &str, bins: &Bins, counts: &BinCounts) -> BaselineColumn {
    let column = serde_json::json!({
        "name": name, "bins": bins, "counts": counts, "std_dev": 1.25, "known": [],
    });
    serde_json::from_value(column).unwrap()
}

fn numeric(name: &str, bins: &[u64]) -> BaselineColumn {
    let edges = (0..=bins.len()).map(|edge| edge as f64).collect();
    column(name, &Bins::Numeric { edges }, &counts(bins))
}

fn baseline(columns: Vec<BaselineColumn>) -> Baseline {
    let rows = columns.first().map_or(0, |column| column.counts.rows());
    Baseline { rows, columns, ..Baseline::NOTHING }
}

fn one(column: BaselineColumn, current: BinCounts) -> Drift {
    let name = column.name.clone();
    let baseline = baseline(vec![column]);
    let batch = [(name.clone(), current)];
    compare(&inputs(&baseline, &batch, &[name], None), &Policy::default())
}

fn on(drift: &Drift, axis: Axis) -> &Finding {
    drift.columns.iter().find(|finding| finding.axis == axis).unwrap()
}

#[test]
fn the_same_shape_is_quiet_and_says_what_it_would_have_seen() {
    let drift = one(numeric("temp", &[1000; 4]), counts(&[250, 251, 249, 250]));
    assert_eq!(drift.verdict, Verdict::None);
    assert_eq!(drift.columns.len(), 4);
    for finding in &drift.columns {
        assert!(finding.detectable.minimum.unwrap() > 0.0, "{finding:?}");
    }
    let shape = on(&drift, Axis::Shape);
    assert_eq!(shape.detectable.unit, Some(EffectUnit::Sigma));
    assert!((0.1..0.3).contains(&shape.detectable.minimum.unwrap()));
}

#[test]
fn a_large_sample_that_moved_a_little_is_significant_but_not_material() {
    let drift = one(numeric("temp", &[250_000; 4]), counts(&[260_000, 250_000, 250_000, 240_000]));
    let shape = on(&drift, Axis::Shape);
    assert!(shape.evidence.q_value.unwrap() < 1e-10);
    assert_eq!(shape.verdict, Verdict::None);
    assert!(shape.reason.starts_with("Moved for sure, but too little to matter"), "{}", shape.reason);
}

#[test]
fn few_rows_are_insufficient_on_either_side_however_far_they_moved() {
    let moved = one(numeric("temp", &[1000; 4]), counts(&[0, 0, 0, 199]));
    assert_eq!(moved.verdict, Verdict::InsufficientData);
    let thin_baseline = one(numeric("temp", &[25; 4]), counts(&[10_000, 0, 0, 0]));
    assert_eq!(thin_baseline.verdict, Verdict::InsufficientData);
    let none = one(numeric("temp", &[1000; 4]), counts(&[0; 4]));
    assert_eq!(none.verdict, Verdict::InsufficientData);
    assert_eq!(none.tests, 0);
}

#[test]
fn each_axis_sees_its_own_fault() {
    let healthy = [250, 250, 250, 250];
    let mut missing = counts(&[200, 200, 200, 200]);
    (missing.missing, missing.nan) = (100, 100);
    let mut outside = counts(&healthy);
    (outside.above, outside.pos_inf) = (30, 10);
    let mut text = counts(&healthy);
    (text.unseen, text.types.string) = (200, 200);
    for (current, axis) in [
        (missing, Axis::Missingness),
        (outside, Axis::Unseen),
        (counts(&[500, 300, 150, 50]), Axis::Shape),
        (text, Axis::TypeMix),
    ] {
        let drift = one(numeric("temp", &[1000; 4]), current);
        assert_eq!(on(&drift, axis).verdict, Verdict::Drift, "{axis:?}: {drift:#?}");
        assert_eq!(drift.verdict, Verdict::Drift);
        assert!(drift.reasons[0].starts_with("temp, "));
    }
}

#[test]
fn a_column_that_is_empty_drifts_by_missingness_while_its_shape_is_insufficient() {
    let empty = BinCounts { bins: vec![0; 4], missing: 1000, ..Default::default() };
    let drift = one(numeric("temp", &[1000; 4]), empty);
    assert_eq!(on(&drift, Axis::Missingness).verdict, Verdict::Drift);
    assert_eq!(on(&drift, Axis::Shape).verdict, Verdict::InsufficientData);
    assert_eq!(drift.verdict, Verdict::Drift);
}

#[test]
fn whole_numbers_among_fractions_are_no_change_of_type_but_fractions_among_whole_ones_are() {
    let mut column = numeric("windspeed", &[1000; 4]);
    column.counts.types = TypeCounts { integral: 400, fractional: 3600, ..Default::default() };
    let mut calm = counts(&[250; 4]);
    calm.types = TypeCounts { integral: 500, fractional: 500, ..Default::default() };
    assert_eq!(on(&one(column.clone(), calm.clone()), Axis::TypeMix).verdict, Verdict::None);
    column.counts.types = TypeCounts { integral: 4000, ..Default::default() };
    assert_eq!(on(&one(column, calm), Axis::TypeMix).verdict, Verdict::Drift);
}

#[test]
fn categories_that_the_baseline_never_saw_are_told() {
    let bins = Bins::Categorical { values: vec!["clear".into(), "mist".into(), "rain".into()] };
    let string = |rows| TypeCounts { string: rows, ..Default::default() };
    let counts = BinCounts { bins: vec![2000, 900, 100], types: string(3000), ..Default::default() };
    let column = column("weather", &bins, &counts);
    let current =
        BinCounts { bins: vec![600, 270, 30], unseen: 60, types: string(960), ..Default::default() };
    let drift = one(column, current);
    assert_eq!(on(&drift, Axis::Unseen).verdict, Verdict::Drift);
    assert!(on(&drift, Axis::Shape).scores.ks.is_none());
}

/// 200 values about equally common: the top 50 of the baseline were the luckiest, the values it
/// saw once are no smaller a part of the new data, and neither is drift.
#[test]
fn many_rare_categories_are_no_drift() {
    let values: Vec<String> = (0..50).map(|value| value.to_string()).collect();
    let mut base = counts(&[8; 50]);
    base.other = 600;
    let mut column = column("shop", &Bins::Categorical { values }, &base);
    column.known = Some((0..150).collect());
    let mut current = counts(&[5; 50]);
    (current.other, current.unseen) = (650, 100);
    let drift = one(column.clone(), current.clone());
    assert_eq!(drift.verdict, Verdict::None, "{:?}", drift.reasons);
    current.unseen = 400;
    assert_eq!(on(&one(column.clone(), current.clone()), Axis::Unseen).verdict, Verdict::Drift);
    // A baseline of too many values cannot tell unseen from rare, and says nothing of it.
    column.known = None;
    assert!(one(column, current).columns.iter().all(|finding| finding.axis != Axis::Unseen));
}

#[test]
fn what_cannot_be_compared_fails_closed() {
    let baseline = baseline(vec![numeric("temp", &[1000; 4])]);
    let batch = [("temp".to_owned(), counts(&[250; 4])), ("hum".to_owned(), counts(&[250; 4]))];
    let policy = Policy::default();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();

    let nothing = compare(&[], &policy);
    assert_eq!((nothing.verdict, nothing.features), (Verdict::InsufficientData, Verdict::InsufficientData));
    assert_eq!(nothing.reasons, ["No column was named to compare."]);

    let absent = compare(&inputs(&baseline, &batch, &names(&["temp", "hum"]), Some("cnt")), &policy);
    assert_eq!(absent.verdict, Verdict::InsufficientData);
    assert_eq!(absent.label, Some(Verdict::InsufficientData));
    assert!(absent.reasons[0].contains("The baseline has no such column."), "{:?}", absent.reasons);

    let other_bins = [("temp".to_owned(), counts(&[500; 2]))];
    let misfit = compare(&inputs(&baseline, &other_bins, &names(&["temp"]), None), &policy);
    assert_eq!(misfit.verdict, Verdict::InsufficientData);

    let bad = Policy { psi_warn: f64::NAN, ..policy };
    let refused = compare(&inputs(&baseline, &batch, &names(&["temp"]), None), &bad);
    assert_eq!(refused.verdict, Verdict::InsufficientData);
    assert!(refused.reasons[0].starts_with("drift.psi_warn is NaN"));
}

#[test]
fn the_label_is_marked_and_counted_apart() {
    let baseline = baseline(vec![numeric("temp", &[1000; 4]), numeric("cnt", &[1000; 4])]);
    let batch = [("temp".to_owned(), counts(&[250; 4])), ("cnt".to_owned(), counts(&[100, 200, 300, 400]))];
    let features = ["temp".to_owned()];
    let drift = compare(&inputs(&baseline, &batch, &features, Some("cnt")), &Policy::default());
    assert_eq!((drift.features, drift.label), (Verdict::None, Some(Verdict::Drift)));
    assert_eq!(drift.verdict, Verdict::Drift);
    assert_eq!(drift.predictions, None);
}

#[test]
fn the_document_reads_as_people_expect() {
    let mut current = counts(&[100, 150, 250, 500]);
    current.missing = 20;
    let drift = one(numeric("temp", &[1000; 4]), current);
    insta::assert_json_snapshot!(drift);
    let text = serde_json::to_string(&drift).unwrap();
    assert_eq!(serde_json::from_str::<Drift>(&text).unwrap(), drift);
}

proptest! {
    #[test]
    fn any_counts_give_a_document_with_finite_scores_that_reads_back(
        base in prop::collection::vec(0u64..5000, 1..12),
        cur in prop::collection::vec(0u64..5000, 1..12),
        extra in prop::collection::vec(0u64..400, 6),
    ) {
        let mut current = counts(&cur);
        current.bins.resize(base.len(), 0);
        (current.below, current.above, current.nan) = (extra[0], extra[1], extra[2]);
        (current.missing, current.unseen, current.neg_inf) = (extra[3], extra[4], extra[5]);
        let drift = one(numeric("x", &base), current);
        for finding in &drift.columns {
            let (evidence, scores) = (&finding.evidence, &finding.scores);
            let share = finding.share.current;
            for score in [evidence.p_value, evidence.q_value, scores.psi, scores.ks, share] {
                prop_assert!(score.is_none_or(f64::is_finite), "{finding:?}");
            }
            prop_assert!(!finding.reason.is_empty());
            if finding.verdict == Verdict::None {
                prop_assert!(finding.evidence.m >= 200 && finding.evidence.q_value.is_some());
            }
        }
        let text = serde_json::to_string(&drift).unwrap();
        prop_assert_eq!(serde_json::from_str::<Drift>(&text).unwrap(), drift);
    }

    #[test]
    fn swapping_bins_of_a_category_changes_nothing_but_the_order(
        counts_of in prop::collection::vec((0u64..900, 0u64..900), 2..9),
    ) {
        let build = |cells: &[(u64, u64)]| table::ContingencyTable {
            cells: cells
                .iter()
                .map(|&(baseline, current)| CountedBin { bin: String::new(), baseline, current })
                .collect(),
        };
        let mut reversed = counts_of.clone();
        reversed.reverse();
        let (a, b) = (scores::psi(&build(&counts_of)), scores::psi(&build(&reversed)));
        prop_assert!(a.zip(b).is_none_or(|(a, b)| (a - b).abs() <= 1e-12 * a.abs().max(1.0)));
        prop_assert_eq!(a.is_some(), b.is_some());
    }
}
