//! The section `feedback`: columns of their own, and a share that can weigh rows.

use crate::pipeline::error::refuse;
use crate::pipeline::{Data, Feedback, PipelineError};

pub(super) fn check(feedback: &Feedback, data: &Data) -> Result<(), PipelineError> {
    for (field, column) in [
        ("feedback.selected_by", Some(&feedback.selected_by)),
        ("feedback.version", feedback.version.as_ref()),
    ] {
        let Some(column) = column else { continue };
        if column.is_empty() || *column == data.label.column || data.features.contains(column) {
            let fix = "name a column of its own: neither a feature nor the label, or the model would \
                       learn its own choice";
            return refuse(field, format!("{column:?}"), fix);
        }
    }
    if let Some(share) = feedback.exploration.filter(|share| !(*share > 0.0 && *share < 1.0)) {
        return refuse("feedback.exploration", share.to_string(), "a share of requests above 0 and below 1");
    }
    if feedback.weighs() && feedback.exploration.is_none() {
        let fix = "name the share of requests that are acted upon whatever the model says: without it \
                   a row has no weight";
        return refuse("feedback.exploration", "missing", fix);
    }
    if !(feedback.largest_weight >= 1.0 && feedback.largest_weight.is_finite()) {
        return refuse("feedback.largest_weight", feedback.largest_weight.to_string(), "1 or more");
    }
    Ok(())
}
