//! A person promotes the challenger of an earlier run against the gate.

use jiff::Timestamp;
use pawl::documents::MANIFEST;
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::gate::Forced;
use pawl::jobs::property;
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Keys, Manifest, Store, Wrote};
use pawl::names::{Generation, ModelName};
use pawl::requests::ApprovalStatus;
use pawl::run::force::{Wish, admit, take_over};
use serde_json::{Value, json};

use crate::decide::name;
use crate::edge::{Edge, Run};
use crate::registry::{lineage, reasons};

pub(crate) async fn force(
    edge: &Edge<impl Store, impl Objects>,
    model: &ModelName,
    generation: Generation,
    now: Timestamp,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let manifest = freeze_manifest(&edge.store, &keys, generation, now).await?;
    let wish = wish(&edge.store, &keys, &manifest).await?;
    let forcible = match admit(&edge.store, &keys, &edge.bucket, &wish, manifest.at).await? {
        Ok(forcible) => forcible,
        Err(refusal) => {
            let Wish { who, why, .. } = wish;
            let reason = format!("Not forced, as {who} asked ({why}): {refusal}.");
            return Ok(json!({ "next": "refuse", "reason": reason }));
        }
    };
    take_over(&edge.store, &keys, generation, &forcible).await?;
    let run = Run::load(&edge.store, model, generation).await?;
    let name = name(model, generation, manifest.at);
    let job = edge.job(&run, &name);
    let forced = forcible.judgement.forced.as_ref().map(in_words).unwrap_or_default();
    let reason = format!("{forced} The gate had found: {}", reasons(&forcible.judgement));
    let artifact = &forcible.trained.artifact;
    let mut lineage = lineage(&edge.bucket, &run, &forcible.split, &forcible.trained.job);
    lineage.insert("pawl.forced-run".to_owned(), wish.run.to_string());
    lineage.insert("pawl.forced-by".to_owned(), property(&wish.who));
    Ok(json!({
        "next": "promote",
        "name": name,
        "forced": format!("{forced} "),
        "model": job.model(artifact),
        "group": job.package_group(),
        "package": job.package(artifact, ApprovalStatus::Approved, &reason, lineage),
    }))
}

/// Freezes the one trigger that this run takes. The first choice stands; the others wait for the next run.
async fn freeze_manifest(
    store: &impl Store,
    keys: &Keys,
    generation: Generation,
    now: Timestamp,
) -> Result<Manifest, Fault> {
    let document = MANIFEST.of(keys, generation);
    let waiting = inbox::waiting(store, keys).await?;
    let wished = waiting.into_iter().find(|trigger| trigger.completes() == Completes::Alone);
    let triggers = wished.into_iter().collect();
    let manifest =
        Manifest { generation, at: now, triggers, objects: Vec::new(), batch: Vec::new(), left_out: 0 };
    if document.write_once(store, &manifest).await? == Wrote::Now {
        return Ok(manifest);
    }
    document.require(store).await
}

async fn wish(store: &impl Store, keys: &Keys, manifest: &Manifest) -> Result<Wish, Fault> {
    for id in &manifest.triggers {
        if let Some(wish) = inbox::get(store, keys, id).await?.as_ref().and_then(Wish::of) {
            return Ok(wish);
        }
    }
    Err(Fault::NotFound("the request that forces a challenger".to_owned()))
}

/// Who, what and why, for the registry, the record of the run, the history and the notice.
fn in_words(forced: &Forced) -> String {
    let Forced { by, reason, run, instead_of, .. } = forced;
    format!("Forced by {by}, where the gate of run {run} had said {instead_of}: {reason}.")
}
