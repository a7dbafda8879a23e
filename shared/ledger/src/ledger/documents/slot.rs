//! One document at its key: read and written as a value.

use pawl_base::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::schema::{self, Version};
use crate::ledger::store::{Condition, ETag, Store, StoreError, Wrote};

/// One document at its key.
#[derive(Debug)]
pub struct Slot<T> {
    pub(super) key: String,
    pub(super) version: Version,
    pub(super) encode: schema::Encode<T>,
}

/// How often a compare-and-swap is tried before the caller hears of the conflict.
const ATTEMPTS: usize = 16;

impl<T> Slot<T> {
    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its key, for whoever keeps it.
    pub fn into_key(self) -> String {
        self.key
    }

    fn unreadable(&self, reason: String) -> StoreError {
        StoreError::Unreadable { key: self.key.clone(), reason }
    }
}

impl<T: DeserializeOwned> Slot<T> {
    /// The document; `None` where none stands.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] where it is not of its type, or of a newer version than this program knows.
    pub async fn read(&self, store: &impl Store) -> Result<Option<T>, StoreError> {
        Ok(self.read_tagged(store).await?.map(|(value, _)| value))
    }

    /// The fields of `V` alone, of a document that may be long. They have the names that they have in `T`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_part<V: DeserializeOwned>(&self, store: &impl Store) -> Result<Option<V>, StoreError> {
        let Some(stored) = store.get(&self.key).await? else { return Ok(None) };
        schema::decode(&stored.body, self.version).map(Some).map_err(|reason| self.unreadable(reason))
    }

    /// The document with its entity tag, for a write on the condition that nobody else wrote meanwhile.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_tagged(&self, store: &impl Store) -> Result<Option<(T, ETag)>, StoreError> {
        let Some(stored) = store.get(&self.key).await? else { return Ok(None) };
        Ok(Some((self.decode(&stored.body)?, stored.etag)))
    }

    /// The document, which an earlier step must have left.
    ///
    /// # Errors
    /// [`Fault::NotFound`] where none stands; else as [`Self::read`].
    pub async fn require(&self, store: &impl Store) -> Result<T, Fault> {
        self.read(store).await?.ok_or_else(|| Fault::NotFound(self.key.clone()))
    }

    /// The document in these bytes, which stood at its key.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn decode(&self, body: &[u8]) -> Result<T, StoreError> {
        schema::decode(body, self.version).map_err(|reason| self.unreadable(reason))
    }
}

impl<T: Default + DeserializeOwned> Slot<T> {
    /// The document, or its default where none stands.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_or_default(&self, store: &impl Store) -> Result<T, StoreError> {
        Ok(self.read(store).await?.unwrap_or_default())
    }
}

impl<T: Serialize> Slot<T> {
    /// Writes the document with the version of its schema, if the condition holds.
    pub async fn write(&self, store: &impl Store, value: &T, when: Condition) -> Result<ETag, StoreError> {
        let body = (self.encode)(value, self.version).map_err(|e| self.unreadable(e.to_string()))?;
        store.put(&self.key, body, when).await
    }

    /// Writes the document where none stands yet; says whether this call wrote it.
    pub async fn write_once(&self, store: &impl Store, value: &T) -> Result<Wrote, StoreError> {
        match self.write(store, value, Condition::IfAbsent).await {
            Ok(_) => Ok(Wrote::Now),
            Err(StoreError::Conflict { .. }) => Ok(Wrote::Before),
            Err(e) => Err(e),
        }
    }
}

impl<T: Default + Clone + PartialEq + Serialize + DeserializeOwned> Slot<T> {
    /// Reads the document (or its default), lets `change` alter it, and writes it back unless somebody else
    /// wrote meanwhile; then again, at most 16 times. `change` returns what the caller wants to know; when it
    /// leaves the document as it was, nothing is written.
    pub async fn update<R>(
        &self,
        store: &impl Store,
        mut change: impl FnMut(&mut T) -> R,
    ) -> Result<(T, R), StoreError> {
        for _ in 0..ATTEMPTS {
            let (before, etag) = match self.read_tagged(store).await? {
                Some((value, etag)) => (value, Some(etag)),
                None => (T::default(), None),
            };
            let mut after = before.clone();
            let result = change(&mut after);
            if after == before {
                return Ok((after, result));
            }
            match self.write(store, &after, Condition::unchanged_since(etag)).await {
                Ok(_) => return Ok((after, result)),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict { key: self.key.clone() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use pawl_base::names::ModelName;

    use crate::documents::TRAINING;
    use crate::ledger::{Keys, Memory};

    use super::*;

    #[tokio::test]
    async fn compare_and_swap_loses_no_change() {
        let store = Memory::default();
        let training = TRAINING.of(&Keys::new(&ModelName::try_from("m".to_owned()).unwrap()));
        for _ in 0..10 {
            training.update(&store, |it| it.rejected_in_a_row += 1).await.unwrap();
        }
        let (counted, unchanged) = training.update(&store, |it| it.rejected_in_a_row).await.unwrap();
        assert_eq!((counted.rejected_in_a_row, unchanged), (10, 10));
        let stale = training.write(&store, &counted, Condition::IfMatch(ETag("1".into()))).await;
        assert_eq!(stale, Err(StoreError::Conflict { key: training.into_key() }));
    }

    #[tokio::test]
    async fn a_document_of_a_newer_version_is_neither_read_nor_replaced() {
        let store = Memory::default();
        let training = TRAINING.of(&Keys::new(&ModelName::try_from("m".to_owned()).unwrap()));
        let newer = br#"{ "schema_version": 2 }"#.to_vec();
        store.put(training.key(), newer.clone(), Condition::Always).await.unwrap();
        let refused = |result| matches!(result, Err(StoreError::Unreadable { .. }));
        assert!(refused(training.read(&store).await.map(drop)));
        assert!(refused(training.update(&store, |it| it.reset()).await.map(drop)));
        assert_eq!(store.get(training.key()).await.unwrap().unwrap().body, newer);
        assert!(matches!(training.require(&store).await, Err(Fault::BadInput(_))));
    }
}
