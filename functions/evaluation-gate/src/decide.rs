//! Train, skip, or ask.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pawl::documents::{
    Choice, DECISION, Decision, HOLDOUT_OBJECTS, MANIFEST, SPLIT, TRAIN_OBJECTS, TRAINING,
};
use pawl::drift::Verdict;
use pawl::edge::Objects;
use pawl::events::{Signal, decode};
use pawl::fault::Fault;
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::training::Limits;
use pawl::ledger::{
    Condition, Manifest, Store, StoreError, Training, Trigger, TriggerKind, at_once, csv, inbox, json_lines,
};
use pawl::names::{ContentHash, Generation, ModelName};
use pawl::pipeline::NewData;
use serde::Deserialize;
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

pub(crate) async fn decide(
    edge: &Edge<impl Store, impl Objects>,
    model: &ModelName,
    generation: Generation,
    drift: &Drifted,
    now: Timestamp,
) -> Result<Value, Fault> {
    let run = Run::load(&edge.store, model, generation).await?;
    let document = DECISION.of(&run.keys, generation);
    // The first decision stands: a repeated step must not spend the budget again, nor pick another name.
    let decision = match document.read(&edge.store).await? {
        Some(decision) => decision,
        None => {
            let decision = consider(edge, &run, model, drift, now).await?;
            document.write_once(&edge.store, &decision).await?;
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
    let split = SPLIT.of(&run.keys, run.generation).require(&edge.store).await?;
    let manifest = MANIFEST.of(&run.keys, run.generation).require(&edge.store).await?;
    let (triggers, revisions) = started_by(&edge.store, run, &manifest).await?;
    let release = edge.release(&run.keys).await?;
    let fingerprint = fingerprint(run, &split, &revisions);
    let (choice, reason) = match skip(run, &split, &triggers, drift, release.as_ref()) {
        Some(reason) => (Choice::Skip, reason),
        None => {
            let decide = &run.pipeline.decide;
            let limits = Limits { cool_down: decide.cool_down, trainings_per_day: decide.trainings_per_day };
            let admit = |training: &mut Training| training.admit(run.generation, &fingerprint, limits, now);
            match TRAINING.of(&run.keys).update(&edge.store, admit).await?.1 {
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
    let (decision, dataset) = (choice, split.version);
    Ok(Decision { decision, reason, name, triggers, revisions, fingerprint, dataset, at: now })
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

/// The kinds of the triggers that this run took, and the revisions of the code that they tell of.
async fn started_by(
    store: &impl Store,
    run: &Run,
    manifest: &Manifest,
) -> Result<(Vec<TriggerKind>, Vec<String>), StoreError> {
    let (mut kinds, mut revisions) = (Vec::new(), BTreeSet::new());
    let read = manifest.triggers.iter().map(|id| inbox::get(store, &run.keys, id));
    let note = |trigger: Option<Trigger>| {
        let Some(trigger) = trigger else { return };
        if !kinds.contains(&trigger.kind) {
            kinds.push(trigger.kind);
        }
        // Only an event that could be read was recorded.
        let signals = decode(&trigger.event).unwrap_or_default();
        revisions.extend(signals.into_iter().filter_map(|signal| match signal {
            Signal::Code(push) => Some(push.revision),
            _ => None,
        }));
    };
    at_once::each(read, note).await?;
    Ok((kinds, revisions.into_iter().collect()))
}

/// Data, code and parameters: what makes two trainings the same. What was pushed is new although its tag is
/// the same.
fn fingerprint(run: &Run, split: &DatasetSplit, revisions: &[String]) -> ContentHash {
    let (train, data) = (&run.pipeline.train, &run.pipeline.data);
    let mut parts =
        vec![json!([split.version, train, data.label, data.features, run.pipeline.serve.environment])];
    parts.extend(run.pipeline.feedback.iter().map(|feedback| json!(feedback)));
    parts.extend(revisions.iter().map(|revision| json!(revision)));
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
    let manifest = |files: Vec<String>| {
        let mut lines = vec![json!({ "prefix": prefix })];
        lines.extend(files.into_iter().map(Value::from));
        lines
    };
    let train = split.files(&split.train).map(|part| csv(&part)).collect();
    let holdout = split.files(&split.holdout).map(|part| json_lines(&part)).chain(suite).collect();
    for (document, files) in [(TRAIN_OBJECTS, train), (HOLDOUT_OBJECTS, holdout)] {
        let document = document.of(&run.keys, run.generation);
        document.write(&edge.store, &manifest(files), Condition::Always).await?;
    }
    Ok(())
}
