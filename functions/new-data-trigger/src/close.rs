//! Ends a run: its record, its triggers, its lock; and the next run, if triggers arrived meanwhile.

use std::collections::HashSet;

use jiff::Timestamp;
use pawl::documents::{FAILURE, JUDGEMENT, MANIFEST, REPORT, RUN, RUN_ENTRY, TRAINING};
use pawl::edge::Clock;
use pawl::fault::Fault;
use pawl::ledger::at_once::{self, AT_ONCE};
use pawl::ledger::{Condition, Ending, Keys, RunOutcome, RunRecord, Store, Training, TriggerId, inbox};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::{Decide, load};
use pawl::report;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::edge::{Edge, Services};
use crate::wake;

/// The most triggers that the record of a run tells in words. Each lies under `handled/` as well.
const TOLD: usize = 50;

/// So many seconds after a call began, it files no further triggers: the next call goes on. What is under
/// way then, and what frees the lock, ends long before the function's time limit.
const FILES_FOR: i64 = 35;

/// How far one call has closed a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// To its end: the lock is free.
    Closed,
    /// So many triggers are still to be filed, by a further call.
    Left(usize),
}

/// Records a failure, before anything else is tried.
pub(crate) async fn fail(
    edge: &Edge<impl Services>,
    model: &ModelName,
    generation: Generation,
    outcome: RunOutcome,
) -> Result<Value, Fault> {
    let failure = FAILURE.of(&Keys::new(model), generation);
    let outcome = outcome.in_words();
    failure.write_once(&edge.store, &outcome).await?;
    Ok(json!({ "recorded": failure.key(), "outcome": outcome }))
}

/// The part of a manifest that closing needs: the objects, which may be many, are not held in memory.
#[derive(Deserialize)]
struct Taken {
    triggers: Vec<TriggerId>,
}

/// Closes a run, as far as one call can. Every step may be done again: the record is written once, filing is
/// idempotent, and the counters move only with the lock.
pub(crate) async fn close(
    edge: &Edge<impl Services>,
    model: &ModelName,
    generation: Generation,
    outcome: &RunOutcome,
    now: Timestamp,
) -> Result<Closing, Fault> {
    let begun = edge.clock.now();
    let (store, keys) = (&edge.store, Keys::new(model));
    let taken: Option<Taken> = MANIFEST.of(&keys, generation).read_part(store).await?;
    let mut waiting = inbox::waiting(store, &keys).await?;
    if let Some(taken) = &taken {
        let ids: HashSet<&TriggerId> = taken.triggers.iter().collect();
        waiting.retain(|id| ids.contains(id));
    }
    let training = TRAINING.of(&keys).read_or_default(store).await?;
    let opened_at = training.open.filter(|run| run.generation == generation).map(|run| run.opened_at);
    let ids = taken.as_ref().map_or(&waiting, |taken| &taken.triggers);
    let record = RunRecord {
        model: model.clone(),
        generation,
        outcome: outcome.clone(),
        triggers: told(store, &keys, ids).await?,
        more_triggers: ids.len().saturating_sub(TOLD),
        opened_at,
        closed_at: now,
    };
    RUN.of(&keys, generation).write_once(store, &record).await?;
    RUN_ENTRY.of(&keys, &generation).write_once(store, &record).await?;
    let closed_at = RUN.of(&keys, generation).read(store).await?.map_or(now, |record| record.closed_at);

    let page = report::page(&report::load(store, model, generation).await);
    store.put(&REPORT.key(&keys, generation), page.into_bytes(), Condition::Always).await?;

    let filed = inbox::Filed {
        generation,
        outcome: outcome.reason.clone(),
        // A run that ended before it took any: those that wait would make the next run fail in the same way,
        // and again without end. They are filed with this one; what came after its end is not.
        until: taken.is_none().then_some(closed_at),
        at: now,
    };
    let left = file(edge, &keys, &waiting, &filed, begun).await?;
    if left > 0 {
        return Ok(Closing::Left(left));
    }
    free(edge, model, generation, outcome, now).await?;
    wake::wake_if_waiting(edge, model, now).await?;
    Ok(Closing::Closed)
}

/// What started the run, in a few words each; the first of many.
async fn told(store: &impl Store, keys: &Keys, ids: &[TriggerId]) -> Result<Vec<String>, Fault> {
    let read = ids.iter().take(TOLD).map(|id| inbox::get(store, keys, id));
    let triggers = at_once::all(read).await?;
    Ok(triggers.into_iter().flatten().map(|trigger| trigger.what).collect())
}

/// Files triggers while there is time, and says how many are left.
async fn file(
    edge: &Edge<impl Services>,
    keys: &Keys,
    ids: &[TriggerId],
    filed: &inbox::Filed,
    begun: Timestamp,
) -> Result<usize, Fault> {
    let mut left = ids.len();
    let in_time = || edge.clock.now().duration_since(begun).as_secs() < FILES_FOR;
    // A few in any case, so that each call comes further.
    let now = ids.iter().enumerate().take_while(|(count, _)| *count < AT_ONCE || in_time());
    let file = now.map(|(_, id)| inbox::settle(&edge.store, keys, id, filed));
    at_once::each(file, |()| left -= 1).await?;
    Ok(left)
}

/// Counts the run, and frees the lock.
async fn free(
    edge: &Edge<impl Services>,
    model: &ModelName,
    generation: Generation,
    outcome: &RunOutcome,
    now: Timestamp,
) -> Result<(), Fault> {
    let (store, keys) = (&edge.store, Keys::new(model));
    let allowed = rejections_allowed(store, model).await;
    let judged = store.get(JUDGEMENT.of(&keys, generation).key()).await?.is_some();
    let count = |training: &mut Training| {
        // Without the lock too: a booking belongs to its run alone, whoever came after it.
        if outcome.code.may_be_tried_again(judged) {
            training.unbook(generation);
        }
        if training.open.as_ref().is_none_or(|run| run.generation != generation) {
            return;
        }
        match outcome.code {
            Ending::Promoted => training.promoted(),
            Ending::Rejected => training.rejected(allowed, now),
            Ending::Diverged => training.trip(outcome.reason.clone(), now),
            _ => {}
        }
        training.close(generation);
    };
    TRAINING.of(&keys).update(store, count).await?;
    Ok(())
}

/// A `pipeline.yaml` that cannot be read must not keep a lock held: then the default counts.
async fn rejections_allowed(store: &impl Store, model: &ModelName) -> u32 {
    let decide = load(store, model).await.map_or_else(|_| Decide::default(), |pipeline| pipeline.decide);
    decide.rejections_before_breaker
}
