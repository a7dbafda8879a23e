//! Events: decoded, and handed to whoever acts upon them.

use jiff::Timestamp;
use pawl::documents::RequestKey;
use pawl::events::{Signal, decode};
use pawl::fault::Fault;
use serde_json::{Value, json};

use crate::edge::{Edge, Services};
use crate::{ended, intake, request, wake};

/// Handles the event of one invocation. An event that no retry can mend is kept, people are notified, and
/// it counts as handled. Only a fault that passes is an error, so that Lambda tries again.
pub(crate) async fn accept(
    edge: &Edge<impl Services>,
    event: &Value,
    now: Timestamp,
) -> Result<Value, Fault> {
    let signals = match decode(event) {
        Ok(signals) => signals,
        Err(e) => return intake::keep(edge, event, &e.to_string(), None, now).await,
    };
    let mut results = Vec::new();
    for signal in &signals {
        results.push(act_on(edge, event, signal, now).await?);
    }
    Ok(json!({ "signals": results }))
}

async fn act_on(
    edge: &Edge<impl Services>,
    event: &Value,
    signal: &Signal,
    now: Timestamp,
) -> Result<Value, Fault> {
    match signal {
        Signal::Execution(execution) => {
            if let Some((model, generation)) = wake::run_of(&execution.name) {
                ended::ended(edge, &model, generation, &execution.status, now).await?;
            }
            Ok(json!({ "ended": execution.name }))
        }
        Signal::Object(object) if object.bucket == edge.bucket && RequestKey::is_one(&object.key) => {
            request::accept(edge, event, object, now).await
        }
        _ => intake::record_triggers(edge, event, signal, now).await,
    }
}
