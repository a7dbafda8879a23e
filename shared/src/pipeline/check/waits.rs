//! What a run may wait for, in all.

use crate::duration::Duration;
use crate::pipeline::{Ask, Pipeline, PipelineError};
use crate::release::Trial;

/// What the longest waits of a run may take together, in seconds. Its state machine ends it after 30 days,
/// and its work takes time too.
const LONGEST_WAITS: u64 = 28 * DAY;

const DAY: u64 = 86_400;

/// A run that is ended in its middle leaves a question unanswered, or a release without its run.
pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let (settle, release) = (pipeline.settle.at_most, &pipeline.release);
    let asked =
        u64::from(pipeline.decide.ask_above.is_some()) + u64::from(pipeline.approval.ask != Ask::Never);
    let answers = pipeline.approval.wait.as_secs() * asked;
    let total = settle.as_secs() + answers + release.at_most().as_secs();
    if total <= LONGEST_WAITS {
        return Ok(());
    }
    let (on_trial, trial, decisions) = match &release.trial {
        Some(Trial::Shadow { at_most, .. }) => ("release.trial.shadow.at_most", *at_most, 2),
        Some(Trial::Ab { at_most, .. }) => ("release.trial.ab.at_most", *at_most, 2),
        None => ("release.trial", Duration::default(), 1),
    };
    let waits = [
        ("settle.at_most", settle, settle.as_secs()),
        ("approval.wait", pipeline.approval.wait, answers),
        (on_trial, trial, trial.as_secs()),
        ("release.bake", release.bake, release.bake.as_secs()),
        ("release.patience", release.patience, release.patience.as_secs()),
        ("release.decision", release.decision, release.decision.as_secs() * decisions),
    ];
    let Some((field, length, _)) = waits.into_iter().max_by_key(|(_, _, share)| *share) else {
        return Ok(());
    };
    Err(PipelineError::BadField {
        field,
        found: format!("{length}, and a run may wait {} days in all", total.div_ceil(DAY)),
        fix: "at most 28d for settle, approval (twice with decide.ask_above), trial, bake, patience \
              and decision (twice with a trial): a run is ended after 30",
    })
}
