//! What people ask of a release, by a request in the bucket: its key tells who.

use pawl::documents::{Request, RequestKey, RequestedAct};
use pawl::edge::Notices;
use pawl::events::{Operator, Signal};
use pawl::fault::Fault;
use pawl::ledger::Store;

use crate::edge::{Edge, Services};

/// The act that a request asks for; any other signal as it is.
pub(crate) async fn opened<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    signal: Signal,
) -> Result<Signal, Fault> {
    let object = match signal {
        Signal::Object(object) if object.bucket == edge.bucket && RequestKey::is_one(&object.key) => object,
        other => return Ok(other),
    };
    let (key, request) = Request::open(&edge.store, &object)
        .await?
        .map_err(|reason| Fault::BadInput(format!("request: {reason}")))?;
    let RequestedAct::Release { verb, region } = request.wish else {
        return Err(Fault::BadInput(format!("request: {key} is about no release")));
    };
    Ok(Signal::Operator(Operator {
        verb,
        who: key.who.to_string(),
        why: request.why,
        model: Some(key.model.to_string()),
        region,
        at: Some(object.at),
        key: key.dedupe_key(),
    }))
}
