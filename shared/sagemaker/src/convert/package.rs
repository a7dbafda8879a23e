//! The parts of `CreateModelPackage`.

use aws_sdk_sagemaker::types::{
    Bias, DriftCheckBaselines, DriftCheckModelDataQuality, DriftCheckModelQuality, InferenceSpecification,
    MetricsSource, ModelApprovalStatus, ModelMetrics, ModelQuality,
};
use pawl::requests::{self, ApprovalStatus, MetricsFile};

use super::container;

/// `ModelApprovalStatus`.
pub(crate) fn approval_status(status: ApprovalStatus) -> ModelApprovalStatus {
    match status {
        ApprovalStatus::Approved => ModelApprovalStatus::Approved,
        ApprovalStatus::Rejected => ModelApprovalStatus::Rejected,
        ApprovalStatus::PendingManualApproval => ModelApprovalStatus::PendingManualApproval,
    }
}

/// `InferenceSpecification`.
pub(crate) fn inference(specification: &requests::InferenceSpecification) -> InferenceSpecification {
    InferenceSpecification::builder()
        .set_containers(Some(specification.containers.iter().map(container::of_package).collect()))
        .set_supported_content_types(Some(specification.supported_content_types.clone()))
        .set_supported_response_mime_types(Some(specification.supported_response_mime_types.clone()))
        .build()
}

/// `ModelMetrics`.
pub(crate) fn metrics(metrics: &requests::ModelMetrics) -> ModelMetrics {
    ModelMetrics::builder()
        .model_quality(ModelQuality::builder().statistics(file(&metrics.model_quality.statistics)).build())
        .bias(Bias::builder().report(file(&metrics.bias.report)).build())
        .build()
}

/// `DriftCheckBaselines`.
pub(crate) fn baselines(baselines: &requests::DriftCheckBaselines) -> DriftCheckBaselines {
    let data = DriftCheckModelDataQuality::builder()
        .statistics(file(&baselines.model_data_quality.statistics))
        .constraints(file(&baselines.model_data_quality.constraints));
    let quality = DriftCheckModelQuality::builder().statistics(file(&baselines.model_quality.statistics));
    DriftCheckBaselines::builder().model_data_quality(data.build()).model_quality(quality.build()).build()
}

fn file(file: &MetricsFile) -> MetricsSource {
    MetricsSource::builder().content_type(&file.content_type).s3_uri(&file.s3_uri).build()
}
