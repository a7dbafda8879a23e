//! The steps of a run, which of them it reached, and where it ended.

use jiff::Timestamp;

use super::evidence::Evidence;
use super::html::{Html, Tone, badge};
use super::labels::{self, Label};
use super::words::{counted, plain, time};
use crate::drift;
use crate::ledger::dataset::ObjectFate;

/// A step that leaves evidence, in the order of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Snapshot,
    Validate,
    CompareDrift,
    Decide,
    Train,
    Judge,
    Release,
    Close,
}

const STEPS: [Step; 8] = [
    Step::Snapshot,
    Step::Validate,
    Step::CompareDrift,
    Step::Decide,
    Step::Train,
    Step::Judge,
    Step::Release,
    Step::Close,
];

impl Step {
    /// Its name for a person.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "Snapshot",
            Self::Validate => "Validate",
            Self::CompareDrift => "Compare drift",
            Self::Decide => "Decide",
            Self::Train => "Train",
            Self::Judge => "Judge",
            Self::Release => "Release",
            Self::Close => "Close",
        }
    }

    /// The step that a state of `retraining.asl.json` belongs to.
    fn of_state(state: &str) -> Option<Self> {
        Some(match state {
            "Begin" | "Settle" | "Settled" | "WaitToSettle" | "Snapshot" | "AnythingNew" => Self::Snapshot,
            "ProfilePartitions" | "Validate" | "Valid" => Self::Validate,
            "CompareDrift" => Self::CompareDrift,
            "Decide"
            | "Decided"
            | "Skipped"
            | "NotifyQuestionToTrain"
            | "AskToTrain"
            | "AnsweredToTrain"
            | "Declined" => Self::Decide,
            "Search" | "Train" | "Tune" | "DescribeBest" | "CheckConvergence" | "Converged"
            | "KeepArchive" | "Diverged" => Self::Train,
            "CreateChallenger" | "Score" | "Judge" | "Verdict" | "Rejected" | "Force" | "MayForce"
            | "NotForced" => Self::Judge,
            "Close" | "Notify" | "NotifyPlainly" | "RecordFailure" => Self::Close,
            "FindGroup"
            | "EnsureGroup"
            | "Register"
            | "Registered"
            | "NotifyQuestion"
            | "AwaitApproval"
            | "Answered"
            | "MarkApproved"
            | "MarkRejected"
            | "Guard"
            | "Guarded"
            | "Held"
            | "CreateEndpointConfig"
            | "CreateOrUpdate"
            | "CreateEndpoint"
            | "UpdateEndpoint"
            | "WaitForEndpoint"
            | "Observe"
            | "Observed"
            | "WaitToWatch"
            | "Watch"
            | "Watched"
            | "Ended"
            | "Abandon" => Self::Release,
            _ => return None,
        })
    }
}

/// What a step's document says.
struct StepResult {
    label: Label,
    /// In plain words; empty where the label says all.
    words: String,
    at: Option<Timestamp>,
}

/// The furthest step that left evidence, leaving the closing aside.
pub(super) fn furthest(evidence: &Evidence) -> Option<Step> {
    STEPS.into_iter().filter(|step| *step < Step::Close).rfind(|step| result(evidence, *step).is_some())
}

/// The list of steps.
pub(super) fn render(evidence: &Evidence) -> Html {
    let furthest = furthest(evidence);
    let outcome = evidence.failure.as_ref().or(evidence.run.as_ref().map(|run| &run.outcome));
    let state = outcome.and_then(|outcome| outcome.state.as_deref());
    let failed = state.and_then(Step::of_state);
    let mut html = Html::default();
    html.raw("<ol class=\"steps\">\n");
    for step in STEPS {
        let found = result(evidence, step);
        let reached = found.is_some();
        let result = match found {
            _ if failed == Some(step) => {
                let reason = outcome.map(|outcome| plain(&outcome.reason)).unwrap_or_default();
                let words = format!("In {}: {reason}", state.unwrap_or_default());
                StepResult { label: (Tone::Bad, "failed"), words, at: None }
            }
            Some(result) => result,
            None if furthest > Some(step) => without_document(step),
            None => StepResult { label: (Tone::Calm, "not reached"), words: String::new(), at: None },
        };
        let class = if reached || failed == Some(step) { result.label.0.class() } else { "off" };
        html.raw("<li class=\"").raw(class).raw("\"><h3>").raw(step.name()).raw(" ");
        html.add(&badge(result.label)).raw("</h3>");
        if let Some(at) = result.at {
            html.raw("<p class=\"at\">").text(time(at)).raw("</p>");
        }
        if !result.words.is_empty() {
            html.raw("<p>").text(result.words).raw("</p>");
        }
        html.raw("</li>\n");
    }
    html.raw("</ol>\n");
    html
}

/// The result of a step that left no document though a later one did.
fn without_document(step: Step) -> StepResult {
    let words = match step {
        Step::CompareDrift => "Nothing was compared: no champion served, or no new data was accepted.",
        _ => "It left no document that can be read, yet a later step did.",
    };
    StepResult { label: (Tone::Calm, "no document"), words: words.to_owned(), at: None }
}

/// What a step's document says; `None` without one.
fn result(evidence: &Evidence, step: Step) -> Option<StepResult> {
    match step {
        Step::Snapshot => snapshot(evidence),
        Step::Validate => validate(evidence),
        Step::CompareDrift => compare_drift(evidence),
        Step::Decide => decide(evidence),
        Step::Train => train(evidence),
        Step::Judge => judge(evidence),
        Step::Release => release(evidence),
        Step::Close => close(evidence),
    }
}

/// The label of a step that did its work, where nothing more is to be said.
const DONE: Label = (Tone::Good, "done");

fn snapshot(evidence: &Evidence) -> Option<StepResult> {
    let manifest = evidence.manifest.as_ref()?;
    let all = counted(manifest.objects.len() as u64, "object", "objects");
    let words = format!("{all} listed, {} of them new.", manifest.batch.len());
    Some(StepResult { label: DONE, words, at: Some(manifest.at) })
}

fn validate(evidence: &Evidence) -> Option<StepResult> {
    let judged = evidence.validation.as_ref()?;
    let accepted = judged.iter().filter(|it| it.fate == ObjectFate::Accepted).count();
    let objects = counted(judged.len() as u64, "new object", "new objects");
    let label = if accepted == judged.len() { DONE } else { (Tone::Bad, "quarantined some") };
    Some(StepResult { label, words: format!("{accepted} of {objects} accepted."), at: None })
}

fn compare_drift(evidence: &Evidence) -> Option<StepResult> {
    let found = evidence.drift.as_ref()?;
    let drifting = found.findings(drift::Verdict::Drift).count() as u64;
    let words = format!("{} with drift.", counted(drifting, "finding", "findings"));
    Some(StepResult { label: labels::drift(found.verdict), words, at: None })
}

fn decide(evidence: &Evidence) -> Option<StepResult> {
    let decision = evidence.decision.as_ref()?;
    let label = labels::choice(decision.decision);
    Some(StepResult { label, words: decision.reason.clone(), at: Some(decision.at) })
}

fn train(evidence: &Evidence) -> Option<StepResult> {
    let check = &evidence.convergence.as_ref()?.check;
    let faults: Vec<String> = check.faults.iter().map(ToString::to_string).collect();
    Some(StepResult { label: labels::convergence(check.verdict), words: faults.join("; "), at: None })
}

fn judge(evidence: &Evidence) -> Option<StepResult> {
    let judgement = evidence.judgement.as_ref()?;
    let words = judgement.reasons.first().map(|reason| reason.text.clone()).unwrap_or_default();
    Some(StepResult { label: labels::gate(judgement.verdict), words, at: None })
}

fn release(evidence: &Evidence) -> Option<StepResult> {
    let released = evidence.released.as_ref()?;
    let label = labels::released(released.outcome);
    Some(StepResult { label, words: String::new(), at: Some(released.at) })
}

fn close(evidence: &Evidence) -> Option<StepResult> {
    let run = evidence.run.as_ref()?;
    let ((_, word), _) = labels::ending(Some(run.outcome.code));
    Some(StepResult { label: (Tone::Calm, word), words: String::new(), at: Some(run.closed_at) })
}
