//! Tolerant decoding of every event that starts or steers a run.
//!
//! [`decode`] takes the document that a function was called with, whatever shape it has: an S3 notification,
//! an EventBridge event, a CloudWatch alarm action, an SNS or SQS envelope around any of these, or a person's
//! request. The envelopes are AWS's own types (`aws_lambda_events`); where AWS's events are looser than
//! these, our reading stands above them and a comment says so. Fields that nobody needs are ignored, so a new
//! field never breaks it. What cannot be read is a [`DecodeError`] with the field and the reason; the caller
//! keeps the payload and notifies people, so nothing vanishes.
//!
//! ```
//! use pawl_ledger::events::{Signal, decode};
//!
//! let object = serde_json::json!(
//!     {"key": "bike/2026+05%2Cnew.csv", "size": 10, "eTag": "e", "sequencer": "0055AED6"});
//! let payload = serde_json::json!({"Records": [{
//!     "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-11-20T08:00:00.000Z",
//!     "userIdentity": {"principalId": "AIDA"}, "requestParameters": {"sourceIPAddress": "192.0.2.1"},
//!     "s3": {"bucket": {"name": "data"}, "object": object}}]});
//! let signals = decode(&payload)?;
//! let [Signal::Object(object)] = signals.as_slice() else { panic!() };
//! assert_eq!(object.key, "bike/2026 05,new.csv");
//! assert_eq!(signals[0].dedupe_key().as_str(), "s3:data/bike/2026 05,new.csv@0055AED6");
//! # Ok::<(), pawl_ledger::events::DecodeError>(())
//! ```

mod alarm;
mod dimensions;
mod envelope;
mod error;
mod event_bridge;
mod json;
mod object;
mod request;
mod sagemaker;
mod signal;
mod workflow;

pub use alarm::{AlarmChange, AlarmShape, AlarmState, Datapoints, Suppression};
pub use envelope::decode;
pub use error::DecodeError;
pub use object::{ObjectChange, ObjectEvent};
pub use request::{Operator, PersonRequest, Verb};
pub use sagemaker::{EndpointChange, EndpointStatus, JobChange, JobKind, PackageApproval, PackageChange};
pub use signal::{DedupeKey, Signal};
pub use workflow::{CodePush, ExecutionChange, ScheduleTick};

#[cfg(test)]
mod tests;
