//! Everything outside of this function.

use std::ops::ControlFlow;

use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::ledger::Store;

/// Everything outside: the ledger with its evidence, and the objects that are streamed.
pub(crate) struct Edge<S: Store, O: Objects> {
    pub(crate) store: S,
    /// The name of the bucket that the store lies in.
    pub(crate) bucket: String,
    pub(crate) objects: O,
}

impl<S: Store, O: Objects> Edge<S, O> {
    /// Hands all lines of an object of the evidence bucket to `take`, in pieces that end with a line or
    /// with the object.
    pub(crate) async fn lines(&self, key: &str, mut take: impl FnMut(&[u8])) -> Result<(), Fault> {
        let take_all = |lines: &[u8]| {
            take(lines);
            ControlFlow::Continue(())
        };
        self.objects.lines(&self.bucket, key, take_all).await
    }
}
