//! Events: which release each is for.

use pawl::events::{AlarmChange, Signal, decode};
use pawl::fault::Fault;
use pawl::ledger::{Keys, Store, pipeline};
use pawl::names::{ModelName, RegionName};
use pawl::pipeline::Pipeline;
use pawl::release::{Event, Policy};
use serde_json::{Value, json};

use crate::effects::driver;
use crate::world::World;

/// Handles one invocation. What cannot be read is an error: after its retries Lambda puts it into the dead-letter queue,
/// whose alarm tells a person.
pub(crate) async fn take(world: &World, event: &Value) -> Result<Value, Fault> {
    let signals = decode(event).map_err(|e| Fault::BadInput(format!("event: {e}")))?;
    let mut answers = Vec::new();
    for signal in signals {
        let (releases, event) = route(world, signal).await?;
        for (keys, policy) in releases {
            let there = keys.region().map(|region| world.in_region(region));
            let world = there.as_ref().unwrap_or(world);
            let answer = driver(world, keys.clone(), &policy).handle(&event).await?;
            answers.push(json!({ "model": keys.model(), "answer": answer }));
        }
    }
    Ok(json!({ "answers": answers }))
}

/// The releases that a signal is for, and what it says to them. Endpoints that Pawl has no pipeline for are none of its business.
async fn route(world: &World, signal: Signal) -> Result<(Vec<(Keys, Policy)>, Event), Fault> {
    match signal {
        Signal::Alarm(change) => Ok((of_alarm(world, &change).await?, Event::Alarm(change))),
        Signal::Endpoint(change) => Ok((named(world, &change.endpoint).await?, Event::EndpointHinted)),
        Signal::Package(change) => {
            Ok((named(world, change.group.as_deref().unwrap_or_default()).await?, Event::Package(change)))
        }
        Signal::Operator(operator) => {
            let model = operator.model.clone().unwrap_or_default();
            let models = named(world, &model).await?;
            if models.is_empty() {
                return Err(Fault::BadInput(format!("operator.model: no pipeline is called {model:?}")));
            }
            let releases = match &operator.region {
                None => models,
                Some(region) => in_region(world, models, region).await?,
            };
            Ok((releases, Event::Operator(operator)))
        }
        _ => Ok((Vec::new(), Event::Tick)),
    }
}

/// An alarm belongs to the endpoint in its dimensions, else to every pipeline that names it under `release.alarms.further`.
async fn of_alarm(world: &World, change: &AlarmChange) -> Result<Vec<(Keys, Policy)>, Fault> {
    if let Some(endpoint) = &change.endpoint {
        return named(world, endpoint).await;
    }
    let pipelines =
        world.catalog.load(&world.store).await?.into_iter().filter_map(|entry| entry.pipeline.ok());
    let meant = pipelines.filter(|pipeline| pipeline.release.alarms.further.contains(&change.name));
    Ok(meant.map(|pipeline| (Keys::new(&pipeline.model), pipeline.release.clone())).collect())
}

/// The same models' releases in a further region.
async fn in_region(
    world: &World,
    models: Vec<(Keys, Policy)>,
    region: &RegionName,
) -> Result<Vec<(Keys, Policy)>, Fault> {
    let mut there = Vec::new();
    for (keys, policy) in models {
        let keys = keys.in_region(region);
        if world.store.get(&keys.release()).await?.is_none() {
            let model = keys.model();
            return Err(Fault::BadInput(format!("operator.region: {model} was never released in {region}")));
        }
        there.push((keys, policy.in_region()));
    }
    Ok(there)
}

/// The model of this name, if it has a pipeline.
async fn named(world: &World, name: &str) -> Result<Vec<(Keys, Policy)>, Fault> {
    let Ok(model) = ModelName::try_from(name.to_owned()) else { return Ok(Vec::new()) };
    if world.store.get(&pipeline(&model)).await?.is_none() {
        return Ok(Vec::new());
    }
    let policy = policy_of(world, &model).await?;
    Ok(vec![(Keys::new(&model), policy)])
}

/// The model's policy as it stands now. A `pipeline.yaml` that is gone or cannot be read must not keep a bad model in
/// production: then the default policy counts.
pub(crate) async fn policy_of(world: &World, model: &ModelName) -> Result<Policy, Fault> {
    let stored = world.store.get(&pipeline(model)).await?;
    let parsed = stored.and_then(|stored| Pipeline::parse(&stored.body).ok());
    Ok(parsed.map_or_else(Policy::default, |pipeline| pipeline.release))
}
