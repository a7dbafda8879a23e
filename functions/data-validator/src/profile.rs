//! One pass over one object.

use pawl::constraints::Constraints;
use pawl::dataset::{Scan, Scanner};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Object, read, write};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::profile::bins::Baseline;
use pawl::run;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::edge::Edge;
use crate::rows::Rows;
use crate::snapshot::Partition;

/// The document `profiles/<model>/<object>.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Looked {
    pub(crate) object: Object,
    pub(crate) found: Found,
}

/// What the pass found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// The object could be read.
    Scan(Box<Scan>),
    /// It could not: why, and what would be right.
    Unreadable(String),
}

pub(crate) async fn profile(
    edge: &Edge,
    model: &ModelName,
    generation: Generation,
    partition: &Partition,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pipeline = run::frozen_pipeline(&edge.store, &keys, generation).await?;
    let object = &partition.object;
    let found = look(edge, &keys, generation, &pipeline, partition).await?;
    let readable = matches!(found, Found::Scan(_));
    let looked = Looked { object: object.clone(), found };
    write(&edge.store, &keys.profile(&object.id), &looked, Condition::Always).await?;
    Ok(json!({ "object": object.id, "readable": readable }))
}

async fn look(
    edge: &Edge,
    keys: &Keys,
    generation: Generation,
    pipeline: &Pipeline,
    partition: &Partition,
) -> Result<Found, Fault> {
    let (object, data) = (&partition.object, &pipeline.data);
    if object.size > data.largest_object {
        return Ok(Found::Unreadable(format!(
            "{} bytes are more than data.largest_object ({}): split the object, or raise the limit",
            object.size, data.largest_object
        )));
    }
    let constraints = read::<Constraints>(&edge.store, &keys.constraints()).await?.map(|(it, _)| it);
    let reference = match &partition.reference {
        Some(key) => read::<Baseline>(&edge.store, key).await?.map(|(it, _)| it),
        None => None,
    };
    let mut scanner = Scanner::new(&data.schema);
    if let Some(constraints) = &constraints {
        scanner = scanner.with_constraints(constraints);
    }
    if let Some(reference) = &reference {
        scanner = scanner.with_baseline(reference);
    }
    let bucket = edge.store.bucket();
    let upload = |key: String| edge.objects.upload(bucket, &key);
    let accepted = keys.accepted();
    let mut rows = Rows::new(
        data,
        &object.id,
        upload(format!("{accepted}{}.csv", object.id)),
        upload(format!("{accepted}{}.jsonl", object.id)),
        upload(keys.quarantine(generation, &object.id)),
    );
    let mut body = match edge.objects.open(object).await {
        Ok(body) => body,
        Err(Fault::NotFound(reason)) => return Ok(Found::Unreadable(format!("deleted meanwhile: {reason}"))),
        Err(e) => return Err(e),
    };
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|e| Fault::Unavailable(format!("read {}: {e}", object.key)))?;
        if let Err(e) = scanner.feed(&chunk, &mut rows) {
            return Ok(Found::Unreadable(e.to_string()));
        }
        rows.flush().await?;
    }
    let scan = match scanner.finish(&mut rows) {
        Ok(scan) => scan,
        Err(e) => return Ok(Found::Unreadable(e.to_string())),
    };
    rows.finish().await?;
    Ok(Found::Scan(Box::new(scan)))
}
