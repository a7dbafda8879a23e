//! Data that is written oddly: read as meant, or told.

use std::io::Read;

use proptest::prelude::*;

use super::file::{Content, Unsaid, open};
use super::{Format, Oddity, Reason, Record, Scan, Scanner, Schema, Sink};

/// Rows by field, and the lines turned away.
#[derive(Default)]
struct Rows(Vec<Vec<String>>, Vec<u64>);

impl Sink for Rows {
    fn accepted(&mut self, record: &Record<'_>) {
        self.0.push((0..record.len()).filter_map(|i| Some(record.text(i)?.into_owned())).collect());
    }
    fn quarantined(&mut self, record: &Record<'_>, _: &[Reason]) {
        self.1.push(record.line);
    }
}

fn read_as(name: &str, data: &[u8], schema: &Schema) -> Result<(Scan, Rows, Vec<String>), String> {
    let data: &'static [u8] = data.to_vec().leak();
    let mut opened = open(name, data, schema, Unsaid::Guessed).map_err(|error| error.to_string())?;
    let Content::Records(format) = opened.kind else { return Err("no records".to_owned()) };
    let (mut rows, mut text) = (Rows::default(), Vec::new());
    opened.bytes.read_to_end(&mut text).map_err(|error| error.to_string())?;
    let mut scans = Vec::new();
    for chunk in [7, 1 << 16] {
        rows = Rows::default();
        let mut scanner = Scanner::of(format, &opened.schema);
        for bytes in text.chunks(chunk) {
            scanner.feed(bytes, &mut rows).map_err(|error| error.to_string())?;
        }
        scans.push(scanner.finish(&mut rows).map_err(|error| error.to_string())?);
    }
    assert_eq!(scans[0].tally, scans[1].tally);
    Ok((scans.remove(1), rows, opened.found))
}

fn rows_of(name: &str, data: &[u8]) -> Rows {
    read_as(name, data, &Schema::default()).unwrap().1
}

fn names(scan: &Scan) -> Vec<&str> {
    scan.profile.columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn a_stray_quote_costs_its_line_and_no_other() {
    for (data, good, bad, swallowed) in [
        // Text behind the quote that closes.
        ("a,b,c\n1,x,5\n2,\"y,6\n3,z,7\n4,\"fine\",8\n5,x,9\n", 4, vec![3], 2),
        ("a,b\n1,x\n2,\"y\n3,z\n4,\"p,q\"\n5,x\n", 4, vec![3], 2),
        // A quote that never closes.
        ("a,b\n1,\"x\n2,y\n3,z\n", 2, vec![2], 3),
        // Two that close one another, at the price of the width.
        ("a,b\n1,\"x\n2,y\n3\",z\n4,u\n", 3, vec![2], 2),
        ("a,b\n1,\"x \\\"q\\\" y\"\n2,z\n", 1, vec![2], 0),
        // A field of several lines is no fault.
        ("a,b\n1,\"x\ny, \"\"z\"\"\nw\"\n2,z\n", 2, vec![], 0),
        ("a,b\r\n1,\"x\r\ny\"\r\n2,\"z\"t\r\n3,v\r\n", 2, vec![4], 0),
    ] {
        let (scan, rows, _) = read_as("t.csv", data.as_bytes(), &Schema::default()).unwrap();
        assert_eq!((rows.0.len(), rows.1), (good, bad), "{data:?}");
        assert_eq!(scan.tally.swallowed_lines, swallowed, "{data:?}");
    }
}

#[test]
fn an_open_quote_ends_at_the_bound_of_a_record() {
    let wide = format!("a,b\n1,\"x\n{}", format!("2,{}\n", "y".repeat(5000)).repeat(300));
    assert_eq!(rows_of("t.csv", wide.as_bytes()).0.len(), 300);
}

#[test]
fn quotes_at_odd_places_are_told_with_their_line() {
    let data = b"a,b\n1,x\n2,5\" pipe\n\"3\" ,\"y\"\n4,it\"s\n5,\"z\"\n6,\"u\"\t\n";
    let (scan, rows, _) = read_as("t.csv", data, &Schema::default()).unwrap();
    let odd: Vec<_> = scan.tally.oddities.iter().map(|odd| (odd.oddity, odd.line, odd.rows)).collect();
    assert_eq!(odd, [(Oddity::QuoteInside, 3, 2), (Oddity::BlankBehindQuote, 4, 2)]);
    assert_eq!((rows.0[2][1].as_str(), rows.0[1][1].as_str()), ("y", "5\" pipe"));
}

#[test]
fn columns_without_a_name_of_their_own_get_one() {
    let (scan, ..) = read_as("t.csv", b",a,a,,a_2\n1,2,3,4,5\n", &Schema::default()).unwrap();
    assert_eq!(names(&scan), ["column_1", "a", "a_3", "column_4", "a_2"]);
    assert_eq!(scan.tally.notes.len(), 3);
    assert!(scan.tally.notes[1].contains("column 3 has the name \"a\" again"), "{:?}", scan.tally.notes);
}

#[test]
fn what_separates_and_what_comes_before_the_header_is_found() {
    for (name, data, columns) in [
        ("a.csv", "x;y;z\n1;2,5;Rome\n2;3,5;Oslo\n", vec!["x", "y", "z"]),
        ("a.txt", "x|y\n1|2\n3|4\n", vec!["x", "y"]),
        ("a.txt", "x\ty\n1\t2\n3\t4\n", vec!["x", "y"]),
        ("a.csv", "Sales of June\n\nx,y\n1,2\n3,4\n", vec!["x", "y"]),
        ("a.csv", "Sales,,\nin euro,,\nx,y,z\n1,2,3\n3,4,5\n", vec!["x", "y", "z"]),
        ("a.csv", "x,y\r1,2\r3,4\r", vec!["x", "y"]),
        ("a.csv", "x,y,\n1,2,\n3,4,\n", vec!["x", "y", "column_3"]),
        // The usual stands where it fits, and where nothing else does.
        ("a.csv", "x,y\n1;2,5;6\n3;4,7;8\n", vec!["x", "y"]),
        ("a.csv", "note\na;b\nc;d;e\n", vec!["note"]),
        ("a.tsv", "x\ty\n1\t2,3\n", vec!["x", "y"]),
    ] {
        let (scan, ..) = read_as(name, data.as_bytes(), &Schema::default()).unwrap();
        assert_eq!(names(&scan), columns, "{data:?}");
        assert_eq!(scan.tally.quarantined, 0, "{data:?}");
    }
    let (scan, ..) = read_as("a.csv", b"x,y\n1,2,3\n4,5,6\n", &Schema::default()).unwrap();
    assert_eq!(scan.tally.accepted, 0);
}

#[test]
fn what_is_said_wins_over_what_is_found() {
    let said = Schema { delimiter: Some(','), skip: Some(1), header: Some(false), ..Schema::default() };
    let (scan, rows, found) = read_as("a.csv", b"title\n1;2,3\n4;5,6\n", &said).unwrap();
    assert_eq!((names(&scan), rows.0.len()), (vec!["column_1", "column_2"], 2));
    assert!(found.is_empty(), "{found:?}");
    let odd = Schema { quote: Some('\''), escape: Some('\\'), comment: Some('#'), ..Schema::default() };
    let (_, rows, _) = read_as("a.csv", b"a,b\n# no row\n'x, \\'y\\' \"z\"',1\n\"w\",2\n", &odd).unwrap();
    assert_eq!(rows.0, [["x, 'y' \"z\"", "1"], ["\"w\"", "2"]]);
    let doubled = Schema { quote: Some('\''), ..Schema::default() };
    let (_, rows, _) = read_as("a.csv", b"a,b\n'it''s',1\n", &doubled).unwrap();
    assert_eq!(rows.0, [["it's", "1"]]);
    let backslash = Schema { escape: Some('\\'), ..Schema::default() };
    let (_, rows, _) = read_as("a.csv", b"a,b\n\"x \\\"q\\\" y\\\\\",1\n", &backslash).unwrap();
    assert_eq!(rows.0, [["x \"q\" y\\", "1"]]);
}

#[test]
fn text_in_other_encodings_is_read() {
    let text = "name,b\nM\u{fc}ller,2\n\u{c5}se,5\n";
    let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let full = |unit: fn(u32) -> [u8; 4]| text.chars().flat_map(|it| unit(it as u32)).collect::<Vec<u8>>();
    let latin: Vec<u8> = text.chars().map(|it| it as u8).collect();
    let all = [
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        [vec![0xFF, 0xFE], wide(u16::to_le_bytes)].concat(),
        full(u32::to_le_bytes),
        full(u32::to_be_bytes),
        [vec![0xFF, 0xFE, 0, 0], full(u32::to_le_bytes)].concat(),
        latin,
        text.as_bytes().to_vec(),
    ];
    for data in all {
        let (scan, rows, _) = read_as("a.csv", &data, &Schema::default()).unwrap();
        assert_eq!(names(&scan), ["name", "b"], "{data:?}");
        assert_eq!(rows.0, [["M\u{fc}ller", "2"], ["\u{c5}se", "5"]], "{data:?}");
    }
    // Half a character is a bad row and no other text.
    let lone: Vec<u8> = [0xD800, 0x2C].iter().flat_map(|it: &u16| it.to_le_bytes()).collect();
    let cut = [&wide(u16::to_le_bytes)[..], &lone, &wide(u16::to_le_bytes)[12..]].concat();
    let (scan, ..) = read_as("a.csv", &cut, &Schema::default()).unwrap();
    assert!(scan.tally.quarantined >= 1, "{:?}", scan.tally);
    // One byte astray in UTF-8 is a bad row, and no reason to read all of it differently.
    let (_, rows, _) = read_as("a.csv", b"a,b\nM\xC3\xBCller,1\n\xFC,2\n", &Schema::default()).unwrap();
    assert_eq!((rows.0.len(), rows.1), (1, vec![3]));
}

#[test]
fn json_documents_are_read_object_by_object() {
    for data in [
        "[{\"a\": 1, \"b\": \"x, [y]\"}, {\"a\": 2, \"b\": \"}\\\"{\"}]",
        "[\n  {\"a\": 1, \"b\": \"x, [y]\"},\n  {\"a\": 2, \"b\": \"}\\\"{\"}\n]\n",
        "{\n  \"a\": 1,\n  \"b\": \"x, [y]\"\n}\n{\n  \"a\": 2, \"b\": \"}\\\"{\"\n}\n",
        "{\"a\": 1, \"b\": \"x, [y]\"} {\"a\": 2, \"b\": \"}\\\"{\"}",
        "\u{feff} [{\"a\": 1, \"b\": \"x, [y]\"},\n{\"a\": 2, \"b\": \"}\\\"{\"}]",
    ] {
        for name in ["t.json", "-"] {
            let rows = rows_of(name, data.as_bytes());
            assert_eq!(rows.0, [["1", "x, [y]"], ["2", "}\"{"]], "{data:?} {name}");
        }
    }
    // A bad object keeps the line that it begins on.
    let rows = rows_of("t.json", b"[\n {\"a\": 1},\n {\n  \"a\": tru\n },\n {\"a\": 3}\n]");
    assert_eq!((rows.0.len(), rows.1), (2, vec![3]));
    let cut = read_as("t.json", b"[{\"a\": 1},\n{\"a\": 2},\n", &Schema::default());
    assert!(cut.is_err_and(|error| error.contains("ends within an array")));
    // Lines of objects stay as they are, bad ones too.
    let rows = rows_of("t.json", b"{\"a\": 1,\n{\"a\": 2}\n");
    assert_eq!((rows.0.len(), rows.1), (1, vec![1]));
}

#[test]
fn two_values_for_one_column_are_told() {
    let data = b"{\"a\": 1}\n{\"a\": 1, \"a\": 2}\n{\"b.c\": 1, \"b\": {\"c\": 2}}\n";
    let (scan, rows, _) = read_as("t.jsonl", data, &Schema::default()).unwrap();
    let odd = scan.tally.oddities[0];
    assert_eq!((odd.oddity, odd.line, odd.rows), (Oddity::RepeatedKey, 2, 2));
    assert_eq!((names(&scan), rows.0[1][0].as_str()), (vec!["a", "b.c"], "2"));
}

#[test]
fn what_is_no_table_is_refused_by_name() {
    for (name, data, says) in [
        ("a.csv", &b"<!DOCTYPE html><html></html>"[..], "HTML"),
        ("a.parquet", b"a,b\n1,2\n", "no Parquet"),
        ("a.parquet", b"PAREabcd", "encrypted"),
        ("a.csv", b"PK\x03\x04aaaa", "Excel"),
        ("a.csv", b"%PDF-1.4\n", "PDF"),
        ("a.csv.bz2", b"BZh91AY", "bzip2"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ] {
        let error = read_as(name, data, &Schema::default()).err().unwrap();
        assert!(error.contains(says), "{error}");
    }
    assert!(read_as("a.csv", b"ORCA,b\n1,2\n", &Schema::default()).is_ok());
}

#[test]
fn zeros_behind_gzip_end_it_and_garbage_does_not() {
    use std::io::Write;
    let pack = |text: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    };
    let (one, two) = (pack(b"a,b\n1,2\n"), pack(b"3,4\n"));
    let padded = [&one[..], &two, &[0; 600]].concat();
    assert_eq!(rows_of("a.csv.gz", &padded).0.len(), 2);
    for behind in [&b"junk"[..], b"\0\0junk"] {
        let data = [&one[..], behind].concat();
        assert!(read_as("a.csv.gz", &data, &Schema::default()).is_err());
    }
    let skippable = [&[0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let zstd = zstd::encode_all(&b"a,b\n1,2\n"[..], 1).unwrap();
    assert_eq!(rows_of("a.csv.zst", &[skippable, zstd].concat()).0.len(), 1);
}

proptest! {
    /// Whatever the fields hold, a table written by the rules is read as it was, in every style.
    #[test]
    fn tables_come_back_in_every_style(
        fields in prop::collection::vec(("[a-z \"';|\\n\\\\#]{0,8}", "[a-z]{1,4}"), 1..20),
        delimiter in prop::sample::select(vec![',', ';', '|', '\t']),
        quote in prop::sample::select(vec!['"', '\'']),
        escape in prop::sample::select(vec![None, Some('\\')]),
    ) {
        let mut text = format!("one{delimiter}two\n");
        for (first, second) in &fields {
            text += &format!("{quote}x");
            for it in first.chars() {
                if it == quote || Some(it) == escape {
                    text.push(escape.unwrap_or(quote));
                }
                text.push(it);
            }
            text += &format!("{quote}{delimiter}{second}\n");
        }
        let schema = Schema { delimiter: Some(delimiter), quote: Some(quote), escape, ..Schema::default() };
        let (scan, rows, _) = read_as("t.csv", text.as_bytes(), &schema).map_err(TestCaseError::fail)?;
        let expected: Vec<Vec<String>> =
            fields.iter().map(|(first, second)| vec![format!("x{first}"), second.clone()]).collect();
        prop_assert_eq!(scan.tally.quarantined, 0);
        prop_assert_eq!(rows.0, expected);
    }
}

#[test]
fn no_format_is_read_by_chance() {
    let lines = open("a", &b"{\"a\": 1}\n"[..], &Schema::default(), Unsaid::Guessed).unwrap();
    assert_eq!((lines.kind, lines.packed), (Content::Records(Format::JsonLines), false));
}
