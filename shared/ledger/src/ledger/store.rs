//! The one small trait behind which everything that must be remembered lies.
//!
//! # Guarantees an implementation gives
//! - A `get` or `list` after a successful `put` sees it (S3 is strongly consistent).
//! - `Condition::IfAbsent` and `Condition::IfMatch` are atomic: of several writers one succeeds, the others
//!   get [`StoreError::Conflict`]. Source: S3 conditional writes,
//!   <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.
//! - A write that fails with [`StoreError::Unavailable`] may or may not have happened: read again before
//!   acting on it.
//!
//! ```
//! use pawl_ledger::ledger::{Condition, Memory, StoreError, read, update, write};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store = Memory::default();
//! let etag = write(&store, "count.json", &1, Condition::IfAbsent).await?;
//! update(&store, "count.json", |count: &mut u32| *count += 1).await?;
//! let late = write(&store, "count.json", &7, Condition::IfMatch(etag)).await;
//! assert!(matches!(late, Err(StoreError::Conflict { .. })), "another writer was first");
//! assert_eq!(read::<u32>(&store, "count.json").await?.map(|(count, _)| count), Some(2));
//! # Ok(())
//! # }
//! ```

use std::future::Future;

use pawl_base::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of a stored document, as the store names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(pub String);

/// A document and the version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The bytes as written.
    pub body: Vec<u8>,
    /// Their version, for [`Condition::IfMatch`].
    pub etag: ETag,
}

/// A document that a listing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its version.
    pub etag: ETag,
}

/// When a write may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Whatever stands there.
    Always,
    /// Only where nothing stands.
    IfAbsent,
    /// Only where this version stands.
    IfMatch(ETag),
}

impl Condition {
    /// The condition that holds while nobody else has written since `read`.
    pub fn unchanged_since(read: Option<ETag>) -> Self {
        read.map_or(Self::IfAbsent, Self::IfMatch)
    }
}

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The condition of a write did not hold.
    #[error("{key}: another writer was first")]
    Conflict {
        /// The document's key.
        key: String,
    },
    /// The store did not answer, or not in time. Trying again may help.
    #[error("{key}: the store is unavailable: {reason}")]
    Unavailable {
        /// The document's key.
        key: String,
        /// What the store said.
        reason: String,
    },
    /// The store refused. Trying again does not help.
    #[error("{key}: the store refused: {reason}")]
    Refused {
        /// The document's key.
        key: String,
        /// What the store said, for example that access is denied.
        reason: String,
    },
    /// The document is not what this version of Pawl writes.
    #[error("{key}: not a readable document: {reason}")]
    Unreadable {
        /// The document's key.
        key: String,
        /// Field, line and what was expected.
        reason: String,
    },
}

/// How many bytes [`Store::get_head`] reads at most.
pub const HEAD: usize = 64 << 10;

/// Documents by key, with conditional writes.
pub trait Store: Sync {
    /// The document, or `None` where nothing stands.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Stored>, StoreError>> + Send;
    /// The first 64 KiB of an object, or `None` where nothing stands.
    fn get_head(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        async move {
            Ok(self.get(key).await?.map(|mut stored| {
                stored.body.truncate(HEAD);
                stored.body
            }))
        }
    }
    /// Writes the document if the condition holds, and names the new version.
    fn put(
        &self,
        key: &str,
        body: Vec<u8>,
        when: Condition,
    ) -> impl Future<Output = Result<ETag, StoreError>> + Send;
    /// All documents whose keys begin with the prefix, in lexical order.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send;
    /// At most `most` keys that begin with the prefix and come after `after`, in lexical order. An empty
    /// `after` is the beginning.
    #[allow(async_fn_in_trait, reason = "only functions ask this, each on one thread: no caller needs Send")]
    async fn keys_after(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<String>, StoreError> {
        let listed = self.list(prefix).await?;
        let behind = listed.into_iter().map(|found| found.key).filter(|key| key.as_str() > after);
        Ok(behind.take(most).collect())
    }
    /// Removes the document; removing what is not there succeeds.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The document at `key` as a value, with its version.
pub async fn read<T: DeserializeOwned>(
    store: &impl Store,
    key: &str,
) -> Result<Option<(T, ETag)>, StoreError> {
    let Some(stored) = store.get(key).await? else { return Ok(None) };
    let value = serde_json::from_slice(&stored.body)
        .map_err(|e| StoreError::Unreadable { key: key.to_owned(), reason: e.to_string() })?;
    Ok(Some((value, stored.etag)))
}

/// Writes a value as JSON.
pub async fn write(
    store: &impl Store,
    key: &str,
    value: &impl Serialize,
    when: Condition,
) -> Result<ETag, StoreError> {
    let body = serde_json::to_vec_pretty(value)
        .map_err(|e| StoreError::Unreadable { key: key.to_owned(), reason: e.to_string() })?;
    store.put(key, body, when).await
}

/// Writes a value where nothing stands yet; says whether this call wrote it.
pub async fn write_once(store: &impl Store, key: &str, value: &impl Serialize) -> Result<Wrote, StoreError> {
    match write(store, key, value, Condition::IfAbsent).await {
        Ok(_) => Ok(Wrote::Now),
        Err(StoreError::Conflict { .. }) => Ok(Wrote::Before),
        Err(e) => Err(e),
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Conflict { .. } => Fault::Conflict(text),
            StoreError::Unavailable { .. } => Fault::Unavailable(text),
            StoreError::Refused { .. } => Fault::Refused(text),
            StoreError::Unreadable { .. } => Fault::BadInput(text),
        }
    }
}

/// The key of an `s3://` address in this bucket; `None` where it lies elsewhere.
pub fn key_in<'a>(bucket: &str, address: &'a str) -> Option<&'a str> {
    address.strip_prefix("s3://")?.strip_prefix(bucket)?.strip_prefix('/')
}

/// Whether the object at an `s3://` address in the store's bucket is gone. Other buckets are not searched.
pub async fn is_gone(store: &impl Store, bucket: &str, address: &str) -> Result<bool, StoreError> {
    match key_in(bucket, address) {
        Some(key) => Ok(store.list(key).await?.is_empty()),
        None => Ok(false),
    }
}

/// Whether a document that is written once was written by this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    /// By this call.
    Now,
    /// By an earlier one.
    Before,
}

/// How often a compare-and-swap is tried before the caller hears of the conflict.
const ATTEMPTS: usize = 16;

/// Reads a document (or its default), lets `change` alter it, and writes it back unless somebody else wrote
/// meanwhile; then again, at most 16 times. `change` returns what the caller wants to know; when it leaves
/// the document as it was, nothing is written.
pub async fn update<T, R, S>(
    store: &S,
    key: &str,
    mut change: impl FnMut(&mut T) -> R,
) -> Result<(T, R), StoreError>
where
    T: Default + Clone + PartialEq + Serialize + DeserializeOwned,
    S: Store,
{
    for _ in 0..ATTEMPTS {
        let (before, etag) = match read::<T>(store, key).await? {
            Some((value, etag)) => (value, Some(etag)),
            None => (T::default(), None),
        };
        let mut after = before.clone();
        let result = change(&mut after);
        if after == before {
            return Ok((after, result));
        }
        match write(store, key, &after, Condition::unchanged_since(etag)).await {
            Ok(_) => return Ok((after, result)),
            Err(StoreError::Conflict { .. }) => {}
            Err(e) => return Err(e),
        }
    }
    Err(StoreError::Conflict { key: key.to_owned() })
}
