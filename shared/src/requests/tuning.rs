//! `CreateHyperParameterTuningJob`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ResourceTag, TrainingDefinition};

/// `CreateHyperParameterTuningJob`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateTuningJob {
    /// The job's name, at most 32 characters.
    #[serde(rename = "HyperParameterTuningJobName")]
    pub name: String,
    /// How it searches.
    #[serde(rename = "HyperParameterTuningJobConfig")]
    pub config: TuningConfig,
    /// What each of its trainings is.
    #[serde(rename = "TrainingJobDefinition")]
    pub training: TuningDefinition,
    /// Whose it is.
    #[serde(rename = "Tags")]
    pub tags: Vec<ResourceTag>,
}

/// `HyperParameterTrainingJobDefinition`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TuningDefinition {
    /// The parameters that are not searched for.
    pub static_hyper_parameters: BTreeMap<String, String>,
    /// What a single training has too.
    #[serde(flatten)]
    pub definition: TrainingDefinition,
}

/// `HyperParameterTuningJobConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TuningConfig {
    /// `Bayesian` or `Random`.
    pub strategy: &'static str,
    /// What is sought.
    #[serde(rename = "HyperParameterTuningJobObjective")]
    pub objective: Objective,
    /// How many trainings.
    pub resource_limits: ResourceLimits,
    /// Where it searches.
    pub parameter_ranges: ParameterRanges,
}

/// `HyperParameterTuningJobObjective`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Objective {
    /// `Maximize` or `Minimize`.
    #[serde(rename = "Type")]
    pub goal: &'static str,
    /// The metric, by its name in the metric definitions.
    pub metric_name: String,
}

/// `ResourceLimits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceLimits {
    /// Trainings in all.
    pub max_number_of_training_jobs: u32,
    /// Trainings at a time.
    pub max_parallel_training_jobs: u32,
}

/// `ParameterRanges`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterRanges {
    /// Whole numbers.
    pub integer_parameter_ranges: Vec<NumericRange>,
    /// Numbers.
    pub continuous_parameter_ranges: Vec<NumericRange>,
    /// One of several values.
    pub categorical_parameter_ranges: Vec<CategoricalRange>,
}

/// `IntegerParameterRange` and `ContinuousParameterRange`. The bounds are text, as SageMaker wants them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NumericRange {
    /// The parameter.
    pub name: String,
    /// The least value.
    pub min_value: String,
    /// The greatest value.
    pub max_value: String,
    /// `Linear` or `Logarithmic`.
    pub scaling_type: &'static str,
}

/// `CategoricalParameterRange`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CategoricalRange {
    /// The parameter.
    pub name: String,
    /// The values.
    pub values: Vec<String>,
}
