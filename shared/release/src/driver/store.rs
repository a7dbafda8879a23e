//! The record and its history, as values: what the driver needs of a store.

use std::future::Future;

use crate::documents::{RELEASE, RELEASE_ENTRY};
use crate::{Audit, Release};
use pawl_ledger::ledger::{Condition, ETag, Keys, Store, StoreError, Wrote};

/// Where the record and its history lie. Every [`Store`] is one.
pub trait ReleaseStore: Sync {
    /// The record and its version; `None` where none was written yet.
    fn load(&self, keys: &Keys) -> impl Future<Output = Result<Option<(Release, ETag)>, StoreError>> + Send;
    /// Writes the record if the condition holds.
    fn save(
        &self,
        keys: &Keys,
        release: &Release,
        when: Condition,
    ) -> impl Future<Output = Result<ETag, StoreError>> + Send;
    /// Appends to the history. An entry that is there already is left as it is.
    fn append(&self, keys: &Keys, audit: &Audit) -> impl Future<Output = Result<Wrote, StoreError>> + Send;
}

impl<S: Store + Sync> ReleaseStore for S {
    async fn load(&self, keys: &Keys) -> Result<Option<(Release, ETag)>, StoreError> {
        RELEASE.of(keys).read_tagged(self).await
    }

    async fn save(&self, keys: &Keys, release: &Release, when: Condition) -> Result<ETag, StoreError> {
        RELEASE.of(keys).write(self, release, when).await
    }

    async fn append(&self, keys: &Keys, audit: &Audit) -> Result<Wrote, StoreError> {
        RELEASE_ENTRY.of(keys, &audit.sequence).write_once(self, audit).await
    }
}
