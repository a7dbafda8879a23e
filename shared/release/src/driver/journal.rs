//! Reading and writing the record, so that no decision is lost on the way to the history.

use super::store::ReleaseStore;
use crate::record::Release;
use pawl_ledger::ledger::{Condition, ETag, Keys, StoreError};

/// The record of one release, and its history.
#[derive(Debug)]
pub(super) struct Journal<'a, S> {
    pub(super) store: &'a S,
    pub(super) keys: Keys,
}

/// The record as this call last read or wrote it.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) release: Release,
    etag: Option<ETag>,
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saved {
    /// The record was written.
    Done,
    /// Another call wrote first; its record was loaded.
    Outrun,
}

impl<S: ReleaseStore> Journal<'_, S> {
    /// The endpoint is named like the model.
    pub(super) fn endpoint(&self) -> &str {
        self.keys.model().as_str()
    }

    /// The record; a new one where none was written yet.
    pub(super) async fn load(&self) -> Result<Release, StoreError> {
        let found = self.store.load(&self.keys).await?;
        Ok(found.map_or_else(|| Release::new(self.endpoint()), |(release, _)| release))
    }

    /// Reads the record, and appends what a call that died left in its outbox.
    pub(super) async fn open(&self) -> Result<Loaded, StoreError> {
        let loaded = match self.store.load(&self.keys).await? {
            Some((release, etag)) => Loaded { release, etag: Some(etag) },
            None => Loaded { release: Release::new(self.endpoint()), etag: None },
        };
        self.flush(&loaded.release).await?;
        Ok(loaded)
    }

    /// Writes the record if no other call did, else reads it anew.
    pub(super) async fn save(&self, loaded: &mut Loaded, next: Release) -> Result<Saved, StoreError> {
        let when = Condition::unchanged_since(loaded.etag.take());
        match self.store.save(&self.keys, &next, when).await {
            Ok(etag) => {
                *loaded = Loaded { release: next, etag: Some(etag) };
                self.flush(&loaded.release).await?;
                Ok(Saved::Done)
            }
            Err(StoreError::Conflict { .. }) => {
                *loaded = self.open().await?;
                Ok(Saved::Outrun)
            }
            Err(error) => Err(error),
        }
    }

    /// Appends the record's outbox to the history. Doing it twice changes nothing.
    async fn flush(&self, release: &Release) -> Result<(), StoreError> {
        for audit in &release.outbox {
            self.store.append(&self.keys, audit).await?;
        }
        Ok(())
    }
}
