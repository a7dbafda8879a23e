//! Guards, watches and rolls back releases. All decisions are [`pawl::release`]'s; this function reads the world and acts.

mod deploy;
mod effects;
mod metrics;
mod regions;
mod round;
mod signals;
mod smoke;
mod upkeep;
mod world;

use pawl::fault::Fault;
use pawl::ledger::RunOutcome;
use pawl::names::{Generation, ModelName, RegionName};
use pawl::release::{ConfigName, WaveNews};
use serde::Deserialize;
use serde_json::Value;
use world::World;

/// What the state machine asks for. Anything else is an event.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Guard { model: ModelName, generation: Generation, name: String, package_arn: String },
    Observe { model: ModelName, generation: Generation, config: ConfigName },
    Watch { model: ModelName, generation: Generation, config: ConfigName },
    Abandon { model: ModelName, generation: Generation, failure: RunOutcome },
    Regions { model: ModelName, generation: Generation, news: WaveNews },
    Upkeep { model: ModelName, region: Option<RegionName> },
    Reconcile { pipeline: String, region: Option<RegionName> },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let world = World::from_env(&pawl_aws::in_lambda())?;
    pawl_aws::serve(|event| handle(&world, event)).await
}

async fn handle(world: &World, event: Value) -> Result<Value, Fault> {
    if event.get("step").is_none() {
        return signals::take(world, &event).await;
    }
    let step = serde_json::from_value(event).map_err(|e| Fault::BadInput(format!("step: {e}")))?;
    match step {
        Step::Guard { model, generation, name, package_arn } => {
            deploy::guard(world, &model, generation, &name, package_arn).await
        }
        Step::Observe { model, generation, config } => {
            deploy::observe(world, &model, generation, config).await
        }
        Step::Watch { model, generation, config } => deploy::watch(world, &model, generation, config).await,
        Step::Abandon { model, generation, failure } => {
            deploy::abandon(world, &model, generation, failure.in_words().reason).await
        }
        Step::Regions { model, generation, news } => regions::turn(world, &model, generation, news).await,
        Step::Upkeep { model, region } => round::upkeep(world, &model, region.as_ref()).await,
        Step::Reconcile { pipeline, region } => round::reconcile(world, &pipeline, region.as_ref()).await,
    }
}
