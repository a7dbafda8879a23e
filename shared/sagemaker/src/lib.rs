//! What the rollback handler asks of SageMaker and of Application Auto Scaling, through the SDK's own
//! operations. The one crate that links these SDKs: SageMaker's takes minutes and gigabytes to build, so
//! only what calls SageMaker itself depends on it. Most calls are Step Functions integrations.
//!
//! What is created or updated is described by the core's typed requests ([`pawl::requests`],
//! [`pawl::release`]), which the state machines send too; `convert` makes the SDK's requests of them.

mod answer;
mod convert;
mod create;
mod describe;
mod invoke;
mod scaling;
mod sweep;
mod update;

use aws_sdk_applicationautoscaling as autoscaling;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemakerruntime as runtime;
use pawl_aws::SdkConfig;

pub use describe::Standing;
pub use update::Asked;

/// SageMaker, as a release needs it.
#[derive(Debug, Clone)]
pub struct SageMaker {
    client: Client,
    runtime: runtime::Client,
    autoscaling: autoscaling::Client,
}

impl SageMaker {
    /// Clients of this configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
            runtime: runtime::Client::new(config),
            autoscaling: autoscaling::Client::new(config),
        }
    }
}

#[cfg(test)]
mod tests;
