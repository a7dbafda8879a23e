//! Why the driver could not handle an event.

use pawl_base::fault::Fault;
use pawl_ledger::ledger::StoreError;

use super::effects::ReadError;

/// Why an event was not handled. Calling again with the same event is safe: it continues where this call
/// ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The record or the history could not be read or written.
    #[error("release record: {0}")]
    Store(#[from] StoreError),
    /// Something that the event needs could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Other callers kept writing the record.
    #[error("release record of {endpoint}: written by others {tries} times in a row; try again")]
    Contended {
        /// The endpoint.
        endpoint: String,
        /// How often this call tried.
        tries: usize,
    },
}

/// What the error means for the step of the state machine that called: everything but a refusing store passes
/// with time.
impl From<DriverError> for Fault {
    fn from(error: DriverError) -> Self {
        match error {
            DriverError::Store(error) => error.into(),
            DriverError::Read(error) => Self::Unavailable(error.to_string()),
            DriverError::Contended { .. } => Self::Conflict(error.to_string()),
        }
    }
}
