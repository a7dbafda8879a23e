//! What is around the endpoint: autoscaling and garbage. The calls themselves are the state machine's.

use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, read, write};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Serve;
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::{Garbage, Listed};
use pawl::release::upkeep::Upkeep;
use pawl::release::{Policy, Release};
use pawl::run;

use crate::world::World;

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

/// Takes autoscaling off where an update from one generation to another would be refused because of it. Where Pawl never put
/// it on, that is one read: a rollback waits for it.
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
    match Scaling::before_update(keys.model().as_str(), &from, &to) {
        None => Ok(Way::Clear),
        Some(off) if off == last => Ok(Way::Clearing),
        off => put(world, keys, off).await.map(|()| Way::Clearing),
    }
}

/// What may be deleted of what the account lists.
pub(crate) async fn garbage(
    world: &World,
    model: &ModelName,
    policy: &Policy,
    configs: &[Listed],
    models: &[Listed],
) -> Result<Garbage, Fault> {
    let release = read::<Release>(&world.store, &Keys::new(model).release()).await?;
    let plan = |(release, _)| Garbage::plan(&release, policy, configs, models, Timestamp::now());
    Ok(release.map(plan).unwrap_or_default())
}

async fn last(world: &World, keys: &Keys) -> Result<Option<Scaling>, Fault> {
    Ok(read::<Upkeep>(&world.store, &keys.upkeep()).await?.and_then(|(upkeep, _)| upkeep.scaling))
}

async fn put(world: &World, keys: &Keys, scaling: Option<Scaling>) -> Result<(), Fault> {
    let upkeep = Upkeep { model: keys.model().clone(), at: Timestamp::now(), scaling };
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
