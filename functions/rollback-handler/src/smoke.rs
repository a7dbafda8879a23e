//! A few real rows, sent to what serves.

use pawl::drift::monitor::usable;
use pawl::fault::Fault;
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::{Condition, Keys, Store, key_in, read, write_once};
use pawl::metrics::CHALLENGER;
use pawl::names::Generation;
use pawl::release::strategy::EndpointKind;
use pawl::release::{ActionResult, ConfigName, Deployment, Release};
use pawl::run;
use pawl_sagemaker::Awaited;
use serde_json::Value;

use crate::world::World;

/// How many rows are sent.
const ROWS: usize = 5;
/// So much of a failure's reason is told.
const SHOWN: usize = 500;

/// Sends rows of the holdout that the config's model was judged on. Each must get an answer of the task that it was judged by.
pub(crate) async fn test(
    world: &World,
    keys: &Keys,
    endpoint: &str,
    config: &ConfigName,
) -> Result<ActionResult, Fault> {
    let Some((release, _)) = read::<Release>(&world.store, &keys.release()).await? else {
        return Ok(no_rows());
    };
    let deployments = release.subject().into_iter().chain(&release.current).chain(&release.good);
    let Some(deployment) = deployments.into_iter().find(|deployment| deployment.config == *config) else {
        return Ok(no_rows());
    };
    let rows = rows(world, keys, deployment.generation).await?;
    if rows.is_empty() {
        return Ok(no_rows());
    }
    let body = rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    // Where two variants answer, the new one must.
    let variant = deployment.is_split().then_some(CHALLENGER);
    let answered = match deployment.kind {
        EndpointKind::Asynchronous => from_storage(world, keys, endpoint, deployment, body).await,
        EndpointKind::RealTime | EndpointKind::Serverless => {
            world.sagemaker.invoke(endpoint, variant, body.into_bytes()).await
        }
    };
    let answer = match answered {
        Ok(answer) => answer,
        Err(fault @ Fault::Unavailable(_)) => return Ok(ActionResult::Retry { reason: fault.to_string() }),
        Err(fault) => return Ok(ActionResult::SmokeFailed { reason: fault.to_string() }),
    };
    let gate = run::frozen_pipeline(&world.store, keys, deployment.generation).await?.gate;
    Ok(match usable(&answer, &gate) {
        found if found == rows.len() => ActionResult::SmokePassed,
        found => {
            let reason = format!(
                "{} rows were sent, {found} got an answer that task {} can use",
                rows.len(),
                gate.task
            );
            ActionResult::SmokeFailed { reason }
        }
    })
}

/// An asynchronous endpoint takes its rows from the bucket and answers there. It is asked once for each time that the config
/// comes to serve; every try looks whether the answer has come.
async fn from_storage(
    world: &World,
    keys: &Keys,
    endpoint: &str,
    deployment: &Deployment,
    rows: String,
) -> Result<Vec<u8>, Fault> {
    let since = deployment.activated_at.map_or(0, |at| at.as_second());
    let place = keys.evidence(deployment.generation, &format!("smoke/{}-{since}", deployment.config));
    let note = format!("{place}.json");
    let awaited = match read::<Awaited>(&world.store, &note).await? {
        Some((awaited, _)) => awaited,
        None => {
            let input = format!("{place}.jsonl");
            world.store.put(&input, rows.into_bytes(), Condition::Always).await?;
            let address = format!("s3://{}/{input}", world.store.bucket());
            let awaited = world.sagemaker.invoke_later(endpoint, &address).await?;
            write_once(&world.store, &note, &awaited).await?;
            awaited
        }
    };
    if let Some(answer) = stored(world, &awaited.answer).await? {
        return Ok(answer);
    }
    if let Some(failure) = &awaited.failure
        && let Some(reason) = stored(world, failure).await?
    {
        return Err(Fault::Refused(String::from_utf8_lossy(&reason).chars().take(SHOWN).collect()));
    }
    Err(Fault::Unavailable(format!("{} has not answered yet", deployment.config)))
}

async fn stored(world: &World, address: &str) -> Result<Option<Vec<u8>>, Fault> {
    let Some(key) = key_in(world.store.bucket(), address) else { return Ok(None) };
    Ok(world.store.get_head(key).await?)
}

fn no_rows() -> ActionResult {
    ActionResult::SmokeFailed { reason: "there is no holdout row to send".to_owned() }
}

/// The features of the first rows of a run's holdout.
async fn rows(world: &World, keys: &Keys, generation: Generation) -> Result<Vec<Value>, Fault> {
    let split: DatasetSplit = run::evidence(&world.store, keys, generation, "split.json").await?;
    let Some(holdout) = split.files(&split.holdout).last() else { return Ok(Vec::new()) };
    let key = format!("{}{holdout}.jsonl", keys.accepted());
    let Some(head) = world.store.get_head(&key).await? else { return Ok(Vec::new()) };
    let lines = head.split(|byte| *byte == b'\n').take(ROWS);
    let features = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    Ok(features.map(|mut line| line["features"].take()).collect())
}
