//! The monitoring of a champion: what it was asked, what it answered, and what was true.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pawl::dataset::ScanError;
use pawl::documents::{LOOK, MONITOR, RELEASE};
use pawl::drift::monitor::{
    CaptureReader, Captured, Expected, Monitor, MonitoringReport, PREDICTION, Policy, Readable, data,
    told_groups, truths,
};
use pawl::drift::{
    self, BiasDrift, ComparedWith, Drift, Input, QualityVerdict, Role, Verdict, importances, in_segments,
    inputs, weigh,
};
use pawl::edge::{Ahead, Body, Objects};
use pawl::fault::Fault;
use pawl::gate::{self, Task};
use pawl::ledger::{Condition, Keys, Store, StoreError};
use pawl::metrics::{NAMESPACE, VARIANT};
use pawl::names::ModelName;
use pawl::pipeline::{self, Pipeline};
use pawl::release::Deployment;
use pawl::run;
use serde_json::{Value, json};

use crate::captured::{MOST_OBJECTS, keys_between, prefix_at};
use crate::compare::metrics_of;
use crate::edge::Edge;
use crate::expected::expected;

/// Reads what was captured since the last time, and says whether it drifts and whether the champion still
/// answers well.
pub(crate) async fn monitor(
    edge: &Edge<impl Store, impl Objects>,
    model: &ModelName,
    now: Timestamp,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let release = RELEASE.of(&keys).read(&edge.store).await?;
    // In a trial the champion goes on answering; the metrics are those of the config that serves.
    let serving = release.as_ref().and_then(|release| Some((release.champion()?, release.current.as_ref()?)));
    let Some((champion, current)) = serving else {
        return Ok(json!({ "state": "nothing_serves" }));
    };
    // What the team asks of the monitoring may change while a champion serves; what the champion learnt may
    // not.
    let asked = pipeline::load(&edge.store, model).await?;
    let trained = run::frozen_pipeline(&edge.store, &keys, champion.generation).await?;
    let (mut monitor, if_unchanged) =
        monitor_of(&edge.store, &keys, champion, &trained.gate, &asked.monitor).await?;
    let until = now - asked.monitor.lag.signed();
    let new = New {
        captured: keys_between(edge, &keys, VARIANT, &monitor.captured, until).await?,
        truths: edge.store.keys_after(&keys.truths(), &monitor.truth, MOST_OBJECTS).await?,
    };
    if new.captured.is_empty() && new.truths.is_empty() {
        return Ok(json!({ "state": "nothing_new" }));
    }
    let pipelines = Pipelines { asked: &asked, trained: &trained };
    let look = judge(edge, pipelines, champion, &new, &mut monitor, now).await?;
    monitor.looks += 1;
    monitor.captured = new.captured.last().cloned().unwrap_or(monitor.captured);
    monitor.truth = new.truths.last().cloned().unwrap_or(monitor.truth);
    let verdicts = (look.drift.verdict, look.quality.verdict);
    let was_readable = std::mem::replace(&mut monitor.last_readable, look.readable);
    let worse = look.groups.as_ref().map(BiasDrift::worse).unwrap_or_default();
    let is_news = monitor.last.replace(verdicts) != Some(verdicts) && is_bad(verdicts)
        || look.readable != was_readable && look.readable != Readable::All
        || worse.iter().any(|group| !monitor.told_groups.contains(group));
    monitor.told_groups = worse;
    // The evidence first: a step that dies here is done again under the same number.
    let document = LOOK.of(&keys, &(champion.generation, monitor.looks));
    document.write(&edge.store, &look, Condition::Always).await?;
    MONITOR.of(&keys).write(&edge.store, &monitor, if_unchanged).await?;
    Ok(json!({
        "state": "looked",
        "news": if is_news { "bad" } else { "none" },
        "drift": look.drift.verdict,
        "quality": look.quality.verdict,
        "groups": look.groups.as_ref().map(|groups| groups.verdict),
        "reason": reason(&look),
        "evidence": format!("s3://{}/{}", edge.bucket, document.key()),
        "namespace": NAMESPACE,
        "metrics": data(&look, model.as_str(), &current.config.0, asked.monitor.publish),
    }))
}

/// The team's pipeline as it stands now, and the one that the champion was trained under.
#[derive(Clone, Copy)]
struct Pipelines<'a> {
    asked: &'a Pipeline,
    trained: &'a Pipeline,
}

/// The keys of what came since the last time.
struct New {
    captured: Vec<String>,
    truths: Vec<String>,
}

/// Reads what is new, and judges it: rows and answers against the champion's training, answers against their
/// truth.
async fn judge(
    edge: &Edge<impl Store, impl Objects>,
    pipelines: Pipelines<'_>,
    champion: &Deployment,
    new: &New,
    monitor: &mut Monitor,
    now: Timestamp,
) -> Result<MonitoringReport, Fault> {
    let Pipelines { asked, trained } = pipelines;
    let keys = Keys::new(&asked.model);
    let expected = expected(edge, &keys, champion.generation, trained).await?;
    monitor.expect(&expected);
    let captured = read_captured(edge, pipelines, &expected, &new.captured, monitor).await?;
    let unreadable_truths = read_truths(edge, trained, &new.truths, monitor).await?;
    let metrics = metrics_of(&edge.store, &keys, champion.generation).await?;
    let mut drift = compare(pipelines, &expected, &captured, &importances(&metrics), monitor);
    drift.compared_with = Some(ComparedWith::Champion(champion.generation));
    let expected_quality = match trained.gate.task {
        Task::Binary | Task::Multiclass => expected.accuracy,
        Task::Regression => expected.mae,
    };
    let policy = &asked.monitor.quality;
    let quality = monitor.join.judge(expected_quality, &expected.calibration, drift.features, policy);
    let rows = captured.scan.profile.rows;
    let fairness = &trained.gate.fairness;
    let groups = match &expected.groups {
        Some(holdout) => monitor.join.judge_groups(holdout, fairness, policy),
        None => (!fairness.groups.is_empty()).then(BiasDrift::without_holdout),
    };
    Ok(MonitoringReport {
        at: now,
        served_by: champion.config.0.clone(),
        objects: new.captured.len() as u64,
        requests: captured.requests,
        unreadable: captured.unreadable,
        first_unread: captured.first_unread.as_ref().map(ToString::to_string),
        unanswered: captured.unanswered,
        readable: Readable::of(captured.requests, captured.unreadable, rows, captured.unanswered),
        rows,
        unreadable_truths,
        drift,
        quality,
        groups,
    })
}

/// Reads the captured objects: their rows are counted in the champion's bins, their answers wait for the
/// truth.
async fn read_captured(
    edge: &Edge<impl Store, impl Objects>,
    Pipelines { asked, trained }: Pipelines<'_>,
    expected: &Expected,
    objects: &[String],
    monitor: &mut Monitor,
) -> Result<Captured, Fault> {
    let model = &asked.model;
    let unreadable = |e: ScanError| Fault::BadInput(format!("captured requests of {model}: {e}"));
    // A request holds features only.
    let features = &trained.data.features;
    let mut segments = asked.compare.segments.clone();
    segments.retain(|name| features.contains(name));
    let mut reader = CaptureReader::new(features, &segments, &trained.data.schema, &expected.baseline)
        .map_err(unreadable)?;
    let mut ahead = Ahead::new(&edge.objects, &edge.bucket, objects.to_vec());
    while let Some((_, mut body)) = ahead.next().await? {
        while let Some(piece) = body.next().await? {
            reader.feed(&piece, &mut monitor.join).map_err(unreadable)?;
        }
        reader.end(&mut monitor.join).map_err(unreadable)?;
    }
    reader.finish().map_err(unreadable)
}

/// Joins the truths with the answers, and returns how many lines could not be read.
async fn read_truths(
    edge: &Edge<impl Store, impl Objects>,
    trained: &Pipeline,
    objects: &[String],
    monitor: &mut Monitor,
) -> Result<u64, Fault> {
    let mut unreadable = 0;
    edge.lines(objects.iter().cloned(), |lines| {
        let join = |id: &str, truth, told: &Value| {
            let row = monitor.join.groups().and_then(|groups| told_groups(groups, told));
            monitor.join.truth_of(id, truth, row);
        };
        unreadable += truths(lines, &trained.data.label, trained.gate.task, join);
    })
    .await?;
    Ok(unreadable)
}

/// The captured rows and answers against what the champion was trained on, with the earlier comparisons of
/// this champion.
fn compare(
    Pipelines { asked, trained }: Pipelines<'_>,
    expected: &Expected,
    captured: &Captured,
    importances: &BTreeMap<&str, f64>,
    monitor: &mut Monitor,
) -> Drift {
    let compared = trained.data.features.iter().filter(|name| !asked.compare.leave_out.contains(name));
    let features: Vec<String> = compared.cloned().collect();
    let mut columns = inputs(&expected.baseline, &captured.scan.binned, &features, None);
    let answers = captured.scan.binned.iter().find(|column| column.name == PREDICTION);
    columns.push(Input::new(
        PREDICTION,
        Role::Prediction,
        expected.baseline.column(PREDICTION),
        answers.map(|column| &column.counts),
    ));
    columns.extend(in_segments(&expected.baseline, &captured.scan.segments, &features, None));
    weigh(&mut columns, importances);
    let seen = drift::compare(&columns, &asked.drift);
    let drift = seen.clone().with_history(&monitor.history);
    monitor.history.push(&seen);
    drift
}

/// What the monitoring remembers of this champion, and the condition under which it may be replaced.
async fn monitor_of(
    store: &impl Store,
    keys: &Keys,
    champion: &Deployment,
    gate: &gate::Policy,
    policy: &Policy,
) -> Result<(Monitor, Condition), StoreError> {
    let begin = champion.activated_at.map_or_else(String::new, |at| prefix_at(keys, VARIANT, at));
    let fresh = Monitor::new(champion.generation, begin, gate, policy);
    Ok(match MONITOR.of(keys).read_tagged(store).await? {
        Some((monitor, etag)) if monitor.generation == champion.generation => {
            (monitor, Condition::IfMatch(etag))
        }
        Some((_, etag)) => (fresh, Condition::IfMatch(etag)),
        None => (fresh, Condition::IfAbsent),
    })
}

/// Whether people should hear of these verdicts.
fn is_bad((drift, quality): (Verdict, QualityVerdict)) -> bool {
    drift == Verdict::Drift || matches!(quality, QualityVerdict::Degraded | QualityVerdict::ConceptDrift)
}

/// All verdicts in plain words, or why there can be none.
fn reason(look: &MonitoringReport) -> String {
    let requests = look.requests;
    match look.readable {
        Readable::All => {}
        Readable::NoRequest => {
            let why = look.first_unread.as_deref().unwrap_or("they hold no rows");
            return format!(
                "This model cannot be watched: none of {requests} captured requests can be read: {why}."
            );
        }
        Readable::NoAnswer => {
            return format!(
                "The quality of this model cannot be watched: no answer to any of {} rows holds a \
                 prediction that the gate's task can use: see \"Captured requests\" in docs/drift.md.",
                look.rows
            );
        }
    }
    let drift = look.drift.reasons.first().map_or("Nothing drifts.", String::as_str);
    let groups = look.groups.as_ref().map(|groups| groups.reason.as_str());
    [drift, &look.quality.reason].into_iter().chain(groups).collect::<Vec<_>>().join(" ")
}
