//! Judges a batch object by object, and splits what is accepted into train and holdout.

use jiff::Timestamp;
use pawl::constraints::{self, Constraints, Verdict};
use pawl::documents::{
    CONSTRAINTS, DATASET, Found, Judged, MANIFEST, MONITOR_CONSTRAINTS, PARTITIONS, PROFILE, Profiled, SPLIT,
    STATISTICS, TRAINED_ON, VALIDATION,
};
use pawl::fault::Fault;
use pawl::ledger::dataset::{DatasetSplit, KnownObject, ObjectFate};
use pawl::ledger::{Condition, Dataset, Keys, Store};
use pawl::model_monitor::{Rules, Statistics};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;
use pawl::run;
use serde_json::{Value, json};

use crate::edge::{Data, Edge};
use crate::profile::join;
use crate::reference;

/// The judgement on one object, and what else is noted of it.
struct Checked {
    judged: Judged,
    /// In how many parts it was read.
    parts: u32,
    /// `None` where the object could not be read.
    profile: Option<Profile>,
}

pub(crate) async fn validate(
    edge: &Edge<impl Store, impl Data>,
    model: &ModelName,
    generation: Generation,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pipeline = run::frozen_pipeline(&edge.store, &keys, generation).await?;
    let manifest = MANIFEST.of(&keys, generation).require(&edge.store).await?;
    let constraints = CONSTRAINTS.of(&keys).read(&edge.store).await?;
    let partitions = PARTITIONS.of(&keys, generation).require(&edge.store).await?;

    let mut checked = Vec::new();
    // The snapshot lists the parts of an object one behind the other.
    for parts in partitions.chunk_by(|one, next| one.object.id == next.object.id) {
        let profiled = join(edge, &keys, generation, parts).await?;
        checked.push(judge(&pipeline, profiled, parts.len(), constraints.as_ref(), manifest.at));
    }
    let mut merged = Profile::default();
    let accepted = checked.iter().filter(|it| it.judged.fate == ObjectFate::Accepted);
    for profile in accepted.filter_map(|it| it.profile.as_ref()) {
        merged.merge(profile);
    }
    let judged: Vec<Judged> = checked.iter().map(|it| it.judged.clone()).collect();
    VALIDATION.of(&keys, generation).write(&edge.store, &judged, Condition::Always).await?;
    PROFILE.of(&keys, generation).write(&edge.store, &merged, Condition::Always).await?;
    if constraints.is_none() && merged.rows > 0 {
        // The first batch sets them; a person may edit them afterwards.
        let suggested = constraints::suggest(&merged, &pipeline.constraints);
        CONSTRAINTS.of(&keys).write_once(&edge.store, &suggested).await?;
    }

    let note = |dataset: &mut Dataset| checked.iter().for_each(|it| dataset.note(known(it, generation)));
    let (dataset, ()) = DATASET.of(&keys).update(&edge.store, note).await?;
    let sizes = &pipeline.split;
    let split = dataset.split(&manifest.objects, sizes.holdout_objects, sizes.window_objects);
    SPLIT.of(&keys, generation).write(&edge.store, &split, Condition::Always).await?;
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
    profiled: Profiled,
    parts: usize,
    constraints: Option<&Constraints>,
    at: Timestamp,
) -> Checked {
    let Profiled { object, found, treated } = profiled;
    let checked = |fate, reason, validation, profile| Checked {
        judged: Judged { object, fate, reason, validation, treated },
        parts: u32::try_from(parts).unwrap_or(u32::MAX),
        profile,
    };
    let scan = match found {
        Found::Scan(scan) => scan,
        Found::Range(_) => {
            return checked(ObjectFate::Quarantined, "a part of it is missing".to_owned(), None, None);
        }
        Found::Unreadable(reason) => return checked(ObjectFate::Quarantined, reason, None, None),
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
    checked(fate, reasons.join("; "), Some(validation), Some(scan.profile))
}

fn known(checked: &Checked, generation: Generation) -> KnownObject {
    let Checked { judged, parts, profile } = checked;
    let time = profile.as_ref().and_then(|profile| profile.time.as_ref());
    let at = |seconds: Option<i64>| seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    KnownObject {
        object: judged.object.clone(),
        fate: judged.fate,
        rows: judged.validation.as_ref().map_or(0, |validation| validation.accepted),
        parts: *parts,
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
    let baseline = Baseline::freeze(&trained_on);
    TRAINED_ON.of(keys, generation).write(store, &baseline, Condition::Always).await?;
    // The same for the model registry, as Model Monitor writes it.
    let statistics = Statistics::of(&trained_on);
    let rules = Rules::suggest(&statistics);
    STATISTICS.of(keys, generation).write(store, &statistics, Condition::Always).await?;
    MONITOR_CONSTRAINTS.of(keys, generation).write(store, &rules, Condition::Always).await?;
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
