//! What comes in and what must be remembered: [`events`] decoded from AWS, and the [`documents`] of the
//! [`ledger`] in S3 under conditional writes.

pub mod edge;
pub mod events;
pub mod ledger;

pub use ledger::documents;
