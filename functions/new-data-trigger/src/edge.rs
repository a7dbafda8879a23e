//! Everything outside of this function.

use pawl::edge::{Clock, Executions, Notices, Objects};
use pawl::ledger::Store;
use pawl::pipeline::catalog::Catalog;

/// What the edge is made of: AWS in `main.rs`, values in memory in the tests.
pub(crate) trait Services {
    /// The ledger.
    type Store: Store;
    /// The data.
    type Objects: Objects;
    /// The retraining state machine.
    type Executions: Executions;
    /// The people to notify.
    type Notices: Notices;
    /// The time.
    type Clock: Clock;
}

/// Everything outside: the ledger, the data, the state machine, the topic.
pub(crate) struct Edge<T: Services> {
    pub(crate) store: T::Store,
    /// The name of the bucket that the store lies in.
    pub(crate) bucket: String,
    pub(crate) catalog: Catalog,
    pub(crate) objects: T::Objects,
    pub(crate) executions: T::Executions,
    pub(crate) notices: T::Notices,
    pub(crate) clock: T::Clock,
}
