//! `CreateModelPackageGroup` and `CreateModelPackage`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Container;

/// `CreateModelPackageGroup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateModelPackageGroup {
    /// The group's name, which is the model's.
    pub model_package_group_name: String,
    /// For people.
    pub model_package_group_description: String,
}

/// `CreateModelPackage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateModelPackage {
    /// The group that gets it as its newest version.
    pub model_package_group_name: String,
    /// For people: one line, at most 1,000 characters.
    pub model_package_description: String,
    /// The same token makes no second package.
    pub client_token: String,
    /// Whether it may be deployed.
    pub model_approval_status: ApprovalStatus,
    /// How it is served.
    pub inference_specification: InferenceSpecification,
    /// How it was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_metrics: Option<ModelMetrics>,
    /// What later data may be compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_check_baselines: Option<DriftCheckBaselines>,
    /// Where it comes from.
    pub customer_metadata_properties: BTreeMap<String, String>,
}

/// `ModelApprovalStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ApprovalStatus {
    /// May be deployed.
    Approved,
    /// Must not be deployed.
    Rejected,
    /// A person has to decide.
    PendingManualApproval,
}

/// `InferenceSpecification`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InferenceSpecification {
    /// The serving containers.
    pub containers: Vec<Container>,
    /// What they read.
    pub supported_content_types: Vec<String>,
    /// What they answer.
    #[serde(rename = "SupportedResponseMIMETypes")]
    pub supported_response_mime_types: Vec<String>,
}

/// `ModelMetrics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModelMetrics {
    /// How good it is.
    pub model_quality: ModelQuality,
    /// How fair it is.
    pub bias: Bias,
}

/// `ModelQuality`, of metrics and of baselines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModelQuality {
    /// The numbers.
    pub statistics: MetricsFile,
}

/// `Bias`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Bias {
    /// The report.
    pub report: MetricsFile,
}

/// `DriftCheckBaselines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DriftCheckBaselines {
    /// Of the data.
    pub model_data_quality: DriftCheckFiles,
    /// Of the predictions.
    pub model_quality: ModelQuality,
}

/// `DriftCheckModelDataQuality`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DriftCheckFiles {
    /// How the data was distributed.
    pub statistics: MetricsFile,
    /// What held for it.
    pub constraints: MetricsFile,
}

/// `MetricsSource`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricsFile {
    /// The file's content type.
    pub content_type: String,
    /// The file's `s3://` address.
    pub s3_uri: String,
}
