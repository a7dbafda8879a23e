//! Wrong input, as a person meets it: one line on stderr, the right exit code, nothing on stdout.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::process::{Command, Output};

fn pawl(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pawl"));
    for name in ["PAWL_BUCKET", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"] {
        command.env_remove(name);
    }
    command.args(args).output().expect("the binary runs")
}

fn refusal(args: &[&str]) -> (i32, String) {
    let output = pawl(args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty(), "{args:?} printed to stdout");
    (output.status.code().unwrap(), text)
}

fn yaml(name: &str, text: &str) -> String {
    let path = format!("{}/{name}.yaml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, text).unwrap();
    path
}

const GOOD: &str = "model: m
data:
  bucket: b
  prefix: p/
  label: {column: y}
  features: [x]
train:
  image: i
";

#[test]
fn check_says_what_is_good() {
    let output = pawl(&["check", &yaml("good", GOOD)]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("is good.") && text.contains("s3://b/p/"), "{text}");
    let output = pawl(&["check", "--json", &yaml("good-json", GOOD)]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["pipeline"]["split"]["holdout_objects"], 1);
}

#[test]
fn check_says_how_groups_are_known_in_production() {
    let told = |rest: &str| {
        let features = GOOD.replace("features: [x]", "features: [x, sex]\n  context: [town]");
        let output = pawl(&["check", &yaml("groups", &format!("{features}{rest}"))]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let gate = "gate: {fairness: {groups: [{columns: [sex]}, {columns: [sex, town]}]}}\n";
    let text = told(gate);
    assert!(text.contains("live groups sex: known by the captured requests"), "{text}");
    assert!(text.contains("sex & town: no feature: watched only where lines under truth/"), "{text}");
    let text = told(&format!("{gate}serve: {{capture_percent: 0}}\n"));
    assert!(text.contains("sex: not watched: serve.capture_percent is 0"), "{text}");
    assert!(!told("").contains("live groups"), "nothing to tell");
}

#[test]
fn check_says_in_one_line_what_is_wrong() {
    let file = yaml("bad", &GOOD.replace("prefix: p/", "prefix: p"));
    let (code, text) = refusal(&["check", &file]);
    assert_eq!(code, 2);
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("bad.yaml:4:11: data.prefix is \"p\": end it with /"), "{text}");
    let (code, text) = refusal(&["check", "no-such-file.yaml"]);
    assert_eq!(code, 2);
    assert!(text.starts_with("pawl: no-such-file.yaml: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn an_error_is_a_document_too() {
    let output = pawl(&["--json", "check", "no-such-file.yaml"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["error"]["exit_code"], 2);
}

#[test]
fn the_schema_knows_every_section() {
    let output = pawl(&["schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for section in ["model", "data", "train", "gate", "release"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn usage_errors_have_exit_code_2() {
    let (code, text) = refusal(&["chekc"]);
    assert_eq!(code, 2);
    assert!(text.contains("check"), "a similar command is named: {text}");
}

#[test]
fn a_verb_without_its_needs_says_what_is_missing() {
    for (args, wanted) in [
        (&["status", "m"][..], "give --bucket NAME or set PAWL_BUCKET"),
        (&["freeze", "m", "--bucket", "b"], "--why"),
        (&["freeze", "m", "--why", " ", "--bucket", "b"], "say why"),
        (&["status", "a--b", "--bucket", "b"], "single hyphens"),
        (&["history", "m", "--limit", "0", "--bucket", "b"], "1..=10000"),
        (&["report", "m", "twelve", "--bucket", "b"], "invalid digit"),
        (&["put", "no-such-file.yaml"], "no bucket"),
    ] {
        let (code, text) = refusal(args);
        assert_eq!(code, 2, "{args:?}");
        assert!(text.contains(wanted), "{args:?}: {text}");
    }
}

#[test]
fn an_endpoint_that_does_not_answer_is_one_line() {
    let output = Command::new(env!("CARGO_BIN_EXE_pawl"))
        .args(["status", "m", "--bucket", "b"])
        .envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_REGION", "eu-west-1")])
        .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .output()
        .expect("the binary runs");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.starts_with("pawl: unavailable: pipelines/m/pipeline.yaml"), "{text}");
    assert!(text.lines().count() == 1 && text.len() < 300, "{text}");
}

#[test]
fn missing_credentials_are_told_with_what_to_set() {
    let output = Command::new(env!("CARGO_BIN_EXE_pawl"))
        .args(["status", "m", "--bucket", "b"])
        .env_clear()
        .envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_REGION", "eu-west-1")])
        .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nonexistent")])
        .output()
        .expect("the binary runs");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.starts_with("pawl: no AWS credentials: set AWS_PROFILE"), "{text}");
    assert_eq!(text.lines().count(), 1);
}
