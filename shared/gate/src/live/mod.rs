//! Challenger against champion on live traffic.
//!
//! Pairs of answers are joined with their truth when it comes ([`SideBySide`]), and one sequential test
//! looks at the counts as often as one likes ([`Live`]).

mod compare;
mod trial;

pub use compare::{Live, LiveLook, LivePolicy, LiveVerdict};
pub use trial::{Agreement, BothCounts, SideBySide, TrialEvidence, TrialKind, TrialLook};
