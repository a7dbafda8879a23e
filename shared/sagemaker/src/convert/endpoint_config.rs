//! The parts of `CreateEndpointConfig`.

use aws_sdk_sagemaker::types::{
    AsyncInferenceConfig, AsyncInferenceOutputConfig, CaptureContentTypeHeader, CaptureMode, CaptureOption,
    DataCaptureConfig, ProductionVariant, ProductionVariantServerlessConfig,
};
use pawl::requests::{self, VariantCapacity};

use super::count;

/// `ProductionVariant`s; `None` where there are none, since SageMaker takes no empty list.
pub(crate) fn variants(variants: &[requests::ProductionVariant]) -> Option<Vec<ProductionVariant>> {
    (!variants.is_empty()).then(|| variants.iter().map(variant).collect())
}

fn variant(variant: &requests::ProductionVariant) -> ProductionVariant {
    let wanted = ProductionVariant::builder()
        .variant_name(&variant.variant_name)
        .model_name(&variant.model_name)
        // Weights are percents: a float holds them exactly.
        .initial_variant_weight(variant.initial_variant_weight as f32);
    match &variant.capacity {
        VariantCapacity::Instances { initial_instance_count, instance_type } => wanted
            .initial_instance_count(count(*initial_instance_count))
            .instance_type(instance_type.as_str().into()),
        VariantCapacity::Serverless { serverless_config } => wanted.serverless_config(
            ProductionVariantServerlessConfig::builder()
                .memory_size_in_mb(count(serverless_config.memory_mb))
                .max_concurrency(count(serverless_config.max_concurrency))
                .build(),
        ),
    }
    .build()
}

/// `AsyncInferenceConfig`.
pub(crate) fn asynchronous(config: &requests::AsyncInferenceConfig) -> AsyncInferenceConfig {
    let output = AsyncInferenceOutputConfig::builder()
        .s3_output_path(&config.output_config.s3_output_path)
        .s3_failure_path(&config.output_config.s3_failure_path)
        .set_kms_key_id(config.output_config.kms_key_id.clone());
    AsyncInferenceConfig::builder().output_config(output.build()).build()
}

/// `DataCaptureConfig`.
pub(crate) fn capture(config: &requests::DataCaptureConfig) -> DataCaptureConfig {
    let options = config.capture_options.iter().map(|option| {
        let mode = match option.capture_mode {
            requests::CaptureMode::Input => CaptureMode::Input,
            requests::CaptureMode::Output => CaptureMode::Output,
        };
        CaptureOption::builder().capture_mode(mode).build()
    });
    let types = &config.capture_content_type_header;
    let types = CaptureContentTypeHeader::builder()
        .set_json_content_types(Some(types.json_content_types.clone()))
        .set_csv_content_types(Some(types.csv_content_types.clone()));
    DataCaptureConfig::builder()
        .enable_capture(config.enable_capture)
        .initial_sampling_percentage(count(config.initial_sampling_percentage))
        .destination_s3_uri(&config.destination_s3_uri)
        .set_kms_key_id(config.kms_key_id.clone())
        .set_capture_options(Some(options.collect()))
        .capture_content_type_header(types.build())
        .build()
}
