//! The SageMaker requests that follow from a `pipeline.yaml`. Step Functions sends them, so they are JSON with
//! SageMaker's own field names: <https://docs.aws.amazon.com/sagemaker/latest/APIReference/>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Feedback, Goal, Pipeline, PipelineError, Range, Scale, Search, WEIGHT};
use crate::drift::IMPORTANCE;
use crate::gate::Contender;
use crate::ledger::Keys;
use crate::metrics::{CHALLENGER, VARIANT};
use crate::names::{ContentHash, Generation};
use crate::release::strategy::EndpointKind;
use crate::release::{ConfigName, Trial};

/// What a run's resources are called, and where their files lie.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// The run.
    pub generation: Generation,
    /// The name of the training job, the model and the endpoint config: at most 63 characters, never used twice.
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

    fn tags(&self) -> Value {
        json!([
            { "Key": "pawl:model", "Value": self.pipeline.model },
            { "Key": "pawl:generation", "Value": self.generation.to_string() },
        ])
    }

    /// The metrics that SageMaker reads out of the training log: the team's own, and the importance of each feature where the
    /// container prints it and there is room for all.
    fn metrics(&self) -> Vec<Value> {
        let train = &self.pipeline.train;
        let own = train.metrics.iter();
        let mut all: Vec<Value> =
            own.map(|metric| json!({ "Name": metric.name, "Regex": metric.regex })).collect();
        let features = &self.pipeline.data.features;
        if train.pass_schema && all.len() + features.len() <= MOST_METRICS {
            all.extend(features.iter().map(|feature| {
                let plain = escaped(feature);
                json!({ "Name": format!("{IMPORTANCE}{feature}"), "Regex": format!("{IMPORTANCE}{plain}=([0-9.eE+-]+)") })
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

    /// The fields that CreateTrainingJob and a tuning job's TrainingJobDefinition share. The channel `train` reads the
    /// accepted objects that `train.manifest` lists.
    fn definition(&self) -> Value {
        let train = &self.pipeline.train;
        let mut stopping = json!({ "MaxRuntimeInSeconds": train.at_most.as_secs() });
        if train.spot {
            stopping["MaxWaitTimeInSeconds"] = json!(train.at_most.as_secs() * 2);
        }
        let metrics: Vec<Value> = self.metrics();
        let mut output = json!({ "S3OutputPath": self.uri("artifact/") });
        let mut resources = json!({
            "InstanceType": train.instance_type,
            "InstanceCount": train.instance_count,
            "VolumeSizeInGB": train.volume_gb,
        });
        if let Some(key) = &train.kms_key {
            output["KmsKeyId"] = json!(key);
            resources["VolumeKmsKeyId"] = json!(key);
        }
        let mut request = json!({
            "RoleArn": self.role,
            "AlgorithmSpecification": {
                "TrainingImage": train.image,
                "TrainingInputMode": "File",
                "MetricDefinitions": metrics,
            },
            "InputDataConfig": [{
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": { "S3DataSource": {
                    "S3DataType": "ManifestFile",
                    "S3Uri": self.uri("train.manifest"),
                    "S3DataDistributionType": "FullyReplicated",
                } },
            }],
            "OutputDataConfig": output,
            "ResourceConfig": resources,
            "StoppingCondition": stopping,
            "EnableManagedSpotTraining": train.spot,
        });
        if let Some(vpc) = &train.vpc {
            request["VpcConfig"] = json!({ "Subnets": vpc.subnets, "SecurityGroupIds": vpc.security_groups });
        }
        request
    }

    /// CreateTrainingJob.
    pub fn training(&self) -> Value {
        let mut request = self.definition();
        request["TrainingJobName"] = json!(self.name);
        request["HyperParameters"] = Value::Object(hyperparameters(self.pipeline));
        request["Tags"] = self.tags();
        request
    }

    /// CreateHyperParameterTuningJob, where the pipeline searches.
    pub fn tuning(&self) -> Option<Value> {
        let tune = self.pipeline.train.tune.as_ref()?;
        let mut definition = self.definition();
        definition["StaticHyperParameters"] = Value::Object(hyperparameters(self.pipeline));
        let (mut whole, mut continuous, mut choices) = (Vec::new(), Vec::new(), Vec::new());
        for (name, range) in &tune.ranges {
            match range {
                Range::Numbers { from, to, scale } => {
                    let (kind, walk) = match scale {
                        Scale::Whole => (&mut whole, "Linear"),
                        Scale::Linear => (&mut continuous, "Linear"),
                        Scale::Logarithmic => (&mut continuous, "Logarithmic"),
                    };
                    kind.push(json!({
                        "Name": name,
                        "MinValue": from.to_string(),
                        "MaxValue": to.to_string(),
                        "ScalingType": walk,
                    }));
                }
                Range::Choice { of } => {
                    let values: Vec<String> = of.iter().map(ToString::to_string).collect();
                    choices.push(json!({ "Name": name, "Values": values }));
                }
            }
        }
        Some(json!({
            "HyperParameterTuningJobName": self.tuning_name(),
            "HyperParameterTuningJobConfig": {
                "Strategy": match tune.search {
                    Search::Bayesian => "Bayesian",
                    Search::Random => "Random",
                },
                "HyperParameterTuningJobObjective": {
                    "Type": match tune.goal {
                        Goal::Maximize => "Maximize",
                        Goal::Minimize => "Minimize",
                    },
                    "MetricName": tune.metric,
                },
                "ResourceLimits": {
                    "MaxNumberOfTrainingJobs": tune.trainings,
                    "MaxParallelTrainingJobs": tune.at_once,
                },
                "ParameterRanges": {
                    "IntegerParameterRanges": whole,
                    "ContinuousParameterRanges": continuous,
                    "CategoricalParameterRanges": choices,
                },
            },
            "TrainingJobDefinition": definition,
            "Tags": self.tags(),
        }))
    }

    /// A tuning job's name may have only 32 characters: the end of the name, which holds generation and time.
    fn tuning_name(&self) -> &str {
        tail(self.name, 32)
    }

    /// CreateModel, from the training's artefact.
    pub fn model(&self, artifact: &str) -> Value {
        json!({
            "ModelName": self.name,
            "ExecutionRoleArn": self.role,
            "PrimaryContainer": {
                "Image": self.pipeline.train.image,
                "ModelDataUrl": artifact,
                "Environment": self.environment(),
            },
            "Tags": self.tags(),
        })
    }

    /// CreateTransformJob: scores the holdout. The filter lets the model see only the features; the join keeps row and label beside the score.
    pub fn transform(&self, contender: Contender, model_name: &str) -> Value {
        json!({
            // SageMaker's limit is 63 characters.
            "TransformJobName": format!("{}-{}", tail(self.name, 52), contender.as_str()),
            "ModelName": model_name,
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": 6,
            "TransformInput": {
                "ContentType": "application/jsonlines",
                "SplitType": "Line",
                "DataSource": { "S3DataSource": {
                    "S3DataType": "ManifestFile",
                    "S3Uri": self.uri("holdout.manifest"),
                } },
            },
            "TransformOutput": {
                "S3OutputPath": self.uri(&format!("scores/{}", contender.as_str())),
                "Accept": "application/jsonlines",
                "AssembleWith": "Line",
            },
            "DataProcessing": { "InputFilter": "$.features", "JoinSource": "Input" },
            "TransformResources": {
                "InstanceType": self.pipeline.serve.scoring_instance_type,
                "InstanceCount": 1,
            },
            "Tags": self.tags(),
        })
    }

    /// CreateModelPackageGroup, named as the model.
    pub fn package_group(&self) -> Value {
        json!({
            "ModelPackageGroupName": self.pipeline.model,
            "ModelPackageGroupDescription": "Challengers that Pawl has judged",
        })
    }

    /// CreateModelPackage, with metrics, drift baselines and lineage.
    pub fn package(&self, artifact: &str, status: &str, why: &str, lineage: &Value) -> Value {
        let description = format!("Pawl run {} of {}: {why}", self.generation, self.pipeline.model);
        let file = |name: &str| json!({ "ContentType": "application/json", "S3Uri": self.uri(name) });
        json!({
            "ModelPackageGroupName": self.pipeline.model,
            "ModelPackageDescription": on_one_line(&description),
            "ClientToken": self.token(),
            "ModelApprovalStatus": status,
            "InferenceSpecification": self.inference(artifact),
            "ModelMetrics": {
                "ModelQuality": { "Statistics": file("evaluation.json") },
                "Bias": { "Report": file("analysis.json") },
            },
            // What later data may be compared with, by whatever reads Model Monitor's files.
            "DriftCheckBaselines": {
                "ModelDataQuality": { "Statistics": file("statistics.json"), "Constraints": file("constraints.json") },
                "ModelQuality": { "Statistics": file("evaluation.json") },
            },
            "CustomerMetadataProperties": lineage,
        })
    }

    /// CreateModelPackage in a further region. Metrics, baselines and lineage stand in the package at home, which it names.
    pub fn package_in_region(&self, artifact: &str, at_home: Option<&str>) -> Value {
        let description =
            format!("Pawl run {} of {}, promoted at home", self.generation, self.pipeline.model);
        json!({
            "ModelPackageGroupName": self.pipeline.model,
            "ModelPackageDescription": on_one_line(&description),
            "ClientToken": self.token(),
            "ModelApprovalStatus": "Approved",
            "InferenceSpecification": self.inference(artifact),
            "CustomerMetadataProperties": {
                "pawl.generation": self.generation.to_string(),
                "pawl.package": at_home.unwrap_or("unknown"),
            },
        })
    }

    /// At most 36 characters, which a name may exceed; the same name gives the same token.
    fn token(&self) -> String {
        ContentHash::of(self.name.as_bytes()).short().to_owned()
    }

    /// What a package says of the serving container.
    fn inference(&self, artifact: &str) -> Value {
        json!({
            "Containers": [{
                "Image": self.pipeline.train.image,
                "ModelDataUrl": artifact,
                "Environment": self.environment(),
            }],
            "SupportedContentTypes": ["application/jsonlines"],
            "SupportedResponseMIMETypes": ["application/jsonlines"],
        })
    }

    /// CreateEndpointConfig for the challenger.
    pub fn endpoint_config(&self) -> Value {
        let serve = &self.pipeline.serve;
        let mut request = json!({
            "EndpointConfigName": self.name,
            // Old and new config must share variant names for traffic to shift between them.
            "ProductionVariants": [{
                "VariantName": VARIANT,
                "ModelName": self.name,
                "InitialVariantWeight": 1,
            }],
            "Tags": self.tags(),
        });
        let variant = &mut request["ProductionVariants"][0];
        match serve.kind {
            EndpointKind::Serverless => {
                variant["ServerlessConfig"] = json!({
                    "MemorySizeInMB": serve.serverless.memory_mb,
                    "MaxConcurrency": serve.serverless.concurrency,
                });
            }
            EndpointKind::RealTime | EndpointKind::Asynchronous => {
                variant["InitialInstanceCount"] = json!(serve.instance_count);
                variant["InstanceType"] = json!(serve.instance_type);
            }
        }
        if serve.kind == EndpointKind::Asynchronous {
            let path = format!("s3://{}/answers/{}", self.bucket, self.pipeline.model);
            request["AsyncInferenceConfig"] = json!({ "OutputConfig": {
                "S3OutputPath": path,
                "S3FailurePath": format!("{path}-failed"),
            } });
        }
        if serve.capture_percent > 0 {
            request["DataCaptureConfig"] = json!({
                "EnableCapture": true,
                "InitialSamplingPercentage": serve.capture_percent,
                "DestinationS3Uri": format!("s3://{}/{}", self.bucket, Keys::new(&self.pipeline.model).captured().trim_end_matches('/')),
                "CaptureOptions": [{ "CaptureMode": "Input" }, { "CaptureMode": "Output" }],
                "CaptureContentTypeHeader": { "JsonContentTypes": ["application/jsonlines", "application/json"], "CsvContentTypes": ["text/csv"] },
            });
        }
        request
    }

    /// CreateEndpointConfig for a trial: the champion where it was, the challenger beside it.
    pub fn trial_config(&self, config: &ConfigName, trial: &Trial, champion: &str) -> Value {
        let mut request = self.endpoint_config();
        request["EndpointConfigName"] = json!(config);
        let mut challenger = request["ProductionVariants"][0].clone();
        challenger["VariantName"] = json!(CHALLENGER);
        request["ProductionVariants"][0]["ModelName"] = json!(champion);
        match trial {
            // Equal weights: each request is copied.
            Trial::Shadow { .. } => request["ShadowProductionVariants"] = json!([challenger]),
            Trial::Ab { percent, .. } => {
                challenger["InitialVariantWeight"] = json!(percent);
                request["ProductionVariants"][0]["InitialVariantWeight"] = json!(100 - (*percent).min(100));
                let champion = request["ProductionVariants"][0].take();
                request["ProductionVariants"] = json!([champion, challenger]);
            }
        }
        request
    }
}

/// The values of the schema that the pipeline passes, and above them the team's own.
fn hyperparameters(pipeline: &Pipeline) -> Map<String, Value> {
    let (train, data) = (&pipeline.train, &pipeline.data);
    let mut all = Map::new();
    if train.pass_schema {
        all.insert("label".into(), json!(data.label.column));
        if let Some(least) = data.label.at_least {
            all.insert("label_at_least".into(), json!(least.to_string()));
        }
        all.insert("features".into(), json!(json!(data.features).to_string()));
        if pipeline.feedback.as_ref().is_some_and(Feedback::weighs) {
            all.insert("weight".into(), json!(WEIGHT));
        }
    }
    all.extend(train.hyperparameters.iter().map(|(name, value)| (name.clone(), json!(value.to_string()))));
    all
}

/// The most characters of a hyperparameter's value:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html>.
const LONGEST_VALUE: usize = 2_500;

/// Refuses values that SageMaker would refuse, before a run comes as far as its training.
pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    for (name, value) in hyperparameters(pipeline) {
        let length = value.as_str().map_or(0, |value| value.chars().count());
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

/// A text as the registry takes it for a description: no line breaks or other control characters, at most 1,000 characters.
pub fn on_one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(1_000).collect()
}

/// A text as the registry takes it for the value of a property: letters, digits and `_.:/=+-@`, others blank, at most 256.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html>
pub fn property(text: &str) -> String {
    let taken = |c: char| if c.is_alphanumeric() || "_.:/=+-@".contains(c) { c } else { ' ' };
    text.chars().map(taken).take(256).collect()
}

/// The end of a name, where it is unique, in at most so many bytes; SageMaker's names begin with a letter or digit.
fn tail(name: &str, most: usize) -> &str {
    name.get(name.len().saturating_sub(most)..).unwrap_or(name).trim_start_matches('-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
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
        let length = |document: Value, field: &str| document[field].as_str().map_or(0, str::len);
        let package = job.package("s3://b/model.tar.gz", "Approved", "better", &json!({}));
        assert!((1..=36).contains(&length(package.clone(), "ClientToken")));
        let there = job.package_in_region("s3://b/model.tar.gz", Some("arn"));
        assert_eq!(there["InferenceSpecification"], package["InferenceSpecification"]);
        assert_eq!(
            there["CustomerMetadataProperties"],
            json!({ "pawl.generation": "123456", "pawl.package": "arn" })
        );
        assert!((1..=63).contains(&length(job.training(), "TrainingJobName")));
        let tuning = job.tuning().expect("a search");
        assert_eq!(tuning["HyperParameterTuningJobName"], "mmmmmmmmmm-123456-20261231235959");
        assert_eq!(tuning["TrainingJobDefinition"]["StaticHyperParameters"]["label"], "y");
        assert!((1..=63).contains(&length(job.transform(Contender::Challenger, &name), "TransformJobName")));
        assert!((1..=63).contains(&length(job.endpoint_config(), "EndpointConfigName")));
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
        let value = hyperparameters(&longest)["features"].as_str().map(|value| value.chars().count());
        assert_eq!(value, Some(2_500));
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
            let mut config = job.endpoint_config();
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
            (job.training(), job.model("s3://b/model.tar.gz"))
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
