//! What the champion's holdout lets expect of it, worked out once.

use pawl::dataset::{Scanner, Schema};
use pawl::documents::{EXPECTED, JUDGEMENT, SPLIT, TRAINED_ON};
use pawl::drift::monitor::{Expected, PREDICTION, ScoredColumns, answered};
use pawl::drift::{HoldoutGroups, LiveTally, QualityPolicy};
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::gate::{Classes, Contender, Metric};
use pawl::ledger::{Condition, Keys, Outputs, Store, json_lines};
use pawl::names::Generation;
use pawl::pipeline::Pipeline;
use pawl::profile::bins::Baseline;

use crate::edge::Edge;

/// `trained` is the champion's own pipeline.
pub(crate) async fn expected(
    edge: &Edge<impl Store, impl Objects>,
    keys: &Keys,
    champion: Generation,
    trained: &Pipeline,
) -> Result<Expected, Fault> {
    let document = EXPECTED.of(keys, &champion);
    let before = document.read(&edge.store).await?;
    let groups = &trained.gate.fairness.groups;
    match before {
        // An older version knew no groups: they are counted from the scores, if those still lie there.
        Some(before) if before.groups.is_none() && !groups.is_empty() => {
            match count(edge, keys, champion, trained).await {
                Ok(counted) => {
                    let expected = Expected { groups: counted.groups, ..before };
                    document.write(&edge.store, &expected, Condition::Always).await?;
                    Ok(expected)
                }
                Err(Fault::NotFound(_)) => Ok(before),
                Err(fault) => Err(fault),
            }
        }
        Some(before) => Ok(before),
        None => {
            let expected = count(edge, keys, champion, trained).await?;
            document.write_once(&edge.store, &expected).await?;
            Ok(expected)
        }
    }
}

/// The champion's scored holdout, counted.
async fn count(
    edge: &Edge<impl Store, impl Objects>,
    keys: &Keys,
    champion: Generation,
    trained: &Pipeline,
) -> Result<Expected, Fault> {
    let mut baseline = TRAINED_ON.of(keys, champion).require(&edge.store).await?;
    let split = SPLIT.of(keys, champion).require(&edge.store).await?;
    let judgement = JUDGEMENT.of(keys, champion).require(&edge.store).await?;
    // A forced challenger was scored by the run that trained it.
    let scored = judgement.forced.as_ref().map_or(champion, |forced| forced.run);
    let gate = &trained.gate;
    let metrics = judgement.metrics.challenger.as_ref();
    let threshold = metrics.and_then(|metrics| metrics.threshold);
    let mut groups = HoldoutGroups::new(gate, threshold.unwrap_or(gate.threshold), &trained.data.features);
    let mut tally = LiveTally::new(gate.task, &Classes::new(&gate.classes), &QualityPolicy::default());
    // The answers of live traffic are read with the same words for null.
    let schema = Schema { null_words: trained.data.schema.null_words.clone(), ..Schema::default() };
    let mut scanner = Scanner::new(&schema);
    let mut read = scanner.feed(format!("{PREDICTION}\n").as_bytes(), &mut ());
    let mut row = String::new();
    let files: Vec<String> = split.files(&split.holdout).map(|part| json_lines(&part)).collect();
    let folder = keys.scores(scored, Contender::Challenger.as_str());
    let outputs = Outputs::find(&edge.store, &folder, &files).await?;
    let take = |lines: &[u8]| {
        for line in lines.split(|byte| *byte == b'\n') {
            let Some((answer, truth)) = answered(line, tally.reading()) else { continue };
            tally.add(&answer, &truth);
            if let Some(groups) = &mut groups {
                let row: ScoredColumns = serde_json::from_slice(line).unwrap_or_default();
                groups.add(|column| row.value(column), &answer, &truth);
            }
            row.clear();
            answer.write(&mut row);
            row.push('\n');
            let fed = scanner.feed(row.as_bytes(), &mut ());
            read = read.clone().and(fed);
        }
    };
    edge.lines(outputs, take).await?;
    let scan = read.and_then(|()| scanner.finish(&mut ()));
    let scan = scan.map_err(|e| Fault::BadInput(format!("scores of run {champion}: {e}")))?;
    baseline.columns.extend(Baseline::freeze(&scan.profile).columns);
    Ok(Expected {
        accuracy: metrics.and_then(|metrics| metrics.value(Metric::Accuracy)),
        mae: tally.mae(),
        threshold,
        groups: groups.map(HoldoutGroups::finish),
        calibration: tally.calibration(),
        baseline,
    })
}
