//! `CreateTrainingJob`, and what a tuning job's trainings share with it.

use std::collections::BTreeMap;

use serde::Serialize;

/// A label that people and bills find a resource by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceTag {
    /// What the label is called.
    pub key: String,
    /// What it says.
    pub value: String,
}

/// `CreateTrainingJob`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTrainingJob {
    /// The job's name.
    pub training_job_name: String,
    /// The training container's parameters.
    pub hyper_parameters: BTreeMap<String, String>,
    /// What a tuning job's trainings have too.
    #[serde(flatten)]
    pub definition: TrainingDefinition,
    /// Whose it is.
    pub tags: Vec<ResourceTag>,
}

/// The fields that `CreateTrainingJob` and `HyperParameterTrainingJobDefinition` share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrainingDefinition {
    /// The role that the container runs under.
    pub role_arn: String,
    /// The container.
    pub algorithm_specification: AlgorithmSpecification,
    /// What it reads.
    pub input_data_config: Vec<Channel>,
    /// Where the model goes.
    pub output_data_config: OutputDataConfig,
    /// What it runs on.
    pub resource_config: ResourceConfig,
    /// When it is stopped.
    pub stopping_condition: StoppingCondition,
    /// Whether it runs on spot capacity.
    pub enable_managed_spot_training: bool,
    /// The team's own network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfig>,
    /// Whether the container reaches no network.
    pub enable_network_isolation: bool,
    /// Whether its instances encrypt what they tell each other.
    pub enable_inter_container_traffic_encryption: bool,
}

/// `AlgorithmSpecification`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlgorithmSpecification {
    /// The image.
    pub training_image: String,
    /// How data comes: `File`.
    pub training_input_mode: &'static str,
    /// What is read out of its log.
    pub metric_definitions: Vec<MetricDefinition>,
}

/// `MetricDefinition`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricDefinition {
    /// The metric's name.
    pub name: String,
    /// The regular expression whose group is the value.
    pub regex: String,
}

/// `Channel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Channel {
    /// The folder under `/opt/ml/input/data`.
    pub channel_name: &'static str,
    /// The files' content type.
    pub content_type: &'static str,
    /// Where the files are.
    pub data_source: DataSource,
}

/// `DataSource` of a training, `TransformDataSource` of a transform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataSource {
    /// In S3.
    #[serde(rename = "S3DataSource")]
    pub s3: S3DataSource,
}

/// `S3DataSource` of a training, `TransformS3DataSource` of a transform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct S3DataSource {
    /// What the address names: `ManifestFile`, a list of objects.
    pub s3_data_type: &'static str,
    /// The `s3://` address.
    pub s3_uri: String,
    /// How the files are spread over a training's instances; a transform has no word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_data_distribution_type: Option<&'static str>,
}

/// `OutputDataConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OutputDataConfig {
    /// The `s3://` address under which the model goes.
    pub s3_output_path: String,
    /// The key that it is encrypted with; `None` for the bucket's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// `ResourceConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceConfig {
    /// The instance type.
    pub instance_type: String,
    /// How many instances.
    pub instance_count: u32,
    /// Each one's volume, in GB.
    #[serde(rename = "VolumeSizeInGB")]
    pub volume_size_gb: u32,
    /// The key that the volumes are encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_kms_key_id: Option<String>,
}

/// `StoppingCondition`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoppingCondition {
    /// The training may take this long, in seconds.
    pub max_runtime_in_seconds: u64,
    /// Waiting for spot capacity included, in seconds; only for spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait_time_in_seconds: Option<u64>,
}

/// `VpcConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VpcConfig {
    /// The subnets.
    pub subnets: Vec<String>,
    /// The security groups.
    pub security_group_ids: Vec<String>,
}
