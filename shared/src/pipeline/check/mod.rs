//! Whether a `pipeline.yaml` can work, section by section: before anything is trained, not after it was paid
//! for.

mod compare;
mod data;
mod feedback;
mod limits;
mod release;
mod serve;
mod tune;
mod waits;

pub(crate) use limits::{LONGEST_METRIC, LONGEST_REGEX, MOST_METRICS};

use super::error::{refuse, section};
use super::{Pipeline, PipelineError, hyperparameters};

/// Checks all sections; the first fault is the answer.
pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    data::check(pipeline)?;
    check_bounds(pipeline)?;
    hyperparameters::check(pipeline)?;
    limits::check(pipeline)?;
    if let Some(tune) = &pipeline.train.tune {
        tune::check(tune, &pipeline.train)?;
    }
    if let Some(feedback) = &pipeline.feedback {
        feedback::check(feedback, &pipeline.data)?;
    }
    compare::check(pipeline)?;
    pipeline.drift.check().map_err(section)?;
    pipeline.monitor.check().map_err(section)?;
    pipeline.gate.check().map_err(section)?;
    pipeline.gate.behaviour.check_features(&pipeline.data.features).map_err(section)?;
    pipeline.release.strategy.fits(pipeline.serve.fleet()).map_err(section)?;
    data::check_label(pipeline)?;
    data::check_gate_columns(pipeline)?;
    release::check(pipeline)?;
    serve::check(pipeline)?;
    waits::check(pipeline)
}

/// Numbers that have a bound of their own.
fn check_bounds(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let Pipeline { split, settle, serve, decide, .. } = pipeline;
    if split.holdout_objects == 0 {
        return refuse("split.holdout_objects", "0", "at least one object must judge the models");
    }
    if split.least_objects == 0 {
        return refuse("split.least_objects", "0", "at least one object must train the model");
    }
    if settle.quiet.as_secs() == 0 {
        return refuse("settle.quiet", "0s", "look at least every second: 1s or more");
    }
    if serve.instance_count == 0 {
        return refuse("serve.instance_count", "0", "an endpoint needs one instance, a canary two");
    }
    if serve.capture_percent > 100 {
        return refuse("serve.capture_percent", serve.capture_percent.to_string(), "0 to 100 percent");
    }
    if let Some(share) = decide.ask_above.filter(|share| !(0.0..=1.0).contains(share)) {
        return refuse("decide.ask_above", share.to_string(), "a share of columns, from 0 to 1");
    }
    Ok(())
}
