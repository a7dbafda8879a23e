//! The behaviour suite: its rows go through the transforms of the holdout, as one more object.

use std::ops::ControlFlow;

use pawl::edge::{Objects, Upload};
use pawl::fault::Fault;
use pawl::gate::behaviour::SuiteAnswers;
use pawl::gate::{Against, Check, Code, Contender, Reason};
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::{OutputError, Outputs, Store, json_lines};

use crate::edge::{Edge, Run};
use crate::seed::seed;

/// The suite's object among the accepted ones.
fn file(run: &Run) -> String {
    json_lines(&format!("behaviour-{:06}", run.generation.0))
}

/// Writes the suite's rows beside the accepted ones, and returns the file's name; `None` where there is no
/// suite.
pub(crate) async fn write(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    split: &DatasetSplit,
) -> Result<Option<String>, Fault> {
    let suite = &run.pipeline.gate.behaviour;
    let Some(first) = split.files(&split.holdout).next().filter(|_| !suite.is_empty()) else {
        return Ok(None);
    };
    let mut rows: Vec<Vec<u8>> = Vec::new();
    let key = run.keys.rows_to_score(&first);
    let take = |lines: &[u8]| {
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        rows.extend(lines.take(suite.rows - rows.len()).map(<[u8]>::to_vec));
        if rows.len() < suite.rows { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    edge.objects.lines(&edge.bucket, &key, take).await?;
    let file = file(run);
    let mut upload = edge.objects.upload(&edge.bucket, &format!("{}{file}", run.keys.accepted()));
    for line in suite.lines(&run.pipeline.data.features, &rows, seed(&split.version)) {
        upload.buffer().extend_from_slice(line.as_bytes());
        upload.buffer().push(b'\n');
    }
    upload.finish().await?;
    Ok(Some(file))
}

/// What the answers to the suite show. Answers that are missing or cannot be read ask a person.
pub(crate) async fn judge(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    split: &DatasetSplit,
    against: Against,
) -> Result<Vec<Reason>, Fault> {
    let (suite, task) = (&run.pipeline.gate.behaviour, run.pipeline.gate.task);
    if suite.is_empty() {
        return Ok(Vec::new());
    }
    // The suite's file was scored with those of the holdout.
    let holdout = split.files(&split.holdout).map(|part| json_lines(&part));
    let scored: Vec<String> = std::iter::once(file(run)).chain(holdout).collect();
    let mut answers = Vec::new();
    let contenders = [Contender::Challenger, Contender::Champion];
    for contender in contenders.into_iter().take(if against == Against::Champion { 2 } else { 1 }) {
        let folder = run.keys.scores(run.generation, contender.as_str());
        let key = match Outputs::find(&edge.store, &folder, &scored).await {
            Ok(found) => found.into_iter().next().unwrap_or_default(),
            Err(OutputError::Store(error)) => return Err(error.into()),
            Err(unclear) => return Ok(vec![unusable(&unclear)]),
        };
        let (mut found, mut fault) = (SuiteAnswers::default(), None);
        let take = |lines: &[u8]| {
            let mut lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            fault = lines.find_map(|line| found.push(line, contender, task).err());
            if fault.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        match edge.objects.lines(&edge.bucket, &key, take).await {
            Ok(()) => {}
            Err(Fault::NotFound(missing)) => return Ok(vec![unusable(&missing)]),
            Err(other) => return Err(other),
        }
        match fault {
            Some(fault) => return Ok(vec![unusable(&fault)]),
            None => answers.push(found),
        }
    }
    let mut answers = answers.into_iter();
    let challenger = answers.next().unwrap_or_default();
    Ok(suite.judge(task, &challenger, answers.next().as_ref()))
}

fn unusable(why: &impl std::fmt::Display) -> Reason {
    Reason::new(Check::Behaviour("answers".to_owned()), Code::UnusableInput, why.to_string())
}
