//! A trial: what champion and challenger have answered since the last step, and what was true.

use jiff::Timestamp;
use pawl::documents::{JUDGEMENT, MONITOR, RELEASE, TRIAL, TRIAL_MEMORY, TrialMemory};
use pawl::drift::GroundTruth;
use pawl::drift::monitor::{answers, truths};
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::gate::live::{SideBySide, TrialEvidence};
use pawl::gate::{Contender, Metrics, Task};
use pawl::ledger::{Condition, Keys, Store, StoreError};
use pawl::metrics::{CHALLENGER, VARIANT};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::release::{Deployment, State};
use pawl::run;
use serde_json::{Value, json};

use crate::captured::{MOST_OBJECTS, keys_between, prefix_at};
use crate::edge::Edge;

/// Reads what both have answered since the last step, and says which is better as far as can be told.
pub(crate) async fn compare_sides(
    edge: &Edge<impl Store, impl Objects>,
    model: &ModelName,
    generation: Generation,
    now: Timestamp,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let release = RELEASE.of(&keys).read(&edge.store).await?;
    let watched = release.filter(|release| matches!(release.state, State::Watching(_)));
    let watched =
        watched.and_then(|release| release.current).filter(|current| current.generation == generation);
    let pipeline = run::frozen_pipeline(&edge.store, &keys, generation).await?;
    let (Some(trial), Some(policy)) = (watched, &pipeline.release.trial) else {
        return Ok(json!({ "state": "no_trial" }));
    };
    // Each model decides at the threshold that it was judged at.
    let judged = JUDGEMENT.of(&keys, generation).read(&edge.store).await?;
    let metrics = judged.map(|judgement| judgement.metrics).unwrap_or_default();
    let own = |of: Option<Metrics>| of.and_then(|it| it.threshold).unwrap_or(pipeline.gate.threshold);
    let fresh = SideBySide::new(policy.kind(), own(metrics.challenger), pipeline.monitor.remember)
        .with_champion_threshold(own(metrics.champion));
    let (mut memory, if_unchanged) = memory_of(&edge.store, &keys, &trial, fresh).await?;

    for (side, variant) in [(Contender::Champion, VARIANT), (Contender::Challenger, CHALLENGER)] {
        let last = match side {
            Contender::Champion => &mut memory.champion,
            Contender::Challenger => &mut memory.challenger,
        };
        let until = now - pipeline.monitor.lag.signed();
        let mut objects = keys_between(edge, &keys, variant, last, until).await?;
        let rows = &mut memory.rows;
        edge.lines(objects.iter().cloned(), |lines| {
            memory.unreadable += answers(lines, |id, score| rows.add_answer(side, id, score));
        })
        .await?;
        *last = objects.pop().unwrap_or(std::mem::take(last));
    }
    read_truths(edge, &keys, &pipeline, &mut memory).await?;

    let evidence = TrialEvidence {
        config: trial.config.0.clone(),
        at: now,
        kind: policy.kind(),
        unreadable: memory.unreadable,
        came_to: memory.rows.look(policy.judge()),
    };
    // The evidence first: a step that dies here is done again.
    TRIAL.of(&keys, generation).write(&edge.store, &evidence, Condition::Always).await?;
    TRIAL_MEMORY.of(&keys).write(&edge.store, &memory, if_unchanged).await?;
    Ok(json!({
        "state": "looked",
        "verdict": evidence.came_to.look.verdict,
        "reason": evidence.came_to.reason,
    }))
}

/// Joins the new truths with the answers of both.
async fn read_truths(
    edge: &Edge<impl Store, impl Objects>,
    keys: &Keys,
    pipeline: &Pipeline,
    memory: &mut TrialMemory,
) -> Result<(), Fault> {
    let truth_keys = edge.store.keys_after(&keys.truths(), &memory.truth, MOST_OBJECTS).await?;
    let (label, rows) = (&pipeline.data.label, &mut memory.rows);
    edge.lines(truth_keys.iter().cloned(), |lines| {
        memory.unreadable += truths(lines, label, Task::Binary, |id, truth, _| {
            rows.add_truth(id, truth == GroundTruth::Number(1.0));
        });
    })
    .await?;
    if let Some(last) = truth_keys.last() {
        memory.truth.clone_from(last);
    }
    Ok(())
}

/// What is remembered of this trial, and the condition under which it may be replaced.
async fn memory_of(
    store: &impl Store,
    keys: &Keys,
    trial: &Deployment,
    rows: SideBySide,
) -> Result<(TrialMemory, Condition), StoreError> {
    let known = TRIAL_MEMORY.of(keys).read_tagged(store).await?;
    let when = known.as_ref().map_or(Condition::IfAbsent, |(_, etag)| Condition::IfMatch(etag.clone()));
    if let Some((memory, _)) = known.filter(|(memory, _)| memory.config == trial.config) {
        return Ok((memory, when));
    }
    let begin = |variant| trial.activated_at.map_or_else(String::new, |at| prefix_at(keys, variant, at));
    // Truths that the monitoring has joined are of requests before the trial.
    let monitor = MONITOR.of(keys).read(store).await?;
    let fresh = TrialMemory {
        config: trial.config.clone(),
        champion: begin(VARIANT),
        challenger: begin(CHALLENGER),
        truth: monitor.map_or_else(String::new, |monitor| monitor.truth),
        unreadable: 0,
        rows,
    };
    Ok((fresh, when))
}
