//! The content of a store as it lies there, to be compared.

use std::collections::BTreeMap;

use pawl_base::fault::Fault;
use pawl_ledger::documents::Document;
use pawl_ledger::ledger::{Condition, Store, StoreError};
use serde_json::Value;

/// A document of any type, as JSON.
const ANY: Document<Value, ()> = Document::foreign(());

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

/// The JSON that stands at a key.
pub async fn json_at(store: &impl Store, key: &str) -> Result<Value, Fault> {
    ANY.at(key).require(store).await
}

/// Puts JSON at a key, without a version, as the first release did.
pub async fn put_json(store: &impl Store, key: &str, document: &Value) -> Result<(), Fault> {
    ANY.at(key).write(store, document, Condition::Always).await?;
    Ok(())
}
