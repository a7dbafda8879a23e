//! The caller of the driver.

use pawl_base::duration::Duration;

/// One call of a function, which may hold the lease on a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A name that no other call has, for example its request id.
    pub id: String,
    /// How long the lease lasts. Not less than the function's time limit, or two calls could act at once.
    pub lease: Duration,
}
