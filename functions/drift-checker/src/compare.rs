//! The batch against its reference, counted in the same frozen bins.

use pawl::dataset::BinnedColumn;
use pawl::drift::{self, Reference, Remembered, importances, in_segments, inputs, weigh};
use pawl::fault::Fault;
use pawl::gate::convergence::Converged;
use pawl::ledger::{Condition, Keys, Manifest, Store, read, update, write};
use pawl::names::{Generation, ModelName};
use pawl::profile::Segments;
use pawl::release::Release;
use pawl::run;
use serde::Deserialize;
use serde_json::{Value, json};

/// The part of an object's profile that is compared.
#[derive(Debug, Deserialize)]
struct Looked {
    found: Found,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Scan(Scan),
    Unreadable(serde::de::IgnoredAny),
}

/// Rows counted in frozen bins, and each part of them.
#[derive(Debug, Default, Deserialize)]
struct Scan {
    binned: Vec<BinnedColumn>,
    #[serde(default)]
    segments: Segments<Vec<BinnedColumn>>,
}

pub(crate) async fn compare(
    store: &impl Store,
    model: &ModelName,
    generation: Generation,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pipeline = run::frozen_pipeline(store, &keys, generation).await?;
    let manifest: Manifest = run::evidence(store, &keys, generation, "manifest.json").await?;
    let key = keys.evidence(generation, "reference.json");
    let Some((Reference { baseline: reference, compared_with }, _)) = read::<Reference>(store, &key).await?
    else {
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
    let release = read::<Release>(store, &keys.release()).await?;
    let champion = release.and_then(|(release, _)| release.current).map(|current| current.generation);
    let metrics = match champion {
        Some(champion) => metrics_of(store, &keys, champion).await?,
        None => Value::Null,
    };
    weigh(&mut compared, &importances(&metrics));
    let seen = drift::compare(&compared, &pipeline.drift);
    let remember = |remembered: &mut Remembered| remembered.remember(generation, &seen);
    let (_, earlier) = update(store, &keys.drift(), remember).await?;
    let mut drift = seen.with_history(&earlier);
    drift.compared_with = compared_with;
    write(store, &keys.evidence(generation, "drift.json"), &drift, Condition::Always).await?;
    let drifting = drift.drifting();
    let columns = features.len() + usize::from(label.is_some());
    Ok(json!({
        "verdict": drift.verdict,
        "columns": drifting,
        "share": drifting.len() as f64 / columns.max(1) as f64,
        "reason": drift.reasons.first(),
    }))
}

/// The final metrics of a run's training; null where they are not known.
pub(crate) async fn metrics_of(store: &impl Store, keys: &Keys, run: Generation) -> Result<Value, Fault> {
    let converged = read::<Converged>(store, &keys.evidence(run, "convergence.json")).await?;
    Ok(converged.map_or(Value::Null, |(converged, _)| converged.metrics))
}

/// The accepted objects of the batch, counted while they streamed.
async fn counts(store: &impl Store, keys: &Keys, manifest: &Manifest) -> Result<Scan, Fault> {
    let (dataset, _) = read::<pawl::ledger::Dataset>(store, &keys.dataset())
        .await?
        .ok_or_else(|| Fault::NotFound(keys.dataset()))?;
    let mut all = Scan::default();
    for object in manifest.batch.iter().filter(|object| dataset.accepts(&object.id)) {
        let key = keys.profile(&object.id);
        let (looked, _): (Looked, _) = read(store, &key).await?.ok_or(Fault::NotFound(key))?;
        let Found::Scan(scan) = looked.found else { continue };
        BinnedColumn::merge(&mut all.binned, &scan.binned);
        all.segments.merge(&scan.segments, |mine, theirs| BinnedColumn::merge(mine, theirs));
    }
    Ok(all)
}
