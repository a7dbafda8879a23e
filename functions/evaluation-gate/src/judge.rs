//! Champion against challenger, on the same rows.

use std::collections::VecDeque;

use pawl::fault::Fault;
use pawl::gate::{Against, Judge, JudgedInput, Judgement, PairReader, Side, Verdict, documents, leakage};
use pawl::ledger::dataset::Split;
use pawl::ledger::{Condition, write};
use pawl::names::{ContentHash, ContentHasher, Generation, ModelName};
use pawl::pipeline::Ask;
use pawl::pipeline::jobs::Side as Scored;
use pawl::run::evidence;
use pawl_aws::Objects;
use serde_json::{Value, json};

use crate::edge::{Edge, Run};
use crate::{leaks, suite};

pub(crate) async fn judge(
    edge: &Edge,
    model: &ModelName,
    generation: Generation,
    name: &str,
    artifact: &str,
) -> Result<Value, Fault> {
    let run = Run::load(edge, model, generation).await?;
    let split: Split = evidence(&edge.store, &run.keys, generation, "split.json").await?;
    let release = edge.release(&run.keys).await?;
    let has_champion = release.is_some_and(|release| release.current.is_some());
    let against = if has_champion { Against::Champion } else { Against::Nobody };
    let judgement = compare(edge, &run, &split, against).await?;
    let history = leakage::against_history(&judgement, &leaks::earlier(edge, &run).await?);
    let judgement = judgement
        .and(history)
        .and(leaks::rows(edge, &run, &split).await?)
        .and(suite::judge(edge, &run, against).await?);
    let label = &run.pipeline.data.label.column;
    for (file, document) in [
        ("judgement.json", json!(judgement)),
        ("evaluation.json", documents::evaluation(&judgement)),
        ("analysis.json", documents::analysis(&judgement, label)),
    ] {
        write(&edge.store, &run.keys.evidence(generation, file), &document, Condition::Always).await?;
    }

    let reason = words(&judgement);
    let (next, status) = match (judgement.verdict, run.pipeline.approval.ask) {
        (Verdict::Promote, Ask::WhenUndecided | Ask::Never) => ("promote", "Approved"),
        (Verdict::Promote, Ask::Always) | (Verdict::NeedsApproval, Ask::WhenUndecided | Ask::Always) => {
            ("ask", "PendingManualApproval")
        }
        (Verdict::Reject, _) | (Verdict::NeedsApproval, Ask::Never) => ("reject", "Rejected"),
    };
    let lineage = lineage(edge, &run, &split, name);
    let job = edge.job(&run, name);
    Ok(json!({
        "verdict": judgement.verdict,
        "next": next,
        "reason": reason,
        "group": job.package_group(),
        "package": job.package(artifact, status, &reason, &lineage),
    }))
}

/// What the registry says of where a challenger comes from.
pub(crate) fn lineage(edge: &Edge, run: &Run, split: &Split, training: &str) -> Value {
    json!({
        "pawl.generation": run.generation.to_string(),
        "pawl.dataset": split.version,
        "pawl.training-job": training,
        "pawl.evidence": format!("s3://{}/{}", edge.store.bucket(), run.prefix),
    })
}

/// Streams both outputs through the gate. Outputs that are missing or do not join are evidence of their own: a person must look.
async fn compare(edge: &Edge, run: &Run, split: &Split, against: Against) -> Result<Judgement, Fault> {
    let policy = &run.pipeline.gate;
    let seed = seed(&split.version);
    let mut judge = Judge::new(policy, against, seed).map_err(|e| Fault::BadConfig(format!("gate: {e}")))?;
    let mut reader = PairReader::new(against);
    let scores = |side: Scored| Scores::new(edge, run, split, side);
    let (mut challenger, mut champion) = (scores(Scored::Challenger), scores(Scored::Champion));
    while let Some(side) = reader.wants() {
        let source = match side {
            Side::Challenger => &mut challenger,
            Side::Champion => &mut champion,
        };
        let read = match source.next().await {
            Ok(Some(piece)) => reader.push(side, &piece, &mut judge),
            Ok(None) => reader.end(side, &mut judge),
            Err(Fault::NotFound(missing)) => {
                let error = std::io::Error::other(missing);
                return Ok(Judgement::unusable(policy, seed, &error));
            }
            Err(e) => return Err(e),
        };
        if let Err(e) = read {
            return Ok(Judgement::unusable(policy, seed, &e));
        }
    }
    let mut judgement = judge.finish();
    judgement.inputs = challenger.read.into_iter().chain(champion.read).collect();
    Ok(judgement)
}

/// The outputs of one transform, one holdout object after another.
struct Scores<'a> {
    objects: &'a Objects,
    bucket: &'a str,
    keys: VecDeque<String>,
    open: Option<Open>,
    read: Vec<JudgedInput>,
}

/// The object that is being read.
struct Open {
    key: String,
    body: pawl_aws::ByteStream,
    hasher: ContentHasher,
}

impl<'a> Scores<'a> {
    fn new(edge: &'a Edge, run: &Run, split: &Split, side: Scored) -> Self {
        // SageMaker names an output after its input: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
        let key = |file| format!("{}scores/{}/{file}.jsonl.out", run.prefix, side.word());
        let keys = split.files(&split.holdout).map(key).collect();
        Self { objects: &edge.objects, bucket: edge.store.bucket(), keys, open: None, read: Vec::new() }
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            if let Some(mut open) = self.open.take() {
                match open.body.next().await {
                    Some(Ok(piece)) => {
                        open.hasher.update(&piece);
                        self.open = Some(open);
                        return Ok(Some(piece.to_vec()));
                    }
                    Some(Err(e)) => return Err(Fault::Unavailable(format!("read scores: {e}"))),
                    None => self.read.push(JudgedInput { name: open.key, sha256: open.hasher.finish() }),
                }
            }
            let Some(key) = self.keys.pop_front() else { return Ok(None) };
            let body = self.objects.open_key(self.bucket, &key).await?;
            self.open = Some(Open { key, body, hasher: ContentHasher::default() });
        }
    }
}

/// The same data gives the same seed, so that a judgement replays.
pub(crate) fn seed(dataset: &ContentHash) -> u64 {
    u64::from_str_radix(dataset.short(), 16).unwrap_or(0)
}

/// The weightiest reasons, in plain words.
pub(crate) fn words(judgement: &Judgement) -> String {
    let reasons: Vec<&str> = judgement.reasons.iter().take(3).map(|reason| reason.text.as_str()).collect();
    reasons.join("; ")
}
