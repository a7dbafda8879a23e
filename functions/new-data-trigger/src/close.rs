//! Ends a run: its record, its triggers, its lock; and the next run, if triggers arrived meanwhile.

use jiff::Timestamp;
use pawl::documents::{FAILURE, JUDGEMENT, MANIFEST, REPORT, RUN, RUN_ENTRY, TRAINING};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Ending, Keys, RunOutcome, RunRecord, Store, Training, inbox};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::{Decide, load};
use pawl::report;
use serde_json::{Value, json};

use crate::edge::{Edge, Services};
use crate::wake;

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

/// Closes a run. Every step may be done again: the record is written once, filing is idempotent, and the
/// counters move only with the lock.
pub(crate) async fn close(
    edge: &Edge<impl Services>,
    model: &ModelName,
    generation: Generation,
    outcome: &RunOutcome,
    now: Timestamp,
) -> Result<(), Fault> {
    let (store, keys) = (&edge.store, Keys::new(model));
    let taken = match MANIFEST.of(&keys, generation).read(store).await? {
        Some(manifest) => manifest.triggers,
        // The run ended before it took any. Those that wait would make the next run fail in the same way, and
        // again without end: they are filed with this one.
        None => inbox::waiting(store, &keys).await?,
    };
    let mut triggers = Vec::new();
    for id in &taken {
        triggers.extend(inbox::get(store, &keys, id).await?.map(|trigger| trigger.what));
    }
    let training = TRAINING.of(&keys).read_or_default(store).await?;
    let opened_at = training.open.filter(|run| run.generation == generation).map(|run| run.opened_at);
    let record = RunRecord {
        model: model.clone(),
        generation,
        outcome: outcome.clone(),
        triggers,
        opened_at,
        closed_at: now,
    };
    RUN.of(&keys, generation).write_once(store, &record).await?;
    RUN_ENTRY.of(&keys, &generation).write_once(store, &record).await?;

    let page = report::page(&report::load(store, model, generation).await);
    store.put(&REPORT.key(&keys, generation), page.into_bytes(), Condition::Always).await?;
    for id in &taken {
        inbox::settle(store, &keys, id, generation, &outcome.reason, now).await?;
    }
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
    wake::wake_if_waiting(edge, model, now).await
}

/// A `pipeline.yaml` that cannot be read must not keep a lock held: then the default counts.
async fn rejections_allowed(store: &impl Store, model: &ModelName) -> u32 {
    let decide = load(store, model).await.map_or_else(|_| Decide::default(), |pipeline| pipeline.decide);
    decide.rejections_before_breaker
}
