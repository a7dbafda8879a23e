//! Events: decoded, routed to their pipelines, and recorded before they are acted upon.

use std::sync::Arc;

use jiff::Timestamp;
use pawl::events::{AlarmChange, AlarmState, ObjectChange, ObjectEvent, Signal, decode};
use pawl::fault::Fault;
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Keys, Store, Trigger, TriggerId, TriggerKind, Wrote, unrouted, write_once};
use pawl::names::{ContentHash, ModelName};
use pawl::pipeline::Pipeline;
use pawl::pipeline::catalog::model_of;
use pawl::release::alarms::is_on_live_data;
use serde_json::{Value, json};

use crate::edge::Edge;
use crate::route::{self, Pipelines};
use crate::{ended, wake};

/// Handles one invocation. Events that no retry can mend are kept and told, and count as handled: only
/// what passes is an error, so that Lambda tries again.
pub(crate) async fn take(edge: &Edge, event: &Value, now: Timestamp) -> Result<Value, Fault> {
    let decoded = match decode(event.to_string().as_bytes()) {
        Ok(decoded) => decoded,
        Err(e) => return keep(edge, event, &e.to_string(), now).await,
    };
    let mut results = Vec::new();
    for signal in &decoded.signals {
        results.push(one(edge, event, signal, now).await?);
    }
    Ok(json!({ "signals": results }))
}

async fn one(edge: &Edge, event: &Value, signal: &Signal, now: Timestamp) -> Result<Value, Fault> {
    match signal {
        Signal::Execution(execution) => {
            if let Some((model, generation)) = wake::run_of(&execution.name) {
                ended::ended(edge, &model, generation, &execution.status, now).await?;
            }
            Ok(json!({ "ended": execution.name }))
        }
        _ => trigger(edge, event, signal, now).await,
    }
}

async fn trigger(edge: &Edge, event: &Value, signal: &Signal, now: Timestamp) -> Result<Value, Fault> {
    let routed = match route(edge, signal).await? {
        Ok(routed) => routed,
        Err(reason) => return keep(edge, event, &reason, now).await,
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

/// The models that an event is for, or in plain words why there is none.
async fn route(edge: &Edge, signal: &Signal) -> Result<Result<Vec<Routed>, String>, Fault> {
    let pipelines = route::all(edge).await?;
    let named = |model: &Option<String>, kind, what: String| {
        let wanted: Vec<&Arc<Pipeline>> = match model {
            Some(name) => pipelines.readable.iter().filter(|p| p.model.as_str() == name).collect(),
            None => pipelines.readable.iter().collect(),
        };
        let routed = wanted.into_iter().map(|pipeline| Routed {
            model: pipeline.model.clone(),
            kind,
            what: what.clone(),
            completes: Completes::Itself,
        });
        routed.collect::<Vec<_>>()
    };
    let routed = match signal {
        Signal::Object(object) if object.bucket == edge.store.bucket() => {
            model_of(&object.key).map_or_else(Vec::new, |model| {
                let what = "pipeline.yaml changed".to_owned();
                named(&Some(model.to_string()), TriggerKind::Code, what)
            })
        }
        Signal::Object(object) => match data(&pipelines, object) {
            Ok(routed) => routed,
            Err(reason) => return Ok(Err(reason)),
        },
        Signal::Alarm(alarm) => return Ok(Ok(by_alarm(&pipelines, alarm))),
        Signal::Schedule(tick) if tick.model.is_some() => {
            named(&tick.model, TriggerKind::Schedule, tick.rule.clone())
        }
        Signal::Code(push) => {
            named(&push.model, TriggerKind::Code, format!("{} at {}", push.repository, push.revision))
        }
        Signal::Request(request) => {
            let (who, why) = (&request.who, &request.why);
            let (what, completes) = match request.force {
                Some(run) => (format!("{who} forces the challenger of run {run}: {why}"), Completes::Alone),
                None => (format!("{who} asked: {why}"), Completes::Itself),
            };
            let mut routed = named(&Some(request.model.clone()), TriggerKind::Person, what);
            routed.iter_mut().for_each(|routed| routed.completes = completes);
            routed
        }
        other => return Ok(Err(format!("this kind of event starts no run: {}", other.dedupe_key()))),
    };
    if routed.is_empty() {
        return Ok(Err(no_pipeline(&pipelines, "no pipeline is asked for by this event")));
    }
    Ok(Ok(routed))
}

/// The models that an alarm asks to be trained anew. Every alarm of the account comes by: most are for nobody.
fn by_alarm(pipelines: &Pipelines, alarm: &AlarmChange) -> Vec<Routed> {
    if alarm.state != AlarmState::Alarm {
        return Vec::new();
    }
    let on_its_data =
        |p: &Pipeline| is_on_live_data(&alarm.name) && alarm.endpoint.as_deref() == Some(p.model.as_str());
    let asked = pipelines.readable.iter().filter(|p| p.decide.alarms.contains(&alarm.name) || on_its_data(p));
    let routed = asked.map(|pipeline| Routed {
        model: pipeline.model.clone(),
        kind: TriggerKind::Alarm,
        what: format!("{}: {}", alarm.name, alarm.reason),
        completes: Completes::Itself,
    });
    routed.collect()
}

fn data(pipelines: &Pipelines, object: &ObjectChange) -> Result<Vec<Routed>, String> {
    let place = format!("s3://{}/{}", object.bucket, object.key);
    if object.event != ObjectEvent::Created {
        return Err(format!("{place} was deleted; a run only looks at objects that exist"));
    }
    let takers = pipelines.readable.iter().filter(|p| p.takes(&object.bucket, &object.key));
    let routed: Vec<Routed> = takers
        .map(|pipeline| Routed {
            model: pipeline.model.clone(),
            kind: TriggerKind::NewData,
            what: place.clone(),
            completes: match pipeline.settle.is_marker(&object.key) {
                true => Completes::TheBatch,
                false => Completes::Itself,
            },
        })
        .collect();
    if routed.is_empty() {
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

/// Keeps an event that starts nothing, with the reason, and tells people once.
async fn keep(edge: &Edge, event: &Value, reason: &str, now: Timestamp) -> Result<Value, Fault> {
    let key = unrouted(&ContentHash::of(event.to_string().as_bytes()));
    let record = json!({ "at": now, "reason": reason, "event": event });
    let message = format!("{reason}\n\nThe event is kept in s3://{}/{key}.", edge.store.bucket());
    let tell = edge.topic.notify("Pawl: an event started nothing", &message);
    tell_and_keep(&edge.store, &key, &record, tell).await?;
    Ok(json!({ "kept": key, "reason": reason }))
}

/// Tells, then keeps: the record says that people know. A try that dies between the two tells twice, never not at all.
async fn tell_and_keep(
    store: &impl Store,
    key: &str,
    record: &Value,
    tell: impl Future<Output = Result<(), Fault>>,
) -> Result<(), Fault> {
    if store.get(key).await?.is_none() {
        tell.await?;
        write_once(store, key, record).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pawl::ledger::Memory;

    #[tokio::test]
    async fn what_could_not_be_told_is_told_by_the_next_try() -> Result<(), Fault> {
        let (store, record) = (Memory::default(), json!({ "reason": "no known event" }));
        let down = async { Err(Fault::Unavailable("notify".to_owned())) };
        assert!(tell_and_keep(&store, "k", &record, down).await.is_err());
        assert_eq!(store.get("k").await?, None, "Lambda tries again, and finds nothing done");
        let mut told = 0;
        for _ in 0..2 {
            let tell = async {
                told += 1;
                Ok(())
            };
            tell_and_keep(&store, "k", &record, tell).await?;
        }
        assert_eq!(told, 1);
        assert!(store.get("k").await?.is_some());
        Ok(())
    }
}
