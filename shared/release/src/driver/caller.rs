//! The caller of the driver, and the clock.

use jiff::Timestamp;

use pawl_base::duration::Duration;

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

/// One call of a function, which may hold the lease on a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A name that no other call has, for example its request id.
    pub id: String,
    /// How long the lease lasts. Not less than the function's time limit, or two calls could act at once.
    pub lease: Duration,
}
