//! Train, skip, or ask.

use jiff::Timestamp;
use pawl::drift::Verdict;
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::training::Limits;
use pawl::ledger::{
    Condition, Manifest, Store, StoreError, Training, TriggerKind, inbox, read, update, write, write_once,
};
use pawl::names::{ContentHash, Generation, ModelName};
use pawl::pipeline::NewData;
use pawl::run::evidence;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::edge::{Edge, Run};
use crate::suite;

/// What the drift checker found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Drifted {
    /// None where there was nothing to compare, or nothing to compare with.
    verdict: Option<Verdict>,
    /// The share of the compared columns that drift.
    share: f64,
}

/// The document `decision.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Decision {
    decision: Choice,
    reason: String,
    /// The name of the training job and of all that comes of it.
    name: String,
    triggers: Vec<TriggerKind>,
    fingerprint: ContentHash,
    dataset: ContentHash,
    at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Train,
    Skip,
    Ask,
}

pub(crate) async fn decide(
    edge: &Edge<impl Store, impl Objects>,
    model: &ModelName,
    generation: Generation,
    drift: &Drifted,
    now: Timestamp,
) -> Result<Value, Fault> {
    let run = Run::load(&edge.store, model, generation).await?;
    let key = run.keys.evidence(generation, "decision.json");
    // The first decision stands: a repeated step must not spend the budget again, nor pick another name.
    let decision = match read(&edge.store, &key).await? {
        Some((decision, _)) => decision,
        None => {
            let decision = consider(edge, &run, model, drift, now).await?;
            write_once(&edge.store, &key, &decision).await?;
            decision
        }
    };
    let job = edge.job(&run, &decision.name);
    Ok(json!({
        "decision": decision.decision,
        "reason": decision.reason,
        "name": decision.name,
        "wait_for_answer": run.pipeline.approval.wait.as_secs(),
        "training_job": job.training(),
        "tuning_job": job.tuning(),
    }))
}

async fn consider(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    model: &ModelName,
    drift: &Drifted,
    now: Timestamp,
) -> Result<Decision, Fault> {
    let split: DatasetSplit = evidence(&edge.store, &run.keys, run.generation, "split.json").await?;
    let manifest: Manifest = evidence(&edge.store, &run.keys, run.generation, "manifest.json").await?;
    let triggers = kinds(&edge.store, run, &manifest).await?;
    let release = edge.release(&run.keys).await?;
    let fingerprint = fingerprint(run, &split);
    let (choice, reason) = match skip(run, &split, &triggers, drift, release.as_ref()) {
        Some(reason) => (Choice::Skip, reason),
        None => {
            let decide = &run.pipeline.decide;
            let limits = Limits { cool_down: decide.cool_down, trainings_per_day: decide.trainings_per_day };
            let admit = |training: &mut Training| training.admit(run.generation, &fingerprint, limits, now);
            match update(&edge.store, &run.keys.training(), admit).await?.1 {
                Err(refusal) => (Choice::Skip, format!("Not trained: {refusal}.")),
                Ok(()) if decide.ask_above.is_some_and(|most| drift.share >= most) => {
                    let percent = 100.0 * drift.share;
                    (
                        Choice::Ask,
                        format!("{percent:.0} % of the compared columns drift: train on this data?"),
                    )
                }
                Ok(()) => (Choice::Train, "Nothing speaks against a training.".to_owned()),
            }
        }
    };
    if choice != Choice::Skip {
        let suite = suite::write(edge, run, &split).await?;
        write_manifests(edge, run, &split, suite).await?;
    }
    let name = name(model, run.generation, now);
    Ok(Decision { decision: choice, reason, name, triggers, fingerprint, dataset: split.version, at: now })
}

/// The name of what a run makes in SageMaker, once for each run and time.
pub(crate) fn name(model: &ModelName, generation: Generation, at: Timestamp) -> String {
    format!("{model}-{generation}-{}", at.strftime("%Y%m%d%H%M%S"))
}

/// In plain words why nothing is trained, if so.
fn skip(
    run: &Run,
    split: &DatasetSplit,
    triggers: &[TriggerKind],
    drift: &Drifted,
    release: Option<&pawl::release::Release>,
) -> Option<String> {
    let pipeline = &run.pipeline;
    let (decide, least) = (&pipeline.decide, pipeline.split.least_objects);
    if !triggers.iter().any(|kind| decide.retrain_on.contains(kind)) {
        return Some("None of these triggers may train; see decide.retrain_on.".to_owned());
    }
    if split.train.len() < least {
        return Some(format!(
            "There are {} accepted objects to train on beside the holdout; \
             split.least_objects asks for {least}.",
            split.train.len()
        ));
    }
    if release.is_some_and(|release| release.quarantined.contains(&split.version)) {
        return Some("This dataset version was quarantined after a rollback.".to_owned());
    }
    let only_new_data = triggers.iter().all(|kind| *kind == TriggerKind::NewData);
    let has_champion = release.is_some_and(|release| release.current.is_some());
    if only_new_data && has_champion && decide.new_data == NewData::WhenItDrifts {
        match drift.verdict {
            Some(Verdict::Drift) => {}
            Some(Verdict::None | Verdict::Warn) => {
                return Some(
                    "The new data does not drift, and decide.new_data is when_it_drifts.".to_owned(),
                );
            }
            Some(Verdict::InsufficientData) | None => {
                return Some("There is too little data to say whether it drifts.".to_owned());
            }
        }
    }
    None
}

/// The kinds of the triggers that this run took.
async fn kinds(store: &impl Store, run: &Run, manifest: &Manifest) -> Result<Vec<TriggerKind>, StoreError> {
    let mut kinds = Vec::new();
    for id in &manifest.triggers {
        if let Some(trigger) = inbox::get(store, &run.keys, id).await?
            && !kinds.contains(&trigger.kind)
        {
            kinds.push(trigger.kind);
        }
    }
    Ok(kinds)
}

/// Data, code and parameters: what makes two trainings the same.
fn fingerprint(run: &Run, split: &DatasetSplit) -> ContentHash {
    let (train, data) = (&run.pipeline.train, &run.pipeline.data);
    let mut parts =
        vec![json!([split.version, train, data.label, data.features, run.pipeline.serve.environment])];
    parts.extend(run.pipeline.feedback.iter().map(|feedback| json!(feedback)));
    let parts: Vec<String> = parts.iter().map(Value::to_string).collect();
    ContentHash::of(parts.join("\n").as_bytes())
}

/// Writes the lists of objects that SageMaker reads:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html>.
async fn write_manifests(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    split: &DatasetSplit,
    suite: Option<String>,
) -> Result<(), Fault> {
    let prefix = format!("s3://{}/{}", edge.bucket, run.keys.accepted());
    for (name, ids, ending, more) in
        [("train.manifest", &split.train, "csv", None), ("holdout.manifest", &split.holdout, "jsonl", suite)]
    {
        let mut lines = vec![json!({ "prefix": prefix })];
        lines.extend(split.files(ids).map(|file| json!(format!("{file}.{ending}"))));
        lines.extend(more.map(|file| json!(file)));
        let key = run.keys.evidence(run.generation, name);
        write(&edge.store, &key, &lines, Condition::Always).await?;
    }
    Ok(())
}
