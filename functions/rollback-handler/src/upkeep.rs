//! What is around an endpoint, at home or in a further region: autoscaling and garbage. It is ordered here, and carried out here when
//! the state machine asks for it.

use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Store, read, write};
use pawl::names::Generation;
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::Garbage;
use pawl::release::serving::Serve;
use pawl::release::upkeep::Upkeep;
use pawl::release::{Policy, Release};
use pawl::run;

use crate::world::World;

/// The most that one order deletes of configs, and of models. The next one goes on.
const MOST: usize = 50;
/// So many orders one call carries out.
const ORDERS: usize = 5;

/// Whether an update may go on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing hinders it.
    Clear,
    /// Autoscaling is being taken off: until then the update may be refused.
    Clearing,
}

/// Orders what the pipeline of what serves asks for. Each order also collects garbage.
pub(crate) async fn order(world: &World, keys: &Keys, serves: Generation) -> Result<(), Fault> {
    let last = last(world, keys).await?;
    let serve = serve_of(world, keys, serves).await?;
    let scaling = serve.and_then(|serve| Scaling::at_rest(keys.model().as_str(), &serve, last.as_ref()));
    put(world, keys, scaling).await
}

/// Takes autoscaling off where an update from one generation to another would be refused because of it: recorded, then done. Where
/// Pawl never put it on, that is one read: a rollback waits for it.
pub(crate) async fn make_way(
    world: &World,
    keys: &Keys,
    from: Generation,
    to: Generation,
) -> Result<Way, Fault> {
    let Some(last) = last(world, keys).await? else { return Ok(Way::Clear) };
    let (Some(from), Some(to)) = (serve_of(world, keys, from).await?, serve_of(world, keys, to).await?)
    else {
        return Ok(Way::Clear);
    };
    let Some(off) = Scaling::before_update(keys.model().as_str(), &from, &to) else { return Ok(Way::Clear) };
    if off != last {
        put(world, keys, Some(off.clone())).await?;
    }
    // At once, since a rollback may wait for it. What fails here the state machine tries again, and tells.
    drop(world.sagemaker.scale(&off).await);
    Ok(Way::Clearing)
}

/// Carries out the order that stands there now, and collects garbage. `world` is that of the release. It may be repeated.
pub(crate) async fn carry_out(world: &World, keys: &Keys, policy: &Policy) -> Result<(), Fault> {
    for _ in 0..ORDERS {
        let Some((order, etag)) = read::<Upkeep>(&world.store, &keys.upkeep()).await? else { return Ok(()) };
        if let Some(scaling) = &order.scaling {
            world.sagemaker.scale(scaling).await?;
        }
        // Another call may have carried out an older order meanwhile: then the newer one is carried out again.
        if world.store.get(&keys.upkeep()).await?.is_some_and(|stands| stands.etag == etag) {
            return collect(world, keys, policy).await;
        }
    }
    Err(Fault::Conflict(format!("{}: new orders come faster than they are carried out", keys.upkeep())))
}

/// Deletes what nothing needs any more, the configs first: one after another, since SageMaker throttles.
async fn collect(world: &World, keys: &Keys, policy: &Policy) -> Result<(), Fault> {
    let Some((release, _)) = read::<Release>(&world.store, &keys.release()).await? else { return Ok(()) };
    let sagemaker = &world.sagemaker;
    let (configs, models) = (sagemaker.configs(keys.model()).await?, sagemaker.models(keys.model()).await?);
    let garbage = Garbage::plan(&release, policy, &configs, &models, Timestamp::now());
    for gone in garbage.configs.into_iter().take(MOST) {
        sagemaker.delete_config(&gone.config).await?;
        world.delete_alarms(gone.alarms).await?;
    }
    for model in garbage.models.iter().take(MOST) {
        sagemaker.delete_model(model).await?;
    }
    Ok(())
}

async fn last(world: &World, keys: &Keys) -> Result<Option<Scaling>, Fault> {
    Ok(read::<Upkeep>(&world.store, &keys.upkeep()).await?.and_then(|(upkeep, _)| upkeep.scaling))
}

async fn put(world: &World, keys: &Keys, scaling: Option<Scaling>) -> Result<(), Fault> {
    let (model, region) = (keys.model().clone(), keys.region().cloned());
    let upkeep = Upkeep { model, region, at: Timestamp::now(), scaling };
    write(&world.store, &keys.upkeep(), &upkeep, Condition::Always).await?;
    Ok(())
}

/// The section `serve` that a generation was deployed with; `None` for a config that no run made.
async fn serve_of(world: &World, keys: &Keys, generation: Generation) -> Result<Option<Serve>, Fault> {
    match run::frozen_pipeline(&world.store, keys, generation).await {
        Ok(pipeline) => Ok(Some(pipeline.serve)),
        Err(Fault::NotFound(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}
