//! Breaking the glass: a person promotes against the verdict, by name and with a reason, on record.

use jiff::Timestamp;

use super::forced::Forced;
use super::record::Judgement;
use crate::findings::Verdict;
use pawl_base::names::Generation;

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
    pub fn forced(
        mut self,
        run: Generation,
        by: &str,
        reason: &str,
        at: Timestamp,
    ) -> Result<Self, ForceError> {
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
        self.forced = Some(Forced { by: by.to_owned(), reason: reason.to_owned(), at, run, instead_of });
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Policy, TableError};

    #[test]
    fn a_force_is_named_reasoned_and_recorded() {
        let judgement = Judgement::unusable(&Policy::default(), 1, &TableError::Empty);
        let force = |judgement: &Judgement, by: &str, why: &str| {
            judgement.clone().forced(Generation(2), by, why, Timestamp::UNIX_EPOCH)
        };
        assert_eq!(force(&judgement, " ", "a good reason"), Err(ForceError::NoName));
        assert_eq!(force(&judgement, "ada", "because"), Err(ForceError::NoReason));
        let forced = force(&judgement, "ada", "the champion leaks personal data").unwrap();
        assert_eq!(forced.verdict, Verdict::Promote);
        assert_eq!(forced.reasons, judgement.reasons);
        let by = forced.forced.as_ref().unwrap();
        assert_eq!((by.instead_of, by.run), (Verdict::NeedsApproval, Generation(2)));
        assert_eq!(force(&forced, "ada", "once more with feeling"), Err(ForceError::NothingToForce));
    }
}
