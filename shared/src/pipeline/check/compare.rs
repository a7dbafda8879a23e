//! The section `compare`: what new data is compared with, and in which parts.

use crate::drift::BaselineRule;
use crate::pipeline::error::refuse;
use crate::pipeline::{Pipeline, PipelineError};

/// The most columns whose values part the rows.
const MOST_SEGMENTS: usize = 4;

pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let compare = &pipeline.compare;
    if let Some(name) = compare.leave_out.iter().find(|name| !pipeline.data.features.contains(name)) {
        return refuse("compare.leave_out", format!("{name:?}"), "name features: only they are compared");
    }
    let mut segments = compare.segments.clone();
    segments.sort_unstable();
    segments.dedup();
    if segments.len() < compare.segments.len() || segments.iter().any(String::is_empty) {
        return refuse("compare.segments", format!("{:?}", compare.segments), "name each column once");
    }
    if segments.len() > MOST_SEGMENTS {
        return refuse(
            "compare.segments",
            format!("{} columns", segments.len()),
            "name at most 4: each is profiled again",
        );
    }
    if segments.contains(&pipeline.data.label.column) {
        let fix = "name a column that is known before the label is: its drift is told apart";
        return refuse("compare.segments", format!("{:?} included", pipeline.data.label.column), fix);
    }
    if compare.cluster.is_some() && compare.block.is_some() {
        return refuse(
            "compare.block",
            "named beside compare.cluster",
            "name the one by which rows depend most",
        );
    }
    if let Some(cluster) = compare.cluster.as_ref().filter(|name| pipeline.data.schema.ignore.contains(name))
    {
        return refuse(
            "compare.cluster",
            format!("{cluster:?}"),
            "name a column that data.schema does not ignore",
        );
    }
    if compare.block.is_some() && pipeline.data.schema.time.is_none() {
        let fix = "name the column of time in data.schema.time, by which rows are put into blocks";
        return refuse("compare.block", "without a time", fix);
    }
    match compare.with {
        BaselineRule::SameSeason { months } if months > 5 => {
            refuse("compare.with.same_season.months", months.to_string(), "0 to 5 months on either side")
        }
        BaselineRule::Rolling { objects: 0 } => {
            refuse("compare.with.rolling.objects", "0", "at least one object to compare with")
        }
        BaselineRule::SameSeason { .. } | BaselineRule::SameWeekday
            if pipeline.data.schema.time.is_none() =>
        {
            let fix = "name the column of time in data.schema.time, by which earlier objects are chosen";
            refuse("compare.with", "by the calendar", fix)
        }
        _ => Ok(()),
    }
}
