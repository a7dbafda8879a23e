//! Decides whether to train, and whether the challenger replaces the champion.

mod converge;
mod decide;
mod edge;
mod force;
mod judge;
mod leaks;
mod suite;

use edge::Edge;
use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::names::{Generation, ModelName};
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
    let edge = Edge::from_env(&pawl_aws::in_lambda())?;
    pawl_aws::serve(|step| handle(&edge, step)).await
}

async fn handle(edge: &Edge, step: Step) -> Result<Value, Fault> {
    let now = Timestamp::now();
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
