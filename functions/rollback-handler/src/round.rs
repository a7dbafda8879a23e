//! What the state machines `round` and `upkeep` ask for: one release at a time, at home or in a further
//! region, so that none waits for another.

use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::ledger::{Keys, Store};
use pawl::names::{ModelName, RegionName};
use pawl::pipeline::catalog::model_of;
use pawl::release::garbage::SweepPlace;
use serde_json::{Value, json};

use crate::edge::{Clock, Edge, Services};
use crate::pipelines::policy_of;
use crate::regions;
use crate::site::Site;

/// Looks at a release again, so that a lost event heals and what waits for its time is done. `pipeline` is
/// the key of its `pipeline.yaml`. At home the answer names the regions that are to be looked at next.
pub(crate) async fn reconcile<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    pipeline: &str,
    region: Option<&RegionName>,
    now: Clock<'_>,
) -> Result<Value, Fault> {
    let Some(model) = model_of(pipeline) else { return Ok(json!({ "regions": [] })) };
    let policy = policy_of(&edge.store, &model).await?.unwrap_or_default();
    let home = Site::new(edge, Keys::new(&model), policy, now);
    // What was never deployed has nothing to heal.
    let Some(record) = home.release().await? else { return Ok(json!({ "regions": [] })) };
    if let Some(region) = region {
        regions::look_after(&home, &record, region).await?;
        return Ok(json!({ "regions": [] }));
    }
    home.driver().reconcile().await?;
    Ok(json!({ "regions": regions::to_visit(&home).await? }))
}

/// Carries out what was ordered around an endpoint.
pub(crate) async fn upkeep<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    model: &ModelName,
    region: Option<&RegionName>,
    place: Option<SweepPlace>,
    now: Clock<'_>,
) -> Result<Value, Fault> {
    let policy = policy_of(&edge.store, model).await?.unwrap_or_default();
    let home = Site::new(edge, Keys::new(model), policy, now);
    let site = region.map_or_else(
        || Site::new(edge, home.keys.clone(), home.policy.clone(), now),
        |region| home.in_region(region),
    );
    let rest = match place {
        None => site.carry_out_upkeep().await?,
        Some(place) => site.collect_garbage(place).await?,
    };
    let mut answer = json!({ "done": model });
    if let Some(place) = rest {
        answer["next"] = json!({ "step": "upkeep", "model": model, "region": region, "place": place });
    }
    Ok(answer)
}
