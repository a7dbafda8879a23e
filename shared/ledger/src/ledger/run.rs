//! How a run ends, and the record that stays.
//!
//! ```
//! use pawl_ledger::ledger::{Ending, RunOutcome};
//!
//! let cause = r#"{"TrainingJobName": "bike-7", "FailureReason": "out of memory"}"#;
//! let failed = RunOutcome { code: Ending::Failed, reason: cause.to_owned(), state: None, error: None };
//! assert_eq!(failed.in_words().reason, "out of memory");
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use pawl_base::names::{Generation, ModelName};

/// The ways in which a run can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The challenger serves, and its watch ended healthy.
    Promoted,
    /// The gate rejected the challenger.
    Rejected,
    /// The new data was corrupt.
    Quarantined,
    /// Nothing was trained, for the stated reason.
    Skipped,
    /// The training did not converge; the breaker is open.
    Diverged,
    /// A person declined, or nobody answered in time.
    Declined,
    /// Deployment waits for a person.
    Held,
    /// The challenger was live and was taken back.
    RolledBack,
    /// A step failed.
    Failed,
}

impl Ending {
    /// The word that documents and notices spell it with.
    pub fn word(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::Rejected => "rejected",
            Self::Quarantined => "quarantined",
            Self::Skipped => "skipped",
            Self::Diverged => "diverged",
            Self::Declined => "declined",
            Self::Held => "held",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
        }
    }

    /// Whether the same data, code and parameters may be trained again: only after a run that broke off, and
    /// only where no model of it was judged.
    pub fn may_be_tried_again(self, judged: bool) -> bool {
        matches!(self, Self::Failed | Self::Declined) && !judged
    }
}

/// How one run ended, as the state machine hands it over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// Which way.
    pub code: Ending,
    /// Why, in plain words.
    #[serde(default)]
    pub reason: String,
    /// The state that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The failure's error name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The most characters of a reason that nobody has put into words.
const LONGEST_REASON: usize = 2_000;

impl RunOutcome {
    /// The outcome with its reason in words. Step Functions hands over as the cause of a failure a job's
    /// whole description, or a function's error document: what went wrong is one field of it.
    pub fn in_words(mut self) -> Self {
        let document: Option<serde_json::Value> = serde_json::from_str(&self.reason).ok();
        let field = |name: &str| document.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let words = field("FailureReason").or_else(|| field("errorMessage")).unwrap_or(self.reason);
        self.reason = words.chars().take(LONGEST_REASON).collect();
        self
    }
}

/// The document `runs/<model>/<run>/run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The model.
    pub model: ModelName,
    /// The run.
    pub generation: Generation,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What started it, in a few words each; the first of many.
    pub triggers: Vec<String>,
    /// How many more there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_triggers: usize,
    /// When it was opened, where the ledger still knew.
    pub opened_at: Option<Timestamp>,
    /// When it closed.
    pub closed_at: Timestamp,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_that_broke_off_unjudged_may_be_tried_again() {
        for ending in [Ending::Failed, Ending::Declined] {
            assert!(ending.may_be_tried_again(false) && !ending.may_be_tried_again(true), "{ending:?}");
        }
        use Ending::{Diverged, Held, Promoted, Quarantined, Rejected, RolledBack, Skipped};
        for ending in [Promoted, Rejected, Quarantined, Skipped, Diverged, Held, RolledBack] {
            assert!(!ending.may_be_tried_again(false) && !ending.may_be_tried_again(true), "{ending:?}");
        }
    }

    #[test]
    fn the_word_of_an_ending_is_that_of_its_documents() {
        use Ending::{
            Declined, Diverged, Failed, Held, Promoted, Quarantined, Rejected, RolledBack, Skipped,
        };
        for ending in [Promoted, Rejected, Quarantined, Skipped, Diverged, Declined, Held, RolledBack, Failed]
        {
            assert_eq!(serde_json::to_value(ending).ok(), Some(ending.word().into()));
        }
    }

    #[test]
    fn a_cause_is_told_by_the_field_that_says_why() {
        let told = |reason: &str| {
            let outcome =
                RunOutcome { code: Ending::Failed, reason: reason.to_owned(), state: None, error: None };
            outcome.in_words().reason
        };
        assert_eq!(told(r#"{"TrainingJobName": "a", "FailureReason": "out of memory"}"#), "out of memory");
        assert_eq!(told(r#"{"errorType": "Pawl.Refused", "errorMessage": "refused: no"}"#), "refused: no");
        assert_eq!(told("The account-level limit is 0"), "The account-level limit is 0");
        assert_eq!(told(r#"{"Other": 1}"#), r#"{"Other": 1}"#);
        assert_eq!(told(&"é".repeat(3_000)).chars().count(), LONGEST_REASON);
    }
}
