//! The edge that knows the AWS SDK: settings from the environment, clients, the store in S3, the Lambda loop.

mod error;
mod lambda;
mod objects;
mod settings;
mod store;

pub use error::fault;
pub use lambda::serve;
pub use objects::{Objects, Upload};
pub use settings::{Setting, Settings};
pub use store::S3Store;

pub use aws_config::SdkConfig;
pub use aws_sdk_cloudwatch as cloudwatch;
pub use aws_sdk_s3::primitives::ByteStream;
pub use aws_sdk_sfn as sfn;
pub use aws_sdk_sns as sns;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The SDK's configuration: region, credentials and endpoint as the environment says, TLS by rustls on ring.
pub async fn connect() -> SdkConfig {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = Builder::new().tls_provider(tls).build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load().await
}
