//! The batch against its reference, counted in the same frozen bins.

use pawl::drift::{self, Drift, Verdict, inputs};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Manifest, Store, read, write};
use pawl::names::{Generation, ModelName};
use pawl::profile::bins::{Baseline, BinCounts};
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

#[derive(Debug, Deserialize)]
struct Scan {
    binned: Vec<pawl::dataset::BinnedColumn>,
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
    let Some((reference, _)) = read::<Baseline>(store, &key).await? else {
        return Ok(
            json!({ "verdict": null, "share": 0.0, "reason": "No champion serves: there is nothing to compare with." }),
        );
    };
    let current = counts(store, &keys, &manifest).await?;
    if current.is_empty() {
        return Ok(json!({ "verdict": null, "share": 0.0, "reason": "No new data was accepted." }));
    }
    let left_out = &pipeline.compare.leave_out;
    let features: Vec<String> =
        pipeline.data.features.iter().filter(|name| !left_out.contains(name)).cloned().collect();
    let compared = inputs(&reference, &current, &features, Some(&pipeline.data.label.column));
    let drift = drift::compare(&compared, &pipeline.drift);
    write(store, &keys.evidence(generation, "drift.json"), &drift, Condition::Always).await?;
    let drifting = drifting(&drift);
    Ok(json!({
        "verdict": drift.verdict,
        "columns": drifting,
        "share": drifting.len() as f64 / compared.len().max(1) as f64,
        "reason": drift.reasons.first(),
    }))
}

/// The accepted objects of the batch, counted while they streamed.
async fn counts(
    store: &impl Store,
    keys: &Keys,
    manifest: &Manifest,
) -> Result<Vec<(String, BinCounts)>, Fault> {
    let (dataset, _) = read::<pawl::ledger::Dataset>(store, &keys.dataset())
        .await?
        .ok_or_else(|| Fault::NotFound(keys.dataset()))?;
    let mut all: Vec<(String, BinCounts)> = Vec::new();
    for object in manifest.batch.iter().filter(|object| dataset.accepts(&object.id)) {
        let key = keys.profile(&object.id);
        let (looked, _): (Looked, _) = read(store, &key).await?.ok_or(Fault::NotFound(key))?;
        let Found::Scan(scan) = looked.found else { continue };
        for column in scan.binned {
            match all.iter_mut().find(|(name, _)| *name == column.name) {
                Some((_, counts)) => counts.merge(&column.counts),
                None => all.push((column.name, column.counts)),
            }
        }
    }
    Ok(all)
}

/// The columns that drift on any axis, each once.
fn drifting(drift: &Drift) -> Vec<&str> {
    let mut names: Vec<&str> = drift.findings(Verdict::Drift).map(|finding| finding.name.as_str()).collect();
    names.dedup();
    names
}
