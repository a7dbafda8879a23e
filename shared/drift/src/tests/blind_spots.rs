//! What must not be overlooked: no column without a word, no silence where a sketch begins or values are many.

use pawl_base::random::SplitMix64;
use pawl_data::dataset::{Scanner, Schema};
use pawl_data::profile::Profile;
use pawl_data::profile::bins::Baseline;

use super::*;
use crate::files::{ColumnSelection, ComparedSide, compare_files, count_exactly};

/// How the baseline is known.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    /// By one pass: by a sketch, where its values are many.
    Once,
    /// By a second pass, in its own bins.
    Exactly,
}

fn data(text: &str, frozen: Option<&Baseline>) -> ComparedSide {
    let mut scanner = Scanner::new(&Schema::default());
    if let Some(frozen) = frozen {
        scanner = scanner.with_baseline(frozen);
    }
    scanner.feed(text.as_bytes(), &mut ()).unwrap();
    ComparedSide::Data(Box::new(scanner.finish(&mut ()).unwrap()))
}

fn judge(before: &str, after: &str, known: Known, choice: &ColumnSelection) -> Drift {
    let baseline = data(before, None);
    let mut frozen = baseline.freeze();
    if known == Known::Exactly
        && let ComparedSide::Data(scan) = data(before, Some(&frozen))
    {
        count_exactly(&mut frozen, &scan);
        assert!(!frozen.is_sketched());
    }
    compare_files(&baseline, &frozen, &data(after, Some(&frozen)), choice, &Policy::default()).unwrap()
}

fn of_files(before: &str, after: &str) -> Drift {
    judge(before, after, Known::Exactly, &ColumnSelection::default())
}

fn column(name: &str, rows: usize, mut value: impl FnMut(usize) -> String) -> String {
    (0..rows).fold(format!("{name}\n"), |text, row| text + &value(row) + "\n")
}

fn why(drift: &Drift, name: &str) -> Vec<(Option<Axis>, NoVerdict)> {
    drift.not_judged.iter().filter(|it| it.name == name).map(|it| (it.axis, it.why)).collect()
}

fn verdict(drift: &Drift, name: &str, axis: Axis) -> Verdict {
    let found = drift.columns.iter().find(|it| it.name == name && it.axis == axis);
    found.unwrap_or_else(|| panic!("{name}: {drift:#?}")).verdict
}

/// An example of `../shared/cases/statistics`, where it lies on this machine.
fn example(name: &str) -> Option<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases/statistics/");
    let text = std::fs::read_to_string(format!("{folder}{name}.csv")).ok();
    if text.is_none() {
        println!("skipped: ../shared is absent");
    }
    text
}

#[test]
fn an_income_in_whole_units_is_no_identifier() {
    let mut random = SplitMix64::new(4);
    let mut income = |times: f64| (times * 60_000.0 * (0.4 * random.normal()).exp()).round().to_string();
    let before = column("income", 2000, |_| income(1.0));
    let drift = of_files(&before, &column("income", 2000, |_| income(2.0)));
    assert_eq!(verdict(&drift, "income", Axis::Shape), Verdict::Drift, "{:?}", drift.reasons);
    let (Some(before), Some(after)) = (example("r4_base"), example("r4_cur")) else { return };
    let drift = of_files(&before, &after);
    assert_eq!(drift.drifting().into_iter().collect::<Vec<_>>(), ["income"], "{:?}", drift.reasons);
}

#[test]
fn every_column_of_either_side_has_a_verdict_or_the_reason_why_not() {
    let header = "id,serial,token,income,day,empty,gone,old,town";
    let row = |row: usize, more: usize| {
        let at = row + more;
        let token = format!("t{:x}", (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        format!("{},{at},{token},{},2012-01-{:02},", at * 7919 % 1_000_003, at * 7919 % 99_991, at % 28 + 1)
    };
    let before = (0..1000).map(|it| row(it, 0) + &format!(",1,a{},Rome\n", it % 3)).collect::<String>();
    let after = (0..1000).map(|it| row(it, 5000) + &format!("{},a{},Rome\n", it % 2, it % 3));
    let before = format!("{header}\n{before}");
    let after = format!("id,serial,token,income,day,empty,old,new\n{}", after.collect::<String>());
    let choice = ColumnSelection { ignore: vec!["old".into()], ..ColumnSelection::default() };
    let drift = judge(&before, &after, Known::Exactly, &choice);
    for name in ["id", "serial", "token"] {
        assert_eq!(why(&drift, name), [(None, NoVerdict::Identifier)], "{name}");
    }
    assert_eq!(why(&drift, "day"), [(Some(Axis::Shape), NoVerdict::Time)]);
    assert_eq!(verdict(&drift, "day", Axis::Missingness), Verdict::None);
    assert_eq!(verdict(&drift, "empty", Axis::Missingness), Verdict::Drift, "it is filled now");
    assert_eq!(why(&drift, "gone"), [(Some(Axis::Shape), NoVerdict::InsufficientData)]);
    assert_eq!(why(&drift, "old"), [(None, NoVerdict::LeftOut)]);
    assert_eq!(why(&drift, "new"), [(None, NoVerdict::New)]);
    let said = |name: &&str| {
        let judged = drift.columns.iter().any(|it| it.name == **name && it.is_judged());
        judged || !why(&drift, name).is_empty()
    };
    let all: Vec<&str> = header.split(',').chain(["new"]).collect();
    assert!(all.iter().all(said), "{drift:#?}");
    // What a model uses is never an identifier.
    let columns = Some(["id", "serial", "token"].map(str::to_owned).to_vec());
    let drift = judge(&before, &after, Known::Exactly, &ColumnSelection { columns, ..choice });
    assert!(drift.columns.iter().any(|it| it.name == "serial" && it.verdict == Verdict::Drift));
    assert_eq!(why(&drift, "income"), [(None, NoVerdict::LeftOut)]);
}

/// A column of few values: what can be judged decides, and what cannot is listed.
#[test]
fn a_sparse_column_is_listed_and_decides_nothing() {
    let table = |seed: u64, shift: f64| {
        let mut random = SplitMix64::new(seed);
        let mut text = "x,note\n".to_owned();
        for row in 0..3000 {
            let note = if row % 40 == 0 { random.normal().to_string() } else { String::new() };
            text += &format!("{},{note}\n", random.normal() + shift);
        }
        text
    };
    let quiet = of_files(&table(1, 0.0), &table(2, 0.0));
    assert_eq!(quiet.verdict, Verdict::None, "{:?}", quiet.reasons);
    assert!(why(&quiet, "note").contains(&(Some(Axis::Shape), NoVerdict::InsufficientData)));
    assert!(quiet.reasons[0].starts_with("note, "), "it is said: {:?}", quiet.reasons);
    assert_eq!(of_files(&table(1, 0.0), &table(2, 0.5)).verdict, Verdict::Drift);
    let (Some(before), Some(after)) = (example("r5_base"), example("r5_cur")) else { return };
    let drift = of_files(&before, &after);
    assert!(drift.verdict < Verdict::InsufficientData, "{:?}", drift.reasons);
    assert!(why(&drift, "note").contains(&(Some(Axis::Shape), NoVerdict::InsufficientData)));
}

#[test]
fn a_warning_comes_before_what_could_not_be_judged() {
    let table = |shift: usize| {
        let row = |row: usize| {
            let note = if row.is_multiple_of(40) { "a" } else { "" };
            format!("{},{note}\n", if row % 100 < 10 + shift { "" } else { "yes" })
        };
        "k,note\n".to_owned() + &(0..20_000).map(row).collect::<String>()
    };
    let few = |text: String| text.replace(",a", ",").replacen(",\n", ",a\n", 40);
    let drift = of_files(&few(table(0)), &few(table(2)));
    assert_eq!(drift.verdict, Verdict::Warn, "{:?}", drift.reasons);
    assert!(drift.reasons[0].starts_with("k, missingness: Moved, short of drift"), "{:?}", drift.reasons);
    assert!(drift.reasons.iter().any(|reason| reason.starts_with("note, shape: The batch has 40 rows")));
}

/// The same change in 300 rows against baselines on both sides of the size from which on numbers are sketched.
#[test]
fn power_does_not_fall_where_the_sketch_begins() {
    const PAIRS: u64 = 150;
    let told = |rows: usize, known: Known| {
        let found = (0..PAIRS).filter(|seed| {
            // The batch comes first, and the smaller baseline is the beginning of the larger.
            let mut random = SplitMix64::new(9000 + seed);
            let after = column("x", 300, |_| random.unit().powf(0.78).to_string());
            let before = column("x", rows, |_| random.unit().to_string());
            let drift = judge(&before, &after, known, &ColumnSelection::default());
            drift.verdict > Verdict::None
        });
        found.count()
    };
    let before = told(2_000, Known::Once);
    assert!((100..140).contains(&before), "a change that is told often, not always: {before}");
    for rows in [2_100, 5_000, 20_000] {
        for known in [Known::Once, Known::Exactly] {
            let now = told(rows, known);
            assert!(now + 4 >= before, "{before} against 2,000 rows, {now} against {rows} of {PAIRS}");
        }
    }
    let [Some(small), Some(large), Some(batch)] = ["r6_base2000", "r6_base2100", "r6_cur_300"].map(example)
    else {
        return;
    };
    let shape = |before: &str| {
        let drift = judge(before, &batch, Known::Once, &ColumnSelection::default());
        drift.columns.iter().find(|it| it.axis == Axis::Shape).unwrap().clone()
    };
    let (small, large) = (shape(&small), shape(&large));
    assert_eq!(small.verdict, large.verdict, "{} | {}", small.reason, large.reason);
    assert!(small.verdict > Verdict::None, "{}", small.reason);
}

/// Where nothing moved, what a sketch errs is not taken for a change.
#[test]
fn a_sketch_makes_no_false_alarms() {
    let mut random = SplitMix64::new(77);
    let small = |p: f64| p <= 0.05;
    let found = (0..60).filter(|_| {
        let before = column("x", 60_000, |_| random.unit().to_string());
        let after = column("x", 60_000, |_| random.unit().to_string());
        let drift = judge(&before, &after, Known::Once, &ColumnSelection::default());
        let shape = drift.columns.iter().find(|it| it.axis == Axis::Shape).unwrap();
        small(shape.evidence.p_value.unwrap())
    });
    // 5 % of 60 are 3; 8 or more come once in a hundred times.
    let found = found.count();
    assert!(found <= 7, "{found} of 60 p-values are at most 0.05");
}

#[test]
fn a_swap_among_many_categories_is_seen_and_no_change_is_none() {
    for kinds in [120, 300, 900, 4_000] {
        let mut random = SplitMix64::new(kinds);
        let mut draw = |rows: usize, kinds: u64, every: u64| {
            column("shop", rows, |_| format!("s{}", random.below(kinds / every) * every))
        };
        let rows = 6_000.max(5 * kinds as usize);
        let before = draw(rows, kinds, 1);
        let same = of_files(&before, &draw(rows, kinds, 1));
        assert_eq!(same.verdict, Verdict::None, "{kinds}: {:?}", same.reasons);
        let halved = of_files(&before, &draw(rows, kinds, 2));
        assert_eq!(halved.verdict, Verdict::Drift, "{kinds}: {:?}", halved.reasons);
    }
}

#[test]
fn thousands_of_categories_with_common_ones_are_counted_exactly() {
    for seed in 0..20 {
        let mut random = SplitMix64::new(seed);
        // Shares that fall like 1 / rank, over 6,000 values.
        let mut draw =
            |rows: usize| column("word", rows, |_| format!("w{}", (6_000_f64.powf(random.unit())) as u64));
        let drift = of_files(&draw(40_000), &draw(20_000));
        assert_eq!(drift.verdict, Verdict::None, "{seed}: {:?}", drift.reasons);
    }
}

#[test]
fn a_text_stuck_at_a_rare_value_drifts() {
    for kinds in [400, 5_000] {
        let mut random = SplitMix64::new(kinds);
        let before = column("name", 20_000, |_| format!("n{}", random.below(kinds)));
        let drift = of_files(&before, &column("name", 1_000, |_| "n7".to_owned()));
        assert_eq!(verdict(&drift, "name", Axis::Shape), Verdict::Drift, "{kinds}: {:?}", drift.reasons);
    }
}

/// Profiles and baselines of versions that counted no buckets are read and judged as they were.
#[test]
fn documents_without_buckets_are_still_read() {
    let mut random = SplitMix64::new(3);
    let mut text = |rows| column("name", rows, |_| format!("n{}", random.below(3_000)));
    let (before, after) = (text(20_000), text(5_000));
    let ComparedSide::Data(scan) = data(&before, None) else { unreachable!() };
    let mut old = serde_json::to_value(&scan.profile).unwrap();
    let sketches = old.pointer_mut("/columns/0/values/sketches").unwrap().as_object_mut().unwrap();
    assert!(sketches.remove("buckets").is_some());
    let old: Profile = serde_json::from_value(old).unwrap();
    assert_eq!(old.column("name").unwrap().values.buckets(), None);
    let mut merged = scan.profile.clone();
    merged.merge(&old);
    assert_eq!(merged.column("name").unwrap().values.buckets(), None, "a part is not known");
    let frozen = Baseline::freeze(&old);
    assert!(frozen.columns[0].counts.buckets.is_empty() && frozen.columns[0].bins.count() == 50);
    let baseline = ComparedSide::Profile(Box::new(old));
    let batch = data(&after, Some(&frozen));
    let drift = compare_files(&baseline, &frozen, &batch, &ColumnSelection::default(), &Policy::default());
    assert!(verdict(&drift.unwrap(), "name", Axis::Shape) < Verdict::InsufficientData);
}

/// Both sides as saved profiles: few values against many, and many against many.
#[test]
fn saved_profiles_are_compared_by_bucket_where_values_are_many() {
    let saved = |kinds: u64, seed: u64, rows: usize| {
        let mut random = SplitMix64::new(seed);
        let ComparedSide::Data(scan) =
            data(&column("name", rows, |_| format!("n{}", random.below(kinds))), None)
        else {
            unreachable!()
        };
        ComparedSide::Profile(Box::new(scan.profile))
    };
    let against = |baseline: &ComparedSide, current: &ComparedSide| {
        let choice = ColumnSelection::default();
        let drift = compare_files(baseline, &baseline.freeze(), current, &choice, &Policy::default());
        verdict(&drift.unwrap(), "name", Axis::Shape)
    };
    let (many, more) = (saved(3_000, 1, 40_000), saved(3_000, 2, 20_000));
    assert_eq!(against(&many, &more), Verdict::None);
    assert_eq!(against(&many, &saved(1_500, 3, 20_000)), Verdict::Drift);
    assert_eq!(against(&saved(1_500, 4, 20_000), &more), Verdict::Drift);
}
