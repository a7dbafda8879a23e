//! Guards, watches and rolls back releases. All decisions are [`pawl::release`]'s; this function reads and
//! acts.
//!
//! Arrows go down: `deploy`, `signals`, `round` and `regions` handle requests and drive releases; `effects`
//! is what a release does, with `smoke`, `upkeep`, `wave` and `metrics`; all of them act at a `site`,
//! through the `edge`. `aws` and `cloudwatch` are the edge over the SDK, known to this file alone.

mod aws;
mod cloudwatch;
mod deploy;
mod edge;
mod effects;
mod metrics;
mod pipelines;
mod regions;
mod request;
mod round;
mod signals;
mod site;
mod smoke;
#[cfg(test)]
mod tests;
mod upkeep;
mod wave;

use aws::AwsServices;
use deploy::Run;
use edge::{Clock, Edge, Services};
use jiff::Timestamp;
use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::jobs::{Platform, Roles};
use pawl::ledger::{RunOutcome, Store};
use pawl::names::{Generation, ModelName, RegionName};
use pawl::pipeline::catalog::Catalog;
use pawl::release::garbage::SweepPlace;
use pawl::release::{ConfigName, WaveNews};
use pawl_aws::{S3Store, Setting, Settings, Topic, in_lambda, serve};
use serde::Deserialize;
use serde_json::Value;

/// What the state machine asks for. Anything else is an event.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Guard { model: ModelName, generation: Generation, name: String, package_arn: String },
    Observe { model: ModelName, generation: Generation, config: ConfigName },
    Watch { model: ModelName, generation: Generation, config: ConfigName },
    Abandon { model: ModelName, generation: Generation, failure: RunOutcome },
    Regions { model: ModelName, generation: Generation, news: WaveNews },
    Upkeep { model: ModelName, region: Option<RegionName>, place: Option<SweepPlace> },
    Reconcile { pipeline: String, region: Option<RegionName> },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = in_lambda();
    let store = S3Store::from_env(&config)?;
    let edge = Edge {
        endpoint_metrics: Settings.endpoint_metrics()?,
        platform: platform(store.bucket())?,
        bucket: store.bucket().to_owned(),
        store,
        catalog: Catalog::default(),
        services: AwsServices::new(&config),
        notices: Topic::from_env(&config)?,
    };
    serve(|event| handle(&edge, event, &Timestamp::now)).await
}

fn platform(stack: &str) -> Result<Platform, Fault> {
    let get = |setting| Settings.get(setting);
    let roles = Roles {
        training: get(Setting::TrainingRole)?,
        scoring: get(Setting::ScoringRole)?,
        serving: get(Setting::ServingRole)?,
    };
    let (subnets, groups) = (Settings.list(Setting::VpcSubnets), Settings.list(Setting::VpcSecurityGroups));
    Platform::new(stack, roles, Settings.find(Setting::KmsKey), subnets, groups)
}

async fn handle<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    event: Value,
    now: Clock<'_>,
) -> Result<Value, Fault> {
    if event.get("step").is_none() {
        return signals::handle(edge, &event, now).await;
    }
    let step = serde_json::from_value(event).map_err(|e| Fault::BadInput(format!("step: {e}")))?;
    match step {
        Step::Guard { model, generation, name, package_arn } => {
            Run::load(edge, &model, generation, now).await?.guard(&name, package_arn).await
        }
        Step::Observe { model, generation, config } => {
            Run::load(edge, &model, generation, now).await?.observe(config).await
        }
        Step::Watch { model, generation, config } => {
            Run::load(edge, &model, generation, now).await?.watch(config).await
        }
        Step::Abandon { model, generation, failure } => {
            Run::load(edge, &model, generation, now).await?.abandon(failure.in_words().reason).await
        }
        Step::Regions { model, generation, news } => regions::turn(edge, &model, generation, news, now).await,
        Step::Upkeep { model, region, place } => {
            round::upkeep(edge, &model, region.as_ref(), place, now).await
        }
        Step::Reconcile { pipeline, region } => round::reconcile(edge, &pipeline, region.as_ref(), now).await,
    }
}
