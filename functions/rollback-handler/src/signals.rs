//! Events: which release each is for.

use pawl::events::{AlarmChange, Signal, decode};
use pawl::fault::Fault;
use pawl::ledger::{Keys, Store, pipeline};
use pawl::names::ModelName;
use pawl::pipeline::Pipeline;
use pawl::pipeline::catalog::Entry;
use pawl::release::{Event, Policy};
use serde_json::{Value, json};

use crate::deploy::{driver, fault};
use crate::effects::{Effector, World};

/// Handles one invocation. What cannot be read is an error: after its retries Lambda puts it into the dead-letter queue,
/// whose alarm tells a person.
pub(crate) async fn take(world: &World, event: &Value) -> Result<Value, Fault> {
    let decoded = decode(event.to_string().as_bytes()).map_err(|e| Fault::BadInput(format!("event: {e}")))?;
    let mut answers = Vec::new();
    for signal in decoded.signals {
        if let Signal::Schedule(_) = signal {
            reconcile(world).await?;
            continue;
        }
        let (models, event) = route(world, signal).await?;
        for (model, policy) in models {
            let effects = Effector::new(world, &model, &policy);
            let answer = driver(world, &effects, &policy, &model).handle(&event).await.map_err(fault)?;
            answers.push(json!({ "model": model, "answer": answer }));
        }
    }
    Ok(json!({ "answers": answers }))
}

/// Looks at every release again, so that a lost event heals and what waits for its time is done.
async fn reconcile(world: &World) -> Result<(), Fault> {
    for Entry { model, pipeline } in world.catalog.load(&world.store).await? {
        // What was never deployed has nothing to heal.
        if world.store.get(&Keys::new(&model).release()).await?.is_some() {
            let policy = pipeline.map_or_else(|_| Policy::default(), |pipeline| pipeline.release.clone());
            let effects = Effector::new(world, &model, &policy);
            driver(world, &effects, &policy, &model).reconcile().await.map_err(fault)?;
        }
    }
    Ok(())
}

/// The releases that a signal is for, and what it says to them. Endpoints that Pawl has no pipeline for are none of its business.
async fn route(world: &World, signal: Signal) -> Result<(Vec<(ModelName, Policy)>, Event), Fault> {
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
            Ok((models, Event::Operator(operator)))
        }
        _ => Ok((Vec::new(), Event::Tick)),
    }
}

/// An alarm belongs to the endpoint in its dimensions, else to every pipeline that names it under `release.alarms.further`.
async fn of_alarm(world: &World, change: &AlarmChange) -> Result<Vec<(ModelName, Policy)>, Fault> {
    if let Some(endpoint) = &change.endpoint {
        return named(world, endpoint).await;
    }
    let pipelines =
        world.catalog.load(&world.store).await?.into_iter().filter_map(|entry| entry.pipeline.ok());
    let meant = pipelines.filter(|pipeline| pipeline.release.alarms.further.contains(&change.name));
    Ok(meant.map(|pipeline| (pipeline.model.clone(), pipeline.release.clone())).collect())
}

/// The model of this name, if it has a pipeline.
async fn named(world: &World, name: &str) -> Result<Vec<(ModelName, Policy)>, Fault> {
    let Ok(model) = ModelName::try_from(name.to_owned()) else { return Ok(Vec::new()) };
    if world.store.get(&pipeline(&model)).await?.is_none() {
        return Ok(Vec::new());
    }
    let policy = policy_of(world, &model).await?;
    Ok(vec![(model, policy)])
}

/// The model's policy as it stands now. A `pipeline.yaml` that is gone or cannot be read must not keep a bad model in
/// production: then the default policy counts.
pub(crate) async fn policy_of(world: &World, model: &ModelName) -> Result<Policy, Fault> {
    let stored = world.store.get(&pipeline(model)).await?;
    let parsed = stored.and_then(|stored| Pipeline::parse(&stored.body).ok());
    Ok(parsed.map_or_else(Policy::default, |pipeline| pipeline.release))
}
