//! The endpoint config of a challenger, alone or beside the champion.

use super::{JSON_LINES, Job, volume_key};
use crate::ledger::Keys;
use crate::metrics::{CHALLENGER, VARIANT};
use crate::release::strategy::EndpointKind;
use crate::release::{ConfigName, Trial};
use crate::requests::{
    AsyncInferenceConfig, AsyncOutputConfig, CaptureContentTypes, CaptureMode, CaptureOption,
    CreateEndpointConfig, DataCaptureConfig, ProductionVariant, ServerlessConfig, VariantCapacity,
};

impl Job<'_> {
    /// CreateEndpointConfig for the challenger alone.
    pub fn endpoint_config(&self) -> CreateEndpointConfig {
        // Old and new config must share variant names for traffic to shift between them.
        let variant = self.variant(VARIANT, self.name, 1);
        self.config_of(self.name.into(), vec![variant], Vec::new())
    }

    /// CreateEndpointConfig for a trial: the champion where it was, the challenger beside it.
    pub fn trial_config(&self, config: &ConfigName, trial: &Trial, champion: &str) -> CreateEndpointConfig {
        let champion = |weight| self.variant(VARIANT, champion, weight);
        let challenger = |weight| self.variant(CHALLENGER, self.name, weight);
        let (variants, shadows) = match trial {
            // Equal weights: each request is copied.
            Trial::Shadow { .. } => (vec![champion(1)], vec![challenger(1)]),
            Trial::Ab { percent, .. } => {
                let percent = u32::from(*percent);
                (vec![champion(100 - percent.min(100)), challenger(percent)], Vec::new())
            }
        };
        self.config_of(config.clone(), variants, shadows)
    }

    fn variant(&self, variant: &str, model: &str, weight: u32) -> ProductionVariant {
        let serve = &self.pipeline.serve;
        let capacity = match serve.kind {
            EndpointKind::Serverless => VariantCapacity::Serverless {
                serverless_config: ServerlessConfig {
                    memory_mb: serve.serverless.memory_mb,
                    max_concurrency: serve.serverless.concurrency,
                },
            },
            EndpointKind::RealTime | EndpointKind::Asynchronous => VariantCapacity::Instances {
                initial_instance_count: serve.instance_count,
                instance_type: serve.instance_type.clone(),
            },
        };
        ProductionVariant {
            variant_name: variant.to_owned(),
            model_name: model.to_owned(),
            initial_variant_weight: weight,
            capacity,
        }
    }

    fn config_of(
        &self,
        name: ConfigName,
        variants: Vec<ProductionVariant>,
        shadows: Vec<ProductionVariant>,
    ) -> CreateEndpointConfig {
        let serve = &self.pipeline.serve;
        let answers = format!("s3://{}/answers/{}", self.bucket, self.pipeline.model);
        CreateEndpointConfig {
            endpoint_config_name: name,
            production_variants: variants,
            shadow_production_variants: shadows,
            async_inference_config: (serve.kind == EndpointKind::Asynchronous).then(|| {
                AsyncInferenceConfig {
                    output_config: AsyncOutputConfig {
                        s3_failure_path: format!("{answers}-failed"),
                        s3_output_path: answers,
                        kms_key_id: self.serving_key(),
                    },
                }
            }),
            // A run that an earlier release froze may ask for it where SageMaker has none.
            data_capture_config: (serve.capture_percent > 0 && serve.kind == EndpointKind::RealTime)
                .then(|| self.capture()),
            // A serverless endpoint has no volumes.
            kms_key_id: volume_key(self.serving_key(), &serve.instance_type)
                .filter(|_| serve.kind != EndpointKind::Serverless),
            tags: self.tags(),
        }
    }

    fn capture(&self) -> DataCaptureConfig {
        let captured = Keys::new(&self.pipeline.model).captured();
        let option = |capture_mode| CaptureOption { capture_mode };
        DataCaptureConfig {
            enable_capture: true,
            initial_sampling_percentage: self.pipeline.serve.capture_percent,
            destination_s3_uri: format!("s3://{}/{}", self.bucket, captured.trim_end_matches('/')),
            kms_key_id: self.serving_key(),
            capture_options: vec![option(CaptureMode::Input), option(CaptureMode::Output)],
            capture_content_type_header: CaptureContentTypes {
                json_content_types: vec![JSON_LINES.to_owned(), "application/json".to_owned()],
                csv_content_types: vec!["text/csv".to_owned()],
            },
        }
    }
}
