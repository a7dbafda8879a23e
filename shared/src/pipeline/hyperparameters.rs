//! The hyperparameters of a training: the team's own, and those that say what the columns are.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Feedback, Pipeline, PipelineError, WEIGHT};

/// The most characters of a hyperparameter's value:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html>.
const LONGEST_VALUE: usize = 2_500;

/// The values of the schema that the pipeline passes, and above them the team's own.
pub(crate) fn hyperparameters(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let (train, data) = (&pipeline.train, &pipeline.data);
    let mut all = BTreeMap::new();
    if train.pass_schema {
        all.insert("label".to_owned(), data.label.column.clone());
        if let Some(least) = data.label.at_least {
            all.insert("label_at_least".to_owned(), least.to_string());
        }
        let spellings = [("label_positive", &data.label.positive), ("label_negative", &data.label.negative)];
        for (name, spelling) in spellings {
            all.extend(spelling.clone().map(|spelling| (name.to_owned(), spelling)));
        }
        all.insert("features".to_owned(), json!(data.features).to_string());
        if pipeline.feedback.as_ref().is_some_and(Feedback::weighs) {
            all.insert("weight".to_owned(), WEIGHT.to_owned());
        }
    }
    all.extend(train.hyperparameters.iter().map(|(name, value)| (name.clone(), value.to_string())));
    all
}

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
                fix: "SageMaker takes 2500 in one value: write false, and read the columns from the \
                      header of train/",
            }
        });
    }
    Ok(())
}
