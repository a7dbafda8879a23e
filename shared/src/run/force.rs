//! Forcing a challenger that the gate did not promote.
//!
//! The registry holds what may serve: a rejected challenger is not in it. So a person who promotes one starts
//! a run of its own, which takes over the evidence of the run it forces, judges nothing anew, and goes on at
//! the registry, behind the same guards, alarms and watch as any other. What was judged stays as it was, in
//! the folder of the run that judged it.

use jiff::Timestamp;

use crate::documents::{
    ANALYSIS, CONVERGENCE, EVALUATION, JUDGEMENT, MONITOR_CONSTRAINTS, PIPELINE, RELEASE, RUN, SPLIT,
    STATISTICS, TRAINED_ON,
};
use crate::events::{Signal, decode};
use crate::gate::convergence::TrainedModel;
use crate::gate::{ForceError, Judgement};
use crate::ledger::dataset::DatasetSplit;
use crate::ledger::inbox::Completes;
use crate::ledger::{Condition, Ending, Keys, Store, StoreError, Trigger, TriggerId, is_gone};
use crate::names::Generation;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The run whose challenger is to serve.
    pub run: Generation,
    /// The person.
    pub who: String,
    /// Their reason.
    pub why: String,
}

impl Wish {
    /// The wish that a trigger holds, if it holds one.
    pub fn of(trigger: &Trigger) -> Option<Self> {
        let signals = decode(&trigger.event).ok()?;
        signals.iter().find_map(|signal| {
            let Signal::Request(request) = signal else { return None };
            let id = TriggerId::new(signal.dedupe_key().as_str(), Completes::Alone);
            let run = request.force.filter(|_| id == trigger.id)?;
            Some(Self { run, who: request.who.clone(), why: request.why.clone() })
        })
    }
}

/// Why a challenger cannot be forced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no record of its end.
    #[error("there is no run {0}, or it has not ended")]
    NotEnded(Generation),
    /// It ended in another way.
    #[error("run {0} did not end with a challenger that was rejected or declined: {1}")]
    NotRejected(Generation, String),
    /// It ended before the gate.
    #[error("run {0} ended before the gate: no challenger of it was judged; `pawl run` asks for a new one")]
    NotJudged(Generation),
    /// Its dataset or its package was taken out after a rollback.
    #[error("what run {0} was trained on is quarantined after a rollback: train on other data")]
    Quarantined(Generation),
    /// Nothing says where its artefact lies.
    #[error("run {0} left no record of its model artefact; `pawl run` asks for a new one")]
    NoArtifact(Generation),
    /// The artefact is not there any more.
    #[error("the model artefact of run {0} is gone: {1}; `pawl run` asks for a new one")]
    ArtifactGone(Generation, String),
    /// The name or the reason will not do, or the gate promotes by itself.
    #[error(transparent)]
    Force(#[from] ForceError),
}

/// A challenger that may be forced.
#[derive(Debug, Clone, PartialEq)]
pub struct Forcible {
    /// The run that trained and judged it.
    pub run: Generation,
    /// Its judgement, forced: tests and reasons as they were.
    pub judgement: Judgement,
    /// The job that trained it, and its artefact.
    pub trained: TrainedModel,
    /// The dataset it was trained and judged on.
    pub split: DatasetSplit,
}

/// Looks whether a person may force the challenger of a run.
pub async fn admit(
    store: &impl Store,
    keys: &Keys,
    bucket: &str,
    wish: &Wish,
    at: Timestamp,
) -> Result<Result<Forcible, Refusal>, StoreError> {
    let run = wish.run;
    let Some(record) = RUN.of(keys, run).read(store).await? else {
        return Ok(Err(Refusal::NotEnded(run)));
    };
    if !matches!(record.outcome.code, Ending::Rejected | Ending::Declined) {
        return Ok(Err(Refusal::NotRejected(run, record.outcome.reason)));
    }
    let judgement = JUDGEMENT.of(keys, run).read(store).await?;
    let split = SPLIT.of(keys, run).read(store).await?;
    let (Some(judgement), Some(split)) = (judgement, split) else { return Ok(Err(Refusal::NotJudged(run))) };
    let release = RELEASE.of(keys).read(store).await?;
    if release.is_some_and(|release| release.quarantined.contains(&split.version)) {
        return Ok(Err(Refusal::Quarantined(run)));
    }
    let converged = CONVERGENCE.of(keys, run).read(store).await?;
    let Some(trained) = converged.and_then(|converged| converged.trained) else {
        return Ok(Err(Refusal::NoArtifact(run)));
    };
    if is_gone(store, bucket, &trained.artifact).await? {
        return Ok(Err(Refusal::ArtifactGone(run, trained.artifact)));
    }
    Ok(match judgement.forced(run, &wish.who, &wish.why, at) {
        Ok(judgement) => Ok(Forcible { run, judgement, trained, split }),
        Err(e) => Err(e.into()),
    })
}

/// What the registry, the release and the monitoring of a champion read of its run, beside the judgement.
const TAKEN_OVER: [&str; 8] = [
    PIPELINE.name(),
    SPLIT.name(),
    TRAINED_ON.name(),
    STATISTICS.name(),
    MONITOR_CONSTRAINTS.name(),
    CONVERGENCE.name(),
    EVALUATION.name(),
    ANALYSIS.name(),
];

/// Takes the evidence of a forced challenger over into the run that forces it. Doing it twice changes
/// nothing.
pub async fn take_over(
    store: &impl Store,
    keys: &Keys,
    generation: Generation,
    forcible: &Forcible,
) -> Result<(), StoreError> {
    for name in TAKEN_OVER {
        if let Some(stored) = store.get(&keys.evidence(forcible.run, name)).await? {
            store.put(&keys.evidence(generation, name), stored.body, Condition::Always).await?;
        }
    }
    JUDGEMENT.of(keys, generation).write(store, &forcible.judgement, Condition::Always).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::gate::convergence::{Converged, check};
    use crate::gate::{Policy, TableError, Verdict};
    use crate::ledger::{Memory, RunOutcome, RunRecord, TriggerKind};
    use crate::names::{ContentHash, ModelName};
    use crate::release::Release;

    const RUN_2: Generation = Generation(2);
    const ARTIFACT: &str = "model.tar.gz";
    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn wish() -> Wish {
        Wish { run: RUN_2, who: "ada".into(), why: "the champion leaks personal data".into() }
    }

    /// A run that was rejected, but for one document.
    async fn rejected(code: Ending, without: &str) -> (Memory, Keys) {
        let model = ModelName::try_from("m".to_owned()).unwrap();
        let (store, keys) = (Memory::default(), Keys::new(&model));
        let outcome = RunOutcome { code, reason: "It ended.".into(), state: None, error: None };
        let record = RunRecord {
            model,
            generation: RUN_2,
            outcome,
            triggers: vec![],
            more_triggers: 0,
            opened_at: None,
            closed_at: AT,
        };
        let trained = Some(TrainedModel { job: "m-2".into(), artifact: "s3://evidence/model.tar.gz".into() });
        let converged = Converged { check: check(&[], &[]), metrics: json!(null), trained };
        let split = DatasetSplit {
            version: ContentHash::of(b"data"),
            train: vec![],
            holdout: vec![],
            parts: Default::default(),
        };
        let judgement = Judgement::unusable(&Policy::default(), 1, &TableError::Empty);
        let always = || Condition::Always;
        RUN.of(&keys, RUN_2).write(&store, &record, always()).await.unwrap();
        JUDGEMENT.of(&keys, RUN_2).write(&store, &judgement, always()).await.unwrap();
        SPLIT.of(&keys, RUN_2).write(&store, &split, always()).await.unwrap();
        CONVERGENCE.of(&keys, RUN_2).write(&store, &converged, always()).await.unwrap();
        store.put(ARTIFACT, b"an artefact".to_vec(), always()).await.unwrap();
        let without = if without == ARTIFACT { without.to_owned() } else { keys.evidence(RUN_2, without) };
        store.delete(&without).await.unwrap();
        (store, keys)
    }

    async fn refusal(code: Ending, without: &str) -> Refusal {
        let (store, keys) = rejected(code, without).await;
        admit(&store, &keys, "evidence", &wish(), AT).await.unwrap().unwrap_err()
    }

    #[tokio::test]
    async fn a_rejected_challenger_is_taken_over_with_its_judgement() {
        let (store, keys) = rejected(Ending::Rejected, "").await;
        let forcible = admit(&store, &keys, "evidence", &wish(), AT).await.unwrap().unwrap();
        for _ in 0..2 {
            take_over(&store, &keys, Generation(5), &forcible).await.unwrap();
        }
        let at = |run| JUDGEMENT.of(&keys, run);
        let before = at(RUN_2).require(&store).await.unwrap();
        let after = at(Generation(5)).require(&store).await.unwrap();
        assert_eq!((before.verdict, &before.forced), (Verdict::NeedsApproval, &None));
        assert_eq!((after.verdict, &after.reasons), (Verdict::Promote, &before.reasons));
        let forced = after.forced.unwrap();
        assert_eq!((forced.run, forced.by.as_str()), (RUN_2, "ada"));
        assert_eq!(SPLIT.of(&keys, Generation(5)).require(&store).await.unwrap(), forcible.split);
    }

    #[tokio::test]
    async fn each_refusal_has_its_reason() {
        let rejected_without = |name| refusal(Ending::Rejected, name);
        assert_eq!(rejected_without(RUN.name()).await, Refusal::NotEnded(RUN_2));
        assert_eq!(rejected_without(JUDGEMENT.name()).await, Refusal::NotJudged(RUN_2));
        assert_eq!(rejected_without(SPLIT.name()).await, Refusal::NotJudged(RUN_2));
        assert_eq!(rejected_without(CONVERGENCE.name()).await, Refusal::NoArtifact(RUN_2));
        let gone = Refusal::ArtifactGone(RUN_2, "s3://evidence/model.tar.gz".into());
        assert_eq!(rejected_without(ARTIFACT).await, gone);
        for code in [Ending::Promoted, Ending::RolledBack, Ending::Failed, Ending::Held, Ending::Skipped] {
            assert_eq!(refusal(code, "").await, Refusal::NotRejected(RUN_2, "It ended.".into()));
        }
        let (store, keys) = rejected(Ending::Declined, "").await;
        let wish = Wish { why: "because".into(), ..wish() };
        let refused = admit(&store, &keys, "evidence", &wish, AT).await.unwrap();
        assert_eq!(refused, Err(Refusal::Force(ForceError::NoReason)));
    }

    #[tokio::test]
    async fn a_quarantined_dataset_is_never_forced() {
        let (store, keys) = rejected(Ending::Rejected, "").await;
        let mut release = Release::new("m");
        release.quarantined.push(ContentHash::of(b"data"));
        RELEASE.of(&keys).write(&store, &release, Condition::Always).await.unwrap();
        let refused = admit(&store, &keys, "evidence", &wish(), AT).await.unwrap();
        assert_eq!(refused, Err(Refusal::Quarantined(RUN_2)));
    }

    #[test]
    fn a_wish_is_read_from_its_trigger() {
        let event = json!({ "request": {
            "model": "m", "who": "ada", "why": "a good reason", "force": 2, "id": "x",
        } });
        let trigger = |completes| Trigger {
            id: TriggerId::new("request:x", completes),
            kind: TriggerKind::Person,
            what: String::new(),
            received_at: AT,
            event: event.clone(),
        };
        let wish = Wish { run: RUN_2, who: "ada".into(), why: "a good reason".into() };
        assert_eq!(Wish::of(&trigger(Completes::Alone)), Some(wish));
        assert_eq!(Wish::of(&trigger(Completes::Itself)), None);
        let none = json!({ "request": { "model": "m", "who": "ada", "why": "a reason", "force": "two" } });
        assert!(decode(&none).is_err());
    }
}
