//! `CreateEndpointConfig` and `CreateEndpoint`.

use serde::Serialize;

use super::ResourceTag;
use crate::release::ConfigName;

/// `CreateEndpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateEndpoint {
    /// The endpoint's name, which is the model's.
    pub endpoint_name: String,
    /// The config that it is to serve.
    pub endpoint_config_name: ConfigName,
    /// Whose it is.
    pub tags: Vec<ResourceTag>,
}

/// `CreateEndpointConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateEndpointConfig {
    /// The config's name.
    pub endpoint_config_name: ConfigName,
    /// What answers requests.
    pub production_variants: Vec<ProductionVariant>,
    /// What gets a copy of each request, and whose answers nobody sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shadow_production_variants: Vec<ProductionVariant>,
    /// Where an asynchronous endpoint answers; only it has this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub async_inference_config: Option<AsyncInferenceConfig>,
    /// What is captured; `None` captures nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_capture_config: Option<DataCaptureConfig>,
    /// The key that the volumes are encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// Whose it is.
    pub tags: Vec<ResourceTag>,
}

/// One model behind an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProductionVariant {
    /// Its name. Old and new config must share it for traffic to shift between them.
    pub variant_name: String,
    /// The model.
    pub model_name: String,
    /// Its share of the traffic, relative to the other variants' weights.
    pub initial_variant_weight: u32,
    /// What it runs on.
    #[serde(flatten)]
    pub capacity: VariantCapacity,
}

/// What a variant runs on. SageMaker wants exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum VariantCapacity {
    /// Instances of its own.
    #[serde(rename_all = "PascalCase")]
    Instances {
        /// How many.
        initial_instance_count: u32,
        /// Of which type.
        instance_type: String,
    },
    /// SageMaker's, for each request.
    #[serde(rename_all = "PascalCase")]
    Serverless {
        /// What it gets.
        serverless_config: ServerlessConfig,
    },
}

/// `ProductionVariantServerlessConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ServerlessConfig {
    /// Its memory in MB.
    #[serde(rename = "MemorySizeInMB")]
    pub memory_mb: u32,
    /// How many requests it answers at a time.
    #[serde(rename = "MaxConcurrency")]
    pub max_concurrency: u32,
}

/// `AsyncInferenceConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AsyncInferenceConfig {
    /// Where answers go.
    pub output_config: AsyncOutputConfig,
}

/// `AsyncInferenceOutputConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AsyncOutputConfig {
    /// The `s3://` address under which answers go.
    pub s3_output_path: String,
    /// The `s3://` address under which the reasons of failures go.
    pub s3_failure_path: String,
    /// The key that they are encrypted with; `None` for the bucket's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// `DataCaptureConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DataCaptureConfig {
    /// Whether it captures.
    pub enable_capture: bool,
    /// The share of requests, in percent.
    pub initial_sampling_percentage: u32,
    /// The `s3://` address under which they are stored.
    pub destination_s3_uri: String,
    /// The key that they are encrypted with; `None` for the bucket's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// What of a request is captured.
    pub capture_options: Vec<CaptureOption>,
    /// Which content types are stored as they are, not in base64.
    pub capture_content_type_header: CaptureContentTypes,
}

/// `CaptureOption`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CaptureOption {
    /// Which side of a request.
    pub capture_mode: CaptureMode,
}

/// A side of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum CaptureMode {
    /// What was asked.
    Input,
    /// What was answered.
    Output,
}

/// `CaptureContentTypeHeader`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CaptureContentTypes {
    /// Stored as JSON.
    pub json_content_types: Vec<String>,
    /// Stored as CSV.
    pub csv_content_types: Vec<String>,
}
