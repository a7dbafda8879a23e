//! The section `data`: where the objects lie, and what their columns are for.

use crate::dataset::Label;
use crate::gate::Task;
use crate::pipeline::error::refuse;
use crate::pipeline::{Pipeline, PipelineError};

pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let data = &pipeline.data;
    if data.bucket.is_empty() {
        return refuse("data.bucket", "empty", "name the bucket that data arrives in");
    }
    if !data.prefix.ends_with('/') {
        let fix = "end it with / so that it names a folder, such as bike/hourly/";
        return refuse("data.prefix", format!("{:?}", data.prefix), fix);
    }
    if data.features.is_empty() {
        return refuse("data.features", "empty", "list the columns that the model sees");
    }
    if data.features.contains(&data.label.column) {
        let fix = "the label must not be a feature: the model would see the answer";
        return refuse("data.features", format!("{:?} included", data.label.column), fix);
    }
    Ok(())
}

/// What the gate and the comparison look at must be kept with each row.
pub(super) fn check_gate_columns(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let kept = pipeline.columns();
    if let Some(name) = pipeline.gate.columns().iter().find(|name| !kept.contains(name)) {
        let fix = "name it in data.context too: only its columns and the features are kept with each row";
        return refuse("gate", format!("asking for the column {name:?}"), fix);
    }
    match pipeline.compare.segments.iter().find(|name| !kept.contains(name)) {
        Some(name) => {
            let fix = "name it in data.context too, or the column may be missing unseen";
            refuse("compare.segments", format!("asking for the column {name:?}"), fix)
        }
        None => Ok(()),
    }
}

/// A label with a threshold is a yes or no.
pub(super) fn check_label(pipeline: &Pipeline) -> Result<(), PipelineError> {
    if let (Some(least), Task::Multiclass) = (pipeline.data.label.at_least, pipeline.gate.task) {
        let fix = "it makes the label a yes or no: leave it out, or gate.task multiclass";
        return refuse("data.label.at_least", format!("{least} for gate.task multiclass"), fix);
    }
    let Label { at_least, positive, negative, .. } = &pipeline.data.label;
    match (positive, negative) {
        (None, None) => Ok(()),
        (None, Some(negative)) => {
            refuse("data.label.negative", format!("{negative:?} alone"), "name data.label.positive too")
        }
        (Some(positive), _) if pipeline.gate.task != Task::Binary => {
            let found = format!("{positive:?} for gate.task {}", pipeline.gate.task);
            refuse("data.label.positive", found, "leave it out, or set gate.task binary")
        }
        (Some(positive), _) if at_least.is_some() => {
            let found = format!("{positive:?} beside at_least");
            refuse("data.label.positive", found, "keep one of the two: each makes the label a yes or no")
        }
        (Some(positive), Some(negative)) if positive.trim() == negative.trim() => {
            refuse("data.label.negative", format!("{negative:?}, as positive"), "name two spellings")
        }
        (Some(_), _) => Ok(()),
    }
}
