//! `pawl judge` on files of every kind and task, and on wrong input.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

fn file(name: &str, bytes: &[u8]) -> String {
    let path = format!("{}/judge-{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Exit code, standard output, standard error.
fn judge(args: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_pawl")).arg("judge").args(args).output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn verdict(args: &[&str]) -> (i32, serde_json::Value) {
    let (code, out, err) = judge(&[args, &["--json"]].concat());
    assert_eq!(err, "");
    (code, serde_json::from_str(&out).unwrap())
}

const COLUMNS: [&str; 6] = ["--label", "y", "--champion", "old", "--challenger", "new"];

/// 400 rows of a number, of which the challenger's prediction is nearer.
fn numbers() -> Vec<(f64, f64, f64)> {
    let wave = |row: u32, by: u32| f64::from(row * by % 101) / 101.0 - 0.5;
    (0..400).map(|row| (f64::from(row % 37), 6.0 * wave(row, 31), 2.0 * wave(row, 53))).collect()
}

#[test]
fn numbers_in_csv_tsv_json_gzip_and_zstd_are_judged_alike() {
    let (mut csv, mut tsv, mut json) = ("y,old,new\n".to_owned(), "y\told\tnew\n".to_owned(), String::new());
    for (y, old, new) in numbers() {
        writeln!(csv, "{y},{},{}", y + old, y + new).unwrap();
        writeln!(tsv, "{y}\t{}\t{}", y + old, y + new).unwrap();
        writeln!(json, "{{\"y\": {y}, \"old\": {}, \"new\": {}}}", y + old, y + new).unwrap();
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    let zstd = zstd::encode_all(json.as_bytes(), 1).unwrap();
    let of = |path: String| verdict(&[&[path.as_str(), "--task", "regression"], &COLUMNS[..]].concat());
    let (code, expected) = of(file("numbers.csv", csv.as_bytes()));
    assert_eq!((code, &expected["verdict"]), (0, &"promote".into()), "{expected:#}");
    assert!(
        expected["metrics"]["challenger"]["mae"].as_f64() < expected["metrics"]["champion"]["mae"].as_f64()
    );
    for (name, bytes) in [
        ("numbers.tsv", tsv.as_bytes()),
        ("numbers.jsonl", json.as_bytes()),
        ("numbers.csv.gz", &gzip.finish().unwrap()),
        ("numbers.jsonl.zst", &zstd),
    ] {
        assert_eq!(of(file(name, bytes)), (0, expected.clone()), "{name}");
    }
}

#[test]
fn classes_by_name_or_by_probability() {
    let mut csv = "y,old,new\n".to_owned();
    for row in 0..600 {
        let (y, right) = (row % 3, row % 5 > 0);
        let class = ["ant", "bee", "cow"];
        let scores = ["0.8,0.1,0.1", "0.1,0.8,0.1", "0.1,0.1,0.8"];
        let new = if right { y } else { (y + 1) % 3 };
        writeln!(csv, "{},{},\"[{}]\"", class[y], class[row % 2], scores[new]).unwrap();
    }
    let path = file("classes.csv", csv.as_bytes());
    let args = [&[path.as_str(), "--task", "multiclass", "--classes", "ant,bee,cow"], &COLUMNS[..]].concat();
    let (code, judged) = verdict(&args);
    assert_eq!((code, &judged["verdict"]), (0, &"promote".into()), "{judged:#}");
    assert_eq!(judged["metrics"]["challenger"]["accuracy"], 0.8);
    let text = judge(&args).1;
    assert!(text.contains("macro_f1") && text.contains("superiority:accuracy"), "{text}");
}

#[test]
fn wrong_input_is_told_with_the_fix() {
    let csv = file("wrong.csv", b"y,old,new\n1,0.5,0.5\n0,0.5,high\n");
    let base =
        |path: &str| [&[path], &COLUMNS[..]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let with = |path: &str, more: &[&str]| {
        let args = [base(path), more.iter().map(|it| (*it).to_owned()).collect()].concat();
        judge(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (code, out, _) = with(&csv, &[]);
    assert_eq!(code, 3);
    assert!(out.contains("line 3: the challenger's prediction is \"high\"; a score is"), "{out}");
    for (path, more, message) in [
        ("none.csv", &[][..], "none.csv: there is no such file"),
        (csv.as_str(), &["--cluster", "day"], "there is no column \"day\"; there are y, old, new"),
        (&csv, &["--horizon", "3"], "gate.horizon: 3; only task regression is a forecast"),
        (&csv, &["--task", "numbers"], "possible values: binary, multiclass, regression"),
        (&csv, &["--history", csv.as_str()], "no judgement"),
    ] {
        let (code, _, err) = with(path, more);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(message), "{err}");
    }
    let empty = file("empty.jsonl", b"");
    assert_eq!(with(&empty, &[]).0, 3);
    let cut = file("cut.parquet", b"PAR1 and no more");
    assert_eq!(with(&cut, &[]).0, 2);
}
