//! The notices of a run: it waits for an answer, or it ended.

use jiff::Timestamp;
use pawl_base::names::{Generation, ModelName};

use super::{NextStep, Notice, NoticeKind, Severity};
use crate::ledger::{Ending, Keys, RunOutcome};

/// A question that a run waits with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenQuestion<'a> {
    /// The model.
    pub model: &'a ModelName,
    /// The run.
    pub generation: Generation,
    /// Why a person must decide.
    pub reason: &'a str,
    /// When the run gives up.
    pub until: Timestamp,
    /// What serves meanwhile.
    pub serving: Option<String>,
}

/// A run waits for an answer.
pub fn question(question: OpenQuestion<'_>) -> Notice {
    let OpenQuestion { model, generation, reason, until, serving } = question;
    Notice {
        severity: Severity::Page,
        model: Some(model.clone()),
        generation: Some(generation),
        verdict: Some("ask"),
        serving,
        asked: Some(NextStep {
            what: "Decide whether the run goes on.".to_owned(),
            by: Some((until, "after that it ends as declined")),
            commands: vec![format!("pawl approve {model}"), format!("pawl reject {model} --why \"...\"")],
        }),
        evidence: Some(page(model, generation)),
        ..Notice::new(
            NoticeKind::AnswerNeeded,
            format!("{model} run {generation} waits for your answer"),
            reason,
        )
    }
}

/// A run ended. `serving` says what serves now.
pub fn ended(
    model: &ModelName,
    generation: Generation,
    outcome: RunOutcome,
    serving: Option<String>,
) -> Notice {
    let code = outcome.code;
    let outcome = outcome.in_words();
    let reason = match outcome.state {
        Some(state) => format!("{state} failed: {}", outcome.reason),
        None => outcome.reason,
    };
    Notice {
        severity: severity(code),
        model: Some(model.clone()),
        generation: Some(generation),
        verdict: Some(code.word()),
        serving,
        asked: asked(code, model, generation),
        evidence: Some(page(model, generation)),
        ..Notice::new(NoticeKind::RunEnded, format!("{model} run {generation} {}", code.word()), reason)
    }
}

fn severity(ending: Ending) -> Severity {
    match ending {
        Ending::Failed | Ending::Diverged | Ending::Held => Severity::Page,
        Ending::Promoted
        | Ending::Rejected
        | Ending::Quarantined
        | Ending::Skipped
        | Ending::Declined
        | Ending::RolledBack => Severity::Info,
    }
}

fn asked(ending: Ending, model: &ModelName, generation: Generation) -> Option<NextStep> {
    let (what, commands) = match ending {
        Ending::Promoted | Ending::Rejected | Ending::Skipped | Ending::Declined => return None,
        Ending::Quarantined => (
            "Look at what was refused, mend it at its source and deliver it again.",
            vec![format!("pawl report {model} {generation}")],
        ),
        Ending::Diverged => (
            "Find out why the training diverged. No training starts until the breaker is closed.",
            vec![format!("pawl reset {model} --why \"...\"")],
        ),
        Ending::Held => (
            "Look at what holds the release, then let the run's model go on or leave things as they are.",
            vec![format!("pawl status {model}"), format!("pawl force {model} --why \"...\"")],
        ),
        Ending::RolledBack => (
            "Find out what the alarms saw. The model and its data do not come back by themselves.",
            vec![format!("pawl report {model} {generation}")],
        ),
        Ending::Failed => (
            "Mend the cause, then ask for a run.",
            vec![format!("pawl report {model} {generation}"), format!("pawl run {model} --why \"...\"")],
        ),
    };
    Some(NextStep { what: what.to_owned(), by: None, commands })
}

/// The key of the run's page.
fn page(model: &ModelName, generation: Generation) -> String {
    Keys::new(model).evidence(generation, "report.html")
}
