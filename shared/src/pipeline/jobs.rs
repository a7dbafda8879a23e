//! The SageMaker requests that follow from a `pipeline.yaml`: typed bodies, which a state machine sends as
//! JSON and the functions send through the SDK.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Feedback, Goal, Pipeline, PipelineError, Range, Scale, Search, Tune, WEIGHT};
use crate::drift::IMPORTANCE;
use crate::gate::Contender;
use crate::ledger::Keys;
use crate::metrics::{CHALLENGER, VARIANT};
use crate::names::{ContentHash, Generation};
use crate::release::strategy::EndpointKind;
use crate::release::{ConfigName, Trial};
use crate::requests::{
    AlgorithmSpecification, ApprovalStatus, AsyncInferenceConfig, AsyncOutputConfig, Bias,
    CaptureContentTypes, CaptureMode, CaptureOption, CategoricalRange, Channel, Container,
    CreateEndpointConfig, CreateModel, CreateModelPackage, CreateModelPackageGroup, CreateTrainingJob,
    CreateTransformJob, CreateTuningJob, DataCaptureConfig, DataProcessing, DataSource, DriftCheckBaselines,
    DriftCheckFiles, InferenceSpecification, MetricDefinition, MetricsFile, ModelMetrics, ModelQuality,
    NumericRange, Objective, OutputDataConfig, ParameterRanges, ProductionVariant, ResourceConfig,
    ResourceLimits, ResourceTag, S3DataSource, ServerlessConfig, StoppingCondition, TrainingDefinition,
    TransformInput, TransformOutput, TransformResources, TuningConfig, TuningDefinition, VariantCapacity,
    VpcConfig,
};

/// What a run's resources are called, and where their files lie.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// The run.
    pub generation: Generation,
    /// The name of the training job, the model and the endpoint config: at most 63 characters, never used
    /// twice.
    pub name: &'a str,
    /// The bucket of evidence.
    pub bucket: &'a str,
    /// The prefix of this run's evidence, with a slash at its end.
    pub run: &'a str,
    /// The role that SageMaker runs under.
    pub role: &'a str,
}

impl Job<'_> {
    fn uri(&self, name: &str) -> String {
        format!("s3://{}/{}{name}", self.bucket, self.run)
    }

    fn tags(&self) -> Vec<ResourceTag> {
        let tag = |key: &str, value: String| ResourceTag { key: key.to_owned(), value };
        vec![
            tag("pawl:model", self.pipeline.model.to_string()),
            tag("pawl:generation", self.generation.to_string()),
        ]
    }

    /// The metrics that SageMaker reads out of the training log: the team's own, and the importance of each
    /// feature where the container prints it and there is room for all.
    fn metrics(&self) -> Vec<MetricDefinition> {
        let train = &self.pipeline.train;
        let own = train.metrics.iter();
        let mut all: Vec<MetricDefinition> = own
            .map(|metric| MetricDefinition { name: metric.name.clone(), regex: metric.regex.clone() })
            .collect();
        let features = &self.pipeline.data.features;
        if train.pass_schema && all.len() + features.len() <= MOST_METRICS {
            all.extend(features.iter().map(|feature| MetricDefinition {
                name: format!("{IMPORTANCE}{feature}"),
                regex: format!("{IMPORTANCE}{}=([0-9.eE+-]+)", escaped(feature)),
            }));
        }
        all
    }

    /// The environment of the serving container.
    fn environment(&self) -> BTreeMap<String, String> {
        let mut all = self.pipeline.serve.environment.clone();
        if let Some(share) = self.pipeline.feedback.as_ref().and_then(|feedback| feedback.exploration) {
            all.entry(EXPLORATION.to_owned()).or_insert_with(|| share.to_string());
        }
        all
    }

    /// What a single training and each training of a search have in common. The channel `train` reads the
    /// accepted objects that `train.manifest` lists.
    fn definition(&self) -> TrainingDefinition {
        let train = &self.pipeline.train;
        let longest = train.at_most.as_secs();
        TrainingDefinition {
            role_arn: self.role.to_owned(),
            algorithm_specification: AlgorithmSpecification {
                training_image: train.image.clone(),
                training_input_mode: "File",
                metric_definitions: self.metrics(),
            },
            input_data_config: vec![Channel {
                channel_name: "train",
                content_type: "text/csv",
                data_source: self.manifest("train.manifest", Some("FullyReplicated")),
            }],
            output_data_config: OutputDataConfig {
                s3_output_path: self.uri("artifact/"),
                kms_key_id: train.kms_key.clone(),
            },
            resource_config: ResourceConfig {
                instance_type: train.instance_type.clone(),
                instance_count: train.instance_count,
                volume_size_gb: train.volume_gb,
                volume_kms_key_id: train.kms_key.clone(),
            },
            stopping_condition: StoppingCondition {
                max_runtime_in_seconds: longest,
                max_wait_time_in_seconds: train.spot.then_some(longest * 2),
            },
            enable_managed_spot_training: train.spot,
            vpc_config: train.vpc.as_ref().map(|vpc| VpcConfig {
                subnets: vpc.subnets.clone(),
                security_group_ids: vpc.security_groups.clone(),
            }),
        }
    }

    fn manifest(&self, name: &str, spread: Option<&'static str>) -> DataSource {
        DataSource {
            s3: S3DataSource {
                s3_data_type: "ManifestFile",
                s3_uri: self.uri(name),
                s3_data_distribution_type: spread,
            },
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

    /// The container that serves this archive.
    fn container(&self, artifact: &str) -> Container {
        Container {
            image: self.pipeline.train.image.clone(),
            model_data_url: artifact.to_owned(),
            environment: self.environment(),
        }
    }

    /// CreateModel, from the training's artefact.
    pub fn model(&self, artifact: &str) -> CreateModel {
        CreateModel {
            model_name: self.name.to_owned(),
            execution_role_arn: self.role.to_owned(),
            primary_container: self.container(artifact),
            tags: self.tags(),
        }
    }

    /// CreateTransformJob: scores the holdout. The filter lets the model see only the features; the join
    /// keeps row and label beside the score.
    pub fn transform(&self, contender: Contender, model_name: &str) -> CreateTransformJob {
        CreateTransformJob {
            // SageMaker's limit is 63 characters.
            transform_job_name: format!("{}-{}", tail(self.name, 52), contender.as_str()),
            model_name: model_name.to_owned(),
            batch_strategy: "MultiRecord",
            max_payload_mb: 6,
            transform_input: TransformInput {
                content_type: JSON_LINES,
                split_type: "Line",
                data_source: self.manifest("holdout.manifest", None),
            },
            transform_output: TransformOutput {
                s3_output_path: self.uri(&format!("scores/{}", contender.as_str())),
                accept: JSON_LINES,
                assemble_with: "Line",
            },
            data_processing: DataProcessing { input_filter: "$.features", join_source: "Input" },
            transform_resources: TransformResources {
                instance_type: self.pipeline.serve.scoring_instance_type.clone(),
                instance_count: 1,
            },
            tags: self.tags(),
        }
    }

    /// CreateModelPackageGroup, named as the model.
    pub fn package_group(&self) -> CreateModelPackageGroup {
        CreateModelPackageGroup {
            model_package_group_name: self.pipeline.model.to_string(),
            model_package_group_description: "Challengers that Pawl has judged".to_owned(),
        }
    }

    /// CreateModelPackage, with metrics, drift baselines and lineage.
    pub fn package(
        &self,
        artifact: &str,
        status: ApprovalStatus,
        why: &str,
        lineage: BTreeMap<String, String>,
    ) -> CreateModelPackage {
        let description = format!("Pawl run {} of {}: {why}", self.generation, self.pipeline.model);
        let file =
            |name: &str| MetricsFile { content_type: "application/json".to_owned(), s3_uri: self.uri(name) };
        let quality = || ModelQuality { statistics: file("evaluation.json") };
        CreateModelPackage {
            model_metrics: Some(ModelMetrics {
                model_quality: quality(),
                bias: Bias { report: file("analysis.json") },
            }),
            // What later data may be compared with, by whatever reads Model Monitor's files.
            drift_check_baselines: Some(DriftCheckBaselines {
                model_data_quality: DriftCheckFiles {
                    statistics: file("statistics.json"),
                    constraints: file("constraints.json"),
                },
                model_quality: quality(),
            }),
            ..self.bare_package(artifact, status, &description, lineage)
        }
    }

    /// CreateModelPackage in a further region. Metrics, baselines and lineage stand in the package at home,
    /// which it names.
    pub fn package_in_region(&self, artifact: &str, at_home: Option<&str>) -> CreateModelPackage {
        let description =
            format!("Pawl run {} of {}, promoted at home", self.generation, self.pipeline.model);
        let lineage = BTreeMap::from([
            ("pawl.generation".to_owned(), self.generation.to_string()),
            ("pawl.package".to_owned(), at_home.unwrap_or("unknown").to_owned()),
        ]);
        self.bare_package(artifact, ApprovalStatus::Approved, &description, lineage)
    }

    /// CreateModelPackage without metrics and baselines.
    fn bare_package(
        &self,
        artifact: &str,
        status: ApprovalStatus,
        description: &str,
        lineage: BTreeMap<String, String>,
    ) -> CreateModelPackage {
        CreateModelPackage {
            model_package_group_name: self.pipeline.model.to_string(),
            model_package_description: on_one_line(description),
            client_token: self.token(),
            model_approval_status: status,
            inference_specification: InferenceSpecification {
                containers: vec![self.container(artifact)],
                supported_content_types: vec![JSON_LINES.to_owned()],
                supported_response_mime_types: vec![JSON_LINES.to_owned()],
            },
            model_metrics: None,
            drift_check_baselines: None,
            customer_metadata_properties: lineage,
        }
    }

    /// At most 36 characters, which a name may exceed; the same name gives the same token.
    fn token(&self) -> String {
        ContentHash::of(self.name.as_bytes()).short().to_owned()
    }

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
                    },
                }
            }),
            data_capture_config: (serve.capture_percent > 0).then(|| self.capture()),
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
            capture_options: vec![option(CaptureMode::Input), option(CaptureMode::Output)],
            capture_content_type_header: CaptureContentTypes {
                json_content_types: vec![JSON_LINES.to_owned(), "application/json".to_owned()],
                csv_content_types: vec!["text/csv".to_owned()],
            },
        }
    }
}

/// What containers read and answer.
const JSON_LINES: &str = "application/jsonlines";

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

/// The values of the schema that the pipeline passes, and above them the team's own.
fn hyperparameters(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let (train, data) = (&pipeline.train, &pipeline.data);
    let mut all = BTreeMap::new();
    if train.pass_schema {
        all.insert("label".to_owned(), data.label.column.clone());
        if let Some(least) = data.label.at_least {
            all.insert("label_at_least".to_owned(), least.to_string());
        }
        all.insert("features".to_owned(), json!(data.features).to_string());
        if pipeline.feedback.as_ref().is_some_and(Feedback::weighs) {
            all.insert("weight".to_owned(), WEIGHT.to_owned());
        }
    }
    all.extend(train.hyperparameters.iter().map(|(name, value)| (name.clone(), value.to_string())));
    all
}

/// The most characters of a hyperparameter's value:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html>.
const LONGEST_VALUE: usize = 2_500;

/// Refuses values that SageMaker would refuse, before a run comes as far as its training.
pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    for (name, value) in hyperparameters(pipeline) {
        let length = value.chars().count();
        if length <= LONGEST_VALUE {
            continue;
        }
        let found = |what: &str| format!("{what}, the value of {name} has {length} characters");
        return Err(if pipeline.train.hyperparameters.contains_key(&name) {
            PipelineError::BadField {
                field: "train.hyperparameters",
                found: found("too long"),
                fix: "SageMaker takes 2500 in one value: shorten it, or put it into the image",
            }
        } else {
            PipelineError::BadField {
                field: "train.pass_schema",
                found: found("true"),
                fix: "SageMaker takes 2500 in one value: write false, and read the columns from the header of train/",
            }
        });
    }
    Ok(())
}

/// SageMaker's limit of metric definitions:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html>.
const MOST_METRICS: usize = 40;

/// The variable in which the serving container finds the share of requests to explore.
const EXPLORATION: &str = "PAWL_EXPLORATION";

/// A text as a regular expression that only it matches.
fn escaped(text: &str) -> String {
    let special = |c: char| c.is_ascii_punctuation() && c != '_';
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A text as the registry takes it for a description: no line breaks or other control characters, at most
/// 1,000 characters.
pub fn on_one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(1_000).collect()
}

/// A text as the registry takes it for the value of a property: letters, digits and `_.:/=+-@`, others
/// blank, at most 256.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html>
pub fn property(text: &str) -> String {
    let taken = |c: char| if c.is_alphanumeric() || "_.:/=+-@".contains(c) { c } else { ' ' };
    text.chars().map(taken).take(256).collect()
}

/// The end of a name, where it is unique, in at most so many bytes; SageMaker's names begin with a letter
/// or digit.
fn tail(name: &str, most: usize) -> &str {
    name.get(name.len().saturating_sub(most)..).unwrap_or(name).trim_start_matches('-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_longest_names_fit_what_sagemaker_takes() {
        let model = "m".repeat(40);
        let yaml = format!(
            "{{model: {model}, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, train: {{image: i, \
             metrics: [{{name: auc, regex: 'auc=(.*)'}}], tune: {{metric: auc, goal: maximize, ranges: {{k: {{of: [a, b]}}}}}}}}}}"
        );
        let pipeline = Pipeline::parse(yaml.as_bytes()).expect("a pipeline");
        let name = format!("{model}-123456-20261231235959");
        let job = Job {
            pipeline: &pipeline,
            generation: Generation(123_456),
            name: &name,
            bucket: "b",
            run: "r/",
            role: "role",
        };
        let fits = |name: &str, most: usize| (1..=most).contains(&name.len());
        let package = job.package("s3://b/model.tar.gz", ApprovalStatus::Approved, "better", BTreeMap::new());
        assert!(fits(&package.client_token, 36));
        let there = job.package_in_region("s3://b/model.tar.gz", Some("arn"));
        assert_eq!(there.inference_specification, package.inference_specification);
        assert_eq!(
            json!(there)["CustomerMetadataProperties"],
            json!({ "pawl.generation": "123456", "pawl.package": "arn" })
        );
        assert!(fits(&job.training().training_job_name, 63));
        let tuning = json!(job.tuning().expect("a search"));
        assert_eq!(tuning["HyperParameterTuningJobName"], "mmmmmmmmmm-123456-20261231235959");
        assert_eq!(tuning["TrainingJobDefinition"]["StaticHyperParameters"]["label"], "y");
        assert!(fits(&job.transform(Contender::Challenger, &name).transform_job_name, 63));
        assert!(fits(&job.endpoint_config().endpoint_config_name.0, 63));
    }

    #[test]
    fn what_is_too_long_for_a_hyperparameter_is_refused_with_the_fix() {
        // Quotes and brackets count: ["…"].
        let parse = |feature: usize, train: &str| {
            let yaml = format!(
                "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [{}]}}, train: {{image: i{train}}}}}",
                "é".repeat(feature)
            );
            Pipeline::parse(yaml.as_bytes()).map_err(|error| error.to_string())
        };
        let longest = parse(2_496, "").expect("2,500 characters are taken");
        let value = hyperparameters(&longest)["features"].chars().count();
        assert_eq!(value, 2_500);
        let refused = parse(2_497, "").expect_err("2,501 characters");
        assert_eq!(
            refused,
            "pipeline.yaml: train.pass_schema is true, the value of features has 2501 characters: SageMaker takes 2500 in one value: write false, and read the columns from the header of train/"
        );
        assert!(parse(2_497, ", pass_schema: false").is_ok());
        assert!(parse(2_497, ", hyperparameters: {features: all}").is_ok(), "the team's own stands");
        let own = |length: usize| parse(1, &format!(", hyperparameters: {{notes: {}}}", "x".repeat(length)));
        assert!(own(2_500).is_ok());
        let refused = own(2_501).expect_err("2,501 characters");
        assert!(
            refused.contains("train.hyperparameters is too long, the value of notes has 2501"),
            "{refused}"
        );
    }

    #[test]
    fn each_kind_of_endpoint_is_asked_for_in_its_own_words() {
        let variant = |serve: &str| {
            let yaml = format!(
                "{{model: bike, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, train: {{image: i}}, serve: {serve}, release: {{strategy: all_at_once}}}}"
            );
            let pipeline = Pipeline::parse(yaml.as_bytes()).expect("a pipeline");
            let job = Job {
                pipeline: &pipeline,
                generation: Generation(1),
                name: "bike-1",
                bucket: "b",
                run: "r/",
                role: "",
            };
            let mut config = json!(job.endpoint_config());
            (config["ProductionVariants"][0].take(), config["AsyncInferenceConfig"].take())
        };
        let (serverless, _) = variant("{kind: serverless, capture_percent: 0}");
        let expected = json!({
            "VariantName": "AllTraffic", "ModelName": "bike-1", "InitialVariantWeight": 1,
            "ServerlessConfig": { "MemorySizeInMB": 2048, "MaxConcurrency": 5 },
        });
        assert_eq!(serverless, expected);
        let (instances, answers) = variant("{kind: asynchronous, instance_count: 3}");
        assert_eq!(
            (&instances["InitialInstanceCount"], &instances["InstanceType"]),
            (&json!(3), &json!("ml.m5.large"))
        );
        let places =
            json!({ "S3OutputPath": "s3://b/answers/bike", "S3FailurePath": "s3://b/answers/bike-failed" });
        assert_eq!(answers, json!({ "OutputConfig": places }));
        assert_eq!(variant("{}").1, Value::Null);
    }

    #[test]
    fn weights_importances_and_exploration_reach_the_containers() {
        let of = |sections: &str, features: &str| {
            let yaml = format!(
                "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: {features}}}, train: {{image: i, \
                 metrics: [{{name: auc, regex: 'auc=(.*)'}}]}}{sections}}}"
            );
            let pipeline = Pipeline::parse(yaml.as_bytes()).expect("a pipeline");
            let job = Job {
                pipeline: &pipeline,
                generation: Generation(1),
                name: "m-1-20260101000000",
                bucket: "b",
                run: "r/",
                role: "role",
            };
            (json!(job.training()), json!(job.model("s3://b/model.tar.gz")))
        };
        let (plain, model) = of("", "['a.b', x_1]");
        let metrics = &plain["AlgorithmSpecification"]["MetricDefinitions"];
        assert_eq!(metrics[0]["Name"], "auc");
        let (name, regex) = ("importance:a.b", r"importance:a\.b=([0-9.eE+-]+)");
        assert_eq!(metrics[1], json!({ "Name": name, "Regex": regex }));
        assert_eq!(metrics[2]["Regex"], "importance:x_1=([0-9.eE+-]+)");
        assert_eq!(
            (&plain["HyperParameters"]["weight"], &model["PrimaryContainer"]["Environment"]),
            (&Value::Null, &json!({}))
        );
        let many: Vec<String> = (0..40).map(|column| format!("c{column}")).collect();
        let (wide, _) = of("", &format!("[{}]", many.join(", ")));
        let metrics = wide["AlgorithmSpecification"]["MetricDefinitions"].as_array();
        assert_eq!(metrics.map(Vec::len), Some(1), "all or none");
        let feedback = ", feedback: {selected_by: shown, treat: reweigh, exploration: 0.05}";
        let (weighed, model) = of(feedback, "[x]");
        assert_eq!(weighed["HyperParameters"]["weight"], "$weight");
        assert_eq!(model["PrimaryContainer"]["Environment"], json!({ "PAWL_EXPLORATION": "0.05" }));
    }

    #[test]
    fn words_of_others_are_made_fit_for_the_registry() {
        assert_eq!(on_one_line("500:\n\tno such\u{7} column\n"), "500: no such column");
        assert_eq!(on_one_line(&"é".repeat(2_000)).chars().count(), 1_000);
        assert_eq!(property("Jane O'Brien (ops), j@x.org"), "Jane O Brien  ops   j@x.org");
        assert_eq!(property(&"x".repeat(300)).len(), 256);
    }
}
