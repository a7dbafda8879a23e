//! What a release has written lies in people's buckets for years: each later release must read it.
//!
//! `tests/fixtures/releases/<version>/` holds a bucket as that release wrote it, made by `tests/fixtures/record.py`. Here every
//! document of every release is read by the type that production reads it by. A test that fails here says: buckets of that
//! release would break. Mend the type (a default, an alias, a migration), never the fixture.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use pawl::constraints::Constraints;
use pawl::documents::{
    Awaited, Choice, Decision, Judged, OperatorNote, Partition, Profiled, Question, Released, Request,
    SeenSlot, TrialMemory,
};
use pawl::drift::monitor::{Expected, Monitor, MonitoringReport};
use pawl::drift::{Drift, Reference, Remembered};
use pawl::gate::convergence::Converged;
use pawl::gate::live::TrialEvidence;
use pawl::gate::{self, Judgement};
use pawl::ledger::dataset::{DatasetSplit, Place};
use pawl::ledger::inbox::{Completes, Handled};
use pawl::ledger::{
    self, Condition, Dataset, Ending, Keys, Manifest, Memory, RunOutcome, RunRecord, Store, Training,
    Trigger, TriggerId, TriggerKind,
};
use pawl::model_monitor::{Rules, Statistics};
use pawl::names::{ContentHash, Generation, ModelName, RegionName};
use pawl::pipeline::Pipeline;
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;
use pawl::release::upkeep::Upkeep;
use pawl::release::{Audit, RegionStage, Release, StateName, Wave};
use pawl::report;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The fields of a document that were lost on the way, or why it cannot be read.
type Lost = Result<BTreeSet<String>, String>;

/// One kind of document.
struct Kind {
    /// Where it lies. What stands in angle brackets differs from one to the next: see [`fits`].
    key: &'static str,
    /// Who reads it.
    reader: Reader,
    /// The first release that wrote it; none where no fixture can hold it, with the reason beside it.
    since: Option<&'static str>,
}

/// Who reads a document.
enum Reader {
    /// The core, by this type.
    Core(fn(&[u8]) -> Lost),
    /// No code of Pawl: who else. It must be JSON.
    Others(&'static str),
}

use Reader::{Core, Others};

const FIRST: Option<&str> = Some("0.1.0");

/// Every kind of document in the bucket.
const KINDS: &[Kind] = &[
    kind("pipelines/<model>/pipeline.yaml", Core(pipeline), FIRST),
    // The ledger.
    kind("ledger/_unrouted/<hash>.json", Others("people"), FIRST),
    kind("ledger/<model>/training.json", Core(kept::<Training>), FIRST),
    kind("ledger/<model>/dataset.json", Core(kept::<Dataset>), FIRST),
    kind("ledger/<model>/constraints.json", Core(read::<Constraints>), FIRST),
    kind("ledger/<model>/drift.json", Core(kept::<Remembered>), FIRST),
    kind("ledger/<model>/monitor.json", Core(kept::<Monitor>), FIRST),
    kind("ledger/<model>/trial.json", Core(read::<TrialMemory>), FIRST),
    kind("ledger/<model>/sweep.json", Core(read::<Option<Place>>), FIRST),
    kind("ledger/<model>/schedule.json", Core(read::<SeenSlot>), None),
    kind("ledger/<model>/inbox/<trigger>.json", Core(kept::<Trigger>), FIRST),
    kind("ledger/<model>/handled/<trigger>.json", Core(read::<Handled>), FIRST),
    kind("ledger/<model>/questions/train-<number>.json", Core(read::<Question>), FIRST),
    kind("ledger/<model>/questions/package-<number>.json", Core(read::<Question>), FIRST),
    kind("ledger/<model>/release.json", Core(kept::<Release>), FIRST),
    kind("ledger/<model>/regions/<region>/release.json", Core(kept::<Release>), FIRST),
    kind("ledger/<model>/history/<entry>.json", Core(read::<Audit>), FIRST),
    kind("ledger/<model>/regions/<region>/history/<entry>.json", Core(read::<Audit>), FIRST),
    kind("ledger/<model>/history/run-<run>.json", Core(read::<RunRecord>), FIRST),
    kind("ledger/<model>/history/note-<text>.json", Core(read::<OperatorNote>), FIRST),
    kind("ledger/<model>/wave.json", Core(kept::<Option<Wave>>), FIRST),
    // What one run leaves.
    kind("runs/<model>/<run>/pipeline.yaml", Core(pipeline), FIRST),
    kind("runs/<model>/<run>/manifest.json", Core(read::<Manifest>), FIRST),
    kind("runs/<model>/<run>/partitions.json", Core(read::<Vec<Partition>>), FIRST),
    kind("runs/<model>/<run>/validation.json", Core(read::<Vec<Judged>>), FIRST),
    kind("runs/<model>/<run>/profile.json", Core(read::<Profile>), FIRST),
    kind("runs/<model>/<run>/split.json", Core(read::<DatasetSplit>), FIRST),
    kind("runs/<model>/<run>/reference.json", Core(reference), FIRST),
    kind("runs/<model>/<run>/trained_on.json", Core(read::<Baseline>), FIRST),
    kind("runs/<model>/<run>/statistics.json", Core(read::<Statistics>), FIRST),
    kind("runs/<model>/<run>/constraints.json", Core(read::<Rules>), FIRST),
    kind("runs/<model>/<run>/drift.json", Core(read::<Drift>), FIRST),
    kind("runs/<model>/<run>/decision.json", Core(read::<Decision>), FIRST),
    kind("runs/<model>/<run>/train.manifest", Others("SageMaker's training"), FIRST),
    kind("runs/<model>/<run>/holdout.manifest", Others("SageMaker's transform"), FIRST),
    kind("runs/<model>/<run>/convergence.json", Core(read::<Converged>), FIRST),
    kind("runs/<model>/<run>/judgement.json", Core(read::<Judgement>), FIRST),
    kind("runs/<model>/<run>/evaluation.json", Others("SageMaker's model registry"), FIRST),
    kind("runs/<model>/<run>/analysis.json", Others("SageMaker's model registry"), FIRST),
    kind("runs/<model>/<run>/trial.json", Core(read::<TrialEvidence>), FIRST),
    kind("runs/<model>/<run>/release.json", Core(read::<Released>), FIRST),
    kind("runs/<model>/<run>/regions/<region>.json", Core(read::<Released>), FIRST),
    kind("runs/<model>/<run>/failure.json", Core(read::<RunOutcome>), FIRST),
    kind("runs/<model>/<run>/run.json", Core(read::<RunRecord>), FIRST),
    // The stand-in has no asynchronous endpoints.
    kind("runs/<model>/<run>/smoke/<text>.json", Core(read::<Awaited>), None),
    // Beside them.
    kind("profiles/<model>/<object>.json", Core(read::<Profiled>), FIRST),
    kind("profiles/<model>/<object>/<part>.json", Core(read::<Profiled>), FIRST),
    kind("monitoring/<model>/<run>/expected.json", Core(read::<Expected>), FIRST),
    kind("monitoring/<model>/<run>/<run>.json", Core(read::<MonitoringReport>), FIRST),
    kind("quarantine/<model>/datasets/<hash>.json", Others("people"), FIRST),
    kind("regions/<model>/<number>.json", Others("EventBridge, which looks at the key"), FIRST),
    kind("upkeep/<model>.json", Core(kept::<Upkeep>), FIRST),
    kind("upkeep/<model>/<region>.json", Core(kept::<Upkeep>), FIRST),
    // Younger than the first release.
    kind("requests/<text>/<text>/<model>/<text>.json", Core(read::<Request>), None),
];

/// What the types of the core leave out of a document on purpose, and where else it is read: the key and the field.
const LEFT_OUT: &[(&str, &str)] = &[
    // The data validator's own type has it, for people.
    ("runs/<model>/<run>/validation.json", "[].treated"),
    // SageMaker does not support what it said, and no update says it any more.
    ("ledger/<model>/history/<entry>.json", EXCLUDED),
    ("ledger/<model>/regions/<region>/history/<entry>.json", EXCLUDED),
    ("ledger/<model>/release.json", "outbox[].actions[].call.ExcludeRetainedVariantProperties"),
    ("ledger/<model>/release.json", "pending[].action.call.ExcludeRetainedVariantProperties"),
    (
        "ledger/<model>/regions/<region>/release.json",
        "outbox[].actions[].call.ExcludeRetainedVariantProperties",
    ),
    (
        "ledger/<model>/regions/<region>/release.json",
        "pending[].action.call.ExcludeRetainedVariantProperties",
    ),
];

/// What an update of an endpoint once excluded.
const EXCLUDED: &str = "actions[].call.ExcludeRetainedVariantProperties";

fn is_left_out(kind: &Kind, at: &str) -> bool {
    let of_kind = LEFT_OUT.iter().filter(|(key, _)| *key == kind.key);
    of_kind
        .map(|(_, field)| at.strip_prefix(field))
        .any(|rest| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

const fn kind(key: &'static str, reader: Reader, since: Option<&'static str>) -> Kind {
    Kind { key, reader, since }
}

/// Reads a document, writes it and reads it again. Nothing of it may be lost: a field that was renamed and has a default would be
/// read without a word.
fn read<T: DeserializeOwned + Serialize>(body: &[u8]) -> Lost {
    let value: T = parse(body)?;
    let written = serde_json::to_vec_pretty(&value).map_err(|e| e.to_string())?;
    let again: T = parse(&written)?;
    let (written, again) = (parse(&written)?, serde_json::to_value(&again).map_err(|e| e.to_string())?);
    let mut lost = BTreeSet::new();
    compare(&parse(body)?, &written, "", &mut lost);
    compare(&written, &again, "", &mut lost);
    Ok(lost)
}

/// Reads a document that production changes and writes back: what is written back is the same value.
fn kept<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) -> Lost {
    let value: T = parse(body)?;
    let again: T = parse(&serde_json::to_vec_pretty(&value).map_err(|e| e.to_string())?)?;
    if again == value {
        read::<T>(body)
    } else {
        Err(format!("written back it is {again:?}, and was {value:?}"))
    }
}

/// A team's configuration. It refuses fields that it does not know, so none can be lost.
fn pipeline(body: &[u8]) -> Lost {
    // As a run reads the copy that it froze: what is new is held against new pipelines only.
    Pipeline::read(body).map(|_| BTreeSet::new()).map_err(|e| e.to_string())
}

/// The reference is read whole, and by the validator as the baseline alone.
fn reference(body: &[u8]) -> Lost {
    parse::<Baseline>(body)?;
    read::<Reference>(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

/// Names the fields of `before` that `after` lacks or has otherwise. What was null may be left out.
fn compare(before: &Value, after: &Value, at: &str, lost: &mut BTreeSet<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before.iter().filter(|(_, value)| !value.is_null()) {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                compare(value, after.get(name).unwrap_or(&Value::Null), &at, lost);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before
                .iter()
                .zip(after)
                .for_each(|(before, after)| compare(before, after, &format!("{at}[]"), lost));
        }
        (before, after) if before == after => {}
        // 1 and 1.0.
        (Value::Number(before), Value::Number(after)) if before.as_f64() == after.as_f64() => {}
        _ => drop(lost.insert(at.to_owned())),
    }
}

/// Whether a text can stand for a name in angle brackets.
fn fits(name: &str, text: &str) -> bool {
    let digits = |count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let hash = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name {
        "model" => ModelName::try_from(text.to_owned()).is_ok(),
        "region" => RegionName::try_from(text.to_owned()).is_ok(),
        "number" => digits(text.len()),
        "part" => digits(5),
        "run" => digits(6),
        "entry" => digits(8),
        "object" => hash(text, 16),
        "hash" => hash(text, 64),
        "trigger" => hash(text.trim_end_matches("-marker").trim_end_matches("-alone"), 64),
        "text" => true,
        _ => panic!("<{name}> is no name that keys are written with"),
    }
}

/// Whether a key is of this form. A part between slashes holds one name at most.
fn is_like(key: &str, form: &str) -> bool {
    let part = |(key, form): (&str, &str)| {
        let Some((before, rest)) = form.split_once('<') else { return key == form };
        let (name, after) = rest.split_once('>').unwrap();
        let text = key.strip_prefix(before).and_then(|key| key.strip_suffix(after));
        text.is_some_and(|text| fits(name, text))
    };
    key.split('/').count() == form.split('/').count() && key.split('/').zip(form.split('/')).all(part)
}

/// The one kind that a key is of.
fn kind_of(key: &str) -> Result<&'static Kind, String> {
    let found: Vec<&Kind> = KINDS.iter().filter(|kind| is_like(key, kind.key)).collect();
    match found.as_slice() {
        [kind] => Ok(kind),
        [] => Err(format!("{key}: no kind of document that KINDS names")),
        more => Err(format!("{key}: {:?}", more.iter().map(|kind| kind.key).collect::<Vec<_>>())),
    }
}

/// A document of a fixture.
struct Document {
    key: String,
    body: Vec<u8>,
}

impl Document {
    fn value<T: DeserializeOwned>(&self) -> T {
        parse(&self.body).unwrap_or_else(|e| panic!("{}: {e}", self.key))
    }
}

/// What one release has written.
struct Written {
    version: String,
    /// The bucket as it stood at the end.
    bucket: Vec<Document>,
    /// What stood there before.
    earlier: Vec<Document>,
}

impl Written {
    fn all(&self) -> impl Iterator<Item = &Document> {
        self.bucket.iter().chain(&self.earlier)
    }

    /// The documents of these kinds, by their type.
    fn of<'a, T: DeserializeOwned + 'a>(&'a self, forms: &'a [&str]) -> impl Iterator<Item = T> + 'a {
        let of = move |document: &&Document| forms.iter().any(|form| is_like(&document.key, form));
        self.all().filter(of).map(Document::value)
    }
}

/// The fixtures of all releases.
fn releases() -> Vec<Written> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/releases"));
    let folders = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<Written> = folders
        .map(|folder| Written {
            version: folder.file_name().unwrap().to_string_lossy().into_owned(),
            bucket: documents(folder.join("bucket.jsonl.gz")),
            earlier: documents(folder.join("earlier.jsonl.gz")),
        })
        .collect();
    assert!(!found.is_empty(), "{} holds no release", root.display());
    found
}

/// The objects of an archive: `{"key", "body"}`, one a line.
fn documents(archive: PathBuf) -> Vec<Document> {
    let lines = GzDecoder::new(std::fs::File::open(&archive).unwrap());
    let text = std::io::read_to_string(lines).unwrap();
    let document = |line: &str| {
        let object: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        let text = |name: &str| object[name].as_str().unwrap().to_owned();
        Document { key: text("key"), body: text("body").into_bytes() }
    };
    text.lines().map(document).collect()
}

/// `0.10.2` as what can be compared.
fn number(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap()).collect()
}

#[test]
fn every_document_of_every_release_is_read_and_loses_nothing() {
    let mut wrong = Vec::new();
    for Written { version, bucket, earlier } in releases() {
        for document in bucket.iter().chain(&earlier) {
            let Document { key, body } = document;
            let kind = match kind_of(key) {
                Ok(kind) => kind,
                Err(reason) => {
                    wrong.push(format!("{version}: {reason}"));
                    continue;
                }
            };
            let (reader, lost) = match kind.reader {
                Core(read) => ("the core", read(body)),
                Others(reader) => (reader, parse::<Value>(body).map(|_| BTreeSet::new())),
            };
            let reasons = match lost {
                Ok(lost) => lost
                    .iter()
                    .filter(|at| !is_left_out(kind, at))
                    .map(|at| format!("{at} is lost"))
                    .collect(),
                Err(reason) => vec![reason],
            };
            wrong.extend(reasons.iter().map(|reason| format!("{version}: {key}, for {reader}: {reason}")));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_release_shows_every_kind_that_it_wrote() {
    for release in releases() {
        let found: BTreeSet<&str> =
            release.all().filter_map(|it| kind_of(&it.key).ok()).map(|it| it.key).collect();
        for kind in KINDS {
            let wrote = kind.since.is_some_and(|since| number(since) <= number(&release.version));
            assert!(!wrote || found.contains(kind.key), "{}: there is no {}", release.version, kind.key);
        }
    }
}

/// Every word of an enum that a document can stand in must have been read once.
#[test]
fn every_release_shows_every_way_that_a_run_and_a_release_can_be_in() {
    fn assert_shown<T: Debug + PartialEq>(version: &str, shown: impl Iterator<Item = T>, wanted: &[T]) {
        let shown: Vec<T> = shown.collect();
        for one in wanted {
            assert!(shown.contains(one), "{version}: nothing shows {one:?}");
        }
    }
    for release in releases() {
        let version = &release.version;
        let forms = ["ledger/<model>/release.json", "ledger/<model>/regions/<region>/release.json"];
        let states = release.of::<Release>(&forms).map(|it| it.state.name());
        use StateName::{CoolDown, Deploying, RollingBack, Stable, Watching};
        assert_shown(version, states, &[Stable, Deploying, Watching, RollingBack, CoolDown]);
        let runs = release.of::<RunRecord>(&["runs/<model>/<run>/run.json"]).map(|it| it.outcome.code);
        use Ending::{
            Declined, Diverged, Failed, Held, Promoted, Quarantined, Rejected, RolledBack, Skipped,
        };
        let endings =
            [Promoted, Rejected, Quarantined, Skipped, Diverged, Declined, Held, RolledBack, Failed];
        assert_shown(version, runs, &endings);
        let decisions = release.of::<Decision>(&["runs/<model>/<run>/decision.json"]).map(|it| it.decision);
        assert_shown(version, decisions, &[Choice::Train, Choice::Skip, Choice::Ask]);
        let verdicts = release.of::<Judgement>(&["runs/<model>/<run>/judgement.json"]).map(|it| it.verdict);
        use gate::Verdict::{NeedsApproval, Promote, Reject};
        assert_shown(version, verdicts, &[Promote, NeedsApproval, Reject]);
        let tasks = release.of::<Judgement>(&["runs/<model>/<run>/judgement.json"]).map(|it| it.policy.task);
        assert_shown(version, tasks, &[gate::Task::Binary, gate::Task::Multiclass, gate::Task::Regression]);
        let triggers =
            release.of::<Handled>(&["ledger/<model>/handled/<trigger>.json"]).map(|it| it.trigger.kind);
        use TriggerKind::{Alarm, Code, NewData, Person, Schedule};
        assert_shown(version, triggers, &[NewData, Code, Schedule, Alarm, Person]);
        let waves = release.of::<Option<Wave>>(&["ledger/<model>/wave.json"]).flatten();
        let stages = waves.flat_map(|wave| wave.stops).map(|stop| stop.stage);
        use RegionStage::{Copying, Registering};
        let wanted = [
            RegionStage::Waiting,
            Copying,
            Registering,
            RegionStage::Deploying,
            RegionStage::Watching,
            RegionStage::Promoted,
            RegionStage::Failed,
        ];
        assert_shown(version, stages, &wanted);
    }
}

/// A document that reads well helps nobody who looks elsewhere for it.
#[test]
fn production_looks_where_the_documents_lie() {
    let model = ModelName::try_from("bikes".to_owned()).unwrap();
    let region = RegionName::try_from("eu-west-1".to_owned()).unwrap();
    let (home, hash, run) = (Keys::new(&model), ContentHash::of(b"any"), Generation(7));
    let trigger = TriggerId::new("any", Completes::Itself);
    let (there, object) = (home.in_region(&region), hash.short());
    for (key, form) in [
        (ledger::pipeline(&model), "pipelines/<model>/pipeline.yaml"),
        (ledger::unrouted(&hash), "ledger/_unrouted/<hash>.json"),
        (home.training(), "ledger/<model>/training.json"),
        (home.dataset(), "ledger/<model>/dataset.json"),
        (home.constraints(), "ledger/<model>/constraints.json"),
        (home.drift(), "ledger/<model>/drift.json"),
        (home.monitor(), "ledger/<model>/monitor.json"),
        (home.trial(), "ledger/<model>/trial.json"),
        (home.sweep(), "ledger/<model>/sweep.json"),
        (home.schedule(), "ledger/<model>/schedule.json"),
        (format!("{}{hash}.json", home.inbox()), "ledger/<model>/inbox/<trigger>.json"),
        (home.handled(&trigger), "ledger/<model>/handled/<trigger>.json"),
        (format!("{}train-7.json", home.questions()), "ledger/<model>/questions/train-<number>.json"),
        (home.release(), "ledger/<model>/release.json"),
        (there.release(), "ledger/<model>/regions/<region>/release.json"),
        (home.history("00000001"), "ledger/<model>/history/<entry>.json"),
        (there.history("00000001"), "ledger/<model>/regions/<region>/history/<entry>.json"),
        (home.history("run-000007"), "ledger/<model>/history/run-<run>.json"),
        (home.wave(), "ledger/<model>/wave.json"),
        (home.wave_order(run), "regions/<model>/<number>.json"),
        (home.evidence(run, "judgement.json"), "runs/<model>/<run>/judgement.json"),
        (home.outcome(run), "runs/<model>/<run>/release.json"),
        (there.outcome(run), "runs/<model>/<run>/regions/<region>.json"),
        (home.profile(object), "profiles/<model>/<object>.json"),
        (home.part(object, 3), "profiles/<model>/<object>/<part>.json"),
        (home.expected(run), "monitoring/<model>/<run>/expected.json"),
        (home.look(run, 1), "monitoring/<model>/<run>/<run>.json"),
        (home.quarantined_dataset(&hash), "quarantine/<model>/datasets/<hash>.json"),
        (home.upkeep(), "upkeep/<model>.json"),
        (there.upkeep(), "upkeep/<model>/<region>.json"),
    ] {
        assert_eq!(kind_of(&key).map(|kind| kind.key), Ok(form));
    }
    assert!(kind_of("ledger/bikes/something.json").is_err(), "what nobody knows is no kind");
}

/// The report reads all that a run left, and names what it cannot read.
#[tokio::test]
async fn every_run_of_every_release_can_still_be_reported() {
    for Written { version, bucket, .. } in releases() {
        let store = Memory::default();
        let mut runs = BTreeSet::new();
        for Document { key, body } in bucket {
            if let ["runs", model, run, _] = key.split('/').collect::<Vec<_>>().as_slice() {
                runs.insert((
                    ModelName::try_from((*model).to_owned()).unwrap(),
                    Generation(run.parse().unwrap()),
                ));
            }
            store.put(&key, body, Condition::Always).await.unwrap();
        }
        for (model, run) in &runs {
            let evidence = report::load(&store, model, *run).await;
            assert_eq!(evidence.unreadable, [], "{version}: {model} run {run}");
            assert!(report::page(&evidence).starts_with("<!"));
        }
        assert!(!runs.is_empty(), "{version} has no runs");
    }
}
