//! The batch against its reference, counted in the same frozen bins.

use std::collections::{BTreeSet, HashSet};

use pawl::dataset::BinnedColumn;
use pawl::documents::{
    CONVERGENCE, DATASET, DRIFT, DRIFT_HISTORY, Found, MANIFEST, PROFILED, Profiled, REFERENCE, RELEASE,
};
use pawl::drift::{
    self, NoVerdict, NotJudged, Reference, Remembered, SampledRows, group, importances, in_segments, inputs,
    weigh,
};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Manifest, Store, at_once};
use pawl::names::{Generation, ModelName};
use pawl::profile::bins::Baseline;
use pawl::profile::{GroupedCounts, Profile, Segments};
use pawl::run;
use serde_json::{Value, json};

/// Rows counted in frozen bins, and each part of them.
#[derive(Debug, Default)]
struct Counts {
    binned: Vec<BinnedColumn>,
    segments: Segments<Vec<BinnedColumn>>,
    /// All columns of the batch, also those that have no bins.
    names: BTreeSet<String>,
    /// Group by group, where rows belong together.
    groups: Option<GroupedCounts>,
    /// Of the profile only the sample of rows.
    sampled: Profile,
}

pub(crate) async fn compare(
    store: &impl Store,
    model: &ModelName,
    generation: Generation,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pipeline = run::frozen_pipeline(store, &keys, generation).await?;
    let manifest = MANIFEST.of(&keys, generation).require(store).await?;
    let reference = REFERENCE.of(&keys, generation).read(store).await?;
    let Some(Reference { baseline: reference, compared_with }) = reference else {
        let reason = "No champion serves: there is nothing to compare with.";
        return Ok(json!({ "verdict": null, "share": 0.0, "reason": reason }));
    };
    let current = counts(store, &keys, &manifest).await?;
    if current.binned.is_empty() {
        return Ok(json!({ "verdict": null, "share": 0.0, "reason": "No new data was accepted." }));
    }
    let (features, label) =
        (pipeline.compared().cloned().collect::<Vec<_>>(), Some(pipeline.data.label.column.as_str()));
    let mut compared = inputs(&reference, &current.binned, &features, label);
    compared.extend(in_segments(&reference, &current.segments, &features, label));
    let release = RELEASE.of(&keys).read(store).await?;
    let champion = release.and_then(|release| release.current).map(|current| current.generation);
    let metrics = match champion {
        Some(champion) => metrics_of(store, &keys, champion).await?,
        None => Value::Null,
    };
    weigh(&mut compared, &importances(&metrics));
    if let Some(groups) = &current.groups {
        group(&mut compared, groups);
    }
    let rows = SampledRows { baseline: reference.sample.as_ref(), current: current.sampled.sample.as_ref() };
    let mut seen = drift::compare_rows(&compared, rows, &pipeline.drift);
    seen.tell(not_compared(&reference, &current.names));
    if pipeline.grouping().is_some() && current.groups.is_none() {
        let unknown = "The batch was counted before the pipeline said which rows belong together: they \
            were taken as independent.";
        seen.warnings.push(unknown.to_owned());
    }
    let remember = |remembered: &mut Remembered| remembered.remember(generation, &seen);
    let (_, earlier) = DRIFT_HISTORY.of(&keys).update(store, remember).await?;
    let mut drift = seen.with_history(&earlier);
    drift.compared_with = compared_with;
    DRIFT.of(&keys, generation).write(store, &drift, Condition::Always).await?;
    let drifting = drift.drifting();
    let columns = features.len() + usize::from(label.is_some());
    Ok(json!({
        "verdict": drift.verdict,
        "columns": drifting,
        "share": drifting.len() as f64 / columns.max(1) as f64,
        "reason": drift.reasons.first(),
        "not_judged": drift.not_judged.iter().filter(|it| it.why == NoVerdict::InsufficientData).count(),
    }))
}

/// The columns of either side that the pipeline does not compare.
fn not_compared(reference: &Baseline, batch: &BTreeSet<String>) -> Vec<NotJudged> {
    let left_out =
        "Not among the columns to compare: no feature of the model, or named in compare.leave_out.";
    let known = reference.columns.iter().map(|column| &column.name);
    let known = known.map(|name| NotJudged::column(name, NoVerdict::LeftOut, left_out));
    let new = batch.iter().filter(|name| reference.column(name).is_none()).map(NotJudged::new_column);
    known.chain(new).collect()
}

/// The final metrics of a run's training; null where they are not known.
pub(crate) async fn metrics_of(store: &impl Store, keys: &Keys, run: Generation) -> Result<Value, Fault> {
    let converged = CONVERGENCE.of(keys, run).read(store).await?;
    Ok(converged.map_or(Value::Null, |converged| converged.metrics))
}

/// The accepted objects of the batch, counted while they streamed.
async fn counts(store: &impl Store, keys: &Keys, manifest: &Manifest) -> Result<Counts, Fault> {
    let dataset = DATASET.of(keys).require(store).await?;
    let accepted: HashSet<&str> = dataset.accepted().map(|known| known.object.id.as_str()).collect();
    let batch = manifest.batch.iter().filter(|object| accepted.contains(object.id.as_str()));
    let read = batch.map(|object| async { PROFILED.of(keys, &object.id).require(store).await });
    let mut all = Counts::default();
    let merge = |profiled: Profiled| {
        if let Found::Scan(scan) = profiled.found {
            BinnedColumn::merge(&mut all.binned, &scan.binned);
            all.names.extend(scan.profile.columns.iter().map(|column| column.name.clone()));
            all.segments.merge(&scan.segments, |mine, theirs| BinnedColumn::merge(mine, theirs));
            GroupedCounts::join(&mut all.groups, scan.groups.as_ref());
            let Profile { rows, parts, part_rows, sample, .. } = scan.profile;
            all.sampled.merge(&Profile { rows, parts, part_rows, sample, ..Profile::default() });
        }
    };
    at_once::each(read, merge).await?;
    Ok(all)
}
