//! Comparing files: data and saved profiles agree, segments are found, bad files are named.
#![allow(clippy::unwrap_used)]

use pawl::dataset::{Format, Scanner, Schema};
use pawl::drift::files::{Choice, FilesError, Frozen, Reader, Side, compare_files, freeze};
use pawl::drift::{Axis, Drift, Policy, Verdict};

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

fn side(text: &str, segments: &[String], frozen: Option<&Frozen>) -> Result<Side, FilesError> {
    let mut reader = Reader::new(Format::Csv, &Schema::default(), segments, frozen);
    for chunk in text.as_bytes().chunks(777) {
        reader.feed(chunk)?;
    }
    reader.finish()
}

fn profile(text: &str) -> Side {
    let mut scanner = Scanner::new(&Schema::default());
    scanner.feed(text.as_bytes(), &mut ()).unwrap();
    let scan = scanner.finish(&mut ()).unwrap();
    Side::saved(&serde_json::to_vec(&scan.profile).unwrap()).unwrap()
}

fn judged(baseline: &Side, current: impl Fn(&Frozen) -> Side, choice: &Choice) -> Drift {
    let frozen = freeze(baseline, choice).unwrap();
    compare_files(baseline, &frozen, &current(&frozen), choice, &Policy::default()).unwrap()
}

#[test]
fn data_and_a_saved_profile_of_few_values_give_the_same_document() {
    let choice = Choice::default();
    let (before, after) = (data(false), data(true));
    let streamed = judged(
        &side(&before, &[], None).unwrap(),
        |frozen| side(&after, &[], Some(frozen)).unwrap(),
        &choice,
    );
    let saved = judged(&profile(&before), |_| profile(&after), &choice);
    assert_eq!(streamed, saved);
    assert_eq!(streamed.verdict, Verdict::Drift);
    // The identifier is left out by itself.
    assert!(streamed.columns.iter().all(|finding| finding.name != "id"));
    assert_eq!(judged(&profile(&before), |_| profile(&before), &choice).verdict, Verdict::None);
}

#[test]
fn a_segment_that_moved_is_named_and_the_other_is_quiet() {
    let choice = Choice { segments: vec!["shop".into()], ..Choice::default() };
    let baseline = side(&data(false), &choice.segments, None).unwrap();
    let current = |frozen: &Frozen| side(&data(true), &choice.segments, Some(frozen)).unwrap();
    let drift = judged(&baseline, current, &choice);
    let verdict = |shop: &str| {
        let of_shop = |f: &&pawl::drift::Finding| f.segment.as_ref().is_some_and(|s| s.value == shop);
        let sales = |f: &&pawl::drift::Finding| f.name == "sales" && f.axis == Axis::Shape;
        drift.columns.iter().filter(of_shop).find(sales).unwrap().verdict
    };
    assert_eq!((verdict("a"), verdict("b")), (Verdict::None, Verdict::Drift));
    // A segment that the baseline never had cannot be judged.
    let new_shop = data(false).replace(",b,", ",c,");
    let current = |frozen: &Frozen| side(&new_shop, &choice.segments, Some(frozen)).unwrap();
    let drift = judged(&baseline, current, &choice);
    assert!(drift.findings(Verdict::InsufficientData).any(|f| f.segment.as_ref().unwrap().value == "c"));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let profile = profile(&data(false));
    let choice = Choice { segments: vec!["shop".into()], ..Choice::default() };
    assert!(matches!(freeze(&profile, &choice), Err(FilesError::SegmentsOfProfile)));
    let absent = side(&data(false), &["city".into()], None).unwrap_err();
    assert!(absent.to_string().contains("\"city\" is not in the header"), "{absent}");
    let many = side(&data(false), &["id".into()], None).unwrap_err();
    assert!(matches!(many, FilesError::TooManySegments { .. }), "{many}");
    assert!(matches!(Side::saved(b"{\"a\":1}"), Err(FilesError::Document(_))));
    assert!(side("", &[], None).unwrap_err().to_string().contains("the data is empty"));
}
