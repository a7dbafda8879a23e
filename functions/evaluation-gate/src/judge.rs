//! Champion against challenger, on the same rows.

use pawl::documents::{ANALYSIS, EVALUATION, JUDGEMENT, SPLIT};
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::gate::{Against, Contender, Judge, Judgement, PairReader, Thresholds, Verdict, documents, leakage};
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::{Condition, Store};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Ask;
use pawl::release::Release;
use pawl::requests::ApprovalStatus;
use serde_json::{Value, json};

use crate::edge::{Edge, Run};
use crate::registry::{lineage, reasons};
use crate::scores::Scores;
use crate::seed::seed;
use crate::{leaks, suite, thresholds};

pub(crate) async fn judge(
    edge: &Edge<impl Store, impl Objects>,
    model: &ModelName,
    generation: Generation,
    name: &str,
    artifact: &str,
) -> Result<Value, Fault> {
    let run = Run::load(&edge.store, model, generation).await?;
    let split = SPLIT.of(&run.keys, generation).require(&edge.store).await?;
    let release = edge.release(&run.keys).await?;
    let has_champion = release.as_ref().is_some_and(|release| release.current.is_some());
    let against = if has_champion { Against::Champion } else { Against::Nobody };
    let earlier = leaks::earlier(&edge.store, &run).await?;
    let champion = release.as_ref().and_then(Release::champion).map(|champion| champion.generation);
    let own = thresholds::reported(edge, &run, champion).await?;
    let judge = judge_of(&run, &split, against, own.thresholds)?;
    let judgement = compare(edge, &run, &split, judge, &earlier).await?;
    let history = leakage::against_history(&judgement, &earlier);
    let judgement = judgement
        .with_reasons(own.reasons)
        .with_reasons(history)
        .with_reasons(leaks::rows(edge, &run, &split).await?)
        .with_reasons(suite::judge(edge, &run, &split, against).await?);
    let label = &run.pipeline.data.label.column;
    JUDGEMENT.of(&run.keys, generation).write(&edge.store, &judgement, Condition::Always).await?;
    for (document, for_registry) in
        [(EVALUATION, documents::evaluation(&judgement)), (ANALYSIS, documents::analysis(&judgement, label))]
    {
        document.of(&run.keys, generation).write(&edge.store, &for_registry, Condition::Always).await?;
    }

    let reason = reasons(&judgement);
    let (next, status) = match (judgement.verdict, run.pipeline.approval.ask) {
        (Verdict::Promote, Ask::WhenUndecided | Ask::Never) => ("promote", ApprovalStatus::Approved),
        (Verdict::Promote, Ask::Always) | (Verdict::NeedsApproval, Ask::WhenUndecided | Ask::Always) => {
            ("ask", ApprovalStatus::PendingManualApproval)
        }
        (Verdict::Reject, _) | (Verdict::NeedsApproval, Ask::Never) => ("reject", ApprovalStatus::Rejected),
    };
    let lineage = lineage(&edge.bucket, &run, &split, name);
    let job = edge.job(&run, name);
    Ok(json!({
        "verdict": judgement.verdict,
        "next": next,
        "reason": reason,
        "model": job.model(artifact),
        "group": job.package_group(),
        "package": job.package(artifact, status, &reason, lineage),
    }))
}

/// A judge for the objects of this holdout.
fn judge_of(
    run: &Run,
    split: &DatasetSplit,
    against: Against,
    thresholds: Thresholds,
) -> Result<Judge, Fault> {
    let judge = Judge::new(&run.pipeline.gate, against, seed(&split.version))
        .and_then(|judge| judge.with_thresholds(thresholds))
        .map_err(|e| Fault::BadConfig(format!("gate: {e}")))?;
    Ok(judge.with_parts(split.holdout.clone()))
}

/// Streams both outputs through the gate. Outputs that are missing or do not join are evidence of their
/// own: a person must look at them.
async fn compare(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    split: &DatasetSplit,
    mut judge: Judge,
    earlier: &[Judgement],
) -> Result<Judgement, Fault> {
    let (policy, seed) = (&run.pipeline.gate, seed(&split.version));
    let mut reader = PairReader::new(judge.against());
    let scores = |contender| Scores::new(edge, run, split, contender);
    let (mut challenger, mut champion) = (scores(Contender::Challenger), scores(Contender::Champion));
    while let Some(contender) = reader.wants() {
        let source = match contender {
            Contender::Challenger => &mut challenger,
            Contender::Champion => &mut champion,
        };
        let read = match source.next().await {
            Ok(Some(piece)) => reader.push(contender, &piece, &mut judge),
            Ok(None) => reader.end(contender, &mut judge),
            Err(Fault::NotFound(why) | Fault::BadInput(why)) => {
                let error = std::io::Error::other(why);
                return Ok(Judgement::unusable(policy, seed, &error));
            }
            Err(e) => return Err(e),
        };
        if let Err(e) = read {
            return Ok(Judgement::unusable(policy, seed, &e));
        }
    }
    let mut judgement = judge.finish_after(earlier);
    judgement.inputs = challenger.read.into_iter().chain(champion.read).collect();
    Ok(judgement)
}
