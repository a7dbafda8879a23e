//! Records every trigger once, starts runs, waits for batches to settle, and closes runs.

mod close;
mod edge;
mod ended;
mod intake;
mod route;
mod settle;
mod sweep;
mod wake;

use edge::Edge;
use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::ledger::Outcome;
use pawl::names::{Generation, ModelName};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the state machine asks for. Anything else is an event.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Settle { model: ModelName, looks: u32, seen: usize },
    Fail { model: ModelName, generation: Generation, outcome: Outcome },
    Close { model: ModelName, generation: Generation, outcome: Outcome },
    Reconcile { pipeline: String },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let edge = Edge::from_env(&pawl_aws::in_lambda())?;
    pawl_aws::serve(|event| handle(&edge, event)).await
}

async fn handle(edge: &Edge, event: Value) -> Result<Value, Fault> {
    let now = Timestamp::now();
    if event.get("step").is_none() {
        return intake::take(edge, &event, now).await;
    }
    let step = serde_json::from_value(event).map_err(|e| Fault::BadInput(format!("step: {e}")))?;
    match step {
        Step::Settle { model, looks, seen } => settle::settle(edge, &model, looks, seen).await,
        Step::Fail { model, generation, outcome } => close::fail(edge, &model, generation, outcome).await,
        Step::Close { model, generation, outcome } => {
            close::close(edge, &model, generation, &outcome, now).await?;
            Ok(json!({ "closed": generation }))
        }
        Step::Reconcile { pipeline } => {
            ended::reconcile(edge, &pipeline, now).await?;
            Ok(json!({ "regions": [] }))
        }
    }
}
