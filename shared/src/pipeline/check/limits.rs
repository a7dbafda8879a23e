//! What SageMaker takes of texts: hyperparameters, environments, metrics. Sources:
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html>,
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html>,
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MetricDefinition.html>.

use crate::pipeline::error::refuse;
use crate::pipeline::{Pipeline, PipelineError, environment, hyperparameters};

/// The most entries of hyperparameters, and of an environment.
const MOST_ENTRIES: usize = 100;
/// The most characters of a hyperparameter's name.
const LONGEST_NAME: usize = 256;
/// The most characters of an environment's name, and of its value.
const LONGEST_VARIABLE: usize = 1_024;
/// The most metric definitions:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html>.
pub(crate) const MOST_METRICS: usize = 40;
/// The most characters of a metric's name.
pub(crate) const LONGEST_METRIC: usize = 255;
/// The most characters of a metric's regular expression.
pub(crate) const LONGEST_REGEX: usize = 500;

pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    check_hyperparameters(pipeline)?;
    check_environment(pipeline)?;
    check_metrics(pipeline)
}

fn check_hyperparameters(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let field = "train.hyperparameters";
    let all = hyperparameters(pipeline);
    if all.len() > MOST_ENTRIES {
        let fix = "SageMaker takes 100, with those of train.pass_schema: put some into the image";
        return refuse(field, format!("{} entries", all.len()), fix);
    }
    for (name, value) in &all {
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(['\n', '\r']) {
            return refuse(
                field,
                format!("{name:?}"),
                "SageMaker takes a name of 1 to 256 characters on one line",
            );
        }
        if value.contains(['\n', '\r']) {
            let fix = "SageMaker takes values on one line: join its lines, or put it into the image";
            return refuse(field, format!("{name:?} of several lines"), fix);
        }
    }
    Ok(())
}

fn check_environment(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let field = "serve.environment";
    let all = environment(pipeline);
    if all.len() > MOST_ENTRIES {
        let fix = "SageMaker takes 100, with PAWL_EXPLORATION: put some into the image";
        return refuse(field, format!("{} entries", all.len()), fix);
    }
    for (name, value) in &all {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.chars().all(word) || name.len() > LONGEST_VARIABLE {
            let fix = "SageMaker takes letters, digits and _, not a digit first";
            return refuse(field, format!("{name:?}"), fix);
        }
        let length = value.chars().count();
        if length > LONGEST_VARIABLE {
            let fix = "SageMaker takes 1024 characters in one value: shorten it, or put it into the image";
            return refuse(field, format!("{name} with {length} characters"), fix);
        }
    }
    Ok(())
}

fn check_metrics(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let field = "train.metrics";
    let metrics = &pipeline.train.metrics;
    if metrics.len() > MOST_METRICS {
        return refuse(field, format!("{} entries", metrics.len()), "SageMaker takes 40");
    }
    for metric in metrics {
        let (name, regex) = (metric.name.chars().count(), metric.regex.chars().count());
        if !(1..=LONGEST_METRIC).contains(&name) || metric.name.contains('\n') {
            let fix = "SageMaker takes a name of 1 to 255 characters";
            return refuse(field, format!("a name of {name} characters"), fix);
        }
        if !(1..=LONGEST_REGEX).contains(&regex) || metric.regex.contains('\n') {
            let fix = "SageMaker takes a regex of 1 to 500 characters";
            return refuse(field, format!("{:?} with a regex of {regex} characters", metric.name), fix);
        }
    }
    Ok(())
}
