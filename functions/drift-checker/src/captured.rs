//! Where the endpoint's requests and answers are captured, in keys that grow with time.

use jiff::Timestamp;
use pawl::edge::Objects;
use pawl::ledger::{Keys, Store, StoreError};

use crate::edge::Edge;

/// The most captured objects that one step reads; the next step goes on behind them.
pub(crate) const MOST_OBJECTS: usize = 2_000;

/// The folder of the requests to a variant of the endpoint.
fn folder(keys: &Keys, variant: &str) -> String {
    format!("{}{}/{variant}/", keys.captured(), keys.model())
}

/// What the keys of requests captured at this moment begin with.
pub(crate) fn prefix_at(keys: &Keys, variant: &str, at: Timestamp) -> String {
    format!("{}{}", folder(keys, variant), at.strftime("%Y/%m/%d/%H/%M-%S"))
}

/// The keys of what was captured of a variant behind the key `last`, and not after `until`.
pub(crate) async fn keys_between(
    edge: &Edge<impl Store, impl Objects>,
    keys: &Keys,
    variant: &str,
    last: &str,
    until: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let until = prefix_at(keys, variant, until);
    let mut found = edge.store.keys_after(&folder(keys, variant), last, MOST_OBJECTS).await?;
    // A file is named by its second, and by more behind it.
    found.retain(|key| *key < until || key.starts_with(&until));
    Ok(found)
}
