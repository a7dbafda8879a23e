//! What a person did with the command, as it lies in the history.

use jiff::Timestamp;
use pawl::ledger::{Keys, Store, Wrote, write_once};
use pawl::names::ModelName;
use serde::{Deserialize, Serialize};

use crate::reply::Failure;

/// One entry of the history: `ledger/<model>/history/note-<time>-<act>.json`. It is written before the act itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) at: Timestamp,
    pub(crate) who: String,
    pub(crate) act: Act,
    pub(crate) why: String,
    /// What the act is about, in plain words.
    pub(crate) what: String,
}

/// What a person does to the ledger itself. Acts on a release are audited by the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    Approve,
    Reject,
    /// An answer that came too late.
    Unheard,
    Reset,
}

impl Act {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Unheard => "unheard",
            Self::Reset => "reset",
        }
    }
}

impl Note {
    /// Appends the note.
    pub(crate) async fn append(&self, store: &impl Store, model: &ModelName) -> Result<(), Failure> {
        let name = format!("note-{}-{}", self.at.strftime("%Y%m%dT%H%M%S.%9f"), self.act.word());
        match write_once(store, &Keys::new(model).history(&name), self).await? {
            Wrote::Now => Ok(()),
            Wrote::Before => Err(Failure::cannot_run("somebody did the same at the same moment: try again")),
        }
    }
}
