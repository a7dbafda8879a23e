//! What functions ask of the outside beside the [`Store`](crate::ledger::Store): data objects that are read
//! and written in pieces, executions of the retraining state machine, notices to people.
//!
//! Each trait is as narrow as its callers. `pawl-aws` implements them over the AWS SDK, `pawl-testing` in
//! memory.
//!
//! ```
//! use pawl_base::fault::Fault;
//! use pawl_ledger::edge::Notices;
//! use pawl_ledger::notice::Notice;
//!
//! /// A topic that nobody reads.
//! struct Silence;
//!
//! impl Notices for Silence {
//!     async fn notify(&self, _notice: &Notice) -> Result<(), Fault> {
//!         Ok(())
//!     }
//! }
//! ```

#![allow(async_fn_in_trait, reason = "a function handles one request on one thread: no caller needs Send")]

use std::ops::ControlFlow;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use jiff::Timestamp;
use pawl_base::fault::Fault;
use pawl_base::names::RegionName;

use crate::ledger::Object;
pub use crate::ledger::dataset::Place;
use crate::notice::Notice;

/// The most objects that one pipeline's prefix may hold.
const MOST_OBJECTS: usize = 100_000;

/// The longest line that is held in memory, in bytes.
const LONGEST_LINE: usize = 1 << 20;

/// Data objects in any bucket of one region.
pub trait Objects: Clone {
    /// What an object is read through.
    type Body: Body;
    /// What an object is written through.
    type Upload: Upload;

    /// The objects of another region's buckets.
    fn in_region(&self, region: &RegionName) -> Self;

    /// One page of [`Self::list`], at most 1,000 versions behind a place, and the place to go on from; `None`
    /// at the end.
    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<Place>,
    ) -> Result<(Vec<Object>, Option<Place>), Fault>;

    /// Opens exactly this version at the byte `from`, up to and without `to`.
    ///
    /// # Errors
    /// [`Fault::NotFound`] where the version is gone, [`Fault::Conflict`] where an object without versions
    /// was replaced.
    async fn open(&self, object: &Object, from: u64, to: u64) -> Result<Self::Body, Fault>;

    /// Opens an object that Pawl or SageMaker wrote.
    ///
    /// # Errors
    /// [`Fault::NotFound`] where nothing stands at the key.
    async fn open_key(&self, bucket: &str, key: &str) -> Result<Self::Body, Fault>;

    /// Begins to write an object. Nothing stands at the key until [`Upload::finish`].
    fn upload(&self, bucket: &str, key: &str) -> Self::Upload;

    /// The current version of every object under the prefix, in lexical order. Folder markers (empty, with a
    /// key that ends in `/`) are no objects.
    ///
    /// # Errors
    /// [`Fault::BadInput`] for more than 100,000 objects, and whatever [`Self::page`] says.
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, Fault> {
        let (mut objects, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.page(bucket, prefix, after).await?;
            objects.extend(page);
            if objects.len() > MOST_OBJECTS {
                return Err(Fault::BadInput(format!(
                    "list s3://{bucket}/{prefix}: more than {MOST_OBJECTS} objects; \
                     give the pipeline a narrower data.prefix"
                )));
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// Hands the lines of an object that Pawl or SageMaker wrote to `take`, in pieces that end with a line or
    /// with the object, until `take` has enough.
    ///
    /// # Errors
    /// [`Fault::BadInput`] for a line of more than 1 MiB, and whatever [`Self::open_key`] and [`Body::next`]
    /// say.
    async fn lines(
        &self,
        bucket: &str,
        key: &str,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        self.open_key(bucket, key).await?.lines(key, &mut take).await.map(drop)
    }
}

/// The bytes of an object as they come.
pub trait Body {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], with the object's address, where the connection broke.
    async fn next(&mut self) -> Result<Option<Bytes>, Fault>;

    /// Hands the lines to `take`, as [`Objects::lines`] does, and says whether it wants more.
    ///
    /// # Errors
    /// As [`Objects::lines`].
    async fn lines(
        &mut self,
        key: &str,
        take: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Fault> {
        let mut carry = Vec::new();
        while let Some(piece) = self.next().await? {
            carry.extend_from_slice(&piece);
            if let Some(end) = carry.iter().rposition(|byte| *byte == b'\n') {
                if take(carry.get(..=end).unwrap_or_default()).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                carry.drain(..=end);
            }
            if carry.len() > LONGEST_LINE {
                return Err(Fault::BadInput(format!(
                    "{key}: a line of more than {LONGEST_LINE} bytes: split it"
                )));
            }
        }
        Ok(take(&carry))
    }
}

/// An object being written: small ones in one request, large ones in parts. Holds at most one part in memory.
pub trait Upload {
    /// Where to append. Once the upload is [full](Self::is_full), [send](Self::send_part) what has gathered.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// Whether what has gathered makes a part, to be sent.
    fn is_full(&self) -> bool;

    /// Sends what has gathered as a part. Call it when the upload is full: S3 refuses small parts but for the
    /// last.
    async fn send_part(&mut self) -> Result<(), Fault>;

    /// Puts the object in place, replacing what stood there.
    async fn finish(self) -> Result<(), Fault>;
}

/// How many objects are opened before they are read. Each holds a connection, no more.
const AHEAD: usize = 16;

/// Objects that are being opened, each with its key.
type Opening<'a, B> = dyn Stream<Item = Result<(String, B), Fault>> + 'a;

/// Many objects that Pawl or SageMaker wrote, opened ahead of being read one after another.
pub struct Ahead<'a, B> {
    opened: Pin<Box<Opening<'a, B>>>,
}

impl<'a, B: 'a> Ahead<'a, B> {
    /// The objects at these keys, in this order.
    pub fn new<O: Objects<Body = B>>(
        objects: &'a O,
        bucket: &'a str,
        keys: impl IntoIterator<Item = String, IntoIter: 'a>,
    ) -> Self {
        let open = move |key: String| async move {
            let body = objects.open_key(bucket, &key).await?;
            Ok((key, body))
        };
        Self { opened: Box::pin(stream::iter(keys).map(open).buffered(AHEAD)) }
    }
}

impl<B> Ahead<'_, B> {
    /// The next object, with its key; `None` behind the last.
    ///
    /// # Errors
    /// What [`Objects::open_key`] says.
    pub async fn next(&mut self) -> Result<Option<(String, B)>, Fault> {
        self.opened.next().await.transpose()
    }
}

/// The clock. Every closure that returns a time is one, `Timestamp::now` included.
pub trait Clock: Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// What Step Functions knows of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionState {
    /// It runs.
    Running,
    /// It ended, or there is none of this name.
    Over,
}

/// What came of the wish to start an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStart {
    /// It runs: started now, or by a call before.
    Runs,
    /// An execution of this name is over, and the name stays taken for 90 days after it:
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>.
    NameTaken,
}

/// Whether a run took an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It goes on with it.
    Taken,
    /// It was answered before, timed out, or is over.
    NobodyWaits,
}

/// Executions of the retraining state machine.
pub trait Executions {
    /// Starts an execution. Starting one again that runs, with the same input, changes nothing.
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionStart, Fault>;

    /// Whether the execution of this name runs.
    async fn state(&self, name: &str) -> Result<ExecutionState, Fault>;

    /// Answers the execution that waits with this task token, with a JSON text.
    async fn answer(&self, token: &str, output: &str) -> Result<Delivery, Fault>;
}

/// Messages to the people who subscribed to the stack's topic.
pub trait Notices: Sync {
    /// Notifies people.
    fn notify(&self, notice: &Notice) -> impl Future<Output = Result<(), Fault>> + Send;
}
