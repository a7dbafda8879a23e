//! Everything outside of this function.

use pawl::edge::Objects;
use pawl::ledger::Store;

/// Data that a thread of its own may read and write, since readers of files wait for each piece.
pub(crate) trait Data: Objects<Body: Send, Upload: Send> + Send + Sync + 'static {}

impl<O: Objects<Body: Send, Upload: Send> + Send + Sync + 'static> Data for O {}

/// Everything outside: the ledger and the data.
pub(crate) struct Edge<S: Store, D: Data> {
    pub(crate) store: S,
    /// The name of the bucket that the store lies in.
    pub(crate) bucket: String,
    pub(crate) objects: D,
}
