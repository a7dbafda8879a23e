//! Decides whether to train, and whether the challenger replaces the champion.

mod converge;
mod decide;
mod edge;
mod force;
mod judge;
mod leaks;
mod registry;
mod scores;
mod seed;
mod suite;
#[cfg(test)]
mod tests;
mod thresholds;

use edge::Edge;
use jiff::Timestamp;
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::jobs::{Platform, Roles};
use pawl::ledger::Store;
use pawl::names::{Generation, ModelName};
use pawl_aws::{S3Objects, S3Store, Setting, Settings, in_lambda, serve};
use serde::Deserialize;
use serde_json::Value;

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Decide { model: ModelName, generation: Generation, drift: decide::Drifted },
    Converge { model: ModelName, generation: Generation, name: String, metrics: Value, artifact: String },
    Judge { model: ModelName, generation: Generation, name: String, artifact: String },
    Force { model: ModelName, generation: Generation },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = in_lambda();
    let store = S3Store::from_env(&config)?;
    let edge = Edge {
        platform: platform(store.bucket())?,
        bucket: store.bucket().to_owned(),
        store,
        objects: S3Objects::new(&config),
    };
    serve(|step| handle(&edge, step, Timestamp::now())).await
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

async fn handle(edge: &Edge<impl Store, impl Objects>, step: Step, now: Timestamp) -> Result<Value, Fault> {
    match step {
        Step::Decide { model, generation, drift } => {
            decide::decide(edge, &model, generation, &drift, now).await
        }
        Step::Converge { model, generation, name, metrics, artifact } => {
            converge::converge(edge, &model, generation, &name, &metrics, &artifact).await
        }
        Step::Judge { model, generation, name, artifact } => {
            judge::judge(edge, &model, generation, &name, &artifact).await
        }
        Step::Force { model, generation } => force::force(edge, &model, generation, now).await,
    }
}
