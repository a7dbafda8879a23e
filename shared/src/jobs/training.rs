//! A training, and a search for hyperparameters.

use super::text::{escaped, tail};
use super::{Job, network, volume_key};
use crate::documents;
use crate::drift::IMPORTANCE;
use crate::pipeline::{
    Goal, LONGEST_METRIC, LONGEST_REGEX, MOST_METRICS, Range, Scale, Search, Tune, hyperparameters,
};
use crate::requests::{
    AlgorithmSpecification, CategoricalRange, Channel, CreateTrainingJob, CreateTuningJob, MetricDefinition,
    NumericRange, Objective, OutputDataConfig, ParameterRanges, ResourceConfig, ResourceLimits,
    StoppingCondition, TrainingDefinition, TuningConfig, TuningDefinition,
};

impl Job<'_> {
    /// The metrics that SageMaker reads out of the training log: the team's own, and the importance of each
    /// feature where the container prints it and there is room for all.
    fn metrics(&self) -> Vec<MetricDefinition> {
        let train = &self.pipeline.train;
        let own = train.metrics.iter();
        let mut all: Vec<MetricDefinition> = own
            .map(|metric| MetricDefinition { name: metric.name.clone(), regex: metric.regex.clone() })
            .collect();
        let importance = |feature: &String| MetricDefinition {
            name: format!("{IMPORTANCE}{feature}"),
            regex: format!("{IMPORTANCE}{}=([0-9.eE+-]+)", escaped(feature)),
        };
        let importances: Vec<MetricDefinition> = self.pipeline.data.features.iter().map(importance).collect();
        let fits = |metric: &MetricDefinition| {
            metric.name.chars().count() <= LONGEST_METRIC && metric.regex.chars().count() <= LONGEST_REGEX
        };
        let room = all.len() + importances.len() <= MOST_METRICS;
        if train.pass_schema && room && importances.iter().all(fits) {
            all.extend(importances);
        }
        all
    }

    /// What a single training and each training of a search have in common. The channel `train` reads the
    /// accepted objects that `train.manifest` lists.
    fn definition(&self) -> TrainingDefinition {
        let train = &self.pipeline.train;
        let key = train.kms_key.clone().or_else(|| self.platform.kms_key.clone());
        let longest = train.at_most.as_secs();
        TrainingDefinition {
            role_arn: self.platform.roles.training.clone(),
            algorithm_specification: AlgorithmSpecification {
                training_image: train.image.clone(),
                training_input_mode: "File",
                metric_definitions: self.metrics(),
            },
            input_data_config: vec![Channel {
                channel_name: "train",
                content_type: "text/csv",
                data_source: self.manifest(documents::TRAIN_OBJECTS.name(), Some("FullyReplicated")),
            }],
            output_data_config: OutputDataConfig {
                s3_output_path: self.uri("artifact/"),
                kms_key_id: key.clone(),
            },
            resource_config: ResourceConfig {
                instance_type: train.instance_type.clone(),
                instance_count: train.instance_count,
                volume_size_gb: train.volume_gb,
                volume_kms_key_id: volume_key(key, &train.instance_type),
            },
            stopping_condition: StoppingCondition {
                max_runtime_in_seconds: longest,
                max_wait_time_in_seconds: train.spot.then_some(longest * 2),
            },
            enable_managed_spot_training: train.spot,
            vpc_config: network(train.vpc.as_ref(), self.platform),
            enable_network_isolation: train.network_isolation,
            enable_inter_container_traffic_encryption: train.encrypt_traffic,
        }
    }

    /// CreateTrainingJob.
    pub fn training(&self) -> CreateTrainingJob {
        CreateTrainingJob {
            training_job_name: self.name.to_owned(),
            hyper_parameters: hyperparameters(self.pipeline),
            definition: self.definition(),
            tags: self.tags(),
        }
    }

    /// CreateHyperParameterTuningJob, where the pipeline searches.
    pub fn tuning(&self) -> Option<CreateTuningJob> {
        let tune = self.pipeline.train.tune.as_ref()?;
        let strategy = match tune.search {
            Search::Bayesian => "Bayesian",
            Search::Random => "Random",
        };
        let goal = match tune.goal {
            Goal::Maximize => "Maximize",
            Goal::Minimize => "Minimize",
        };
        Some(CreateTuningJob {
            name: self.tuning_name().to_owned(),
            config: TuningConfig {
                strategy,
                objective: Objective { goal, metric_name: tune.metric.clone() },
                resource_limits: ResourceLimits {
                    max_number_of_training_jobs: tune.trainings,
                    max_parallel_training_jobs: tune.at_once,
                },
                parameter_ranges: ranges(tune),
            },
            training: TuningDefinition {
                static_hyper_parameters: hyperparameters(self.pipeline),
                definition: self.definition(),
            },
            tags: self.tags(),
        })
    }

    /// A tuning job's name may have only 32 characters: the end of the name, which holds generation and time.
    fn tuning_name(&self) -> &str {
        tail(self.name, 32)
    }
}

/// Where a search looks for each parameter.
fn ranges(tune: &Tune) -> ParameterRanges {
    let mut all = ParameterRanges::default();
    for (name, range) in &tune.ranges {
        match range {
            Range::Numbers { from, to, scale } => {
                let (ranges, scaling_type) = match scale {
                    Scale::Whole => (&mut all.integer_parameter_ranges, "Linear"),
                    Scale::Linear => (&mut all.continuous_parameter_ranges, "Linear"),
                    Scale::Logarithmic => (&mut all.continuous_parameter_ranges, "Logarithmic"),
                };
                ranges.push(NumericRange {
                    name: name.clone(),
                    min_value: from.to_string(),
                    max_value: to.to_string(),
                    scaling_type,
                });
            }
            Range::Choice { of } => {
                let values = of.iter().map(ToString::to_string).collect();
                all.categorical_parameter_ranges.push(CategoricalRange { name: name.clone(), values });
            }
        }
    }
    all
}
