//! The words of the page for the closed sets of the core: verdicts, endings, states. Each has one word and
//! one tone.

use super::html::Tone;
use super::words::time;
use crate::constraints;
use crate::documents::{Choice, Judged};
use crate::drift;
use crate::gate::convergence::Convergence;
use crate::gate::live::LiveVerdict;
use crate::gate::{self, Weight};
use crate::ledger::Ending;
use crate::ledger::dataset::ObjectFate;
use crate::release::{self, State};

/// A word, and the tone that it is shown in.
pub(super) type Label = (Tone, &'static str);

/// What became of the run, in a word and in a clause. Without a record of its end it is no good end.
pub(super) fn ending(ending: Option<Ending>) -> (Label, &'static str) {
    match ending {
        Some(Ending::Promoted) => ((Tone::Good, "promoted"), "the challenger serves"),
        Some(Ending::Rejected) => ((Tone::Calm, "rejected"), "the champion stays"),
        Some(Ending::Quarantined) => {
            ((Tone::Bad, "quarantined"), "the new data is corrupt and trains nothing")
        }
        Some(Ending::Skipped) => ((Tone::Calm, "skipped"), "nothing was trained"),
        Some(Ending::Diverged) => ((Tone::Bad, "diverged"), "the training gave no usable model"),
        Some(Ending::Declined) => ((Tone::Calm, "declined"), "a person declined, or nobody answered in time"),
        Some(Ending::Held) => ((Tone::Warn, "held"), "the deployment waits for a person"),
        Some(Ending::RolledBack) => {
            ((Tone::Bad, "rolled back"), "the challenger was live and was taken back")
        }
        Some(Ending::Failed) => ((Tone::Bad, "failed"), "a step failed"),
        None => ((Tone::Warn, "open"), "no end is recorded"),
    }
}

/// What became of a new object.
pub(super) fn object(judged: &Judged) -> Label {
    match (judged.fate, &judged.validation) {
        (ObjectFate::Quarantined, None) => (Tone::Bad, "unreadable"),
        (ObjectFate::Quarantined, Some(_)) => (Tone::Bad, "quarantined"),
        (ObjectFate::Accepted, Some(validation)) if validation.verdict == constraints::Verdict::Accepted => {
            (Tone::Good, "accepted")
        }
        (ObjectFate::Accepted, _) => (Tone::Warn, "accepted with warnings"),
    }
}

/// Whether something drifts.
pub(super) fn drift(verdict: drift::Verdict) -> Label {
    match verdict {
        drift::Verdict::None => (Tone::Good, "no drift"),
        drift::Verdict::Warn => (Tone::Warn, "warning"),
        drift::Verdict::InsufficientData => (Tone::Warn, "too little data"),
        drift::Verdict::Drift => (Tone::Bad, "drift"),
    }
}

/// Whether a model is trained.
pub(super) fn choice(choice: Choice) -> Label {
    match choice {
        Choice::Train => (Tone::Good, "train"),
        Choice::Skip => (Tone::Calm, "skip"),
        Choice::Ask => (Tone::Warn, "ask a person"),
    }
}

/// How the training ended.
pub(super) fn convergence(verdict: Convergence) -> Label {
    match verdict {
        Convergence::Converged => (Tone::Good, "converged"),
        Convergence::Failed => (Tone::Bad, "diverged"),
    }
}

/// What the gate says.
pub(super) fn gate(verdict: gate::Verdict) -> Label {
    match verdict {
        gate::Verdict::Promote => (Tone::Good, "promote"),
        gate::Verdict::Reject => (Tone::Calm, "reject"),
        gate::Verdict::NeedsApproval => (Tone::Warn, "a person must decide"),
    }
}

/// What a reason weighs in the gate.
pub(super) fn weight(weight: Weight) -> Label {
    match weight {
        Weight::Bad => (Tone::Bad, "harm"),
        Weight::Insufficient => (Tone::Warn, "cannot be known"),
        Weight::NotBetter => (Tone::Calm, "not better"),
        Weight::Undecided => (Tone::Warn, "undecided"),
        Weight::Win => (Tone::Good, "win"),
        Weight::Fine => (Tone::Calm, "noted"),
    }
}

/// What a trial has shown of the challenger.
pub(super) fn trial(verdict: LiveVerdict) -> Label {
    match verdict {
        LiveVerdict::Promote => (Tone::Good, "better"),
        LiveVerdict::Harm => (Tone::Bad, "worse"),
        LiveVerdict::Continue => (Tone::Calm, "not known yet"),
        LiveVerdict::NeedsApproval => (Tone::Warn, "a person must decide"),
    }
}

/// What became of the challenger's deployment.
pub(super) fn released(fate: release::ReleaseOutcome) -> Label {
    match fate {
        release::ReleaseOutcome::Promoted => (Tone::Good, "promoted"),
        release::ReleaseOutcome::RolledBack => (Tone::Bad, "rolled back"),
        release::ReleaseOutcome::Abandoned => (Tone::Bad, "abandoned"),
        release::ReleaseOutcome::Unproven => (Tone::Warn, "unproven"),
    }
}

/// The same as a sentence; `None` before the end.
pub(super) fn released_sentence(fate: Option<release::ReleaseOutcome>) -> &'static str {
    match fate {
        Some(release::ReleaseOutcome::Promoted) => {
            "This run\u{2019}s challenger was deployed, watched and proven good."
        }
        Some(release::ReleaseOutcome::RolledBack) => {
            "This run\u{2019}s challenger was deployed and taken back."
        }
        Some(release::ReleaseOutcome::Abandoned) => {
            "The deployment of this run\u{2019}s challenger never began."
        }
        Some(release::ReleaseOutcome::Unproven) => {
            "This run\u{2019}s challenger serves, and was not proven good: a person was told."
        }
        None => "No deployment of this run has come to its end.",
    }
}

/// What is under way at the endpoint.
pub(super) fn release_state(state: &State) -> String {
    match state {
        State::Stable => "nothing is under way".to_owned(),
        State::Deploying(it) => {
            format!("run {} is being deployed since {}", it.candidate.generation, time(it.since))
        }
        State::Watching(it) => match it.decide_by {
            Some(until) => format!("a person must decide until {}", time(until)),
            None => format!("the new config bakes until {}", time(it.until)),
        },
        State::RollingBack(it) => {
            format!("traffic goes back from run {} to run {}", it.from.generation, it.to.generation)
        }
        State::CoolDown { until } => format!("cooling down until {}", time(*until)),
    }
}
