//! Compares a batch with the champion's training data.

mod compare;

use pawl::aws::{self, S3Store};
use pawl::fault::Fault;
use pawl::names::{Generation, ModelName};
use serde::Deserialize;
use serde_json::Value;

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Compare { model: ModelName, generation: Generation },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let store = S3Store::from_env(&aws::in_lambda())?;
    aws::serve(|step| handle(&store, step)).await
}

async fn handle(store: &S3Store, step: Step) -> Result<Value, Fault> {
    match step {
        Step::Compare { model, generation } => compare::compare(store, &model, generation).await,
    }
}
