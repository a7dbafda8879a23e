//! Forcing a challenger that the gate did not promote.
//!
//! The registry holds what may serve: a rejected challenger is not in it. So a person who promotes one starts a run of
//! its own, which takes over the evidence of the run it forces, judges nothing anew, and goes on at the registry, behind the
//! same guards, alarms and watch as any other. What was judged stays as it was, in the folder of the run that judged it.

use jiff::Timestamp;

use super::PIPELINE;
use crate::events::{Signal, decode};
use crate::gate::convergence::{Converged, TrainedModel};
use crate::gate::{ForceError, Judgement};
use crate::ledger::dataset::DatasetSplit;
use crate::ledger::inbox::Completes;
use crate::ledger::{
    Condition, Ending, Keys, RunRecord, Store, StoreError, Trigger, TriggerId, is_gone, read, write,
};
use crate::names::Generation;
use crate::release::Release;

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
    let Some(record) = document::<RunRecord>(store, keys, run, "run.json").await? else {
        return Ok(Err(Refusal::NotEnded(run)));
    };
    if !matches!(record.outcome.code, Ending::Rejected | Ending::Declined) {
        return Ok(Err(Refusal::NotRejected(run, record.outcome.reason)));
    }
    let judgement = document::<Judgement>(store, keys, run, "judgement.json").await?;
    let split = document::<DatasetSplit>(store, keys, run, "split.json").await?;
    let (Some(judgement), Some(split)) = (judgement, split) else { return Ok(Err(Refusal::NotJudged(run))) };
    let release = read::<Release>(store, &keys.release()).await?;
    if release.is_some_and(|(release, _)| release.quarantined.contains(&split.version)) {
        return Ok(Err(Refusal::Quarantined(run)));
    }
    let converged = document::<Converged>(store, keys, run, "convergence.json").await?;
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

async fn document<T: serde::de::DeserializeOwned>(
    store: &impl Store,
    keys: &Keys,
    run: Generation,
    name: &str,
) -> Result<Option<T>, StoreError> {
    Ok(read(store, &keys.evidence(run, name)).await?.map(|(document, _)| document))
}

/// What the registry, the release and the monitoring of a champion read of its run, beside the judgement.
const TAKEN_OVER: [&str; 8] = [
    PIPELINE,
    "split.json",
    "trained_on.json",
    "statistics.json",
    "constraints.json",
    "convergence.json",
    "evaluation.json",
    "analysis.json",
];

/// Takes the evidence of a forced challenger over into the run that forces it. Doing it twice changes nothing.
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
    let key = keys.evidence(generation, "judgement.json");
    write(store, &key, &forcible.judgement, Condition::Always).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::gate::convergence::check;
    use crate::gate::{Policy, TableError, Verdict};
    use crate::ledger::{Memory, RunOutcome, TriggerKind};
    use crate::names::{ContentHash, ModelName};

    const RUN: Generation = Generation(2);
    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn wish() -> Wish {
        Wish { run: RUN, who: "ada".into(), why: "the champion leaks personal data".into() }
    }

    /// A run that was rejected, but for one document.
    async fn rejected(code: Ending, without: &str) -> (Memory, Keys) {
        let model = ModelName::try_from("m".to_owned()).unwrap();
        let (store, keys) = (Memory::default(), Keys::new(&model));
        let outcome = RunOutcome { code, reason: "It ended.".into(), state: None, error: None };
        let record =
            RunRecord { model, generation: RUN, outcome, triggers: vec![], opened_at: None, closed_at: AT };
        let trained = Some(TrainedModel { job: "m-2".into(), artifact: "s3://evidence/model.tar.gz".into() });
        let converged = Converged { check: check(&[], &[]), metrics: json!(null), trained };
        let version = ContentHash::of(b"data");
        for (name, document) in [
            ("run.json", json!(record)),
            ("judgement.json", json!(Judgement::unusable(&Policy::default(), 1, &TableError::Empty))),
            ("split.json", json!({ "version": version, "train": [], "holdout": [] })),
            ("convergence.json", json!(converged)),
            ("model.tar.gz", json!("an artefact")),
        ] {
            let key = if name == "model.tar.gz" { name.to_owned() } else { keys.evidence(RUN, name) };
            if name != without {
                write(&store, &key, &document, Condition::Always).await.unwrap();
            }
        }
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
        let at = |run| keys.evidence(run, "judgement.json");
        let (before, _) = read::<Judgement>(&store, &at(RUN)).await.unwrap().unwrap();
        let (after, _) = read::<Judgement>(&store, &at(Generation(5))).await.unwrap().unwrap();
        assert_eq!((before.verdict, &before.forced), (Verdict::NeedsApproval, &None));
        assert_eq!((after.verdict, &after.reasons), (Verdict::Promote, &before.reasons));
        let forced = after.forced.unwrap();
        assert_eq!((forced.run, forced.by.as_str()), (RUN, "ada"));
        let split = keys.evidence(Generation(5), "split.json");
        assert_eq!(read::<DatasetSplit>(&store, &split).await.unwrap().unwrap().0, forcible.split);
    }

    #[tokio::test]
    async fn each_refusal_has_its_reason() {
        let rejected_without = |name| refusal(Ending::Rejected, name);
        assert_eq!(rejected_without("run.json").await, Refusal::NotEnded(RUN));
        assert_eq!(rejected_without("judgement.json").await, Refusal::NotJudged(RUN));
        assert_eq!(rejected_without("split.json").await, Refusal::NotJudged(RUN));
        assert_eq!(rejected_without("convergence.json").await, Refusal::NoArtifact(RUN));
        let gone = Refusal::ArtifactGone(RUN, "s3://evidence/model.tar.gz".into());
        assert_eq!(rejected_without("model.tar.gz").await, gone);
        for code in [Ending::Promoted, Ending::RolledBack, Ending::Failed, Ending::Held, Ending::Skipped] {
            assert_eq!(refusal(code, "").await, Refusal::NotRejected(RUN, "It ended.".into()));
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
        write(&store, &keys.release(), &release, Condition::Always).await.unwrap();
        let refused = admit(&store, &keys, "evidence", &wish(), AT).await.unwrap();
        assert_eq!(refused, Err(Refusal::Quarantined(RUN)));
    }

    #[test]
    fn a_wish_is_read_from_its_trigger() {
        let event = json!({ "request": { "model": "m", "who": "ada", "why": "a good reason", "force": 2, "id": "x" } });
        let trigger = |completes| Trigger {
            id: TriggerId::new("request:x", completes),
            kind: TriggerKind::Person,
            what: String::new(),
            received_at: AT,
            event: event.clone(),
        };
        let wish = Wish { run: RUN, who: "ada".into(), why: "a good reason".into() };
        assert_eq!(Wish::of(&trigger(Completes::Alone)), Some(wish));
        assert_eq!(Wish::of(&trigger(Completes::Itself)), None);
        let none = json!({ "request": { "model": "m", "who": "ada", "why": "a reason", "force": "two" } });
        assert!(decode(&none).is_err());
    }
}
