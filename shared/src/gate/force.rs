//! Breaking the glass: a person promotes against the verdict, by name and with a reason, on record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::judgement::Judgement;
use super::verdict::Verdict;

/// Who forced a promotion, when, why, and what the gate had said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// The person.
    pub by: String,
    /// Their reason.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The verdict that was overridden; its reasons stay in the judgement.
    pub instead_of: Verdict,
}

/// Why a promotion cannot be forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForceError {
    /// Nobody is named.
    #[error("a forced promotion needs the name of the person who forces it")]
    NoName,
    /// No reason is given.
    #[error(
        "a forced promotion needs a reason of at least {MIN_REASON} characters, for those who read it later"
    )]
    NoReason,
    /// The gate promotes by itself, or was forced before.
    #[error("the judgement promotes already: there is nothing to force")]
    NothingToForce,
}

/// A reason shorter than this is none.
pub const MIN_REASON: usize = 10;

impl Judgement {
    /// The same judgement, promoting by this person's decision. Tests and reasons stay as they are.
    pub fn forced(mut self, by: &str, reason: &str, at: Timestamp) -> Result<Self, ForceError> {
        let (by, reason) = (by.trim(), reason.trim());
        if by.is_empty() {
            return Err(ForceError::NoName);
        }
        if reason.chars().count() < MIN_REASON {
            return Err(ForceError::NoReason);
        }
        if self.verdict == Verdict::Promote {
            return Err(ForceError::NothingToForce);
        }
        let instead_of = std::mem::replace(&mut self.verdict, Verdict::Promote);
        self.forced = Some(Forced { by: by.to_owned(), reason: reason.to_owned(), at, instead_of });
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::gate::{Policy, TableError};

    #[test]
    fn a_force_is_named_reasoned_and_recorded() {
        let judgement = Judgement::unusable(&Policy::default(), 1, &TableError::Empty);
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(judgement.clone().forced(" ", "a good reason", at), Err(ForceError::NoName));
        assert_eq!(judgement.clone().forced("ada", "because", at), Err(ForceError::NoReason));
        let forced = judgement.clone().forced("ada", "the champion leaks personal data", at).unwrap();
        assert_eq!(forced.verdict, Verdict::Promote);
        assert_eq!(forced.reasons, judgement.reasons);
        assert_eq!(forced.forced.as_ref().unwrap().instead_of, Verdict::NeedsApproval);
        assert_eq!(forced.forced("ada", "once more with feeling", at), Err(ForceError::NothingToForce));
    }
}
