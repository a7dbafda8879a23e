//! Compares what arrives, and what the endpoint is asked, with the champion's training data.

mod captured;
mod compare;
mod edge;
mod expected;
mod monitor;
#[cfg(test)]
mod tests;
mod trial;

use edge::Edge;
use jiff::Timestamp;
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::ledger::{PIPELINES, Store};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::catalog::model_of;
use pawl_aws::{S3Objects, S3Store, in_lambda, serve};
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
    let config = in_lambda();
    let store = S3Store::from_env(&config)?;
    let edge = Edge { bucket: store.bucket().to_owned(), store, objects: S3Objects::new(&config) };
    serve(|step| handle(&edge, step, Timestamp::now())).await
}

async fn handle(edge: &Edge<impl Store, impl Objects>, step: Step, now: Timestamp) -> Result<Value, Fault> {
    match step {
        Step::Compare { model, generation } => compare::compare(&edge.store, &model, generation).await,
        Step::Models => {
            let listed = edge.store.list(PIPELINES).await?;
            let models: Vec<ModelName> = listed.iter().filter_map(|found| model_of(&found.key)).collect();
            Ok(json!({ "models": models }))
        }
        Step::Look { model } => monitor::monitor(edge, &model, now).await,
        Step::Trial { model, generation } => trial::compare_sides(edge, &model, generation, now).await,
    }
}
