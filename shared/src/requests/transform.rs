//! `CreateTransformJob`.

use serde::Serialize;

use super::{DataSource, ResourceTag};

/// `CreateTransformJob`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTransformJob {
    /// The job's name.
    pub transform_job_name: String,
    /// The model that scores.
    pub model_name: String,
    /// How many rows one request holds: `MultiRecord`, as many as fit.
    pub batch_strategy: &'static str,
    /// The most that one request holds, in MB.
    #[serde(rename = "MaxPayloadInMB")]
    pub max_payload_mb: u32,
    /// What is scored.
    pub transform_input: TransformInput,
    /// Where scores go.
    pub transform_output: TransformOutput,
    /// What of a row the model sees, and what stands beside its score.
    pub data_processing: DataProcessing,
    /// What it runs on.
    pub transform_resources: TransformResources,
    /// Whose it is.
    pub tags: Vec<ResourceTag>,
}

/// `TransformInput`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TransformInput {
    /// The rows' content type.
    pub content_type: &'static str,
    /// What ends a row: `Line`.
    pub split_type: &'static str,
    /// Where the rows are.
    pub data_source: DataSource,
}

/// `TransformOutput`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TransformOutput {
    /// The `s3://` address under which scores go.
    pub s3_output_path: String,
    /// The scores' content type.
    pub accept: &'static str,
    /// What ends a score: `Line`.
    pub assemble_with: &'static str,
    /// The key that they are encrypted with; `None` for the bucket's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// `DataProcessing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DataProcessing {
    /// The JSONPath of what the model sees.
    pub input_filter: &'static str,
    /// What stands beside the score: `Input`, the whole row.
    pub join_source: &'static str,
}

/// `TransformResources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TransformResources {
    /// The instance type.
    pub instance_type: String,
    /// How many instances.
    pub instance_count: u32,
    /// The key that their volumes are encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_kms_key_id: Option<String>,
}
