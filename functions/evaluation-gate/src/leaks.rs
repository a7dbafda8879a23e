//! Whether answers leaked: rows of the holdout against those of the training, and scores against earlier
//! ones.

use std::ops::ControlFlow;

use pawl::documents::JUDGEMENT;
use pawl::edge::{Ahead, Body, Objects};
use pawl::fault::Fault;
use pawl::gate::leakage::Leaks;
use pawl::gate::{Judgement, Reason};
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::{Store, StoreError, at_once};
use pawl::names::Generation;

use crate::edge::{Edge, Run};
use crate::seed::seed;

/// How many earlier runs a score is compared with.
const HISTORY: u64 = 20;

/// Where none of so many runs judged, as many older ones are read, and so on so often.
const FURTHER_BACK: u32 = 10;

/// So many bytes of training rows are looked at, the newest objects first: a few seconds.
const TRAINING_BYTES: usize = 256 << 20;

/// Looks for the holdout's rows among the training's, and for features that have the answer in them.
pub(crate) async fn rows(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    split: &DatasetSplit,
) -> Result<Vec<Reason>, Fault> {
    let mut leaks = Leaks::new(&run.pipeline.gate, seed(&split.version));
    let key = |part: &str| run.keys.rows_to_score(part);
    let holdout = split.files(&split.holdout).map(|file| key(&file));
    let mut ahead = Ahead::new(&edge.objects, &edge.bucket, holdout);
    while let Some((key, mut body)) = ahead.next().await? {
        let mut take = |lines: &[u8]| {
            lines.split(|byte| *byte == b'\n').for_each(|line| leaks.add_holdout(line));
            ControlFlow::Continue(())
        };
        let _ = body.lines(&key, &mut take).await?;
    }
    let train: Vec<String> = split.files(&split.train).collect();
    let (mut bytes, mut files) = (0, 0);
    let mut ahead = Ahead::new(&edge.objects, &edge.bucket, train.iter().rev().map(|file| key(file)));
    while let Some((key, mut body)) = ahead.next().await? {
        let mut take = |lines: &[u8]| {
            bytes += lines.len();
            lines.split(|byte| *byte == b'\n').for_each(|line| leaks.add_training(line));
            if bytes < TRAINING_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let _ = body.lines(&key, &mut take).await?;
        files += 1;
        if bytes >= TRAINING_BYTES {
            break;
        }
    }
    Ok(leaks.finish(&format!("the newest {files} of {} training files", train.len())))
}

/// The judgements of earlier runs: of the newest [`HISTORY`], and of older ones as long as none of them
/// judged. One that an older version wrote in another form says nothing.
pub(crate) async fn earlier(store: &impl Store, run: &Run) -> Result<Vec<Judgement>, Fault> {
    let mut newest = run.generation.0.saturating_sub(1);
    let mut found = Vec::new();
    for _ in 0..FURTHER_BACK {
        let oldest = newest.saturating_sub(HISTORY);
        let read = (oldest + 1..=newest).rev().map(|generation| async move {
            match JUDGEMENT.of(&run.keys, Generation(generation)).read(store).await {
                // A forced judgement is a copy of an earlier one.
                Ok(found) => Ok(found.filter(|judgement| judgement.forced.is_none())),
                Err(StoreError::Unreadable { .. }) => Ok(None),
                Err(other) => Err(Fault::from(other)),
            }
        });
        found.extend(at_once::all(read).await?.into_iter().flatten());
        newest = oldest;
        if newest == 0 || !found.is_empty() {
            break;
        }
    }
    Ok(found)
}
