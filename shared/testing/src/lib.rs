//! For tests only: the edges of functions in memory, and what every implementation of the store must do.
//!
//! The store in memory is [`pawl_ledger::ledger::Memory`]; what functions ask beside it is here as values
//! that record.

mod clock;
pub mod conformance;
mod documents;
mod executions;
mod notices;
mod objects;
mod template;

pub use clock::{SimulatedClock, Sleep, SlowStore};
pub use documents::{documents, json_at, put_json};
pub use executions::RecordedExecutions;
pub use notices::RecordedNotices;
pub use objects::{MemoryBody, MemoryObjects, MemoryUpload};
pub use template::time_limit;
