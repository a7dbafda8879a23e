//! Judges a batch object by object, and splits what is accepted into train and holdout.

use jiff::Timestamp;
use pawl::constraints::{self, Constraints, Validation, Verdict};
use pawl::fault::Fault;
use pawl::ledger::dataset::{DatasetSplit, KnownObject, ObjectFate};
use pawl::ledger::{Condition, Dataset, Keys, Manifest, Object, Store, read, update, write, write_once};
use pawl::model_monitor::{Rules, Statistics};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::{Pipeline, Treated};
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;
use pawl::run;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::edge::{Data, Edge};
use crate::parts::{PARTITIONS, Partition};
use crate::profile::{Found, Looked, join};
use crate::reference;

/// One object's line in `validation.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Judged {
    object: Object,
    fate: ObjectFate,
    reason: String,
    /// None where the object could not be read.
    validation: Option<Validation>,
    /// What training makes of rows that the model selected, where the pipeline says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    treated: Option<Treated>,
    #[serde(skip)]
    parts: u32,
    #[serde(skip)]
    profile: Option<Profile>,
}

pub(crate) async fn validate(
    edge: &Edge<impl Store, impl Data>,
    model: &ModelName,
    generation: Generation,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pipeline = run::frozen_pipeline(&edge.store, &keys, generation).await?;
    let manifest: Manifest = run::evidence(&edge.store, &keys, generation, "manifest.json").await?;
    let constraints = read::<Constraints>(&edge.store, &keys.constraints()).await?.map(|(it, _)| it);

    let partitions: Vec<Partition> = run::evidence(&edge.store, &keys, generation, PARTITIONS).await?;

    let mut judged = Vec::new();
    // The snapshot lists the parts of an object one behind the other.
    for parts in partitions.chunk_by(|one, next| one.object.id == next.object.id) {
        let looked = join(edge, &keys, generation, parts).await?;
        judged.push(judge(&pipeline, looked, parts.len(), constraints.as_ref(), manifest.at));
    }
    let mut merged = Profile::default();
    for profile in
        judged.iter().filter(|it| it.fate == ObjectFate::Accepted).filter_map(|it| it.profile.as_ref())
    {
        merged.merge(profile);
    }
    let evidence = |name: &str| keys.evidence(generation, name);
    write(&edge.store, &evidence("validation.json"), &judged, Condition::Always).await?;
    write(&edge.store, &evidence("profile.json"), &merged, Condition::Always).await?;
    if constraints.is_none() && merged.rows > 0 {
        // The first batch sets them; a person may edit them afterwards.
        let suggested = constraints::suggest(&merged, &pipeline.constraints);
        write_once(&edge.store, &keys.constraints(), &suggested).await?;
    }

    let note = |dataset: &mut Dataset| judged.iter().for_each(|it| dataset.note(known(it, generation)));
    let (dataset, ()) = update(&edge.store, &keys.dataset(), note).await?;
    let sizes = &pipeline.split;
    let split = dataset.split(&manifest.objects, sizes.holdout_objects, sizes.window_objects);
    write(&edge.store, &evidence("split.json"), &split, Condition::Always).await?;
    freeze_training_set(&edge.store, &keys, generation, &split).await?;

    let accepted = judged.iter().filter(|it| it.fate == ObjectFate::Accepted).count();
    let verdict = if !judged.is_empty() && accepted == 0 { "quarantined" } else { "accepted" };
    Ok(json!({
        "verdict": verdict,
        "accepted": accepted,
        "quarantined": judged.len() - accepted,
        "reason": summary(&judged),
    }))
}

fn judge(
    pipeline: &Pipeline,
    looked: Looked,
    parts: usize,
    constraints: Option<&Constraints>,
    at: Timestamp,
) -> Judged {
    let Looked { object, found, treated } = looked;
    let judged = |fate, reason, validation, profile| Judged {
        object,
        fate,
        reason,
        validation,
        treated,
        parts: u32::try_from(parts).unwrap_or(u32::MAX),
        profile,
    };
    let scan = match found {
        Found::Scan(scan) => scan,
        Found::Range(_) => {
            return judged(ObjectFate::Quarantined, "a part of it is missing".to_owned(), None, None);
        }
        Found::Unreadable(reason) => return judged(ObjectFate::Quarantined, reason, None, None),
    };
    // Without constraints yet, a team's own rules still hold.
    let own = constraints::suggest(&Profile::default(), &pipeline.constraints);
    // The snapshot's time, so that the verdict replays.
    let validation =
        constraints::check_at(&scan, constraints.unwrap_or(&own), &pipeline.constraints, Some(at));
    let fate = match validation.verdict {
        Verdict::Accepted | Verdict::AcceptedWithWarnings => ObjectFate::Accepted,
        Verdict::Quarantined => ObjectFate::Quarantined,
    };
    let reasons: Vec<&str> = validation.violations.iter().take(3).map(|it| it.reason.as_str()).collect();
    judged(fate, reasons.join("; "), Some(validation), Some(scan.profile))
}

fn known(judged: &Judged, generation: Generation) -> KnownObject {
    let time = judged.profile.as_ref().and_then(|profile| profile.time.as_ref());
    let at = |seconds: Option<i64>| seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    KnownObject {
        object: judged.object.clone(),
        fate: judged.fate,
        rows: judged.validation.as_ref().map_or(0, |validation| validation.accepted),
        parts: judged.parts,
        since: at(time.and_then(|time| time.first)),
        until: at(time.and_then(|time| time.last)),
        generation,
    }
}

/// Freezes what this run would train on: the reference of later batches, should its model be promoted.
async fn freeze_training_set(
    store: &impl Store,
    keys: &Keys,
    generation: Generation,
    split: &DatasetSplit,
) -> Result<(), Fault> {
    let trained_on = reference::merged(store, keys, &split.train).await?;
    let key = keys.evidence(generation, "trained_on.json");
    write(store, &key, &Baseline::freeze(&trained_on), Condition::Always).await?;
    // The same for the model registry, as Model Monitor writes it.
    let statistics = Statistics::of(&trained_on);
    let rules = Rules::suggest(&statistics);
    write(store, &keys.evidence(generation, "statistics.json"), &statistics, Condition::Always).await?;
    write(store, &keys.evidence(generation, "constraints.json"), &rules, Condition::Always).await?;
    Ok(())
}

/// What a person reads first: the quarantined objects and why, else what was noted.
fn summary(judged: &[Judged]) -> String {
    if judged.is_empty() {
        return "No new objects.".to_owned();
    }
    let line = |it: &Judged| format!("{}: {}", it.object.key, it.reason);
    let bad = judged.iter().filter(|it| it.fate == ObjectFate::Quarantined).take(3).map(line);
    let odd =
        judged.iter().filter(|it| it.fate == ObjectFate::Accepted && !it.reason.is_empty()).take(3).map(line);
    bad.chain(odd).collect::<Vec<_>>().join(" | ")
}
