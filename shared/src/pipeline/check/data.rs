//! The section `data`: where the objects lie, and what their columns are for.

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

/// A label with a threshold is a yes or no.
pub(super) fn check_label(pipeline: &Pipeline) -> Result<(), PipelineError> {
    if let (Some(least), Task::Multiclass) = (pipeline.data.label.at_least, pipeline.gate.task) {
        let fix = "it makes the label a yes or no: leave it out, or gate.task multiclass";
        return refuse("data.label.at_least", format!("{least} for gate.task multiclass"), fix);
    }
    Ok(())
}
