//! The whole content of a store, to be compared.

use std::collections::BTreeMap;

use pawl_ledger::ledger::{Store, StoreError};

/// All documents of a store by key: what two runs of one step must leave alike.
pub async fn documents(store: &impl Store) -> Result<BTreeMap<String, String>, StoreError> {
    let mut all = BTreeMap::new();
    for found in store.list("").await? {
        if let Some(stored) = store.get(&found.key).await? {
            all.insert(found.key, String::from_utf8_lossy(&stored.body).into_owned());
        }
    }
    Ok(all)
}
