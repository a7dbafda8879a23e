//! The verdict and its reasons: a closed algebra in which nothing unknown can promote.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::check::Check;
use super::code::{Code, Weight};

/// What shall become of the challenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every guard holds and at least one win is shown: it may replace the champion.
    Promote,
    /// Harm is shown, a floor is broken, or it is simply not better: the champion stays.
    Reject,
    /// The evidence does not decide: a person must.
    NeedsApproval,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Promote => "promote",
            Self::Reject => "reject",
            Self::NeedsApproval => "needs approval",
        })
    }
}

/// One check, what it found, and that in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was checked.
    pub check: Check,
    /// What was found.
    pub code: Code,
    /// The finding for a person, with numbers.
    pub text: String,
}

impl Reason {
    /// A reason of these parts.
    pub fn new(check: Check, code: Code, text: impl Into<String>) -> Self {
        Self { check, code, text: text.into() }
    }
}

/// The verdict of these reasons: bad rejects, then insufficient asks, then not better rejects, then
/// undecided asks; what remains promotes only with a win. No reasons at all ask.
pub fn verdict(reasons: &[Reason]) -> Verdict {
    match reasons.iter().map(|r| r.code.weight()).min() {
        Some(Weight::Bad | Weight::NotBetter) => Verdict::Reject,
        Some(Weight::Win) => Verdict::Promote,
        Some(Weight::Insufficient | Weight::Undecided | Weight::Fine) | None => Verdict::NeedsApproval,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(codes: &[Code]) -> Verdict {
        let reasons: Vec<_> = codes.iter().map(|&c| Reason::new(Check::Rows, c, "")).collect();
        verdict(&reasons)
    }

    #[test]
    fn the_order_of_the_algebra() {
        use Code::*;
        assert_eq!(of(&[]), Verdict::NeedsApproval);
        assert_eq!(of(&[NonInferior, FloorHeld]), Verdict::NeedsApproval);
        assert_eq!(of(&[Superior, NonInferior, NoGain]), Verdict::Promote);
        assert_eq!(of(&[FloorProven]), Verdict::Promote);
        assert_eq!(of(&[Superior, GuardUndecided]), Verdict::NeedsApproval);
        assert_eq!(of(&[NotSuperior, GuardUndecided]), Verdict::Reject);
        assert_eq!(of(&[NotSuperior, TooFewRows]), Verdict::NeedsApproval);
        assert_eq!(of(&[Superior, TooFewRows, Harm]), Verdict::Reject);
        for bad in [TooFewRows, TooFewOfOneClass, Undefined, UnusableInput, NoFloors, FloorUnproven] {
            assert_eq!(of(&[Superior, bad]), Verdict::NeedsApproval, "{bad:?}");
        }
    }
}
