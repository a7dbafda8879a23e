//! Records every trigger once, starts runs, waits for batches to settle, and closes runs.

mod close;
mod edge;
mod ended;
mod events;
mod intake;
mod looked_at;
mod notify;
mod request;
mod route;
mod schedule;
mod settle;
mod sweep;
#[cfg(test)]
mod tests;
mod wake;

use close::Closing;
use edge::{Edge, Services};
use jiff::Timestamp;
use pawl::duration::Duration;
use pawl::fault::Fault;
use pawl::ledger::RunOutcome;
use pawl::names::{Generation, ModelName};
use pawl::pipeline::catalog::Catalog;
use pawl_aws::{S3Objects, S3Store, StateMachine, Topic, in_lambda, serve};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the state machine asks for. Anything else is an event.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Settle { model: ModelName, looks: u32, seen: usize },
    Fail { model: ModelName, generation: Generation, outcome: RunOutcome },
    Close { model: ModelName, generation: Generation, outcome: RunOutcome },
    NotifyEnd { model: ModelName, generation: Generation, outcome: RunOutcome },
    NotifyQuestion { model: ModelName, generation: Generation, question: String, wait_seconds: u64 },
    Reconcile { pipeline: String },
}

/// The edge in Lambda.
struct Aws;

impl Services for Aws {
    type Store = S3Store;
    type Objects = S3Objects;
    type Executions = StateMachine;
    type Notices = Topic;
    type Clock = fn() -> Timestamp;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = in_lambda();
    let store = S3Store::from_env(&config)?;
    let edge = Edge::<Aws> {
        bucket: store.bucket().to_owned(),
        store,
        catalog: Catalog::default(),
        objects: S3Objects::new(&config),
        executions: StateMachine::from_env(&config)?,
        notices: Topic::from_env(&config)?,
        clock: Timestamp::now,
    };
    serve(|request| handle(&edge, request, Timestamp::now())).await
}

async fn handle(edge: &Edge<impl Services>, request: Value, now: Timestamp) -> Result<Value, Fault> {
    if request.get("step").is_none() {
        return events::accept(edge, &request, now).await;
    }
    let step = serde_json::from_value(request).map_err(|e| Fault::BadInput(format!("step: {e}")))?;
    match step {
        Step::Settle { model, looks, seen } => settle::settle(edge, &model, looks, seen).await,
        Step::Fail { model, generation, outcome } => close::fail(edge, &model, generation, outcome).await,
        Step::Close { model, generation, outcome } => {
            Ok(match close::close(edge, &model, generation, &outcome, now).await? {
                Closing::Closed => json!({ "closed": generation, "left": 0 }),
                Closing::Left(left) => json!({ "left": left }),
            })
        }
        Step::NotifyEnd { model, generation, outcome } => {
            notify::end(edge, &model, generation, outcome).await?;
            Ok(json!({ "notified": generation }))
        }
        Step::NotifyQuestion { model, generation, question, wait_seconds } => {
            let wait = Duration::seconds(wait_seconds);
            notify::question(edge, &model, generation, &question, wait, now).await?;
            Ok(json!({ "notified": generation }))
        }
        Step::Reconcile { pipeline } => {
            let open_run = ended::reconcile(edge, &pipeline, now).await?;
            Ok(json!({ "regions": [], "open_run_seconds": open_run.map(|age| age.as_secs()) }))
        }
    }
}
