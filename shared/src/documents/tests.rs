//! The table in `docs/documents.md` is what the code says, and no document is missing in it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::ledger::inbox::Completes;
use crate::ledger::{Keys, TriggerId};
use crate::names::{ContentHash, Generation, ModelName};
use crate::release::ConfigName;

const BEGIN: &str = "<!-- documents: written by `PAWL_UPDATE_DOCS=1 cargo test -p pawl documents` -->\n";
const END: &str = "<!-- end of documents -->\n";

/// A run whose number stands in a key as it is, with or without leading zeros.
const RUN_NUMBER: Generation = Generation(123_456);

/// Where documents are defined.
const SOURCES: [&str; 9] = [
    include_str!("../../ledger/src/ledger/documents/own.rs"),
    include_str!("../../release/src/documents.rs"),
    concat!(include_str!("batch.rs"), include_str!("models.rs"), include_str!("monitoring.rs")),
    include_str!("decision.rs"),
    concat!(include_str!("operator.rs"), include_str!("request.rs")),
    concat!(include_str!("partition.rs"), include_str!("profiled.rs")),
    include_str!("smoke.rs"),
    include_str!("trial.rs"),
    include_str!("validation.rs"),
];

struct Row {
    name: &'static str,
    key: String,
    content: String,
    version: String,
    writers: &'static [Component],
    readers: &'static [Component],
}

fn keys() -> Keys {
    Keys::new(&ModelName::try_from("example-model".to_owned()).unwrap())
}

fn row<T, P>(name: &'static str, document: Document<T, P>, at: impl Fn(&Document<T, P>) -> Slot<T>) -> Row {
    let version = match document.version() {
        Version::Added(version) => version.to_string(),
        Version::Own(version) => format!("{version}, in `version`"),
        Version::Foreign => "another system's".to_owned(),
    };
    Row {
        name,
        key: pattern(at(&document).key()),
        content: format!("`{}`", short(std::any::type_name::<T>())),
        version,
        writers: document.writers(),
        readers: document.readers(),
    }
}

fn of_model<T>(name: &'static str, document: Document<T, OfModel>) -> Row {
    row(name, document, |document| document.of(&keys()))
}

fn of_run<T>(name: &'static str, document: Document<T, OfRun>) -> Row {
    row(name, document, |document| document.of(&keys(), RUN_NUMBER))
}

fn named<T, N: ?Sized>(name: &'static str, document: Document<T, Named<N>>, example: &N) -> Row {
    row(name, document, |document| document.of(&keys(), example))
}

fn file(name: &'static str, file: File) -> Row {
    let (writers, readers) = (file.writers(), file.readers());
    let key = pattern(&file.key(&keys(), RUN_NUMBER));
    Row { name, key, content: "a file".to_owned(), version: "none".to_owned(), writers, readers }
}

/// The key with placeholders where the examples stand.
fn pattern(key: &str) -> String {
    let (trigger, hash) = (trigger().to_string(), hash().to_string());
    let request = ContentHash::of(b"example-request");
    let examples = [
        ("example-model", "<model>"),
        ("123456", "<run>"),
        ("example-object", "<object>"),
        ("54321", "<part>"),
        ("98765432", "<sequence>"),
        ("654321", "<look>"),
        (&trigger, "<trigger>"),
        (&hash, "<digest>"),
        ("example-question", "<question>"),
        ("19700101T000000.000000000-reset", "<time>-<act>"),
        (request.short(), "<digest>"),
        ("/answer/", "/<concern>/"),
        ("example-user", "<userid>"),
        ("example-request", "<request>"),
        ("example-config-0", "<config>-<since>"),
    ];
    examples.iter().fold(key.to_owned(), |key, (example, placeholder)| key.replace(example, placeholder))
}

fn trigger() -> TriggerId {
    TriggerId::new("example", Completes::Itself)
}

fn hash() -> ContentHash {
    ContentHash::of(b"an example of another kind")
}

/// The name of a type without the modules that it lies in.
fn short(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(['<', '>', ',', ' ']) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

fn partition(parts: u32) -> Partition {
    let mut object = crate::ledger::Object::new("b".into(), "k".into(), None, "e".into(), 1);
    object.id = "example-object".to_owned();
    Partition { object, piece: Piece::Whole, part: 54_321, parts, reference: None }
}

/// All documents, as their folders lie in the bucket.
fn rows() -> Vec<Row> {
    let note = OperatorNote {
        at: jiff::Timestamp::UNIX_EPOCH,
        who: String::new(),
        act: Act::Reset,
        why: String::new(),
        what: String::new(),
        request: Some("example-request".to_owned()),
    };
    let request = RequestKey {
        concern: Concern::Answer,
        who: UserId::new("example-user").unwrap(),
        model: keys().model().clone(),
        id: "example-request".to_owned(),
    };
    let smoke =
        SmokeTest { generation: RUN_NUMBER, config: ConfigName("example-config".into()), since: None };
    let mut rows = vec![
        of_model("TRAINING", TRAINING),
        of_model("DATASET", DATASET),
        of_model("CONSTRAINTS", CONSTRAINTS),
        of_model("SWEEP", SWEEP),
        of_model("SCHEDULE", SCHEDULE),
        of_model("RELEASE", RELEASE),
        of_model("WAVE", WAVE),
        named("WAVE_ORDER", WAVE_ORDER, &RUN_NUMBER),
        of_model("UPKEEP", UPKEEP),
        of_model("DRIFT_HISTORY", DRIFT_HISTORY),
        of_model("MONITOR", MONITOR),
        of_model("TRIAL_MEMORY", TRIAL_MEMORY),
        named("TRIGGER", TRIGGER, &trigger()),
        named("HANDLED", HANDLED, &trigger()),
        named("UNROUTED", UNROUTED, &hash()),
        named("QUESTION", QUESTION, "example-question"),
        named("RELEASE_ENTRY", RELEASE_ENTRY, &98_765_432),
        named("RUN_ENTRY", RUN_ENTRY, &RUN_NUMBER),
        named("NOTE", NOTE, &note),
        named("REQUEST", REQUEST, &request),
        named("QUARANTINED_DATASET", QUARANTINED_DATASET, &hash()),
        named("PROFILED", PROFILED, "example-object"),
        named("PROFILED_PART", PROFILED_PART, &partition(99_999)),
    ];
    rows.extend([
        file("PIPELINE", PIPELINE),
        of_run("MANIFEST", MANIFEST),
        of_run("PARTITIONS", PARTITIONS),
        of_run("CALLS", CALLS),
        of_run("REFERENCE", REFERENCE),
        of_run("VALIDATION", VALIDATION),
        of_run("PROFILE", PROFILE),
        of_run("SPLIT", SPLIT),
        of_run("TRAINED_ON", TRAINED_ON),
        of_run("STATISTICS", STATISTICS),
        of_run("MONITOR_CONSTRAINTS", MONITOR_CONSTRAINTS),
        of_run("DRIFT", DRIFT),
        of_run("DECISION", DECISION),
        of_run("TRAIN_OBJECTS", TRAIN_OBJECTS),
        of_run("HOLDOUT_OBJECTS", HOLDOUT_OBJECTS),
        of_run("CONVERGENCE", CONVERGENCE),
        of_run("JUDGEMENT", JUDGEMENT),
        of_run("EVALUATION", EVALUATION),
        of_run("ANALYSIS", ANALYSIS),
        named("SMOKE", SMOKE, &smoke),
        of_run("TRIAL", TRIAL),
        named("RELEASED", RELEASED, &RUN_NUMBER),
        of_run("FAILURE", FAILURE),
        of_run("RUN", RUN),
        file("REPORT", REPORT),
        named("EXPECTED", EXPECTED, &RUN_NUMBER),
        named("LOOK", LOOK, &(RUN_NUMBER, 654_321)),
    ]);
    rows
}

/// What each constant in the sources is: its name, and the first sentence of its description.
fn described() -> Vec<(String, String)> {
    let (mut described, mut description) = (Vec::new(), String::new());
    for line in SOURCES.iter().flat_map(|source| source.lines()) {
        if let Some(text) = line.strip_prefix("/// ") {
            description = format!("{description}{text} ");
            continue;
        }
        if let Some((name, of)) = line.strip_prefix("pub const ").and_then(|rest| rest.split_once(": "))
            && (of.starts_with("Document<") || of.starts_with("File "))
        {
            let first = description.split_inclusive(". ").next().unwrap_or_default().trim_end();
            described.push((name.to_owned(), first.replace(['[', ']'], "")));
        }
        description.clear();
    }
    described
}

fn names(components: &[Component]) -> String {
    let names: Vec<&str> = components.iter().map(|component| component.name()).collect();
    if names.is_empty() { "people".to_owned() } else { names.join(", ") }
}

fn table() -> String {
    let mut text = "| document | key | type | schema version | written by | read by | what |\n".to_owned();
    text.push_str("|---|---|---|---|---|---|---|\n");
    let described = described();
    for Row { name, key, content, version, writers, readers } in rows() {
        let what = described.iter().find(|(of, _)| of == name).map_or("", |(_, what)| what);
        let (writers, readers) = (names(writers), names(readers));
        let cells = [&format!("`{name}`"), &format!("`{key}`"), &content, &version, &writers, &readers, what];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_documented_table_is_what_the_code_says() {
    let path = root().join("docs/documents.md");
    let docs = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = docs.split_once(BEGIN).unwrap();
    let (found, tail) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("PAWL_UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{table}{END}{tail}")).unwrap();
        return;
    }
    assert_eq!(found, table, "run PAWL_UPDATE_DOCS=1 cargo test -p pawl documents");
}

#[test]
fn every_document_has_its_row() {
    let rows: BTreeSet<String> = rows().iter().map(|row| row.name.to_owned()).collect();
    let defined: BTreeSet<String> = described().into_iter().map(|(name, _)| name).collect();
    assert_eq!(rows, defined);
}

#[test]
fn no_two_documents_share_a_key() {
    let keys: Vec<String> = rows().into_iter().map(|row| row.key).collect();
    let distinct: BTreeSet<&String> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains("example")), "{keys:?}");
}

/// The documents that the sources of a program import by name.
fn imported(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            imported(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            for import in source.split("use pawl::documents::").skip(1) {
                let list = import.split(';').next().unwrap_or_default();
                let names = list.split(|c: char| !c.is_ascii_uppercase() && c != '_');
                found.extend(names.filter(|name| name.len() > 2).map(str::to_owned));
            }
        }
    }
}

#[test]
fn whoever_uses_a_document_is_named_as_its_writer_or_reader() {
    let programs = [
        ("functions/new-data-trigger", Component::NewDataTrigger),
        ("functions/data-validator", Component::DataValidator),
        ("functions/drift-checker", Component::DriftChecker),
        ("functions/evaluation-gate", Component::EvaluationGate),
        ("functions/rollback-handler", Component::RollbackHandler),
        ("cli", Component::Command),
    ];
    for (folder, component) in programs {
        let mut used = BTreeSet::new();
        imported(&root().join(folder).join("src"), &mut used);
        assert!(!used.is_empty(), "{folder} uses no document");
        for Row { name, writers, readers, .. } in rows() {
            let named = writers.contains(&component) || readers.contains(&component);
            assert!(named || !used.contains(name), "{folder} uses {name}, and its row does not say so");
        }
    }
}
