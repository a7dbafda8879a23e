//! Everything outside of this function.

use std::ops::ControlFlow;

use pawl::edge::{Ahead, Body, Objects};
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
    /// Hands all lines of objects of the evidence bucket to `take`, one object after another, in pieces that
    /// end with a line or with the object.
    pub(crate) async fn lines(
        &self,
        keys: impl IntoIterator<Item = String>,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), Fault> {
        let mut take_all = |lines: &[u8]| {
            take(lines);
            ControlFlow::Continue(())
        };
        let keys: Vec<String> = keys.into_iter().collect();
        let mut ahead = Ahead::new(&self.objects, &self.bucket, keys);
        while let Some((key, mut body)) = ahead.next().await? {
            let _ = body.lines(&key, &mut take_all).await?;
        }
        Ok(())
    }
}
