//! What a decoded event says.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alarm::AlarmChange;
use super::object::ObjectChange;
use super::request::{Operator, PersonRequest};
use super::sagemaker::{EndpointChange, JobChange, PackageChange};
use super::workflow::{CodePush, ExecutionChange, ScheduleTick};
use pawl_base::names::ContentHash;

/// The same for every copy of one event, whatever way it came. Readable; [`DedupeKey::hash`] fits into a key
/// of S3.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupeKey(String);

impl DedupeKey {
    /// A key from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its digest.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(self.0.as_bytes())
    }
}

impl fmt::Display for DedupeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that happened. A payload may hold several.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// An object of a bucket was written or deleted.
    Object(ObjectChange),
    /// The clock of a schedule.
    Schedule(ScheduleTick),
    /// An alarm changed its state.
    Alarm(AlarmChange),
    /// An alarm was created, edited or deleted. `operation` says which.
    AlarmEdited {
        /// The alarm's ARN.
        arn: String,
        /// `create`, `update` or `delete`.
        operation: String,
        /// When.
        at: Timestamp,
    },
    /// An endpoint or its deployment changed: a hint to describe it, no more.
    Endpoint(EndpointChange),
    /// A model package changed, for example its approval.
    Package(PackageChange),
    /// A SageMaker job changed its state.
    Job(JobChange),
    /// A Step Functions execution or a SageMaker pipeline execution changed its state.
    Execution(ExecutionChange),
    /// Code, an image or a configuration was pushed.
    Code(CodePush),
    /// A person asks for a run.
    Request(PersonRequest),
    /// A person acts on a release.
    Operator(Operator),
}

impl Signal {
    /// The same for every copy of this event.
    pub fn dedupe_key(&self) -> DedupeKey {
        DedupeKey(match self {
            Self::Object(o) => {
                let version = o.version.as_deref().or(o.sequencer.as_deref()).or(o.etag.as_deref());
                format!("s3:{}/{}@{}", o.bucket, o.key, version.unwrap_or_default())
            }
            Self::Schedule(s) => format!("schedule:{}@{}", s.rule, s.at),
            Self::Alarm(a) => a.dedupe_key(),
            Self::AlarmEdited { arn, operation, at } => format!("alarm-edited:{arn}:{operation}@{at}"),
            // SageMaker sends the same change more than once, with one LastModifiedTime.
            Self::Endpoint(e) => format!("endpoint:{}:{:?}@{}", e.arn, e.status, e.at),
            Self::Package(p) => format!("package:{}:{:?}@{}", p.arn, p.approval, p.at),
            Self::Job(j) => format!("job:{}:{}", j.arn, j.status),
            Self::Execution(e) => format!("execution:{}:{}", e.arn, e.status),
            Self::Code(c) => format!("code:{}@{}", c.repository, c.revision),
            Self::Request(r) => r.key.clone(),
            Self::Operator(o) => o.key.clone(),
        })
    }

    /// The event's own time. A person's request may have none.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Object(o) => Some(o.at),
            Self::Schedule(s) => Some(s.at),
            Self::Alarm(a) => Some(a.at),
            Self::AlarmEdited { at, .. } => Some(*at),
            Self::Endpoint(e) => Some(e.at),
            Self::Package(p) => Some(p.at),
            Self::Job(j) => Some(j.at),
            Self::Execution(e) => Some(e.at),
            Self::Code(c) => Some(c.at),
            Self::Request(r) => r.at,
            Self::Operator(o) => o.at,
        }
    }
}
