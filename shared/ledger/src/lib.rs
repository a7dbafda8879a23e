//! What comes in and what must be remembered: [`events`] decoded from AWS, and the [`documents`] of the
//! [`ledger`] in S3 under conditional writes; and the [`notice`]s that people get.

pub mod edge;
pub mod events;
pub mod ledger;
pub mod notice;

pub use ledger::documents;
