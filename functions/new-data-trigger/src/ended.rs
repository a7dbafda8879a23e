//! Runs whose execution is over although they did not close themselves.

use jiff::{SignedDuration, Timestamp};
use pawl::documents::{RUN, TRAINING};
use pawl::edge::{ExecutionState, Executions};
use pawl::fault::Fault;
use pawl::ledger::training::OpenRun;
use pawl::ledger::{Ending, Keys, RunOutcome};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::catalog::model_of;
use pawl::pipeline::load;

use crate::edge::{Edge, Services};
use crate::{close, notify, schedule, sweep, wake};

/// Closes the run if it still holds the lock, as far as one call can: the round goes on.
pub(crate) async fn ended(
    edge: &Edge<impl Services>,
    model: &ModelName,
    generation: Generation,
    status: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let keys = Keys::new(model);
    let training = TRAINING.of(&keys).read_or_default(&edge.store).await?;
    if training.open.is_none_or(|run| run.generation != generation) {
        return Ok(());
    }
    if let Some(record) = RUN.of(&keys, generation).read(&edge.store).await? {
        // A call before this one began to close it, and people know.
        close::close(edge, model, generation, &record.outcome, now).await?;
        return Ok(());
    }
    let name = wake::execution_name(model, generation);
    let outcome = RunOutcome {
        code: Ending::Failed,
        reason: format!("The execution {name} is {status}, but the run had not closed."),
        state: None,
        error: Some("Pawl.ExecutionEnded".to_owned()),
    };
    close::fail(edge, model, generation, outcome.clone()).await?;
    notify::end(edge, model, generation, outcome.clone()).await?;
    close::close(edge, model, generation, &outcome, now).await?;
    Ok(())
}

/// Makes up for lost events: frees the lock of a run that is over, finds objects whose event never came,
/// and starts a run where triggers wait. `pipeline` is the key of a `pipeline.yaml`; one that cannot be
/// read starts nothing. Says how long the run that is open in the end has been so.
pub(crate) async fn reconcile(
    edge: &Edge<impl Services>,
    pipeline: &str,
    now: Timestamp,
) -> Result<Option<SignedDuration>, Fault> {
    let Some(model) = &model_of(pipeline) else { return Ok(None) };
    let pipeline = match load(&edge.store, model).await {
        Ok(pipeline) => pipeline,
        Err(Fault::BadConfig(_) | Fault::NotFound(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let training = TRAINING.of(&Keys::new(model)).read_or_default(&edge.store).await?;
    if let Some(run) = training.open.filter(has_begun) {
        let name = wake::execution_name(model, run.generation);
        if edge.executions.state(&name).await? == ExecutionState::Over {
            ended(edge, model, run.generation, "over", now).await?;
        }
    }
    schedule::tick(edge, &pipeline, now).await?;
    // Triggers that wait are not held up by a listing that is refused.
    wake::wake_if_waiting(edge, model, now).await?;
    if sweep::sweep(edge, &pipeline, now).await? > 0 {
        wake::wake_if_waiting(edge, model, now).await?;
    }
    let open = TRAINING.of(&Keys::new(model)).read_or_default(&edge.store).await?.open;
    Ok(open.map(|run| now.duration_since(run.opened_at)))
}

/// Whether the run's execution is known to have been started. One that was only asked for may not exist
/// yet, or was never started: it is not over, and its triggers start it again.
fn has_begun(run: &OpenRun) -> bool {
    run.execution == pawl::ledger::training::Execution::Started
}

#[cfg(test)]
mod tests {
    use super::*;
    use pawl::duration::Duration;
    use pawl::ledger::Training;

    #[test]
    fn a_run_that_was_only_asked_for_is_not_over() {
        let mut training = Training::default();
        training.open(Timestamp::UNIX_EPOCH, Duration::seconds(60));
        assert!(!training.open.as_ref().is_some_and(has_begun));
        training.started(Generation(1));
        assert!(training.open.as_ref().is_some_and(has_begun));
    }
}
