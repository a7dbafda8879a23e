//! Compares what arrives, and what the endpoint is asked, with the champion's training data.

mod compare;
mod edge;
mod expected;
mod look;
mod trial;

use edge::Edge;
use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::ledger::{PIPELINES, Store};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::catalog::model_of;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Compare { model: ModelName, generation: Generation },
    Models,
    Look { model: ModelName },
    Trial { model: ModelName, generation: Generation },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let edge = Edge::from_env(&pawl_aws::in_lambda())?;
    pawl_aws::serve(|step| handle(&edge, step)).await
}

async fn handle(edge: &Edge, step: Step) -> Result<Value, Fault> {
    match step {
        Step::Compare { model, generation } => compare::compare(&edge.store, &model, generation).await,
        Step::Models => {
            let listed = edge.store.list(PIPELINES).await?;
            let models: Vec<ModelName> = listed.iter().filter_map(|found| model_of(&found.key)).collect();
            Ok(json!({ "models": models }))
        }
        Step::Look { model } => look::look(edge, &model, Timestamp::now()).await,
        Step::Trial { model, generation } => trial::look(edge, &model, generation, Timestamp::now()).await,
    }
}
