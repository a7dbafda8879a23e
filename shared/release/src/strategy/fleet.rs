//! The fleet that an update moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of endpoint serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// Instances that answer at once.
    #[default]
    RealTime,
    /// Instances that answer into S3.
    Asynchronous,
    /// No instances of one's own.
    Serverless,
}

impl std::fmt::Display for EndpointKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RealTime => "real_time",
            Self::Asynchronous => "asynchronous",
            Self::Serverless => "serverless",
        })
    }
}

/// What rules the number of instances after an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceCount {
    /// What the old fleet has grown to: autoscaling rules it, or nobody knows.
    #[default]
    Kept,
    /// What the new config says: `serve.instance_count`.
    Configured,
}

/// The fleet that a strategy is to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// What kind.
    pub kind: EndpointKind,
    /// How many instances; none for serverless.
    pub instances: u32,
    /// How many production variants.
    pub variants: u32,
}
