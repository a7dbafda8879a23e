//! Opens a run where triggers wait and none runs.

use jiff::Timestamp;
use pawl::documents::TRAINING;
use pawl::duration::Duration;
use pawl::edge::{ExecutionStart, Executions};
use pawl::fault::Fault;
use pawl::ledger::training::Opening;
use pawl::ledger::{Keys, Store, inbox};
use pawl::names::{Generation, ModelName};
use serde_json::json;

use crate::edge::{Edge, Services};
use crate::looked_at;

/// Longer than the state machine's own time limit of 30 days: a lock is void only when its run cannot live
/// any more.
const LEASE: Duration = Duration::seconds(31 * 86_400);

/// So many generations are passed over by one call. The next goes on from there.
const MOST_SKIPPED: usize = 50;

/// The name of a run's execution.
pub(crate) fn execution_name(model: &ModelName, generation: Generation) -> String {
    format!("{model}-{generation}")
}

/// The run that an execution's name stands for.
pub(crate) fn run_of(execution: &str) -> Option<(ModelName, Generation)> {
    let (model, generation) = execution.rsplit_once('-')?;
    let model = ModelName::try_from(model.to_owned()).ok()?;
    Some((model, Generation(generation.parse().ok()?)))
}

/// Starts a run if triggers wait and none runs. A run that is open already will look into the inbox when it
/// closes.
///
/// The trigger is in the inbox before this reads the lock, and a closing run frees the lock before it reads
/// the inbox: whichever is first, one of the two sees the other.
pub(crate) async fn wake(
    edge: &Edge<impl Services>,
    model: &ModelName,
    now: Timestamp,
) -> Result<Opening, Fault> {
    let keys = Keys::new(model);
    let memory = TRAINING.of(&keys);
    for _ in 0..MOST_SKIPPED {
        let (_, opening) = memory.update(&edge.store, |training| training.open(now, LEASE)).await?;
        let Opening::Start(generation) = opening else { return Ok(opening) };
        // The input holds nothing volatile: starting twice with the same input is one execution.
        let input = json!({ "model": model, "generation": generation }).to_string();
        let start = edge.executions.start(&execution_name(model, generation), &input).await?;
        // Where the run has left evidence, it is this one, and it is over: the round closes it.
        if start == ExecutionStart::Runs || !edge.store.list(&keys.run(generation)).await?.is_empty() {
            memory.update(&edge.store, |training| training.started(generation)).await?;
            return Ok(opening);
        }
        // The bucket was emptied: the name belongs to a run that nobody knows any more.
        memory.update(&edge.store, |training| training.skip(generation)).await?;
    }
    Err(Fault::Unavailable(format!(
        "{MOST_SKIPPED} names of executions of {model} are taken: the next try goes on"
    )))
}

/// Starts a run if triggers wait that are of something new.
pub(crate) async fn wake_if_waiting(
    edge: &Edge<impl Services>,
    model: &ModelName,
    now: Timestamp,
) -> Result<(), Fault> {
    let keys = Keys::new(model);
    looked_at::file_late(&edge.store, &keys, now).await?;
    if inbox::any_waiting(&edge.store, &keys).await? {
        wake(edge, model, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_name_tells_its_run() -> Result<(), pawl::names::NameError> {
        let model = ModelName::try_from("bike-demand-2".to_owned())?;
        let name = execution_name(&model, Generation(12));
        assert_eq!(run_of(&name), Some((model, Generation(12))));
        assert_eq!(run_of("nonsense"), None);
        Ok(())
    }
}
