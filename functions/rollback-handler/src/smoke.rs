//! A few real rows, sent to what serves.

use pawl::documents::{SMOKE, SPLIT, SmokeTest, TRAINED_ON};
use pawl::drift::monitor::usable;
use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Store, key_in};
use pawl::metrics::CHALLENGER;
use pawl::names::{Generation, RegionName};
use pawl::pipeline::Pipeline;
use pawl::profile::bins::{Baseline, BaselineColumn, Bins};
use pawl::release::strategy::EndpointKind;
use pawl::release::{ActionResult, ConfigName, Deployment, MOST_ROWS, SmokeRows};
use pawl::run;
use serde_json::{Value, json};

use crate::edge::Services;
use crate::site::Site;

/// So many rows are made of a profile.
const SYNTHETIC: usize = 2;
/// So many characters of a failure's reason are shown.
const SHOWN: usize = 500;

/// Sends rows of the holdout that the config's model was judged on, in a further region those that
/// `release.smoke` allows. Each must get an answer of the task that the model was judged by.
pub(crate) async fn test<S: Store, A: Services, N: Notices>(
    site: &Site<'_, S, A, N>,
    endpoint: &str,
    config: &ConfigName,
) -> Result<ActionResult, Fault> {
    let (store, keys) = (&site.edge.store, &site.keys);
    let Some(release) = site.release().await? else { return Ok(no_rows()) };
    let deployments = release.subject().into_iter().chain(&release.current).chain(&release.good);
    let Some(deployment) = deployments.into_iter().find(|deployment| deployment.config == *config) else {
        return Ok(no_rows());
    };
    let pipeline = run::frozen_pipeline(store, keys, deployment.generation).await?;
    let rows = match keys.region() {
        None => holdout_rows(store, keys, deployment.generation).await?,
        Some(region) => rows_abroad(store, keys, deployment.generation, &pipeline, region).await?,
    };
    if rows.is_empty() {
        return Ok(no_rows());
    }
    let answer = match answer(site, endpoint, deployment, &rows).await {
        Ok(answer) => answer,
        Err(fault @ Fault::Unavailable(_)) => return Ok(ActionResult::Retry { reason: fault.to_string() }),
        Err(fault) => return Ok(ActionResult::SmokeFailed { reason: fault.to_string() }),
    };
    let gate = pipeline.gate;
    let (sent, usable) = (rows.len(), usable(rows.len(), &answer, &gate));
    if usable == sent {
        return Ok(ActionResult::SmokePassed);
    }
    let reason = format!("{sent} rows were sent, {usable} got an answer that task {} can use", gate.task);
    Ok(ActionResult::SmokeFailed { reason })
}

/// What the endpoint answers.
async fn answer<S: Store, A: Services, N: Notices>(
    site: &Site<'_, S, A, N>,
    endpoint: &str,
    deployment: &Deployment,
    rows: &[Value],
) -> Result<Vec<u8>, Fault> {
    let lines = rows.iter().map(|row| format!("{row}\n")).collect::<String>().into_bytes();
    match deployment.kind {
        EndpointKind::Asynchronous => answer_from_storage(site, endpoint, deployment, lines).await,
        EndpointKind::RealTime | EndpointKind::Serverless => {
            // Where two variants answer, the new one must.
            let variant = deployment.is_split().then_some(CHALLENGER);
            site.services.invoke(endpoint, variant, lines).await
        }
    }
}

/// An asynchronous endpoint takes its rows from the bucket and answers there. It is asked once for each
/// time that the config comes to serve; every try looks whether the answer has come.
async fn answer_from_storage<S: Store, A: Services, N: Notices>(
    site: &Site<'_, S, A, N>,
    endpoint: &str,
    deployment: &Deployment,
    lines: Vec<u8>,
) -> Result<Vec<u8>, Fault> {
    let (store, bucket) = (&site.edge.store, &site.edge.bucket);
    let test = SmokeTest {
        generation: deployment.generation,
        config: deployment.config.clone(),
        since: deployment.activated_at,
    };
    let note = SMOKE.of(&site.keys, &test);
    let awaited = match note.read(store).await? {
        Some(awaited) => awaited,
        None => {
            let input = test.rows(&site.keys);
            store.put(&input, lines, Condition::Always).await?;
            let awaited = site.services.invoke_later(endpoint, &format!("s3://{bucket}/{input}")).await?;
            note.write_once(store, &awaited).await?;
            awaited
        }
    };
    if let Some(answer) = head_of(store, bucket, &awaited.answer).await? {
        return Ok(answer);
    }
    if let Some(failure) = &awaited.failure
        && let Some(reason) = head_of(store, bucket, failure).await?
    {
        return Err(Fault::Refused(String::from_utf8_lossy(&reason).chars().take(SHOWN).collect()));
    }
    Err(Fault::Unavailable(format!("{} has not answered yet", deployment.config)))
}

/// The beginning of the object at an `s3://` address, where it stands in this bucket.
async fn head_of(store: &impl Store, bucket: &str, address: &str) -> Result<Option<Vec<u8>>, Fault> {
    let Some(key) = key_in(bucket, address) else { return Ok(None) };
    Ok(store.get_head(key).await?)
}

fn no_rows() -> ActionResult {
    ActionResult::SmokeFailed { reason: "there is no holdout row to send".to_owned() }
}

/// The rows for a further region: the team's own, else those that its pipeline chooses.
async fn rows_abroad(
    store: &impl Store,
    keys: &Keys,
    generation: Generation,
    pipeline: &Pipeline,
    region: &RegionName,
) -> Result<Vec<Value>, Fault> {
    let written = pipeline.release.regions.iter().find(|named| named.name == *region);
    match (written.map(|region| region.smoke_rows.as_slice()), pipeline.release.smoke) {
        (Some(rows @ [_, ..]), _) => Ok(rows.iter().take(MOST_ROWS).map(|row| json!(row)).collect()),
        (_, SmokeRows::Home) => holdout_rows(store, keys, generation).await,
        (_, SmokeRows::Synthetic) => {
            let profile = TRAINED_ON.of(keys, generation).require(store).await?;
            Ok((0..SYNTHETIC).map(|number| synthetic(&profile, &pipeline.data.features, number)).collect())
        }
    }
}

/// A row that no person has: of each feature a value from within its profile, never its least or largest.
fn synthetic(profile: &Baseline, features: &[String], number: usize) -> Value {
    let part = |count: usize| count * (number + 1) / (SYNTHETIC + 1);
    let value = |column: &BaselineColumn| match &column.bins {
        Bins::Numeric { edges } => {
            let at = part(edges.len().saturating_sub(1));
            let (from, to) = (edges.get(at)?, edges.get(at + 1)?);
            let middle = from.midpoint(*to);
            let whole = edges.iter().all(|edge| edge.fract() == 0.0);
            Some(if whole { json!(middle.round() as i64) } else { json!(middle) })
        }
        Bins::Categorical { values } => {
            let common = values.first().or_else(|| Some(&column.examples.first()?.1))?;
            let number = common.parse::<f64>().ok().filter(|_| column.has_numbers());
            Some(match number {
                Some(number) if number.fract() == 0.0 => json!(number as i64),
                Some(number) => json!(number),
                None => json!(common),
            })
        }
    };
    let row = features.iter().map(|name| {
        let value = profile.column(name).and_then(value);
        (name.clone(), value.unwrap_or(Value::Null))
    });
    Value::Object(row.collect())
}

/// The features of the first rows of a run's holdout.
async fn holdout_rows(store: &impl Store, keys: &Keys, generation: Generation) -> Result<Vec<Value>, Fault> {
    let split = SPLIT.of(keys, generation).require(store).await?;
    let Some(holdout) = split.files(&split.holdout).last() else { return Ok(Vec::new()) };
    let key = keys.rows_to_score(&holdout);
    let Some(head) = store.get_head(&key).await? else { return Ok(Vec::new()) };
    let lines = head.split(|byte| *byte == b'\n').take(MOST_ROWS);
    let features = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    Ok(features.map(|mut line| line["features"].take()).collect())
}
