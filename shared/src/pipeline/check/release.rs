//! The section `release`: trial, alarms and further regions, against what serves.

use crate::drift::live::is_watched;
use crate::duration::Duration;
use crate::gate::Task;
use crate::gate::policy::{Consequence, FairnessRule};
use crate::pipeline::error::{refuse, section};
use crate::pipeline::{Pipeline, PipelineError};
use crate::release::strategy::EndpointKind;

impl Pipeline {
    /// Whether the alarms of its endpoint get data in each period, where metrics come so often. A deployment
    /// is held otherwise; this says so before anything is trained.
    ///
    /// # Errors
    /// [`PipelineError::BadField`].
    pub fn check_periods(&self, every: Duration) -> Result<(), PipelineError> {
        let period = self.release.alarms.period;
        if period.as_secs() > 0 && period.as_secs().is_multiple_of(every.as_secs().max(1)) {
            return Ok(());
        }
        let fix = "the metrics of endpoints come once a minute: write a multiple of 60s";
        refuse("release.alarms.period", period.to_string(), fix)
    }
}

/// An alarm on groups needs a rule of the gate that live rows can be held to.
fn check_groups(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let fairness = &pipeline.gate.fairness;
    let is_held = |rule: &FairnessRule| is_watched(rule.measure) && rule.action != Consequence::Warn;
    let field = "release.alarms.groups";
    if pipeline.release.alarms.groups.is_none() {
        return Ok(());
    }
    if fairness.groups.is_empty() {
        let fix = "name groups under gate.fairness.groups, or leave the alarm out";
        return refuse(field, "there, and no groups to watch", fix);
    }
    if !fairness.rules.iter().any(is_held) {
        let fix =
            "write a rule under gate.fairness.rules that blocks or asks, of DI, DPPL, RD, SD, DAR, DRR or AD";
        return refuse(field, "there, and no rule that live rows can be held to", fix);
    }
    Ok(())
}

pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    if pipeline.release.trial.is_some() && pipeline.gate.task != Task::Binary {
        let fix = "side by side only answers of yes or no are compared: leave the trial out";
        return refuse("release.trial", format!("there for gate.task {}", pipeline.gate.task), fix);
    }
    let alarms = &pipeline.release.alarms;
    let bounds = [&alarms.live_quality, &alarms.drift, &alarms.groups];
    if bounds.iter().any(|bound| bound.is_some()) && pipeline.serve.capture_percent == 0 {
        let fix = "release.alarms.live_quality, drift and groups rest on what is captured: write at least 1, \
                   or leave them out";
        return refuse("serve.capture_percent", "0", fix);
    }
    check_groups(pipeline)?;
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
