//! Tolerant decoding of every event that starts or steers a run.
//!
//! [`decode`] takes the bytes that a function was called with, whatever shape they have: an S3 notification, an
//! EventBridge event, a CloudWatch alarm action, an SNS or SQS envelope around any of these, or a person's request. It
//! reads the fields it needs and ignores the others, so a new field never breaks it. What it cannot read is a
//! [`DecodeError`] with the field and the reason; the caller keeps the payload and notifies, so nothing vanishes.
//!
//! ```
//! use pawl_ledger::events::{Signal, decode};
//!
//! let payload = br#"{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
//!     "eventTime": "2026-11-20T08:00:00.000Z", "s3": {"bucket": {"name": "data"},
//!     "object": {"key": "bike/2026+05%2Cnew.csv", "size": 10, "eTag": "e", "sequencer": "0055AED6"}}}]}"#;
//! let decoded = decode(payload)?;
//! let [Signal::Object(object)] = decoded.signals.as_slice() else { panic!() };
//! assert_eq!(object.key, "bike/2026 05,new.csv");
//! assert_eq!(decoded.signals[0].dedupe_key().as_str(), "s3:data/bike/2026 05,new.csv@0055AED6");
//! # Ok::<(), pawl_ledger::events::DecodeError>(())
//! ```

mod alarm;
mod envelope;
mod error;
mod json;
mod object;
mod request;
mod sagemaker;
mod signal;
mod workflow;

pub use alarm::{AlarmChange, AlarmShape, AlarmState, Datapoints, Suppression};
pub use envelope::{Decoded, decode};
pub use error::DecodeError;
pub use object::{ObjectChange, ObjectEvent};
pub use request::{Operator, PersonRequest, Verb};
pub use sagemaker::{Approval, EndpointChange, EndpointStatus, JobChange, JobKind, PackageChange};
pub use signal::{DedupeKey, Signal};
pub use workflow::{CodePush, ExecutionChange, ScheduleTick};

#[cfg(test)]
mod tests;
