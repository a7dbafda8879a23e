//! What people are told: what happened, why, what serves, what is asked of them.
//!
//! A [`Notice`] is a value; a [`Message`] is how the topic sends it: text for mail, a document for chats, and
//! attributes that filters can read.
//!
//! ```
//! use pawl_base::names::RegionName;
//! use pawl_ledger::notice::{Message, Notice, NoticeKind, Origin};
//!
//! let origin = Origin { region: RegionName::try_from("eu-west-1".to_owned())?, bucket: "pawl".to_owned() };
//! let notice = Notice::new(NoticeKind::EventKept, "an event started nothing", "No pipeline takes it.");
//! let message = Message::new(&notice, &origin);
//! assert_eq!(message.subject, "Pawl: an event started nothing");
//! assert!(message.text.contains("No pipeline takes it."));
//! # Ok::<(), pawl_base::names::NameError>(())
//! ```

mod message;
mod run;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use pawl_base::names::{Generation, ModelName, RegionName};
use serde::{Deserialize, Serialize};

pub use message::{Message, Origin};
pub use run::{OpenQuestion, ended, question};

/// How urgent a notice to people is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be read some time.
    Info,
    /// Somebody must act.
    Page,
}

impl Severity {
    /// The word that the attribute `severity` of a message holds.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Page => "page",
        }
    }
}

/// What a notice is about. The state machines send further kinds of their own, where no function could:
/// `monitoring`, `upkeep`, `regions` and `approval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// A run ended.
    RunEnded,
    /// A run waits for a person's answer.
    AnswerNeeded,
    /// A release moved, or needs a person.
    Release,
    /// A promoted model went on to further regions, or was stopped there.
    Regions,
    /// An event started nothing and is kept.
    EventKept,
}

impl NoticeKind {
    /// The word that the attribute `kind` of a message holds.
    pub fn word(self) -> &'static str {
        match self {
            Self::RunEnded => "run_ended",
            Self::AnswerNeeded => "answer_needed",
            Self::Release => "release",
            Self::Regions => "regions",
            Self::EventKept => "event_kept",
        }
    }
}

/// What is asked of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// What to do, as a sentence.
    pub what: String,
    /// Until when, and what happens then.
    pub by: Option<(Timestamp, &'static str)>,
    /// The commands that do it. Each takes the bucket's name as well: [`Message::new`] appends it.
    pub commands: Vec<String>,
}

/// One message to people, before it is written for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// How urgent it is.
    pub severity: Severity,
    /// The model, where it is about one.
    pub model: Option<ModelName>,
    /// The further region, where it is about one.
    pub region: Option<RegionName>,
    /// The run, where it is about one.
    pub generation: Option<Generation>,
    /// Which model, and what happened, in a clause: the subject.
    pub headline: String,
    /// The verdict or ending, as the documents spell it.
    pub verdict: Option<&'static str>,
    /// Why, in a sentence or two.
    pub reason: String,
    /// What serves now.
    pub serving: Option<String>,
    /// What is asked of the reader; where it is absent, nothing.
    pub asked: Option<NextStep>,
    /// The key in the Pawl bucket under which more can be read; a folder's ends with a slash.
    pub evidence: Option<String>,
}

impl Notice {
    /// A notice that is about no model, asks nothing and is not urgent.
    pub fn new(kind: NoticeKind, headline: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind,
            severity: Severity::Info,
            model: None,
            region: None,
            generation: None,
            headline: headline.into(),
            verdict: None,
            reason: reason.into(),
            serving: None,
            asked: None,
            evidence: None,
        }
    }
}
