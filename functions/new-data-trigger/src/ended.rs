//! Runs whose execution is over although they did not close themselves.

use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::ledger::{Ending, Keys, Outcome, training};
use pawl::names::{Generation, ModelName};

use crate::edge::{Edge, Execution};
use crate::{close, wake};

/// Closes the run if it still holds the lock.
pub(crate) async fn ended(
    edge: &Edge,
    model: &ModelName,
    generation: Generation,
    status: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let training = training::load(&edge.store, &Keys::new(model)).await?;
    if training.open.is_none_or(|run| run.generation != generation) {
        return Ok(());
    }
    let name = wake::execution_name(model, generation);
    let outcome = Outcome {
        code: Ending::Failed,
        reason: format!("The execution {name} is {status}, but the run had not closed."),
        state: None,
        error: Some("Pawl.ExecutionEnded".to_owned()),
    };
    close::fail(edge, model, generation, outcome.clone()).await?;
    edge.topic.notify(&format!("Pawl: {model} run {generation} failed"), &outcome.reason).await?;
    close::close(edge, model, generation, &outcome, now).await
}

/// Looks at the world again, so that a lost event heals: frees the lock of a run that is over, starts a run where triggers wait.
pub(crate) async fn reconcile(edge: &Edge, model: &ModelName, now: Timestamp) -> Result<(), Fault> {
    let training = training::load(&edge.store, &Keys::new(model)).await?;
    if let Some(run) = training.open {
        let name = wake::execution_name(model, run.generation);
        if edge.execution(&name).await? == Execution::Over {
            ended(edge, model, run.generation, "over", now).await?;
        }
    }
    wake::wake_if_waiting(edge, model, now).await
}
