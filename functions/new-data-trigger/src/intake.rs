//! Triggers: routed to their pipelines, and recorded before they are acted upon.

use std::sync::Arc;

use jiff::Timestamp;
use pawl::documents::{UNROUTED, Unrouted};
use pawl::edge::Notices;
use pawl::events::{AlarmChange, AlarmState, CodePush, ObjectChange, ObjectEvent, Signal};
use pawl::fault::Fault;
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Keys, Store, Trigger, TriggerId, TriggerKind, Wrote, unrouted, unrouted_objects};
use pawl::names::{ContentHash, ModelName};
use pawl::notice::{Notice, NoticeKind};
use pawl::pipeline::catalog::model_of;
use pawl::pipeline::{ObjectRole, Pipeline};
use pawl::release::AlarmResponse;
use pawl::release::alarms::response;
use serde_json::{Value, json};

use crate::edge::{Edge, Services};
use crate::route::{self, Pipelines};
use crate::wake;

/// Records the signal as a trigger of each model that it is for, and starts a run where none is open.
pub(crate) async fn record_triggers(
    edge: &Edge<impl Services>,
    event: &Value,
    signal: &Signal,
    now: Timestamp,
) -> Result<Value, Fault> {
    let routed = match route(&edge.bucket, &route::load_all(edge).await?, signal) {
        Ok(routed) => routed,
        Err(reason) => {
            let told = match signal {
                Signal::Object(object) if object.bucket != edge.bucket => {
                    Some(unrouted_objects(&object.bucket, &object.key, now))
                }
                _ => None,
            };
            return keep(edge, event, &reason, told, now).await;
        }
    };
    let mut results = Vec::new();
    for Routed { model, kind, what, completes } in routed {
        let id = TriggerId::new(signal.dedupe_key().as_str(), completes);
        let trigger = Trigger { id, kind, what, received_at: now, event: event.clone() };
        let wrote = inbox::record(&edge.store, &Keys::new(&model), &trigger).await?;
        // Also after a duplicate: the first try may have died between the record and the start.
        wake::wake_if_waiting(edge, &model, now).await?;
        let state = if wrote == Wrote::Now { "recorded" } else { "duplicate" };
        results.push(json!({ "model": model, "trigger": state }));
    }
    Ok(json!(results))
}

/// A trigger for one model.
struct Routed {
    model: ModelName,
    kind: TriggerKind,
    what: String,
    completes: Completes,
}

/// The models that an event is for, or in plain words why there is none. `home` is the bucket of ledger and
/// evidence.
fn route(home: &str, pipelines: &Pipelines, signal: &Signal) -> Result<Vec<Routed>, String> {
    let named = |model: Option<&str>, kind, what: String| by_name(pipelines, model, kind, &what);
    let routed = match signal {
        Signal::Object(object) if object.bucket == home => model_of(&object.key)
            .map_or_else(Vec::new, |model| {
                named(Some(model.as_str()), TriggerKind::Code, "pipeline.yaml changed".to_owned())
            }),
        Signal::Object(object) => return by_object(pipelines, object),
        Signal::Alarm(alarm) => return Ok(by_alarm(pipelines, alarm)),
        Signal::Schedule(tick) if tick.model.is_some() => {
            named(tick.model.as_deref(), TriggerKind::Schedule, tick.rule.clone())
        }
        Signal::Code(push) => return by_push(pipelines, push),
        Signal::Request(request) => {
            let (who, why) = (&request.who, &request.why);
            let (what, completes) = match request.force {
                Some(run) => (format!("{who} forces the challenger of run {run}: {why}"), Completes::Alone),
                None => (format!("{who} asked: {why}"), Completes::Itself),
            };
            let mut routed = named(Some(request.model.as_str()), TriggerKind::Person, what);
            routed.iter_mut().for_each(|routed| routed.completes = completes);
            routed
        }
        other => return Err(format!("this kind of event starts no run: {}", other.dedupe_key())),
    };
    if routed.is_empty() {
        return Err(no_pipeline(pipelines, "no pipeline is asked for by this event"));
    }
    Ok(routed)
}

/// The model of this name, where it has a pipeline; all models where the event names none.
fn by_name(pipelines: &Pipelines, model: Option<&str>, kind: TriggerKind, what: &str) -> Vec<Routed> {
    let named = pipelines.readable.iter().filter(|p| model.is_none_or(|model| p.model.as_str() == model));
    let routed = named.map(|pipeline| Routed {
        model: pipeline.model.clone(),
        kind,
        what: what.to_owned(),
        completes: Completes::Itself,
    });
    routed.collect()
}

/// The models that the pushed code is of. Every push of the account comes by: most are for nobody. One that
/// names a model is for that model alone, and must find it.
fn by_push(pipelines: &Pipelines, push: &CodePush) -> Result<Vec<Routed>, String> {
    let is_of = |pipeline: &&Arc<Pipeline>| match &push.model {
        Some(model) => pipeline.model.as_str() == model,
        None => pipeline.is_made_of(&push.repository, push.reference.as_deref()),
    };
    let reference = push.reference.as_ref().map_or(String::new(), |name| format!(":{name}"));
    let what = format!("{}{reference} at {}", push.repository, push.revision);
    let routed = pipelines.readable.iter().filter(is_of).map(|pipeline| Routed {
        model: pipeline.model.clone(),
        kind: TriggerKind::Code,
        what: what.clone(),
        completes: Completes::Itself,
    });
    let routed: Vec<Routed> = routed.collect();
    match &push.model {
        Some(_) if routed.is_empty() => Err(no_pipeline(pipelines, "no pipeline is asked for by this event")),
        _ => Ok(routed),
    }
}

/// The models that an alarm asks to be trained anew. Every alarm of the account comes by: most are for
/// nobody.
fn by_alarm(pipelines: &Pipelines, alarm: &AlarmChange) -> Vec<Routed> {
    if alarm.state != AlarmState::Alarm {
        return Vec::new();
    }
    let on_its_data = |p: &Pipeline| {
        let asks = response(&p.release.alarms, &alarm.name).is_some_and(AlarmResponse::retrains);
        asks && alarm.endpoint.as_deref() == Some(p.model.as_str())
    };
    let asked = pipelines.readable.iter().filter(|p| p.decide.alarms.contains(&alarm.name) || on_its_data(p));
    let routed = asked.map(|pipeline| Routed {
        model: pipeline.model.clone(),
        kind: TriggerKind::Alarm,
        what: format!("{}: {}", alarm.name, alarm.reason),
        completes: Completes::Itself,
    });
    routed.collect()
}

/// The models whose data the object is.
fn by_object(pipelines: &Pipelines, object: &ObjectChange) -> Result<Vec<Routed>, String> {
    let place = format!("s3://{}/{}", object.bucket, object.key);
    if object.event != ObjectEvent::Created {
        return Err(format!("{place} was deleted; a run only looks at objects that exist"));
    }
    let takes = |pipeline: &&Pipeline| pipeline.takes(&object.bucket, &object.key);
    let takers: Vec<&Pipeline> =
        pipelines.readable.iter().map(|pipeline| &**pipeline).filter(takes).collect();
    let routed = |pipeline: &&Pipeline| {
        let completes = match pipeline.role_of(&object.key) {
            ObjectRole::Data => Completes::Itself,
            ObjectRole::Marker => Completes::TheBatch,
            // Another program's own file is for nobody, and nobody need hear of it.
            ObjectRole::NotData => return None,
        };
        let (model, what) = (pipeline.model.clone(), place.clone());
        Some(Routed { model, kind: TriggerKind::NewData, what, completes })
    };
    let routed: Vec<Routed> = takers.iter().filter_map(routed).collect();
    if takers.is_empty() {
        return Err(no_pipeline(
            pipelines,
            &format!("no pipeline takes {place}: its data.bucket and data.prefix must match"),
        ));
    }
    Ok(routed)
}

/// A pipeline that cannot be read may be the one that was meant.
fn no_pipeline(pipelines: &Pipelines, reason: &str) -> String {
    let mut text = reason.to_owned();
    for broken in &pipelines.broken {
        text.push_str("; cannot be read: ");
        text.push_str(broken);
    }
    text
}

/// Keeps an event that starts nothing, with the reason, and notifies people once: of each event, or, where
/// `told` names a key for many of them, of the first of these.
pub(crate) async fn keep(
    edge: &Edge<impl Services>,
    event: &Value,
    reason: &str,
    told: Option<String>,
    now: Timestamp,
) -> Result<Value, Fault> {
    let key = unrouted(&ContentHash::of(event.to_string().as_bytes()));
    let record = Unrouted { at: now, reason: reason.to_owned(), event: event.clone() };
    let mut text = format!("{reason} The event is kept.");
    if told.is_some() {
        text.push_str(" Further objects of this prefix are kept beside it today without a notice.");
    }
    // Notified first, kept after: the record says that people know. A try that dies between the two
    // notifies twice, which is better than not at all.
    let already = told.as_ref().unwrap_or(&key);
    if edge.store.get(already).await?.is_none() {
        let notice = Notice::new(NoticeKind::EventKept, "an event started nothing", text);
        edge.notices.notify(&Notice { evidence: Some(key.clone()), ..notice }).await?;
        if let Some(first) = &told {
            UNROUTED.at(first.as_str()).write_once(&edge.store, &record).await?;
        }
    }
    UNROUTED.at(key.as_str()).write_once(&edge.store, &record).await?;
    Ok(json!({ "kept": key, "reason": reason }))
}
