//! Comparing files: data and saved profiles agree, segments are found, bad files are named.
#![allow(clippy::unwrap_used)]

use pawl::dataset::{Format, Scanner, Schema};
use pawl::drift::files::{ColumnSelection, ComparedSide, FilesError, compare_files};
use pawl::drift::{Axis, Drift, Policy, Verdict};
use pawl::profile::bins::Baseline;

/// 1000 rows of two shops; in `moved`, shop b sells more.
fn data(moved: bool) -> String {
    let mut text = String::from("id,shop,sales,kind\n");
    for row in 0..1000u32 {
        let shop = if row % 2 == 0 { "a" } else { "b" };
        let sales = f64::from(row * 7919 % 1000) / 10.0 + if moved && shop == "b" { 30.0 } else { 0.0 };
        let kind = ["x", "y", "z"][(row % 3) as usize];
        text += &format!("{row},{shop},{sales},{kind}\n");
    }
    text
}

/// The same as JSON Lines.
fn lines(csv: &str) -> String {
    let mut rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = rows.next().unwrap();
    let object = |fields: Vec<&str>| {
        let quoted =
            |text: &str| text.parse::<f64>().map_or_else(|_| format!("{text:?}"), |_| text.to_owned());
        let pairs = names.iter().zip(fields).map(|(name, field)| format!("{name:?}: {}", quoted(field)));
        format!("{{{}}}\n", pairs.collect::<Vec<_>>().join(", "))
    };
    rows.map(object).collect()
}

fn read(format: Format, text: &str, segments: &[String], frozen: Option<&Baseline>) -> ComparedSide {
    let mut scanner = Scanner::of(format, &Schema::default()).with_segments(segments);
    if let Some(frozen) = frozen {
        scanner = scanner.with_baseline(frozen);
    }
    for chunk in text.as_bytes().chunks(777) {
        scanner.feed(chunk, &mut ()).unwrap();
    }
    ComparedSide::Data(Box::new(scanner.finish(&mut ()).unwrap()))
}

fn side(text: &str, segments: &[String], frozen: Option<&Baseline>) -> ComparedSide {
    read(Format::Csv, text, segments, frozen)
}

fn profile(text: &str, segments: &[String]) -> ComparedSide {
    let ComparedSide::Data(scan) = side(text, segments, None) else { unreachable!() };
    ComparedSide::saved(&serde_json::to_vec(&scan.profile).unwrap()).unwrap()
}

fn judged(
    baseline: &ComparedSide,
    current: impl Fn(&Baseline) -> ComparedSide,
    choice: &ColumnSelection,
) -> Drift {
    baseline.check(choice).unwrap();
    let frozen = baseline.freeze();
    compare_files(baseline, &frozen, &current(&frozen), choice, &Policy::default()).unwrap()
}

#[test]
fn data_and_a_saved_profile_of_few_values_give_the_same_document() {
    let choice = ColumnSelection::default();
    let (before, after) = (data(false), data(true));
    let streamed = judged(&side(&before, &[], None), |frozen| side(&after, &[], Some(frozen)), &choice);
    let saved = judged(&profile(&before, &[]), |_| profile(&after, &[]), &choice);
    assert_eq!(streamed, saved);
    assert_eq!(streamed.verdict, Verdict::Drift);
    // The identifier is left out by itself.
    assert!(streamed.columns.iter().all(|finding| finding.name != "id"));
    assert_eq!(judged(&profile(&before, &[]), |_| profile(&before, &[]), &choice).verdict, Verdict::None);
}

#[test]
fn a_segment_that_moved_is_named_and_the_other_is_quiet() {
    let choice = ColumnSelection { segments: vec!["shop".into()], ..ColumnSelection::default() };
    let baseline = side(&data(false), &choice.segments, None);
    let drift = judged(&baseline, |frozen| side(&data(true), &choice.segments, Some(frozen)), &choice);
    let verdict = |shop: &str| {
        let of_shop = |f: &&pawl::drift::Finding| f.segment.as_ref().is_some_and(|s| s.value == shop);
        let sales = |f: &&pawl::drift::Finding| f.name == "sales" && f.axis == Axis::Shape;
        drift.columns.iter().filter(of_shop).find(sales).unwrap().verdict
    };
    assert_eq!((verdict("a"), verdict("b")), (Verdict::None, Verdict::Drift));
    // Lines of JSON and saved profiles part their rows in the same way.
    let (before, after) = (lines(&data(false)), lines(&data(true)));
    let read =
        |text: &str, frozen: Option<&Baseline>| read(Format::JsonLines, text, &choice.segments, frozen);
    assert_eq!(judged(&read(&before, None), |frozen| read(&after, Some(frozen)), &choice), drift);
    let saved = profile(&data(true), &choice.segments);
    let frozen = profile(&data(false), &choice.segments);
    let (baseline, policy) = (frozen.freeze(), Policy::default());
    assert_eq!(compare_files(&frozen, &baseline, &saved, &choice, &policy).unwrap(), drift);
}

#[test]
fn a_part_too_small_to_judge_is_told_and_decides_only_where_every_part_is() {
    let choice = ColumnSelection { segments: vec!["shop".into()], ..ColumnSelection::default() };
    let against = |text: &str| {
        let baseline = side(&data(false), &choice.segments, None);
        judged(&baseline, |frozen| side(text, &choice.segments, Some(frozen)), &choice)
    };
    // The baseline never had shop c; 100 rows of it are no reason to doubt the other 900.
    let some: String = data(false)
        .lines()
        .map(|line| {
            let small = line.split(',').next().is_some_and(|id| id.ends_with('1'));
            if small { line.replace(",b,", ",c,") + "\n" } else { format!("{line}\n") }
        })
        .collect();
    let drift = against(&some);
    let small: Vec<_> = drift.findings(Verdict::InsufficientData).collect();
    assert!(!small.is_empty() && small.iter().all(|f| f.segment.as_ref().unwrap().value == "c"));
    assert_eq!(small[0].reason, "The baseline has no such rows.");
    let told = format!("{} comparisons in small segments had too little data", small.len());
    assert_eq!(drift.reasons.last(), Some(&told));
    assert_ne!(drift.verdict, Verdict::InsufficientData, "{:?}", drift.reasons);
    let all = data(false).replace(",a,", ",c,").replace(",b,", ",d,");
    let drift = judged(
        &side(&data(false), &choice.segments, None),
        |frozen| side(&all, &choice.segments, Some(frozen)),
        &ColumnSelection { ignore: vec!["shop".into()], ..choice.clone() },
    );
    assert_eq!(drift.verdict, Verdict::InsufficientData, "{:?}", drift.reasons);
}

#[test]
fn what_cannot_be_compared_says_why() {
    let by = |column: &str| ColumnSelection { segments: vec![column.into()], ..ColumnSelection::default() };
    let refused = |side: ComparedSide, choice: ColumnSelection| side.check(&choice).unwrap_err().to_string();
    let told = refused(profile(&data(false), &[]), by("shop"));
    assert!(told.contains("make it with `pawl profile --segments shop`"), "{told}");
    let told = refused(side(&data(false), &by("city").segments, None), by("city"));
    assert!(told.starts_with("there is no column \"city\""), "{told}");
    let told = refused(side(&data(false), &by("id").segments, None), by("id"));
    assert!(told.contains("more than 50 values"), "{told}");
    assert!(matches!(ComparedSide::saved(b"{\"a\":1}"), Err(FilesError::Document(_))));

    let baseline = profile(&data(false), &[]);
    let frozen = baseline.freeze();
    let against = |current: &ComparedSide, choice: &ColumnSelection| {
        compare_files(&baseline, &frozen, current, choice, &Policy::default()).unwrap_err().to_string()
    };
    let told = against(&ComparedSide::Baseline(frozen.clone()), &ColumnSelection::default());
    assert!(told.starts_with("a frozen baseline is only something to compare with"), "{told}");
    let misspelt = ColumnSelection { columns: Some(vec!["slaes".into()]), ..ColumnSelection::default() };
    let told = against(&profile(&data(true), &[]), &misspelt);
    assert_eq!(told, "there is no column \"slaes\" in the baseline: name one of its columns");
}
