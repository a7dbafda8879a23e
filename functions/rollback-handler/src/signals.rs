//! Events: which release each is for.

use pawl::edge::Notices;
use pawl::events::{AlarmChange, Signal, decode};
use pawl::fault::Fault;
use pawl::ledger::{Keys, Store};
use pawl::names::{ModelName, RegionName};
use pawl::release::{Event, Policy};
use serde_json::{Value, json};

use crate::edge::{Clock, Edge, Services};
use crate::pipelines::policy_of;
use crate::request;
use crate::site::Site;

/// A release by its keys, with the policy of its model at home.
type Addressee = (Keys, Policy);

/// Handles one invocation. What cannot be read is an error: after its retries Lambda puts it into the
/// dead-letter queue, whose alarm tells a person.
pub(crate) async fn handle<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    event: &Value,
    now: Clock<'_>,
) -> Result<Value, Fault> {
    let signals = decode(event).map_err(|e| Fault::BadInput(format!("event: {e}")))?;
    let mut answers = Vec::new();
    for signal in signals {
        let (addressees, event) = route(edge, request::opened(edge, signal).await?).await?;
        for (keys, policy) in addressees {
            let answer = Site::new(edge, keys.clone(), policy, now).driver().handle(&event).await?;
            answers.push(json!({ "model": keys.model(), "answer": answer }));
        }
    }
    Ok(json!({ "answers": answers }))
}

/// The releases that a signal is for, and what it says to them. Endpoints that Pawl has no pipeline for are
/// none of its business.
async fn route<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    signal: Signal,
) -> Result<(Vec<Addressee>, Event), Fault> {
    let store = &edge.store;
    match signal {
        Signal::Alarm(change) => Ok((of_alarm(edge, &change).await?, Event::Alarm(change))),
        Signal::Endpoint(change) => Ok((of_model(store, &change.endpoint).await?, Event::EndpointHinted)),
        Signal::Package(change) => {
            let group = change.group.as_deref().unwrap_or_default();
            Ok((of_model(store, group).await?, Event::Package(change)))
        }
        Signal::Operator(operator) => {
            let model = operator.model.clone().unwrap_or_default();
            let at_home = of_model(store, &model).await?;
            if at_home.is_empty() {
                return Err(Fault::BadInput(format!("operator.model: no pipeline is called {model:?}")));
            }
            let addressees = match &operator.region {
                None => at_home,
                Some(region) => in_region(store, at_home, region).await?,
            };
            Ok((addressees, Event::Operator(operator)))
        }
        _ => Ok((Vec::new(), Event::Tick)),
    }
}

/// An alarm belongs to the endpoint in its dimensions, else to every pipeline that names it under
/// `release.alarms.further`.
async fn of_alarm<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    change: &AlarmChange,
) -> Result<Vec<Addressee>, Fault> {
    if let Some(endpoint) = &change.endpoint {
        return of_model(&edge.store, endpoint).await;
    }
    let entries = edge.catalog.load(&edge.store).await?;
    let pipelines = entries.into_iter().filter_map(|entry| entry.read);
    let meant = pipelines.filter(|pipeline| pipeline.release.alarms.further.contains(&change.name));
    Ok(meant.map(|pipeline| (Keys::new(&pipeline.model), pipeline.release.clone())).collect())
}

/// The same models' releases in a further region.
async fn in_region(
    store: &impl Store,
    at_home: Vec<Addressee>,
    region: &RegionName,
) -> Result<Vec<Addressee>, Fault> {
    let mut regional = Vec::new();
    for (keys, policy) in at_home {
        let keys = keys.in_region(region);
        if store.get(&keys.release()).await?.is_none() {
            let model = keys.model();
            return Err(Fault::BadInput(format!("operator.region: {model} was never released in {region}")));
        }
        regional.push((keys, policy));
    }
    Ok(regional)
}

/// The release of the model of this name at home, if the model has a pipeline.
async fn of_model(store: &impl Store, name: &str) -> Result<Vec<Addressee>, Fault> {
    let Ok(model) = ModelName::try_from(name.to_owned()) else { return Ok(Vec::new()) };
    let policy = policy_of(store, &model).await?;
    Ok(policy.map(|policy| (Keys::new(&model), policy)).into_iter().collect())
}
