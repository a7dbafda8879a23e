//! The edge that knows the AWS SDK: settings from the environment, clients, the store in S3, the Lambda loop.

mod error;
mod executions;
mod http;
mod lambda;
mod objects;
mod settings;
mod store;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
mod topic;

pub use error::fault;
pub use executions::StateMachine;
pub use lambda::serve;
pub use objects::{S3Body, S3Objects, S3Upload};
pub use settings::{Setting, Settings};
pub use store::S3Store;
pub use topic::Topic;

pub use aws_config::SdkConfig;
pub use aws_sdk_cloudwatch as cloudwatch;
pub use aws_sdk_sfn as sfn;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::SharedCredentialsProvider;

use pawl_base::names::RegionName;

/// The SDK's configuration inside Lambda, where region and credentials stand in the environment. The chain
/// of other sources is left out: it would be a fifth of a function's size and is never asked there.
pub fn in_lambda() -> SdkConfig {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let config = SdkConfig::builder()
        .behavior_version(behavior())
        .http_client(http::client())
        .region(variable("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()));
    match variable("AWS_ENDPOINT_URL") {
        Some(endpoint) => config.endpoint_url(endpoint).build(),
        None => config.build(),
    }
}

/// The same configuration, for another region.
pub fn in_region(config: &SdkConfig, region: &RegionName) -> SdkConfig {
    config.to_builder().region(Region::new(region.to_string())).build()
}

/// The SDK's configuration on a person's machine: region, credentials and endpoint from wherever the AWS
/// tools find them.
pub async fn connect() -> SdkConfig {
    aws_config::defaults(behavior()).http_client(http::client()).load().await
}

fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}
