//! What the champion's holdout lets expect of it, worked out once.

use pawl::dataset::{Scanner, Schema};
use pawl::documents::{EXPECTED, JUDGEMENT, SPLIT, TRAINED_ON};
use pawl::drift::monitor::{Expected, PREDICTION, answered};
use pawl::drift::{LiveTally, QualityPolicy};
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::gate::{Classes, Contender, Metric};
use pawl::ledger::{Keys, Outputs, Store, json_lines};
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
    if let Some(expected) = document.read(&edge.store).await? {
        return Ok(expected);
    }
    let mut baseline = TRAINED_ON.of(keys, champion).require(&edge.store).await?;
    let split = SPLIT.of(keys, champion).require(&edge.store).await?;
    let judgement = JUDGEMENT.of(keys, champion).require(&edge.store).await?;
    // A forced challenger was scored by the run that trained it.
    let scored = judgement.forced.as_ref().map_or(champion, |forced| forced.run);
    let gate = &trained.gate;
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
    let accuracy = judgement.metrics.challenger.and_then(|metrics| metrics.value(Metric::Accuracy));
    let expected = Expected { accuracy, mae: tally.mae(), calibration: tally.calibration(), baseline };
    document.write_once(&edge.store, &expected).await?;
    Ok(expected)
}
