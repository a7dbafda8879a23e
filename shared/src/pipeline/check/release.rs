//! The section `release`: trial, alarms and further regions, against what serves.

use crate::gate::Task;
use crate::pipeline::error::{refuse, section};
use crate::pipeline::{Pipeline, PipelineError};
use crate::release::strategy::EndpointKind;

pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    if pipeline.release.trial.is_some() && pipeline.gate.task != Task::Binary {
        let fix = "side by side only answers of yes or no are compared: leave the trial out";
        return refuse("release.trial", format!("there for gate.task {}", pipeline.gate.task), fix);
    }
    let alarms = &pipeline.release.alarms;
    if (alarms.live_quality.is_some() || alarms.drift.is_some()) && pipeline.serve.capture_percent == 0 {
        let fix = "release.alarms.live_quality and drift rest on what is captured: write at least 1, \
                   or leave them out";
        return refuse("serve.capture_percent", "0", fix);
    }
    if let Some(trial) = &pipeline.release.trial {
        trial
            .fits(pipeline.serve.fleet(), pipeline.serve.capture_percent, &pipeline.release.strategy)
            .map_err(section)?;
    }
    pipeline.release.fits_regions(&pipeline.train.image, &pipeline.data.bucket).map_err(section)?;
    if pipeline.serve.kind == EndpointKind::Asynchronous && !pipeline.release.regions.is_empty() {
        let fix =
            "its rows and answers lie in the bucket at home: leave the regions out, or serve.kind real_time";
        return refuse("release.regions", "there for serve.kind asynchronous", fix);
    }
    Ok(())
}
