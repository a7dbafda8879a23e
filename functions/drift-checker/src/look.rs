//! One look at what a champion was asked, what it answered, and what was true.

use jiff::Timestamp;
use pawl::drift::monitor::{Look, Monitor, PREDICTION, Policy, Reader, data, truths};
use pawl::drift::{
    self, ComparedWith, Input, LiveVerdict, Role, Verdict, importances, in_segments, inputs, weigh,
};
use pawl::fault::Fault;
use pawl::gate::{self, Task};
use pawl::ledger::{Condition, Keys, Store, pipeline, read, write};
use pawl::metrics::{NAMESPACE, VARIANT};
use pawl::names::ModelName;
use pawl::pipeline::Pipeline;
use pawl::release::{Deployment, Release};
use pawl::run;
use serde_json::{Value, json};

use crate::compare::metrics_of;
use crate::edge::Edge;
use crate::expected::expected;

/// The most captured objects of one look; the next look goes on behind them.
pub(crate) const MOST_OBJECTS: usize = 2_000;

pub(crate) async fn look(edge: &Edge, model: &ModelName, now: Timestamp) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let release = read::<Release>(&edge.store, &keys.release()).await?;
    // In a trial the champion goes on answering; the metrics are those of the config that serves.
    let serving =
        release.as_ref().and_then(|(release, _)| Some((release.champion()?, release.current.as_ref()?)));
    let Some((champion, current)) = serving else {
        return Ok(json!({ "state": "nothing_serves" }));
    };
    let asked = own(edge, model).await?;
    let trained = run::frozen_pipeline(&edge.store, &keys, champion.generation).await?;
    let (mut monitor, etag) = remembered(edge, &keys, champion, &trained.gate, &asked.monitor).await?;
    let until = folder(&keys, VARIANT, now - asked.monitor.lag.duration());
    let mut objects =
        edge.store.keys_after(&captured(&keys, VARIANT), &monitor.captured, MOST_OBJECTS).await?;
    // A file is named by its second, and by more behind it.
    objects.retain(|key| *key < until || key.starts_with(&until));
    let told = edge.store.keys_after(&keys.truths(), &monitor.truth, MOST_OBJECTS).await?;
    if objects.is_empty() && told.is_empty() {
        return Ok(json!({ "state": "nothing_new" }));
    }

    let expected = expected(edge, &keys, champion.generation, &trained).await?;
    let learnt = &trained.data;
    let unreadable =
        |e: pawl::dataset::ScanError| Fault::BadInput(format!("captured requests of {model}: {e}"));
    // A request holds features only.
    let mut segments = asked.compare.segments.clone();
    segments.retain(|name| learnt.features.contains(name));
    let mut reader =
        Reader::new(&learnt.features, &segments, &learnt.schema, &expected.baseline).map_err(unreadable)?;
    for key in &objects {
        let mut body = edge.objects.open_key(edge.store.bucket(), key).await?;
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| Fault::Unavailable(format!("read {key}: {e}")))?;
            reader.feed(&piece, &mut monitor.join).map_err(unreadable)?;
        }
        reader.end(&mut monitor.join).map_err(unreadable)?;
    }
    let captured = reader.finish().map_err(unreadable)?;
    let mut unreadable_truths = 0;
    for key in &told {
        edge.lines(key, |lines| {
            unreadable_truths +=
                truths(lines, &learnt.label, trained.gate.task, |id, truth| monitor.join.truth(id, truth));
        })
        .await?;
    }

    let features: Vec<String> =
        learnt.features.iter().filter(|name| !asked.compare.leave_out.contains(name)).cloned().collect();
    let mut compared = inputs(&expected.baseline, &captured.scan.binned, &features, None);
    let answers = captured.scan.binned.iter().find(|column| column.name == PREDICTION);
    compared.push(Input::new(
        PREDICTION,
        Role::Prediction,
        expected.baseline.column(PREDICTION),
        answers.map(|column| &column.counts),
    ));
    compared.extend(in_segments(&expected.baseline, &captured.scan.segments, &features, None));
    let metrics = metrics_of(&edge.store, &keys, champion.generation).await?;
    weigh(&mut compared, &importances(&metrics));
    let seen = drift::compare(&compared, &asked.drift);
    let mut drift = seen.clone().with_history(&monitor.history);
    drift.compared_with = Some(ComparedWith::Champion(champion.generation));
    monitor.history.push(&seen);
    let hoped = match trained.gate.task {
        Task::Binary | Task::Multiclass => expected.accuracy,
        Task::Regression => expected.mae,
    };
    let quality = monitor.join.judge(hoped, &expected.calibration, drift.features, &asked.monitor.quality);

    monitor.looks += 1;
    monitor.captured = objects.last().cloned().unwrap_or(monitor.captured);
    monitor.truth = told.last().cloned().unwrap_or(monitor.truth);
    let came = (drift.verdict, quality.verdict);
    let news = monitor.last.replace(came) != Some(came) && bad(came);
    let look = Look {
        at: now,
        served_by: champion.config.0.clone(),
        objects: objects.len() as u64,
        requests: captured.requests,
        unreadable: captured.unreadable,
        rows: captured.scan.profile.rows,
        unreadable_truths,
        drift,
        quality,
    };
    // The evidence first: a look that dies here is done again under the same number.
    let key = keys.monitored(champion.generation, &format!("{:06}.json", monitor.looks));
    write(&edge.store, &key, &look, Condition::Always).await?;
    write(&edge.store, &keys.monitor(), &monitor, etag).await?;
    Ok(json!({
        "state": "looked",
        "news": if news { "bad" } else { "none" },
        "drift": look.drift.verdict,
        "quality": look.quality.verdict,
        "reason": reason(&look),
        "evidence": format!("s3://{}/{key}", edge.store.bucket()),
        "namespace": NAMESPACE,
        "metrics": data(&look, model.as_str(), &current.config.0, asked.monitor.publish),
    }))
}

/// The team's pipeline as it stands now: what is asked of the monitoring may change while a champion serves.
async fn own(edge: &Edge, model: &ModelName) -> Result<Pipeline, Fault> {
    let key = pipeline(model);
    let stored = edge.store.get(&key).await?.ok_or_else(|| Fault::NotFound(key.clone()))?;
    Pipeline::parse(&stored.body).map_err(|e| Fault::BadConfig(format!("{key}: {e}")))
}

/// What is remembered of this champion, and the condition under which it may be replaced.
async fn remembered(
    edge: &Edge,
    keys: &Keys,
    champion: &Deployment,
    gate: &gate::Policy,
    policy: &Policy,
) -> Result<(Monitor, Condition), Fault> {
    let begin = champion.activated_at.map_or_else(String::new, |at| folder(keys, VARIANT, at));
    let fresh = Monitor::new(champion.generation, begin, gate, policy);
    Ok(match read::<Monitor>(&edge.store, &keys.monitor()).await? {
        Some((monitor, etag)) if monitor.generation == champion.generation => {
            (monitor, Condition::IfMatch(etag))
        }
        Some((_, etag)) => (fresh, Condition::IfMatch(etag)),
        None => (fresh, Condition::IfAbsent),
    })
}

/// Where the requests to a variant of the endpoint are captured.
pub(crate) fn captured(keys: &Keys, variant: &str) -> String {
    format!("{}{}/{variant}/", keys.captured(), keys.model())
}

/// The key that captured requests of this moment begin with.
pub(crate) fn folder(keys: &Keys, variant: &str, at: Timestamp) -> String {
    format!("{}{}", captured(keys, variant), at.strftime("%Y/%m/%d/%H/%M-%S"))
}

fn bad((drift, quality): (Verdict, LiveVerdict)) -> bool {
    drift == Verdict::Drift || matches!(quality, LiveVerdict::Degraded | LiveVerdict::ConceptDrift)
}

/// Both verdicts in plain words.
fn reason(look: &Look) -> String {
    let drift = look.drift.reasons.first().map_or("Nothing drifts.", String::as_str);
    format!("{drift} {}", look.quality.reason)
}
