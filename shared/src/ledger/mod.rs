//! What must be remembered, in S3 under conditional writes.

pub mod memory;
pub mod store;

pub use memory::Memory;
pub use store::{Condition, ETag, Store, StoreError, Stored, Wrote, read, update, write, write_once};
