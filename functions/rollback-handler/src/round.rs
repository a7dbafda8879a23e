//! What the state machines `round` and `upkeep` ask for: one release at a time, at home or in a further region, so that none waits
//! for another.

use pawl::fault::Fault;
use pawl::ledger::{Keys, read};
use pawl::names::{ModelName, RegionName};
use pawl::pipeline::catalog::model_of;
use pawl::release::Release;
use serde_json::{Value, json};

use crate::effects::driver;
use crate::signals::policy_of;
use crate::world::World;
use crate::{regions, upkeep};

/// Looks at a release again, so that a lost event heals and what waits for its time is done. `pipeline` is the key of its
/// `pipeline.yaml`. At home the answer names the regions that are to be looked at next.
pub(crate) async fn reconcile(
    world: &World,
    pipeline: &str,
    region: Option<&RegionName>,
) -> Result<Value, Fault> {
    let Some(keys) = model_of(pipeline).map(|model| Keys::new(&model)) else {
        return Ok(json!({ "regions": [] }));
    };
    // What was never deployed has nothing to heal.
    let Some((home, _)) = read::<Release>(&world.store, &keys.release()).await? else {
        return Ok(json!({ "regions": [] }));
    };
    let policy = policy_of(world, keys.model()).await?;
    if let Some(region) = region {
        regions::look_after(world, &keys, &home, region, &policy).await?;
        return Ok(json!({ "regions": [] }));
    }
    driver(world, keys.clone(), &policy).reconcile().await?;
    Ok(json!({ "regions": regions::to_visit(world, &keys).await? }))
}

/// Carries out what was ordered around an endpoint.
pub(crate) async fn upkeep(
    world: &World,
    model: &ModelName,
    region: Option<&RegionName>,
) -> Result<Value, Fault> {
    let (keys, policy) = (Keys::new(model), policy_of(world, model).await?);
    match region {
        None => upkeep::carry_out(world, &keys, &policy).await?,
        Some(region) => {
            let there = world.in_region(region);
            upkeep::carry_out(&there, &keys.in_region(region), &policy.in_region()).await?;
        }
    }
    Ok(json!({ "done": keys.model() }))
}
