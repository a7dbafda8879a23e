//! `pawl judge` on files of every kind and task, and on wrong input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

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

/// Parquet is read as the table that it is; text of CSV, numbers of JSON and typed columns mean the same.
#[test]
fn one_table_in_parquet_csv_and_json_is_judged_alike() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files");
    let (csv, parquet) = (format!("{folder}/rentals.csv"), format!("{folder}/rentals.parquet"));
    let text = std::fs::read_to_string(&csv).unwrap();
    let mut json = String::new();
    for line in text.lines().skip(1) {
        // These columns stand before the first quote.
        let [_, day, season, temp, wind, price] = line.splitn(7, ',').take(6).collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        writeln!(
            json,
            "{{\"day\": \"{day}\", \"season\": {season}, \"temp\": {temp}, \"wind\": {wind}, \"price\": {price}}}"
        )
        .unwrap();
    }
    let gzip = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    let of = |path: &str| {
        let columns = ["--label", "temp", "--champion", "wind", "--challenger", "price"];
        let rules = ["--task", "regression", "--cluster", "day", "--group", "season"];
        verdict(&[&[path], &columns[..], &rules[..]].concat())
    };
    let (code, expected) = of(&csv);
    assert_eq!((code, &expected["rows"]), (1, &500.into()));
    assert!(expected["slices"].as_array().is_some_and(|slices| slices.len() > 1), "{expected:#}");
    let (csv, json) = (text.as_bytes(), json.as_bytes());
    let forms = [
        ("rentals.csv.gz", gzip(csv)),
        ("rentals.csv.zst", zstd(csv)),
        ("rentals.jsonl", json.to_vec()),
        ("rentals.jsonl.gz", gzip(json)),
        ("rentals.jsonl.zst", zstd(json)),
    ];
    for path in forms.map(|(name, bytes)| file(name, &bytes)).iter().chain([&parquet]) {
        assert_eq!(of(path), (code, expected.clone()), "{path}");
    }
}

#[test]
fn latencies_and_failures_come_from_columns() {
    let (mut csv, mut json) = ("y,old,new,old_ms,new_ms,failed\n".to_owned(), String::new());
    for (row, (y, old, new)) in numbers().into_iter().chain(numbers()).enumerate() {
        let (ms, failed) = (10.0 + (row * 31 % 101) as f64 / 101.0, row.is_multiple_of(50));
        let (old, new, slow) = (y + old, y + new, 1.5 * ms);
        if failed {
            writeln!(csv, "{y},{old},,{ms},,1").unwrap();
            writeln!(json, "{{\"y\": {y}, \"old\": {old}, \"new\": null, \"old_ms\": {ms}, \"new_ms\": null, \"failed\": true}}")
                .unwrap();
        } else {
            writeln!(csv, "{y},{old},{new},{ms},{slow},0").unwrap();
            writeln!(json, "{{\"y\": {y}, \"old\": {old}, \"new\": {new}, \"old_ms\": {ms}, \"new_ms\": {slow}, \"failed\": false}}")
                .unwrap();
        }
    }
    let (csv, json) = (file("served.csv", csv.as_bytes()), file("served.jsonl", json.as_bytes()));
    let of =
        |path: &str, more: &[&str]| verdict(&[&[path, "--task", "regression"], &COLUMNS[..], more].concat());
    let code = |judged: &serde_json::Value, check: &str| {
        let reasons = judged["reasons"].as_array().unwrap();
        let found = reasons.iter().find(|reason| reason["check"] == check);
        found.map(|reason| reason["code"].as_str().unwrap().to_owned())
    };
    let some = |code: &str| Some(code.to_owned());
    let slow =
        ["--champion-latency", "old_ms", "--challenger-latency", "new_ms", "--challenger-error", "failed"];
    let (exit, judged) = of(&csv, &slow);
    assert_eq!((exit, &judged["rows"]), (1, &784.into()), "{judged:#}");
    assert_eq!(code(&judged, "latency:p50"), some("harm"));
    assert_eq!(code(&judged, "errors"), some("not_measured"), "the champion's were not");
    assert_eq!(
        (&judged["service"]["challenger"]["failed"], &judged["service"]["challenger"]["measured"]),
        (&16.into(), &784.into())
    );
    assert_eq!(of(&json, &slow), (exit, judged));

    // What nobody measured asks a person; what holds promotes.
    let policy = |text: &str| file(&format!("served-{}.yaml", text.len()), text.as_bytes());
    let asked = policy("{task: regression, service: {latency: [{quantile: 0.99}]}}");
    let numbers_alone = file(
        "served-not.csv",
        {
            let mut csv = "y,old,new\n".to_owned();
            numbers().iter().for_each(|(y, old, new)| writeln!(csv, "{y},{},{}", y + old, y + new).unwrap());
            csv
        }
        .as_bytes(),
    );
    let (exit, judged) = of(&numbers_alone, &["--policy", &asked]);
    assert_eq!((exit, code(&judged, "latency:p99")), (3, some("not_measured")), "{judged:#}");
    let wrong = policy("{task: regression, service: {latency: [{quantile: 99}]}}");
    let (exit, _, err) = judge(&[&[numbers_alone.as_str(), "--policy", &wrong], &COLUMNS[..]].concat());
    assert!(exit == 2 && err.contains("gate.service.latency: quantile 99"), "{err}");
}

#[test]
fn a_favourable_class_or_number_makes_groups_comparable() {
    let mut csv = "y,old,new,sex\n".to_owned();
    for row in 0..900 {
        let sex = ["f", "m", "m"][row % 3];
        let y = ["gold", "iron", "lead"][row * 7 % 11 % 3];
        // The challenger takes the gold of every second woman.
        let new = if sex == "f" && y == "gold" && row % 2 == 0 { "iron" } else { y };
        let old = if row % 4 == 0 { "lead" } else { y };
        writeln!(csv, "{y},{old},{new},{sex}").unwrap();
    }
    let path = file("favourable.csv", csv.as_bytes());
    let base = [&[path.as_str(), "--task", "multiclass", "--group", "sex"], &COLUMNS[..]].concat();
    let (_, sliced) = verdict(&base);
    assert_eq!(sliced["fairness"], serde_json::json!({}));
    let (code, judged) = verdict(&[&base[..], &["--favourable", "gold"]].concat());
    let reasons = judged["reasons"].as_array().unwrap();
    let di = reasons.iter().find(|reason| reason["check"] == "fairness:sex:DI").unwrap();
    assert_eq!((code, &di["code"]), (1, &"fairness_broken".into()), "{judged:#}");
    for (args, message) in [
        (["--task", "binary"], "gate.fairness.favourable: task binary"),
        (["--task", "regression"], "--favourable gold: under task regression write one number"),
    ] {
        let args = [&[path.as_str(), "--favourable", "gold"], &args[..], &COLUMNS[..]].concat();
        let (code, _, err) = judge(&args);
        assert!(code == 2 && err.contains(message), "{err}");
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

/// Files of `../shared`, which is not part of the project: without it these tests say so and do nothing.
fn case(name: &str) -> Option<String> {
    let path = format!("{}/../../shared/cases/statistics/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::path::Path::new(&path).exists() {
        return Some(path);
    }
    println!("skipped: ../shared is absent");
    None
}

fn codes(judged: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let reasons = judged["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| (text(&reason["check"]), text(&reason["code"]))).collect()
}

fn holds(judged: &serde_json::Value, check: &str, code: &str) -> bool {
    codes(judged).contains(&(check.to_owned(), code.to_owned()))
}

#[test]
fn a_challenger_that_says_yes_to_nobody_is_rejected() {
    let Some(path) = case("r1.csv") else { return };
    let (code, judged) = verdict(&[&[path.as_str()], &COLUMNS[..]].concat());
    assert_eq!((code, &judged["verdict"]), (1, &"reject".into()), "{judged:#}");
    assert!(holds(&judged, "guard:balanced_accuracy", "harm"), "{judged:#}");
    assert!(holds(&judged, "threshold", "threshold_asks"), "{judged:#}");
    assert!(holds(&judged, "balance", "defaults_chosen"), "{judged:#}");
    let text = judge(&[&[path.as_str()], &COLUMNS[..]].concat()).1;
    assert!(text.contains("only the threshold seems to have moved: accuracy changes by +0.05"), "{text}");
}

#[test]
fn every_group_is_held_against_the_most_selected_one() {
    let Some(path) = case("r2.csv") else { return };
    let (code, judged) = verdict(&[&[path.as_str(), "--group", "g"], &COLUMNS[..]].concat());
    assert_eq!((code, &judged["verdict"]), (1, &"reject".into()), "{judged:#}");
    assert!(holds(&judged, "fairness:g:DI", "fairness_broken"), "{judged:#}");
    let compared = judged["fairness"]["g"]["comparisons"].as_array().unwrap();
    let b = compared.iter().find(|it| it["group"] == "B").unwrap();
    assert_eq!((compared.len(), &b["against"]), (2, &"A".into()));
    let ratio = b["challenger"].as_f64().unwrap();
    assert!((ratio - 0.306_429 / 0.504_985).abs() < 1e-5, "{ratio}");
}

#[test]
fn a_small_group_that_shows_nothing_asks() {
    let (Some(path), Some(policy)) = (case("r3.csv"), case("r3.yaml")) else { return };
    let (code, judged) = verdict(&[&[path.as_str(), "--policy", &policy], &COLUMNS[..]].concat());
    assert_eq!((code, &judged["verdict"]), (3, &"needs_approval".into()), "{judged:#}");
    assert!(holds(&judged, "fairness:g:DI", "fairness_undecided"), "{judged:#}");
}

/// 400 rows with a small gain of the challenger, as probabilities.
fn probabilities(seed: u32, gain: f64) -> String {
    let mut csv = "y,old,new\n".to_owned();
    let wave = |row: u32, by: u32| f64::from((row + seed) * by % 9973) / 9973.0 - 0.5;
    for row in 0..400 {
        let y = row * 7919 % 13 > 6;
        let towards = if y { 0.06 } else { -0.06 };
        let (old, new) =
            (0.5 + towards + 0.6 * wave(row, 4099), 0.5 + gain * towards + 0.6 * wave(row, 5077));
        writeln!(csv, "{},{old},{new}", u8::from(y)).unwrap();
    }
    csv
}

#[test]
fn rows_that_judged_before_are_counted_by_their_history() {
    let path = file("again.csv", probabilities(1, 2.0).as_bytes());
    let columns = [&[path.as_str()], &COLUMNS[..]].concat();
    let (_, first) = verdict(&columns);
    assert_eq!(first["holdout"]["look"], 1, "{first:#}");
    let earlier = file("again.json", first.to_string().as_bytes());
    let (_, second) = verdict(&[&columns[..], &["--history", &earlier]].concat());
    assert_eq!(second["holdout"]["look"], 2);
    assert!((second["holdout"]["level"].as_f64().unwrap() - 0.01).abs() < 1e-12);
    assert!(holds(&second, "holdout", "holdout_reused"), "{second:#}");
    // Other rows are fresh.
    let other = file("other.csv", probabilities(2, 2.0).replace("1,", "0,").as_bytes());
    let (_, fresh) = verdict(&[&[other.as_str()], &COLUMNS[..], &["--history", &earlier]].concat());
    assert_eq!(fresh["holdout"]["look"], 1);
}

#[test]
fn copied_rows_ask_a_person() {
    let csv = probabilities(1, 2.0);
    let rows = csv.split_once('\n').unwrap().1;
    let copied = file("copied.csv", format!("{csv}{}", rows.repeat(9)).as_bytes());
    let (code, judged) = verdict(&[&[copied.as_str()], &COLUMNS[..]].concat());
    assert_eq!(code, 3, "{judged:#}");
    assert!(holds(&judged, "copies", "copies_ask"), "{judged:#}");
    let once = file("once.csv", csv.as_bytes());
    let (_, judged) = verdict(&[&[once.as_str()], &COLUMNS[..]].concat());
    assert!(codes(&judged).iter().all(|(check, _)| check != "copies"), "{judged:#}");
}

#[test]
fn each_model_has_a_threshold_of_its_own() {
    let path = file("thresholds.csv", probabilities(1, 2.0).as_bytes());
    let of = |more: &[&str]| judge(&[&[path.as_str()], &COLUMNS[..], more].concat());
    let (_, out, _) = of(&["--challenger-threshold", "0.4", "--json"]);
    let judged: serde_json::Value = serde_json::from_str(&out).unwrap();
    let threshold = |model: &str| judged["metrics"][model]["threshold"].as_f64();
    assert_eq!((threshold("champion"), threshold("challenger")), (Some(0.5), Some(0.4)));
    let text = of(&["--champion-threshold", "0.45", "--threshold", "0.3"]).1;
    let line = text.lines().find(|line| line.contains("threshold ")).unwrap();
    assert!(line.contains("0.45000") && line.contains("0.30000"), "{line}");
    let (code, _, err) = of(&["--challenger-threshold", "1.5"]);
    assert!(code == 2 && err.contains("gate.threshold: 1.5, the challenger's own"), "{err}");
}
