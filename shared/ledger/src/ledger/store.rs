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
//! use pawl_ledger::ledger::{Condition, Memory, Store, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store = Memory::default();
//! let etag = store.put("count.json", b"1".to_vec(), Condition::IfAbsent).await?;
//! store.put("count.json", b"2".to_vec(), Condition::IfMatch(etag.clone())).await?;
//! let late = store.put("count.json", b"7".to_vec(), Condition::IfMatch(etag)).await;
//! assert!(matches!(late, Err(StoreError::Conflict { .. })), "another writer was first");
//! # Ok(())
//! # }
//! ```

use std::future::Future;

use pawl_base::fault::Fault;

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
