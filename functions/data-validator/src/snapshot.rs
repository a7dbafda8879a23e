//! Freezes what a run looks at: the configuration, the triggers it takes, and every object's version.

use jiff::Timestamp;
use pawl::documents::{CALLS, DATASET, MANIFEST, PARTITIONS, PIPELINE};
use pawl::fault::Fault;
use pawl::ledger::inbox::Completes;
use pawl::ledger::{Condition, Keys, Manifest, Store, StoreError, at_once, inbox};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::{ObjectRole, Pipeline};
use pawl::run;
use serde_json::{Value, json};

use crate::edge::{Data, Edge};
use crate::{parts, reference};

pub(crate) async fn snapshot(
    edge: &Edge<impl Store, impl Data>,
    model: &ModelName,
    generation: Generation,
    now: Timestamp,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pipeline = freeze_pipeline(&edge.store, model, &keys, generation).await?;
    let document = MANIFEST.of(&keys, generation);
    let manifest = match document.read(&edge.store).await? {
        Some(manifest) => manifest,
        None => {
            let manifest = list_all(edge, &keys, generation, &pipeline, now).await?;
            document.write_once(&edge.store, &manifest).await?;
            manifest
        }
    };
    let reference = reference::freeze(edge, &keys, generation, &pipeline, &manifest).await?;
    let mut partitions = Vec::new();
    let plans = manifest.batch.iter().map(|object| parts::plan(edge, &pipeline.data, object, &reference));
    at_once::each(plans, |plan| partitions.extend(plan)).await?;
    let planned = PARTITIONS.of(&keys, generation);
    planned.write(&edge.store, &partitions, Condition::Always).await?;
    let shared_out = CALLS.of(&keys, generation);
    let calls = parts::share_out(&partitions, pipeline.data.part_size);
    shared_out.write(&edge.store, &calls, Condition::Always).await?;
    Ok(json!({
        "partitions": partitions.len(),
        // A run that began before the stack was updated reads the partitions themselves.
        "partitions_key": planned.key(),
        "calls": calls.len(),
        "calls_key": shared_out.key(),
        "map_prefix": keys.evidence(generation, "map"),
    }))
}

/// Lists the triggers that wait and the objects that stand there now.
async fn list_all(
    edge: &Edge<impl Store, impl Data>,
    keys: &Keys,
    generation: Generation,
    pipeline: &Pipeline,
    now: Timestamp,
) -> Result<Manifest, Fault> {
    // The inbox first: an object whose trigger is taken here was written before, so the listing shows it.
    let mut triggers = inbox::waiting(&edge.store, keys).await?;
    // It came after this run had begun: the next one is its own.
    triggers.retain(|trigger| trigger.completes() != Completes::Alone);
    let mut objects = edge.objects.list(&pipeline.data.bucket, &pipeline.data.prefix).await?;
    let listed = objects.len();
    objects.retain(|object| pipeline.role_of(&object.key) == ObjectRole::Data);
    let left_out = (listed - objects.len()) as u64;
    let dataset = DATASET.of(keys).read(&edge.store).await?.unwrap_or_default();
    let batch = dataset.unknown(&objects).into_iter().cloned().collect();
    Ok(Manifest { generation, at: now, triggers, objects, batch, left_out })
}

/// Copies `pipeline.yaml` into the run's evidence, checked. The first copy stands: nobody checks it again.
async fn freeze_pipeline(
    store: &impl Store,
    model: &ModelName,
    keys: &Keys,
    generation: Generation,
) -> Result<Pipeline, Fault> {
    let copy = PIPELINE.key(keys, generation);
    if store.get(&copy).await?.is_some() {
        return run::frozen_pipeline(store, keys, generation).await;
    }
    let source = pawl::ledger::pipeline(model);
    let stored = store.get(&source).await?.ok_or_else(|| Fault::NotFound(source.clone()))?;
    Pipeline::parse(&stored.body).map_err(|e| Fault::BadConfig(format!("{source}: {e}")))?;
    match store.put(&copy, stored.body, Condition::IfAbsent).await {
        Ok(_) | Err(StoreError::Conflict { .. }) => {}
        Err(e) => return Err(e.into()),
    }
    run::frozen_pipeline(store, keys, generation).await
}
