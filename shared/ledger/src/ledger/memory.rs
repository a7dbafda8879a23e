//! The store of the tests and the simulation: a map with versions.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::store::{Condition, ETag, Listed, Store, StoreError, Stored};

/// Documents in memory, with the same guarantees as S3.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    documents: BTreeMap<String, Stored>,
    writes: u64,
}

impl Memory {
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Memory {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        Ok(self.with(|inner| inner.documents.get(key).cloned()))
    }

    async fn put(&self, key: &str, body: Vec<u8>, when: Condition) -> Result<ETag, StoreError> {
        self.with(|inner| {
            let found = inner.documents.get(key).map(|stored| &stored.etag);
            let holds = match &when {
                Condition::Always => true,
                Condition::IfAbsent => found.is_none(),
                Condition::IfMatch(etag) => found == Some(etag),
            };
            if !holds {
                return Err(StoreError::Conflict { key: key.to_owned() });
            }
            inner.writes += 1;
            let etag = ETag(inner.writes.to_string());
            inner.documents.insert(key.to_owned(), Stored { body, etag: etag.clone() });
            Ok(etag)
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        Ok(self.with(|inner| {
            let after = inner.documents.range(prefix.to_owned()..);
            let under = after.take_while(|(key, _)| key.starts_with(prefix));
            under.map(|(key, stored)| Listed { key: key.clone(), etag: stored.etag.clone() }).collect()
        }))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.with(|inner| inner.documents.remove(key));
        Ok(())
    }
}
