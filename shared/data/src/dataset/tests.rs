#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::constraints::{self, Across, ColumnPolicy, Policy, Range, Verdict};
use crate::profile::bins::Baseline;

#[derive(Default, Debug, PartialEq)]
struct Kept {
    names: Vec<String>,
    accepted: Vec<(u64, u64, Vec<String>)>,
    quarantined: Vec<(u64, String)>,
}

impl Sink for Kept {
    fn header(&mut self, names: &[String], _raw: &[u8]) {
        self.names = names.to_vec();
    }
    fn accepted(&mut self, record: &Record<'_>) {
        let fields = (0..record.len()).map(|i| record.text(i).unwrap().into_owned()).collect();
        self.accepted.push((record.number, record.line, fields));
    }
    fn quarantined(&mut self, record: &Record<'_>, reasons: &[Reason]) {
        let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        self.quarantined.push((record.line, texts.join("; ")));
    }
}

fn scan_in_chunks(scanner: Scanner, data: &[u8], size: usize) -> Result<(Scan, Kept), ScanError> {
    let (mut scanner, mut kept) = (scanner, Kept::default());
    for chunk in data.chunks(size.max(1)) {
        scanner.feed(chunk, &mut kept)?;
    }
    Ok((scanner.finish(&mut kept)?, kept))
}

fn scan(data: &str) -> Result<(Scan, Kept), ScanError> {
    scan_in_chunks(Scanner::new(&Schema::default()), data.as_bytes(), 1 << 16)
}

#[test]
fn quotes_line_ends_and_chunk_borders_make_no_difference() {
    let data =
        "\u{feff}a,\"b \"\"x\"\"\",c\r\n1,\"two\nlines, and \"\"quotes\"\"\",é\r\n\r\n2,p\"q,\n3,,\"\"";
    let expected = vec![
        (1, 2, vec!["1".to_owned(), "two\nlines, and \"quotes\"".to_owned(), "é".to_owned()]),
        (2, 5, vec!["2".to_owned(), "p\"q".to_owned(), String::new()]),
        (3, 6, vec!["3".to_owned(), String::new(), String::new()]),
    ];
    for size in 1..=data.len() {
        let (scan, kept) = scan_in_chunks(Scanner::new(&Schema::default()), data.as_bytes(), size).unwrap();
        assert_eq!(kept.names, ["a", "b \"x\"", "c"], "chunks of {size}");
        assert_eq!(kept.accepted, expected, "chunks of {size}");
        assert_eq!(scan.profile.rows, 3);
        assert_eq!(scan.profile.column("c").unwrap().missing, 2);
    }
}

#[test]
fn unreadable_data_is_a_typed_error() {
    assert_eq!(scan("").unwrap_err(), ScanError::Empty);
    assert_eq!(scan("\n\n").unwrap_err(), ScanError::Empty);
    let (open, _) = scan("a,b\n1,\"x\n").unwrap();
    assert_eq!((open.tally.rows, open.tally.accepted), (1, 0));
    assert!(matches!(scan("a,\"b\"c\n"), Err(ScanError::Header { .. })));
    let endless = format!("a\n\"{}", "x".repeat(2 << 20));
    let refused = scan_in_chunks(Scanner::new(&Schema::default()), endless.as_bytes(), 1 << 16);
    assert!(matches!(refused, Err(ScanError::RecordTooLong { line: 2, .. })));
}

#[test]
fn bad_rows_go_to_quarantine_with_their_reason() {
    let policy = Policy {
        quarantine_above: 0.6,
        columns: [
            ("t".to_owned(), ColumnPolicy { required: true, ..Default::default() }),
            (
                "u".to_owned(),
                ColumnPolicy { range: Some(Range { min: Some(0.0), max: None }), ..Default::default() },
            ),
        ]
        .into(),
        across: vec![Across { column: "t".to_owned(), within: 5.0, of: "u".to_owned() }],
        ..Policy::default()
    };
    let (baseline, _) = scan("t,u\n1,2\n2,3\n").unwrap();
    let constraints = constraints::suggest(&baseline.profile, &policy);
    let scanner = Scanner::new(&Schema::default()).with_constraints(&constraints);
    let data = b"t,u\n1,1\n,2\n1,2,3\n-1,-1\n1,x\n1,8\n\xff,1\n2,2\n3,3\n4,4\n5,5\n6,6\n";
    let (scan, kept) = scan_in_chunks(scanner, data, 7).unwrap();
    assert_eq!(
        kept.quarantined,
        [
            (3, "t: expected a value, found \"\""),
            (4, "expected 2 fields as in the header, found 3 fields"),
            (5, "u: expected a number of at least 0, found \"-1\""),
            (6, "u: expected a value of type fractional, found \"x\""),
            (7, "t: expected a value within 5 of u, found \"1\" where u is \"8\""),
            (8, "expected UTF-8, found bytes that are not"),
        ]
        .map(|(line, text)| (line, text.to_owned()))
    );
    assert_eq!((scan.tally.rows, scan.tally.accepted, scan.tally.quarantined), (12, 6, 6));
    let validation = constraints::check(&scan, &constraints, &policy);
    assert_eq!(validation.verdict, Verdict::AcceptedWithWarnings);
    let strict = Policy { quarantine_above: 0.4, ..policy };
    assert_eq!(constraints::check(&scan, &constraints, &strict).verdict, Verdict::Quarantined);
}

#[test]
fn a_broken_schema_or_an_empty_batch_is_quarantined_at_once() {
    let policy = Policy::default();
    let constraints = constraints::suggest(&scan("a,b\n1,2\n").unwrap().0.profile, &policy);
    for data in ["a,c\n1,2\n", "a,b\n"] {
        let scanner = Scanner::new(&Schema::default()).with_constraints(&constraints);
        let (scan, _) = scan_in_chunks(scanner, data.as_bytes(), 99).unwrap();
        let validation = constraints::check(&scan, &constraints, &policy);
        assert_eq!(validation.verdict, Verdict::Quarantined, "{data:?}: {validation:?}");
    }
}

#[test]
fn a_user_type_wins_over_inference() {
    let schema = Schema {
        columns: [("zip".to_owned(), ColumnSpec { kind: Some(crate::profile::ColumnType::String) })].into(),
        ..Schema::default()
    };
    let (scan, _) = scan_in_chunks(Scanner::new(&schema), b"zip\n123\n456\n", 5).unwrap();
    let zip = scan.profile.column("zip").unwrap();
    assert_eq!((zip.types.string, zip.types.integral), (2, 0));
}

#[test]
fn a_comma_may_stand_before_the_fraction() {
    let schema = Schema {
        delimiter: Some(';'),
        decimal_comma: true,
        null_words: vec!["k. A.".to_owned()],
        ..Schema::default()
    };
    let data = b"x;y\n1,5;a,b\n-2;1,2,3\n1e3;1.5\n k. A.;2012-01-01\n";
    let (scan, _) = scan_in_chunks(Scanner::new(&schema), data, 5).unwrap();
    let [x, y] = &scan.profile.columns[..] else { unreachable!() };
    assert_eq!((x.types.fractional, x.types.integral, x.missing, x.numbers.max), (2, 1, 1, 1000.0));
    assert_eq!((x.numbers.min, x.types.string), (-2.0, 0));
    assert_eq!((y.types.string, y.types.timestamp, y.types.fractional), (3, 1, 0));
}

#[test]
fn fields_become_json_as_the_schema_reads_them() {
    #[derive(Default)]
    struct Json(Vec<serde_json::Value>);
    impl Sink for Json {
        fn accepted(&mut self, record: &Record<'_>) {
            self.0.extend((0..record.len()).map(|index| record.json(index)));
        }
    }
    let mut scanner = Scanner::new(&Schema::default());
    let mut json = Json::default();
    scanner.feed(b"a,b,c,d,e,f\n7,0.1,true,x,,NaN\n", &mut json).unwrap();
    scanner.finish(&mut json).unwrap();
    assert_eq!(serde_json::Value::from(json.0).to_string(), r#"[7,0.1,true,"x",null,null]"#);
}

#[test]
fn bins_are_counted_exactly_while_streaming() {
    let (before, _) = scan("n,s\n1,a\n2,a\n3,b\n,\n").unwrap();
    let baseline = Baseline::freeze(&before.profile);
    let scanner = Scanner::new(&Schema::default()).with_baseline(&baseline);
    let (same, _) = scan_in_chunks(scanner, b"n,s\n1,a\n2,a\n3,b\n,\n", 3).unwrap();
    for column in &baseline.columns {
        let counted = same.binned.iter().find(|binned| binned.name == column.name).unwrap();
        assert_eq!(counted.counts, column.counts, "{}", column.name);
    }
    let scanner = Scanner::new(&Schema::default()).with_baseline(&baseline);
    let (other, _) = scan_in_chunks(scanner, b"n,s\n0,a\n9,z\nNaN,\nx,b\n", 3).unwrap();
    let [n, s] = &other.binned[..] else { unreachable!() };
    // A column of few numbers is one of values: 0, 9 and x are new ones.
    assert_eq!((n.counts.bins.clone(), n.counts.nan, n.counts.unseen), (vec![0, 0, 0], 1, 3));
    assert_eq!((s.counts.bins.clone(), s.counts.unseen, s.counts.missing), (vec![1, 1], 1, 1));
}

proptest! {
    #[test]
    fn a_split_by_rows_merges_into_the_whole(
        rows in prop::collection::vec((-50i32..50, "[a-c]{0,2}", any::<bool>()), 1..60), cut in 0usize..60,
    ) {
        let header = "n,s,b\n";
        let text = |part: &[(i32, String, bool)]| {
            part.iter().map(|(n, s, b)| format!("{n},{s},{b}\n")).collect::<String>()
        };
        let of = |part: &[(i32, String, bool)]| scan(&format!("{header}{}", text(part))).unwrap().0;
        let (left, right) = rows.split_at(cut.min(rows.len()));
        let whole = of(&rows);
        let mut merged = of(left);
        merged.merge(&of(right));
        let mut swapped = of(right);
        swapped.merge(&of(left));
        for part in [merged, swapped] {
            prop_assert_eq!(part.tally.rows, whole.tally.rows);
            for (mine, theirs) in part.profile.columns.iter().zip(&whole.profile.columns) {
                prop_assert_eq!(&mine.values, &theirs.values);
                prop_assert_eq!(mine.types, theirs.types);
                prop_assert_eq!(mine.missing, theirs.missing);
            }
        }
        let text = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<Scan>(&text).unwrap(), whole);
    }
}

/// The header names all columns at once, JSON one after the other.
#[test]
fn a_wide_table_keeps_coarser_sketches_and_says_so() {
    let columns = 600;
    let (mut csv, mut lines) = (Vec::new(), String::new());
    csv.push((0..columns).map(|column| format!("c{column}")).collect::<Vec<_>>().join(","));
    for row in 0..1500 {
        let value = |column: usize| (row * 7 + column).to_string();
        csv.push((0..columns).map(value).collect::<Vec<_>>().join(","));
        let pairs: Vec<String> =
            (0..columns).map(|column| format!("\"c{column}\":{}", value(column))).collect();
        lines += &format!("{{{}}}\n", pairs.join(","));
    }
    let coarseness = crate::profile::Coarseness::of(columns);
    let note = coarseness.note(columns).unwrap();
    assert!(note.contains("600 columns") && note.contains("up to 1024 different values"), "{note}");
    for (format, text) in [(Format::Csv, csv.join("\n")), (Format::JsonLines, lines)] {
        let mut scanner = Scanner::of(format, &Schema::default());
        scanner.feed(text.as_bytes(), &mut ()).unwrap();
        let scan = scanner.finish(&mut ()).unwrap();
        assert_eq!(scan.tally.notes.as_slice(), std::slice::from_ref(&note));
        for column in &scan.profile.columns {
            assert_eq!(column.values.rank_error(), coarseness.rank_error(), "{}", column.name);
            let error = column.distinct() as f64 / 1500.0 - 1.0;
            assert!(error.abs() < 4.0 * coarseness.distinct_error(), "{}: {error}", column.name);
        }
    }
}
