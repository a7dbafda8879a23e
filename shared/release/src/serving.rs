//! The section `serve` of `pipeline.yaml`: what an endpoint runs on.
//!
//! ```
//! use pawl_release::serving::Serve;
//! use pawl_release::strategy::EndpointKind;
//!
//! let serve: Serve = serde_json::from_str(r#"{"kind": "serverless"}"#)?;
//! assert_eq!(serve.kind, EndpointKind::Serverless);
//! assert_eq!(serve.fleet().instances, 0);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::collections::BTreeMap;

use crate::strategy::{EndpointKind, Fleet, InstanceCount};
use pawl_base::duration::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The instance type where none is named.
pub const INSTANCE_TYPE: &str = "ml.m5.large";

/// What the endpoint runs on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Serve {
    /// What kind of endpoint. Default `real_time`.
    pub kind: EndpointKind,
    /// What a serverless endpoint gets.
    pub serverless: Serverless,
    /// The instance type. Default ml.m5.large.
    pub instance_type: String,
    /// How many instances. Default 2: a canary needs two.
    pub instance_count: u32,
    /// How the number of instances follows the traffic. Default: it does not.
    pub autoscaling: Option<Autoscaling>,
    /// Environment of the serving container.
    pub environment: BTreeMap<String, String>,
    /// The share of requests whose data is captured, in percent; 0 captures none. Default 100.
    pub capture_percent: u32,
    /// The instance type of batch scoring. Default ml.m5.large.
    pub scoring_instance_type: String,
    /// Subnets and security groups that scoring and serving run in. Default: those of the stack, if it has
    /// any.
    pub vpc: Option<Vpc>,
    /// The KMS key of volumes, scores, captured requests and answers. Default: that of the stack, if it has
    /// one.
    pub kms_key: Option<String>,
    /// Whether the container reaches no network at all. Default no.
    pub network_isolation: bool,
}

/// A place inside a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            kind: EndpointKind::default(),
            serverless: Serverless::default(),
            instance_type: INSTANCE_TYPE.to_owned(),
            instance_count: 2,
            autoscaling: None,
            environment: BTreeMap::new(),
            capture_percent: 100,
            scoring_instance_type: INSTANCE_TYPE.to_owned(),
            vpc: None,
            kms_key: None,
            network_isolation: false,
        }
    }
}

impl Serve {
    /// The fleet that an update has to move.
    pub fn fleet(&self) -> Fleet {
        let instances = match self.kind {
            EndpointKind::Serverless => 0,
            EndpointKind::RealTime | EndpointKind::Asynchronous => self.instance_count,
        };
        Fleet { kind: self.kind, instances, variants: 1 }
    }

    /// What rules the number of instances when traffic moves to this.
    pub fn instances(&self) -> InstanceCount {
        if self.autoscaling.is_some() { InstanceCount::Kept } else { InstanceCount::Configured }
    }
}

/// What a serverless endpoint gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Serverless {
    /// Its memory in MB: 1024, 2048, 3072, 4096, 5120 or 6144. Default 2048.
    pub memory_mb: u32,
    /// How many requests it answers at a time: 1 to 200. Default 5.
    pub concurrency: u32,
}

impl Default for Serverless {
    fn default() -> Self {
        Self { memory_mb: 2_048, concurrency: 5 }
    }
}

/// How the number of instances follows the traffic: a target of requests a minute for each instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Autoscaling {
    /// Never fewer instances. Default 2, which is the least: a canary needs two.
    pub least: u32,
    /// Never more instances. Default 8.
    pub most: u32,
    /// The requests a minute that one instance shall answer. Default 1000.
    pub requests_per_instance: f64,
    /// The pause after instances were added. Default `5m`.
    pub out_pause: Duration,
    /// The pause after instances were taken away. Default `10m`.
    pub in_pause: Duration,
}

impl Default for Autoscaling {
    fn default() -> Self {
        Self {
            least: 2,
            most: 8,
            requests_per_instance: 1_000.0,
            out_pause: Duration::seconds(300),
            in_pause: Duration::seconds(600),
        }
    }
}
