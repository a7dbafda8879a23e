//! The loop around [`step`](crate::step): store, append, act, feed back.
//!
//! One call handles one event. It reads the record, steps, writes the record back under compare-and-swap (and
//! steps again where another call was faster), appends the audit to the history, and performs the pending
//! actions in order. The outcome of each action is an event of its own. Nothing is done before the intention
//! lies in the history. A call that dies leaves in the record what is still to do: the next call, whatever
//! its event, continues there.
//!
//! The driver owns what it acts with: [`Driver::new`] takes the store, the effects and the clock.

mod caller;
mod effects;
mod error;
mod handle;
mod journal;
mod rounds;
mod store;

pub use caller::Caller;
pub use effects::{Effects, ReadError};
pub use error::DriverError;
pub use handle::Driver;
pub use store::ReleaseStore;
