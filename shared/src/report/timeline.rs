//! The steps of a run, which of them it reached, and where it ended.

use jiff::Timestamp;

use super::evidence::{Choice, Evidence};
use super::html::{Html, Tone, badge};
use super::words::{counted, plain, time};
use crate::gate::convergence::Convergence;
use crate::ledger::dataset::ObjectFate;
use crate::{drift, release};

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
            "Decide" | "Decided" | "Skipped" | "AskToTrain" | "AnsweredToTrain" | "Declined" => Self::Decide,
            "Search" | "Train" | "Tune" | "DescribeBest" | "CheckConvergence" | "Converged" | "Diverged" => {
                Self::Train
            }
            "CreateChallenger" | "Created" | "Score" | "Judge" | "Verdict" | "Rejected" | "Force"
            | "MayForce" | "NotForced" => Self::Judge,
            "Close" | "Notify" | "RecordFailure" => Self::Close,
            "FindGroup"
            | "EnsureGroup"
            | "Register"
            | "Registered"
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

/// What a step came to.
struct Came {
    tone: Tone,
    word: &'static str,
    words: String,
    at: Option<Timestamp>,
}

/// The furthest step that left evidence, the closing aside.
pub(super) fn furthest(evidence: &Evidence) -> Option<Step> {
    STEPS.into_iter().filter(|step| *step < Step::Close).rfind(|step| came(evidence, *step).is_some())
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
        let found = came(evidence, step);
        let reached = found.is_some();
        let came = match found {
            _ if failed == Some(step) => {
                let reason = outcome.map(|outcome| plain(&outcome.reason)).unwrap_or_default();
                let words = format!("In {}: {reason}", state.unwrap_or_default());
                Came { tone: Tone::Bad, word: "failed", words, at: None }
            }
            Some(came) => came,
            None if furthest > Some(step) => without_document(step),
            None => Came { tone: Tone::Calm, word: "not reached", words: String::new(), at: None },
        };
        let class = if reached || failed == Some(step) { came.tone.class() } else { "off" };
        html.raw("<li class=\"").raw(class).raw("\"><h3>").raw(step.name()).raw(" ");
        html.add(&badge(came.tone, came.word)).raw("</h3>");
        if let Some(at) = came.at {
            html.raw("<p class=\"at\">").text(time(at)).raw("</p>");
        }
        if !came.words.is_empty() {
            html.raw("<p>").text(came.words).raw("</p>");
        }
        html.raw("</li>\n");
    }
    html.raw("</ol>\n");
    html
}

/// A later step left evidence, this one did not.
fn without_document(step: Step) -> Came {
    let words = match step {
        Step::CompareDrift => "Nothing was compared: no champion served, or no new data was accepted.",
        _ => "It left no document that can be read, yet a later step did.",
    };
    Came { tone: Tone::Calm, word: "no document", words: words.to_owned(), at: None }
}

/// What a step's document says; none without one.
fn came(evidence: &Evidence, step: Step) -> Option<Came> {
    let done = |words: String, at| Came { tone: Tone::Good, word: "done", words, at };
    Some(match step {
        Step::Snapshot => {
            let manifest = evidence.manifest.as_ref()?;
            let all = counted(manifest.objects.len() as u64, "object", "objects");
            done(format!("{all} listed, {} of them new.", manifest.batch.len()), Some(manifest.at))
        }
        Step::Validate => {
            let judged = evidence.validation.as_ref()?;
            let accepted = judged.iter().filter(|it| it.fate == ObjectFate::Accepted).count();
            let objects = counted(judged.len() as u64, "new object", "new objects");
            let words = format!("{accepted} of {objects} accepted.");
            match judged.len() - accepted {
                0 => done(words, None),
                _ => Came { tone: Tone::Bad, word: "quarantined some", words, at: None },
            }
        }
        Step::CompareDrift => {
            let found = evidence.drift.as_ref()?;
            let (tone, word) = super::drift::verdict(found.verdict);
            let drifting = found.findings(drift::Verdict::Drift).count() as u64;
            let words = format!("{} with drift.", counted(drifting, "finding", "findings"));
            Came { tone, word, words, at: None }
        }
        Step::Decide => {
            let decision = evidence.decision.as_ref()?;
            let (tone, word) = match decision.decision {
                Choice::Train => (Tone::Good, "train"),
                Choice::Skip => (Tone::Calm, "skip"),
                Choice::Ask => (Tone::Warn, "ask a person"),
            };
            Came { tone, word, words: decision.reason.clone(), at: Some(decision.at) }
        }
        Step::Train => {
            let check = &evidence.convergence.as_ref()?.check;
            let faults: Vec<String> = check.faults.iter().map(ToString::to_string).collect();
            let (tone, word) = match check.verdict {
                Convergence::Converged => (Tone::Good, "converged"),
                Convergence::Failed => (Tone::Bad, "diverged"),
            };
            Came { tone, word, words: faults.join("; "), at: None }
        }
        Step::Judge => {
            let judgement = evidence.judgement.as_ref()?;
            let (tone, word) = super::models::verdict(judgement.verdict);
            let reason = judgement.reasons.first().map(|reason| reason.text.clone()).unwrap_or_default();
            Came { tone, word, words: reason, at: None }
        }
        Step::Release => {
            let released = evidence.released.as_ref()?;
            let (tone, word) = match released.outcome {
                release::ReleaseOutcome::Promoted => (Tone::Good, "promoted"),
                release::ReleaseOutcome::RolledBack => (Tone::Bad, "rolled back"),
                release::ReleaseOutcome::Abandoned => (Tone::Bad, "abandoned"),
                release::ReleaseOutcome::Unproven => (Tone::Warn, "unproven"),
            };
            Came { tone, word, words: String::new(), at: Some(released.at) }
        }
        Step::Close => {
            let run = evidence.run.as_ref()?;
            let verdict = super::headline::verdict(evidence);
            Came { tone: Tone::Calm, word: verdict.word, words: String::new(), at: Some(run.closed_at) }
        }
    })
}
