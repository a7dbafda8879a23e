//! `pawl profile`, `suggest`, `validate` and `drift` on local files, as a person runs them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn pawl(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pawl")).args(args).output().expect("the binary runs")
}

fn file(name: &str, bytes: &[u8]) -> String {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn json(args: &[&str]) -> Value {
    let output = pawl(args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?}: {error}"))
}

/// The one line of a refusal.
fn refusal(args: &[&str]) -> String {
    let output = pawl(args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// A thousand rows: a number, a measure, a day, a word with gaps.
fn months(name: &str, shift: usize) -> String {
    let mut text = "id,temp,day,city\n".to_owned();
    for row in 0..1000 {
        let city = ["Rome", "Paris", ""][row % 3];
        text += &format!("{row},{}.5,2012-01-{:02},{city}\n", row % 40 + shift, row % 28 + 1);
    }
    file(name, text.as_bytes())
}

#[test]
fn a_profile_is_one_document_of_figures() {
    let told = json(&["profile", "--json", &months("figures.csv", 0)]);
    assert_eq!((&told["rows"], &told["left_out"]["rows"]), (&1000.into(), &0.into()));
    let temp = &told["columns"][1];
    assert_eq!((&temp["name"], &temp["type"]), (&"temp".into(), &"Fractional".into()));
    assert_eq!((&temp["count"], &temp["nulls"], &temp["distinct"]), (&1000.into(), &0.into(), &40.into()));
    assert_eq!((&temp["min"], &temp["max"], &temp["mean"]), (&0.5.into(), &39.5.into(), &20.0.into()));
    let ranks: Vec<&String> = temp["quantiles"].as_object().unwrap().keys().collect();
    assert_eq!((ranks[0].as_str(), ranks[ranks.len() - 1].as_str()), ("0.01", "0.99"));
    let types: Vec<&Value> =
        told["columns"].as_array().unwrap().iter().map(|column| &column["type"]).collect();
    assert_eq!(types, ["Integral", "Fractional", "Timestamp", "String"]);
    assert_eq!(told["columns"][3]["nulls"], 333);
}

#[test]
fn packed_files_and_standard_input_read_alike() {
    let plain = months("alike.csv", 0);
    let bytes = std::fs::read(&plain).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).unwrap();
    let gzip = gzip.finish().unwrap();
    let expected = json(&["profile", "--json", &plain]);
    let tabs = String::from_utf8(bytes.clone()).unwrap().replace(',', "\t");
    let packed = zstd::encode_all(bytes.as_slice(), 1).unwrap();
    for path in [
        file("alike.csv.gz", &gzip),
        file("alike.tsv", tabs.as_bytes()),
        file("alike.csv.zst", &packed),
        // Told by their bytes, not by their names.
        file("alike", &packed),
    ] {
        assert_eq!(json(&["profile", "--json", &path]), expected, "{path}");
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_pawl"))
        .args(["profile", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&gzip).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), expected);
    let cut = refusal(&["profile", &file("cut.csv.gz", &gzip[..gzip.len() / 2])]);
    assert!(cut.contains("the file is damaged or was cut short"), "{cut}");
}

#[test]
fn data_keeps_the_constraints_suggested_from_it() {
    let (data, constraints) = (months("kept.csv", 0), file("kept.json", b""));
    let suggested = json(&["suggest", &data, "--out", &constraints, "--json"]);
    let written: Value = serde_json::from_slice(&std::fs::read(&constraints).unwrap()).unwrap();
    assert_eq!(written, suggested);
    let kept = pawl(&["validate", &data, "--constraints", &constraints, "--json"]);
    assert_eq!(kept.status.code(), Some(0), "{}", String::from_utf8_lossy(&kept.stdout));
    let bad = file("broken.csv", b"id,temp,day,city\n1,hot,2012-01-01,Rome\n2,3.5,2012-01-02,Rome\n");
    let broken = pawl(&["validate", &bad, "--constraints", &constraints, "--json"]);
    assert_eq!(broken.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!(told["verdict"], "quarantined");
    let reason = told["violations"].to_string();
    assert!(
        reason.contains("temp: 1 of 2 rows quarantined from line 2 on: expected a value of type"),
        "{reason}"
    );
}

#[test]
fn saved_profiles_compare_like_the_data() {
    let (before, after) = (months("before.csv", 0), months("after.csv", 25));
    let (first, second) = (file("before.json", b""), file("after.json", b""));
    json(&["profile", &before, "--out", &first, "--json"]);
    json(&["profile", &after, "--out", &second, "--json"]);
    for (current, baseline) in [(&after, &before), (&second, &first), (&after, &first), (&second, &before)] {
        let output = pawl(&["drift", current, baseline]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("temp, shape: Drift"), "{text}");
    }
    assert_eq!(pawl(&["drift", &before, &first]).status.code(), Some(0));
    let binned = json(&["profile", &after, "--baseline", &first, "--json"]);
    let temp = &binned["binned"].as_array().unwrap().iter().find(|column| column["name"] == "temp").unwrap();
    assert_eq!(temp["counts"]["above"], 625);
}

#[test]
fn how_data_was_read_is_told_and_can_be_said() {
    let mut told = b"Sales\n\nx;x;\n1;\x1b[31mred;\n2;b\"c;\n3;\"d;\n".to_vec();
    told.extend(b"-999;e;\n".repeat(20));
    let path = file("told.csv", &told);
    let out = pawl(&["profile", &path, "--null", "-999"]);
    let text = String::from_utf8(out.stdout).unwrap();
    for told in
        ["fields between ';'", "before the header: 1", "\"x_2\"", "\"column_3\"", ":5: a quote", ":6:"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains('\x1b') && out.status.success(), "{text}");
    let said = pawl(&["profile", &path, "--delimiter", ",", "--skip", "0", "--header", "no"]);
    assert!(String::from_utf8(said.stdout).unwrap().contains("column_1"));
}

#[test]
fn rules_are_suggested_from_a_saved_profile_as_from_its_data() {
    let data = file("saved.csv", b"n,s\n1,a\n2,b\n3,a\n");
    let of_data = pawl(&["suggest", &data]).stdout;
    for name in ["saved.json", "saved.pawl"] {
        let saved = file(name, b"");
        assert!(pawl(&["profile", &data, "--out", &saved]).status.success());
        assert_eq!(pawl(&["suggest", &saved]).stdout, of_data, "{name}");
    }
}

#[test]
fn saved_profiles_are_parts_of_a_whole_as_data_is() {
    let (one, other) = (months("parts-1.csv", 0), months("parts-2.csv", 3));
    let saved = |data: &str, name: &str| {
        let saved = file(name, b"");
        assert!(pawl(&["profile", data, "--out", &saved]).status.success());
        saved
    };
    let (first, second) = (saved(&one, "parts-1.json"), saved(&other, "parts-2.pawl"));
    let folder = format!("{}/parts-monitor", env!("CARGO_TARGET_TMPDIR"));
    assert!(pawl(&["profile", &one, "--sagemaker", &folder]).status.success());
    let theirs = format!("{folder}/constraints.json");
    for command in [
        &["profile", "--json"][..],
        &["suggest"],
        &["validate", "--constraints", &theirs],
        &["profile", "--json", "--baseline", &first],
    ] {
        let of = |files: [&str; 2]| {
            let output = pawl(&[command, &files].concat());
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        assert_eq!(of([&first, &second]), of([&one, &other]), "{command:?}");
        assert_eq!(of([&one, &second]), of([&one, &other]), "{command:?}");
    }
    // What needs single rows says so.
    let ours = file("parts-rules.json", b"");
    assert!(pawl(&["suggest", &first, "--out", &ours]).status.success());
    let told = refusal(&["validate", &second, "--constraints", &ours]);
    assert!(told.contains("holds no rows, and single rows are judged: give the data itself"), "{told}");
    assert!(refusal(&["profile", &first, "--segments", "city"]).contains("rows are parted"));
}

#[test]
fn wrong_data_is_refused_in_one_line_with_the_fix() {
    let cases: [(&str, &[u8], &str); 8] = [
        ("empty.csv", b"", "the data is empty: it needs a header row that names the columns"),
        (
            "garbage.bin",
            b"\x00\x01\x02\xff\xfe\n\n",
            "line 1: the header is no UTF-8 text: give the data as text in UTF-8",
        ),
        ("bare.csv", b"a,b\n", "no row could be read: there is nothing behind the header"),
        ("wide.csv", b"a,b\n1,2,3\n4,5,6\n", "no row could be read: "),
        ("page.csv", b"<html><body>gone</body></html>\n", "no table: this is a page of HTML"),
        ("name.parquet", b"a,b\n1,2\n", "no table: this is no Parquet, though its name says so"),
        ("list.json", b"[{\"a\": 1},\n{\"a\": 2}\n", "the JSON ends within an array or object"),
        (
            "data.parquet",
            b"PAR1....PAR1",
            "no Parquet file: its footer of 774778414 bytes is longer than the file",
        ),
    ];
    for (name, bytes, expected) in cases {
        let path = file(name, bytes);
        let told = refusal(&["profile", &path]);
        assert!(told.starts_with(&format!("pawl: {path}: {expected}")), "{told}");
    }
    let missing = refusal(&["profile", "no-such.csv"]);
    assert_eq!(missing, "pawl: no-such.csv: there is no such file: check the name\n");
    let directory = refusal(&["suggest", env!("CARGO_TARGET_TMPDIR")]);
    assert!(directory.ends_with("this is a directory: name the files in it\n"), "{directory}");
    let none = refusal(&["suggest", &file("header-only.csv", b"a,b\n")]);
    assert!(none.contains("there is nothing behind the header"), "{none}");
    let other = refusal(&["validate", &file("x.csv", b"a\n1\n"), "--constraints", &file("x.json", b"{}")]);
    assert!(other.contains("not constraints: missing field `version` at line 1 column 2"), "{other}");
}

#[test]
fn bad_rows_are_left_out_and_told() {
    let path = file("ragged.csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n");
    let told = json(&["profile", "--json", &path]);
    assert_eq!((&told["rows"], &told["left_out"]["rows"]), (&2.into(), &2.into()));
    let expected = format!("{path}:3: expected 2 fields as in the header, found 1 field, and 1 row more");
    assert_eq!(told["left_out"]["reasons"], serde_json::json!([expected]));
}

#[test]
fn json_lines_read_like_the_same_table_as_csv() {
    let csv = months("lines.csv", 0);
    let text = std::fs::read_to_string(&csv).unwrap();
    let mut lines = String::new();
    for row in text.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let [id, temp, day, city] = fields[..] else { unreachable!() };
        let city = if city.is_empty() { "null".to_owned() } else { format!("{city:?}") };
        lines += &format!("{{\"id\": {id}, \"temp\": {temp}, \"day\": {day:?}, \"city\": {city}}}\n");
    }
    let packed = file("lines.jsonl.zst", &zstd::encode_all(lines.as_bytes(), 1).unwrap());
    // Told by its first byte.
    let unnamed = file("lines", lines.as_bytes());
    for path in [&packed, &unnamed] {
        assert_eq!(json(&["profile", "--json", path]), json(&["profile", "--json", &csv]), "{path}");
    }
    assert_eq!(pawl(&["drift", &unnamed, &csv]).status.code(), Some(0));
    let nested =
        file("nested.jsonl", b"{\"a\": {\"b\": 1}}\n{\"a\": {\"b\": 2}, \"c\": [1, 2]}\n{\"a\": 3\n");
    let told = json(&["profile", "--json", &nested]);
    assert_eq!((&told["columns"][0]["name"], &told["columns"][1]["nulls"]), (&"a.b".into(), &1.into()));
    let reason = format!("{nested}:3: expected a comma or }}, found the end of the line at column 8");
    assert_eq!(told["left_out"]["reasons"], serde_json::json!([reason]));
}

/// The same table in both forms has the same figures, and the same verdict.
#[test]
fn parquet_is_read_as_the_same_table_in_csv() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files");
    let (csv, parquet) = (format!("{folder}/rentals.csv"), format!("{folder}/rentals.parquet"));
    let figures = |path: &str| {
        let mut told = json(&["profile", "--json", path]);
        told.as_object_mut().unwrap().remove("left_out");
        told
    };
    assert_same(&figures(&csv), &figures(&parquet), "");
    let constraints = file("rentals-constraints.json", b"");
    assert_eq!(pawl(&["suggest", &csv, "--out", &constraints]).status.code(), Some(0));
    for path in [&csv, &parquet] {
        let told = json(&["validate", "--json", path, "--constraints", &constraints]);
        assert_eq!((&told["verdict"], &told["rows"]), (&"accepted".into(), &500.into()), "{told}");
    }
    let packed = zstd::encode_all(std::fs::read(&parquet).unwrap().as_slice(), 1).unwrap();
    let packed = refusal(&["profile", &file("packed.zst", &packed)]);
    assert!(packed.contains("Parquet is read from its end: give it as a file, unpacked"), "{packed}");
    let cut = refusal(&["profile", &file("cut.parquet", &std::fs::read(&parquet).unwrap()[..900])]);
    assert!(cut.contains("no Parquet file: its last four bytes are not PAR1"), "{cut}");
}

/// Equal, but for the rounding that the order of adding makes.
fn assert_same(left: &Value, right: &Value, path: &str) {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "{path}");
            left.iter().for_each(|(key, value)| assert_same(value, &right[key], &format!("{path}/{key}")));
        }
        (Value::Array(left), Value::Array(right)) => {
            assert_eq!(left.len(), right.len(), "{path}");
            left.iter().zip(right).for_each(|(left, right)| assert_same(left, right, path));
        }
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            assert!((left - right).abs() <= 1e-12 * left.abs(), "{path}: {left} {right}");
        }
        _ => assert_eq!(left, right, "{path}"),
    }
}

#[test]
fn model_monitors_files_go_both_ways() {
    let folder = format!("{}/sagemaker", env!("CARGO_TARGET_TMPDIR"));
    let good = months("monitored.csv", 0);
    assert_eq!(pawl(&["profile", &good, "--sagemaker", &folder]).status.code(), Some(0));
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(format!("{folder}/{name}")).unwrap()).unwrap()
    };
    let statistics = read("statistics.json");
    assert_eq!(statistics["dataset"]["item_count"], 1000);
    let temp = &statistics["features"][1]["numerical_statistics"];
    assert_eq!((&temp["mean"], &temp["common"]["num_present"]), (&20.0.into(), &1000.into()));
    let constraints = format!("{folder}/constraints.json");
    let baseline = format!("{folder}/statistics.json");
    let validate = |data: &str| {
        pawl(&[
            "validate",
            data,
            "--constraints",
            &constraints,
            "--statistics",
            &baseline,
            "--sagemaker",
            &folder,
        ])
    };
    assert_eq!(validate(&good).status.code(), Some(0));
    assert_eq!(read("constraint_violations.json"), serde_json::json!({"violations": []}));
    let moved = validate(&months("moved.csv", 30));
    let text = String::from_utf8(moved.stdout).unwrap();
    assert_eq!(moved.status.code(), Some(1), "{text}");
    assert!(text.starts_with("temp: baseline_drift_check: Numerical distance: 0."), "{text}");
    let written = read("constraint_violations.json");
    assert_eq!(written["violations"].as_array().map(Vec::len), Some(1));
    assert_eq!(written["violations"][0]["constraint_check_type"], "baseline_drift_check");
    let own = file("own-rules.json", b"{\"version\": 1, \"columns\": []}");
    let told = refusal(&["validate", &good, "--constraints", &own, "--statistics", &baseline]);
    assert!(told.contains("--statistics and --sagemaker belong to Model Monitor's constraints"), "{told}");
}

/// So many rows of two columns, of which every `each`th has a field too many.
fn dented(name: &str, rows: usize, each: usize) -> String {
    let line = |row: usize| match (row + 1).is_multiple_of(each) {
        true => format!("{row},{},surplus\n", row % 7),
        false => format!("{row},{}\n", row % 7),
    };
    file(name, (0..rows).map(line).fold("n,x\n".to_owned(), |data, line| data + &line).as_bytes())
}

#[test]
fn drift_tells_the_rows_that_it_does_not_know_and_judges_nothing_where_they_are_many() {
    let whole = dented("drift-whole.csv", 1000, usize::MAX);
    let (few, many) = (dented("drift-few.csv", 1000, 25), dented("drift-many.csv", 1000, 10));
    let output = pawl(&["drift", &few, &whole]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Left out: 40 bad rows"), "{text}");
    assert!(
        text.contains(&format!("{few}:26: expected 2 fields as in the header, found 3 fields")),
        "{text}"
    );
    let told = json(&["drift", &few, &whole, "--json"]);
    assert_eq!(
        (&told["left_out"]["current"]["rows"], &told["left_out"]["baseline"]["rows"]),
        (&40.into(), &0.into())
    );
    // On either side, and of a profile that was saved, too.
    let saved = file("drift-many.json", b"");
    assert_eq!(pawl(&["profile", &many, "--out", &saved]).status.code(), Some(0));
    let packed = file("drift-many.pawl", b"");
    assert_eq!(pawl(&["profile", &many, "--out", &packed]).status.code(), Some(0));
    for (current, baseline, side) in [
        (&many, &whole, "batch"),
        (&whole, &many, "baseline"),
        (&saved, &whole, "batch"),
        (&whole, &packed, "baseline"),
    ] {
        let output = pawl(&["drift", current, baseline]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(3), "{text}");
        let reason = format!("  100 of 1000 rows of the {side} (10.0 %) were left out, of at most 5.0 %");
        assert!(text.starts_with("insufficient data") && text.contains(&reason), "{text}");
        assert!(text.contains("Left out: 100 bad rows"), "{text}");
        assert_eq!(json(&["drift", current, baseline, "--json"])["verdict"], "insufficient_data");
    }
}

#[test]
fn how_data_was_read_is_told_by_drift_and_validate_too() {
    let plain = file("notes-plain.csv", b"n;x\n1;2\n3;4\n");
    let rules = file("notes-rules.json", b"");
    assert_eq!(pawl(&["suggest", &plain, "--out", &rules]).status.code(), Some(0));
    let text = String::from_utf8(pawl(&["validate", &plain, "--constraints", &rules]).stdout).unwrap();
    assert!(text.contains("Read so") && text.contains(&format!("{plain}: ")), "{text}");
    let told = json(&["validate", &plain, "--constraints", &rules, "--json"]);
    assert_eq!((&told["verdict"], told["notes"].as_array().unwrap().len()), (&"accepted".into(), 1));
    let text = String::from_utf8(pawl(&["drift", &plain, &plain]).stdout).unwrap();
    assert!(text.contains("Read so") && text.contains(&format!("{plain}: ")), "{text}");
    let told = json(&["drift", &plain, &plain, "--json"]);
    assert_eq!(told["left_out"]["current"]["notes"].as_array().unwrap().len(), 1);
}

/// Both read it: column by column for a profile, row by row for rules.
#[test]
fn leaves_of_one_name_get_names_of_their_own_and_lists_count_rows() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/same_names.parquet");
    let told = json(&["profile", "--json", data]);
    let columns: Vec<(&str, u64, u64, u64)> = told["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| {
            let figure = |key: &str| column[key].as_u64().unwrap();
            (column["name"].as_str().unwrap(), figure("count"), figure("nulls"), figure("distinct"))
        })
        .collect();
    assert_eq!(columns, [("a.b", 4, 0, 3), ("a.b_2", 2, 2, 2), ("c.list.element", 3, 1, 3)]);
    let note = format!("{data}: column 2 has the name \"a.b\" again: it is called \"a.b_2\"");
    assert_eq!(told["left_out"]["notes"], serde_json::json!([note]));
    let rules = file("same-names.json", b"");
    assert!(pawl(&["suggest", data, "--out", &rules]).status.success());
    let told = json(&["validate", data, "--constraints", &rules, "--json"]);
    assert_eq!((&told["verdict"], &told["notes"]), (&"accepted".into(), &serde_json::json!([note])));
}

#[test]
fn a_column_that_one_file_lacks_is_told() {
    let (with, without) = (file("lack-1.csv", b"a,b\n1,x\n2,y\n"), file("lack-2.csv", b"a\n3\n"));
    let text = String::from_utf8(pawl(&["profile", &with, &without]).stdout).unwrap();
    assert!(text.contains("b: no such column in 1 of 3 rows, since some files lack it"), "{text}");
    let rules = file("lack.json", b"");
    assert!(pawl(&["suggest", &with, "--out", &rules]).status.success());
    let text =
        String::from_utf8(pawl(&["validate", &with, &without, "--constraints", &rules]).stdout).unwrap();
    assert!(text.contains("b: the data has no such column in 1 of 3 rows: some objects lack it"), "{text}");
}

#[test]
fn lines_that_a_stray_quote_would_have_swallowed_are_a_figure() {
    let good = file("swallowed-good.csv", b"n,note\n1,a\n2,b\n");
    let data = file("swallowed.csv", b"n,note\n1,\"open\n2,b\n3,c\n4,\"fine\"\n5,d\n");
    let rules = file("swallowed.json", b"");
    assert!(pawl(&["suggest", &good, "--out", &rules]).status.success());
    let words = "such quotes would have swallowed 3 lines behind them, which were read";
    for command in [&["profile", &data][..], &["validate", &data, "--constraints", &rules]] {
        let text = String::from_utf8(pawl(command).stdout).unwrap();
        assert!(text.contains(words), "{text}");
    }
    let told = json(&["profile", &data, "--json"]);
    assert_eq!(
        (&told["rows"], &told["left_out"]["rows"], &told["left_out"]["swallowed_lines"]),
        (&4.into(), &1.into(), &3.into())
    );
}

#[test]
fn keys_of_constraints_that_nobody_knows_are_refused_or_listed() {
    let data = file("keys.csv", b"n,x\n1,2\n3,4\n");
    let rules = format!("{}/keys-rules.json", env!("CARGO_TARGET_TMPDIR"));
    assert_eq!(pawl(&["suggest", &data, "--out", &rules]).status.code(), Some(0));
    let mut document: Value = serde_json::from_slice(&std::fs::read(&rules).unwrap()).unwrap();
    document["columns"][1]["rnage"] = serde_json::json!({"min": 0});
    document["columns"][0]["required"] = true.into();
    let misspelt = file("keys-misspelt.json", document.to_string().as_bytes());
    let told = refusal(&["validate", &data, "--constraints", &misspelt]);
    assert!(told.contains("no such key: columns[1].rnage: correct its name"), "{told}");
    // The file of another, which may know more: listed, and the rest holds.
    let theirs = serde_json::json!({"version": 0.0, "features": [
        {"name": "n", "inferred_type": "Integral", "completeness": 1.0, "note": "ours", "num_constraints": null},
        {"name": "x", "inferred_type": "String", "completeness": 1.0,
         "string_constraints": {"domains": ["2"], "monitoring_overrides": {"domain_content_threshold": 0.1}}}
    ]});
    let theirs = file("keys-theirs.json", theirs.to_string().as_bytes());
    let told = json(&["validate", &data, "--constraints", &theirs, "--json"]);
    assert_eq!(
        told["unknown_keys"],
        serde_json::json!(["features[0].note", "features[1].string_constraints.monitoring_overrides"])
    );
    let text = String::from_utf8(pawl(&["validate", &data, "--constraints", &theirs]).stdout).unwrap();
    assert!(text.contains("change nothing\n  features[0].note\n"), "{text}");
}

#[test]
fn a_wide_table_says_what_it_keeps_less_of() {
    let header: Vec<String> = (0..700).map(|column| format!("c{column}")).collect();
    let rows = |row: usize| format!("\n{}", vec![row.to_string(); 700].join(","));
    let wide = file("wide.csv", (header.join(",") + &(0..5).map(rows).collect::<String>() + "\n").as_bytes());
    let told = json(&["profile", "--json", &wide]);
    let note = told["left_out"]["notes"][0].as_str().unwrap();
    assert!(note.contains("700 columns, so that each keeps less: up to 1024 different values"), "{note}");
    assert_eq!(told["columns"][699]["distinct_exact"], true);
}
