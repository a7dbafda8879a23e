//! `pawl drift`, as a person and as a program runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::process::{Command, Output};

use serde_json::Value;

fn pawl(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pawl")).args(args).output().expect("the binary runs")
}

fn code(args: &[&str]) -> (Option<i32>, String) {
    let output = pawl(args);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn json(args: &[&str]) -> Value {
    serde_json::from_slice(&pawl(&[args, &["--json"]].concat()).stdout).unwrap()
}

fn file(name: &str, bytes: &[u8]) -> String {
    let path = format!("{}/drift-{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Rows of two towns; in `moved`, Rome is warmer.
fn rows(count: u32, moved: bool) -> Vec<(u32, f64, &'static str)> {
    let row = |row: u32| {
        let town = ["Rome", "Paris"][(row % 2) as usize];
        let warmer = if moved && town == "Rome" { 25.0 } else { 0.0 };
        (row, f64::from(row * 7919 % 1000) / 10.0 + warmer, town)
    };
    (0..count).map(row).collect()
}

fn csv(name: &str, count: u32, moved: bool) -> String {
    let lines = rows(count, moved).into_iter().map(|(id, temp, town)| format!("{id},{temp},{town}\n"));
    file(name, format!("id,temp,town\n{}", lines.collect::<String>()).as_bytes())
}

fn jsonl(name: &str, count: u32, moved: bool) -> String {
    let lines = rows(count, moved)
        .into_iter()
        .map(|(id, temp, town)| format!("{{\"id\": {id}, \"temp\": {temp}, \"town\": {town:?}}}\n"));
    file(name, lines.collect::<String>().as_bytes())
}

#[test]
fn the_exit_code_says_what_it_came_to() {
    let before = csv("before.csv", 1000, false);
    let (quiet, text) = code(&["drift", &csv("same.csv", 1000, false), &before]);
    assert_eq!(quiet, Some(0), "{text}");
    assert!(text.starts_with("no drift: 8 comparisons, 4 tests\n"), "{text}");
    assert!(text.contains("temp shape: a shift of 0."), "what it would have told: {text}");
    assert!(text.contains("no verdict: 1\n  id: An identifier: "), "what was not compared: {text}");
    let (moved, text) = code(&["drift", &csv("moved.csv", 1000, true), &before]);
    assert_eq!(moved, Some(1), "{text}");
    assert!(text.starts_with("drift: ") && text.contains("temp, shape: Drift: moved by"), "{text}");
    let (thin, text) = code(&["drift", &csv("thin.csv", 150, true), &before]);
    assert_eq!(thin, Some(3), "{text}");
    assert!(text.starts_with("insufficient data: ") && text.contains("at least 200 are needed"), "{text}");
    let (none, text) = code(&["drift", "no-such.csv", &before]);
    assert_eq!(
        (none, text.as_str()),
        (Some(2), "pawl: no-such.csv: there is no such file: check the name\n")
    );
}

/// A baseline of more numbers than are counted one by one is read once more: against itself every bin holds as
/// many rows on either side, which those of a sketch do not.
#[test]
fn a_large_baseline_is_counted_exactly() {
    let lines = (0..40_000u32).map(|row| format!("{},\n", f64::from(row * 7919 % 39_989) / 7.0));
    let data = file("large.csv", format!("x,empty\n{}", lines.collect::<String>()).as_bytes());
    let bins = |baseline: &str| {
        let told = json(&["drift", &data, baseline]);
        let shape =
            told["columns"].as_array().unwrap().iter().find(|it| it["name"] == "x" && it["axis"] == "shape");
        let bins = shape.unwrap()["bins"].as_array().unwrap().clone();
        bins.into_iter().map(|bin| (bin["baseline"].clone(), bin["current"].clone())).collect::<Vec<_>>()
    };
    assert!(bins(&data).iter().all(|(baseline, current)| baseline == current), "{:?}", bins(&data));
    let saved = file("large.json", b"");
    assert_eq!(pawl(&["profile", &data, "--out", &saved]).status.code(), Some(0));
    assert!(bins(&saved).iter().any(|(baseline, current)| baseline != current), "a profile is a sketch");
    let told = json(&["drift", &data, &data]);
    let silent = told["not_judged"].as_array().unwrap();
    assert!(silent.iter().any(|it| it["name"] == "empty" && it["why"] == "insufficient_data"), "{silent:?}");
}

#[test]
fn the_document_has_the_promised_shape() {
    let told = json(&["drift", &csv("shape.csv", 1000, true), &csv("shape-before.csv", 1000, false)]);
    assert_eq!(told["verdict"], "drift");
    let shape =
        told["columns"].as_array().unwrap().iter().find(|it| it["name"] == "temp" && it["axis"] == "shape");
    let shape = shape.unwrap();
    assert_eq!((&shape["verdict"], &shape["n"], &shape["m"]), (&"drift".into(), &1000.into(), &1000.into()));
    for score in ["p_value", "q_value", "psi", "psi_debiased", "ks", "ks_lower"] {
        assert!(shape[score].is_f64(), "{score}: {}", shape[score]);
    }
    assert_eq!(shape["segment"], Value::Null);
    let quiet = told["columns"].as_array().unwrap().iter().find(|it| it["verdict"] == "none").unwrap();
    assert!(quiet["minimum_detectable_effect"].is_f64(), "{quiet}");
    let named = |formula: &Value| shape.get(formula["score"].as_str().unwrap()).is_some();
    assert!(told["formulas"].as_array().unwrap().iter().all(named), "each formula is of a score");
}

/// A segment that moved is named whatever form the data comes in.
#[test]
fn segments_are_told_apart_in_every_format() {
    let (before, after) = (csv("parts-before.csv", 2000, false), csv("parts-after.csv", 2000, true));
    let expected = json(&["drift", &after, &before, "--segments", "town"]);
    let drifting = |told: &Value| -> Vec<String> {
        let findings = told["columns"].as_array().unwrap().iter();
        let moved = findings.filter(|it| it["verdict"] == "drift" && it["axis"] == "shape");
        moved.map(|it| format!("{} in {}", it["name"], it["segment"]["value"])).collect()
    };
    assert!(drifting(&expected).contains(&"\"temp\" in \"Rome\"".to_owned()), "{:?}", drifting(&expected));
    assert!(!drifting(&expected).contains(&"\"temp\" in \"Paris\"".to_owned()));
    let (lines_before, lines_after) =
        (jsonl("parts-before.jsonl", 2000, false), jsonl("parts-after.jsonl", 2000, true));
    assert_eq!(json(&["drift", &lines_after, &lines_before, "--segments", "town"]), expected);
    assert_eq!(json(&["drift", &lines_after, &before, "--segments", "town"]), expected);
    let saved = file("parts-before.json", b"");
    assert_eq!(pawl(&["profile", &before, "--segments", "town", "--out", &saved]).status.code(), Some(0));
    assert_eq!(drifting(&json(&["drift", &after, &saved, "--segments", "town"])), drifting(&expected));
}

#[test]
fn parquet_compares_like_the_same_table_in_csv() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files");
    let (csv, parquet) = (format!("{folder}/rentals.csv"), format!("{folder}/rentals.parquet"));
    assert_eq!(json(&["drift", &csv, &csv])["verdict"], "none");
    // Each season has fewer rows than can be judged.
    let expected = json(&["drift", &csv, &csv, "--segments", "season"]);
    assert_eq!(expected["verdict"], "insufficient_data", "{}", expected["reasons"]);
    for (current, baseline) in [(&parquet, &csv), (&csv, &parquet), (&parquet, &parquet)] {
        assert_eq!(json(&["drift", current, baseline])["verdict"], "none", "{current} against {baseline}");
        let told = json(&["drift", current, baseline, "--segments", "season"]);
        assert_eq!(told["verdict"], "insufficient_data", "{}", told["reasons"]);
        let count = |told: &Value| told["columns"].as_array().map(Vec::len);
        assert_eq!(count(&told), count(&expected), "{current} against {baseline}");
    }
}

#[test]
fn a_pipeline_says_what_is_compared() {
    let yaml = "model: m\ndata: {bucket: b, prefix: p/, label: {column: town}, features: [temp, id]}\n\
                train: {image: i}\ncompare: {leave_out: [id]}\ndrift: {psi_warn: 5, psi_drift: 9, ks_drift: 0.9, \
                wasserstein_drift: 9, share_warn: 0.9, share_drift: 0.9}\n";
    let pipeline = file("pipeline.yaml", yaml.as_bytes());
    let (before, after) = (csv("told-before.csv", 1000, false), csv("told-after.csv", 1000, true));
    let told = json(&["drift", &after, &before, "--pipeline", &pipeline]);
    let names = told["columns"].as_array().unwrap().iter().map(|it| (&it["name"], &it["role"]));
    assert!(
        names
            .clone()
            .all(|it| it == (&"temp".into(), &"feature".into()) || it == (&"town".into(), &"label".into()))
    );
    assert_eq!(told["policy"]["psi_warn"], 5.0);
    let shape = told["columns"].as_array().unwrap().iter().find(|it| it["axis"] == "shape").unwrap();
    assert_eq!(shape["verdict"], "none", "the team's own thresholds: {}", shape["reason"]);
}

#[test]
fn what_cannot_be_compared_is_one_line_with_the_fix() {
    let (before, after) = (csv("wrong-before.csv", 500, false), csv("wrong-after.csv", 500, false));
    let saved = file("wrong-before.json", b"");
    assert_eq!(pawl(&["profile", &before, "--out", &saved]).status.code(), Some(0));
    for (args, wanted) in [
        (vec!["drift", &after, &saved, "--segments", "town"], "pawl profile --segments town"),
        (
            vec!["drift", &after, &before, "--segments", "id"],
            "more than 50 values: segment by one that has few",
        ),
        (vec!["drift", &after, &before, "--segments", "twon"], "there is no column \"twon\" to segment by"),
        (vec!["drift", &after, &before, "--columns", "tmep"], "there is no column \"tmep\" in the baseline"),
        (vec!["drift", &after, &before, "--label", "tmep"], "there is no column \"tmep\" in the baseline"),
        (vec!["drift", &file("none.json", b"{}"), &before], "neither a saved profile nor a frozen baseline"),
        (vec!["drift", &after, &file("empty.csv", b"")], "the data is empty"),
    ] {
        let (code, text) = code(&args);
        assert_eq!((code, text.lines().count()), (Some(2), 1), "{args:?}: {text}");
        assert!(text.starts_with("pawl: ") && text.contains(wanted), "{text}");
    }
}
