//! SageMaker's request bodies as types: what a state machine sends as JSON and what Rust sends through the
//! SDK is made of the same value. Serialised, a value is the request with SageMaker's own field names, all
//! of which stand in <https://docs.aws.amazon.com/sagemaker/latest/APIReference/>; `pawl-sagemaker` makes
//! the SDK's request of it.
//!
//! The requests of a release are in [`crate::release`]: [`UpdateCall`](crate::release::UpdateCall) and
//! [`Scaling`](crate::release::autoscaling::Scaling).

mod endpoint;
mod model;
mod package;
mod training;
mod transform;
mod tuning;

pub use endpoint::{
    AsyncInferenceConfig, AsyncOutputConfig, CaptureContentTypes, CaptureMode, CaptureOption, CreateEndpoint,
    CreateEndpointConfig, DataCaptureConfig, ProductionVariant, ServerlessConfig, VariantCapacity,
};
pub use model::{Container, CreateModel};
pub use package::{
    ApprovalStatus, Bias, CreateModelPackage, CreateModelPackageGroup, DriftCheckBaselines, DriftCheckFiles,
    InferenceSpecification, MetricsFile, ModelMetrics, ModelQuality,
};
pub use training::{
    AlgorithmSpecification, Channel, CreateTrainingJob, DataSource, MetricDefinition, OutputDataConfig,
    ResourceConfig, ResourceTag, S3DataSource, StoppingCondition, TrainingDefinition, VpcConfig,
};
pub use transform::{
    CreateTransformJob, DataProcessing, TransformInput, TransformOutput, TransformResources,
};
pub use tuning::{
    CategoricalRange, CreateTuningJob, NumericRange, Objective, ParameterRanges, ResourceLimits,
    TuningConfig, TuningDefinition,
};
