//! Snapshots, profiles and judges new data; and, since it is the function that streams, copies a model to another region.

mod edge;
mod parts;
mod pass;
mod profile;
mod reference;
mod replicate;
mod rows;
mod snapshot;
mod source;
mod validate;

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
    Snapshot { model: ModelName, generation: Generation },
    Profile { model: ModelName, generation: Generation, object: parts::Partition },
    Validate { model: ModelName, generation: Generation },
    Replicate { copy: replicate::Copy },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let edge = Edge::from_env(&pawl_aws::in_lambda())?;
    pawl_aws::serve(|step| handle(&edge, step)).await
}

async fn handle(edge: &Edge, step: Step) -> Result<Value, Fault> {
    match step {
        Step::Snapshot { model, generation } => {
            snapshot::snapshot(edge, &model, generation, Timestamp::now()).await
        }
        Step::Profile { model, generation, object } => {
            profile::profile(edge, &model, generation, &object).await
        }
        Step::Validate { model, generation } => validate::validate(edge, &model, generation).await,
        Step::Replicate { copy } => replicate::replicate(edge, &copy).await,
    }
}
