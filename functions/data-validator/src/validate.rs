//! Judges a batch object by object, and splits what is accepted into train and holdout.

use jiff::Timestamp;
use pawl::constraints::{self, Constraints, Verdict};
use pawl::documents::{
    CONSTRAINTS, DATASET, Found, Judged, MANIFEST, MONITOR_CONSTRAINTS, PARTITIONS, PROFILE, Profiled, SPLIT,
    STATISTICS, TRAINED_ON, VALIDATION,
};
use pawl::fault::Fault;
use pawl::ledger::dataset::{DatasetSplit, KnownObject, ObjectFate};
use pawl::ledger::{Condition, Dataset, Keys, Store, at_once};
use pawl::model_monitor::{self, Statistics};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;
use pawl::run;
use serde_json::{Value, json};

use crate::edge::{Data, Edge};
use crate::profile::join;
use crate::reference;

/// The most violations that a run lists. Of further ones only the sentences of the gravest stay with their
/// objects.
const LISTED: usize = 10_000;

/// The most characters of the reason that an object keeps whose violations are not all listed.
const LONGEST_REASON: usize = 300;

/// What the objects of a batch came to. Their profiles are merged as they come: there may be tens of
/// thousands.
#[derive(Default)]
struct Batch {
    judged: Vec<Judged>,
    known: Vec<KnownObject>,
    /// The accepted rows.
    merged: Profile,
    /// How many violations are listed.
    listed: usize,
}

/// The judgement on one object, and its profile, where it could be read.
struct Checked {
    judged: Judged,
    profile: Option<Profile>,
}

/// What objects are judged by.
struct Rules<'a> {
    pipeline: &'a Pipeline,
    constraints: Constraints,
    /// The snapshot's time, so that the verdict replays.
    at: Timestamp,
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

    // Without constraints yet, a team's own rules still hold.
    let own = || constraints::suggest(&Profile::default(), &pipeline.constraints);
    let rules =
        Rules { pipeline: &pipeline, constraints: constraints.clone().unwrap_or_else(own), at: manifest.at };
    let mut batch = Batch::default();
    // The snapshot lists the parts of an object one behind the other.
    let objects = partitions.chunk_by(|one, next| one.object.id == next.object.id);
    let read = objects.map(|parts| async {
        let profiled = join(edge, &keys, generation, parts).await?;
        Ok::<_, Fault>((profiled, parts.len()))
    });
    at_once::each(read, |(profiled, parts)| batch.add(rules.judge(profiled), parts, generation)).await?;
    let Batch { judged, known, merged, .. } = batch;
    VALIDATION.of(&keys, generation).write(&edge.store, &judged, Condition::Always).await?;
    PROFILE.of(&keys, generation).write(&edge.store, &merged, Condition::Always).await?;
    if constraints.is_none() && merged.rows > 0 {
        // The first batch sets them; a person may edit them afterwards.
        let suggested = constraints::suggest(&merged, &pipeline.constraints);
        CONSTRAINTS.of(&keys).write_once(&edge.store, &suggested).await?;
    }

    let note = |dataset: &mut Dataset| dataset.note(known.iter().cloned());
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

impl Rules<'_> {
    fn judge(&self, profiled: Profiled) -> Checked {
        let Profiled { object, found, treated } = profiled;
        let checked = |fate, reason, validation, profile| Checked {
            judged: Judged { object, fate, reason, validation, left_out: 0, treated },
            profile,
        };
        let scan = match found {
            Found::Scan(scan) => scan,
            Found::Range(_) => {
                return checked(ObjectFate::Quarantined, "a part of it is missing".to_owned(), None, None);
            }
            Found::Unreadable(reason) => return checked(ObjectFate::Quarantined, reason, None, None),
        };
        let validation =
            constraints::check_at(&scan, &self.constraints, &self.pipeline.constraints, Some(self.at));
        let fate = match validation.verdict {
            Verdict::Accepted | Verdict::AcceptedWithWarnings => ObjectFate::Accepted,
            Verdict::Quarantined => ObjectFate::Quarantined,
        };
        let reasons: Vec<&str> = validation.violations.iter().take(3).map(|it| it.reason.as_str()).collect();
        checked(fate, reasons.join("; "), Some(validation), Some(scan.profile))
    }
}

impl Batch {
    fn add(&mut self, checked: Checked, parts: usize, generation: Generation) {
        let Checked { mut judged, profile } = checked;
        self.known.push(known(&judged, profile.as_ref(), parts, generation));
        if judged.fate == ObjectFate::Accepted
            && let Some(profile) = &profile
        {
            self.merged.merge(profile);
        }
        let room = LISTED.saturating_sub(self.listed);
        if let Some(violations) = judged.validation.as_mut().map(|validation| &mut validation.violations) {
            judged.left_out = violations.len().saturating_sub(room);
            violations.truncate(room);
            self.listed += violations.len();
        }
        if judged.left_out > 0 {
            judged.reason = judged.reason.chars().take(LONGEST_REASON).collect();
        }
        self.judged.push(judged);
    }
}

fn known(judged: &Judged, profile: Option<&Profile>, parts: usize, generation: Generation) -> KnownObject {
    let time = profile.and_then(|profile| profile.time.as_ref());
    let at = |seconds: Option<i64>| seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    KnownObject {
        object: judged.object.clone(),
        fate: judged.fate,
        rows: judged.validation.as_ref().map_or(0, |validation| validation.accepted),
        parts: u32::try_from(parts).unwrap_or(u32::MAX),
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
    let rules = model_monitor::Rules::suggest(&statistics);
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
