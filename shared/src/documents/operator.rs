//! What runs ask people, and what people did.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Component::{Command, NewDataTrigger, StateMachine};
use super::{Document, Named};
use crate::names::{ContentHash, Generation, ModelName};

/// A question that a run has put to people, by its name. The state machine writes it, and names it.
pub const QUESTION: Document<Question, Named<str>> =
    Document::object(Named(|keys, name: &str| format!("{}{name}.json", keys.questions())))
        .written_by(&[StateMachine, NewDataTrigger])
        .read_by(&[StateMachine, NewDataTrigger, Command]);

/// What a person did with the command, in the audit trail.
pub const NOTE: Document<OperatorNote, Named<OperatorNote>> =
    Document::object(Named(|keys, note: &OperatorNote| keys.history(&note.name())))
        .written_by(&[NewDataTrigger])
        .read_by(&[NewDataTrigger, Command]);

/// What the name of each [`NOTE`] begins with.
pub const NOTE_PREFIX: &str = "note-";

/// A question, with the token that answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Whoever has it can answer: never printed.
    pub token: String,
    /// The model.
    pub model: ModelName,
    /// The run that waits.
    pub generation: Generation,
    /// The question, in plain words.
    #[serde(default)]
    pub question: String,
    /// What became of it; `None` while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The answer.
    pub answer: PersonAnswer,
    /// The person.
    pub who: String,
    /// Their reason.
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// The key of the request that it answers; none where an older version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// An answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonAnswer {
    /// The run goes on.
    Approve,
    /// It does not.
    Reject,
    /// It was answered in the model registry, or timed out.
    Elsewhere,
}

/// What a person did with the command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatorNote {
    /// When.
    pub at: Timestamp,
    /// The person.
    pub who: String,
    /// What they did.
    pub act: Act,
    /// Their reason.
    pub why: String,
    /// What the act is about, in plain words.
    pub what: String,
    /// The key of the request, which tells who they said they were; none where an older version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// What a person does to the ledger itself. Acts on a release are audited by the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// They approved what a run asked.
    Approve,
    /// They rejected it.
    Reject,
    /// Their answer came too late.
    Unheard,
    /// They closed the breaker.
    Reset,
}

impl Act {
    /// The word of the document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Unheard => "unheard",
            Self::Reset => "reset",
        }
    }
}

impl OperatorNote {
    /// Its name in the trail, by which notes sort in time.
    fn name(&self) -> String {
        let name = format!("{NOTE_PREFIX}{}-{}", self.at.strftime("%Y%m%dT%H%M%S.%9f"), self.act.word());
        match &self.request {
            // S3 tells the time of a request in seconds: two of one second have names of their own.
            Some(request) => format!("{name}-{}", ContentHash::of(request.as_bytes()).short()),
            None => name,
        }
    }
}
