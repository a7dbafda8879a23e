//! Challenger against champion on live traffic.
//!
//! Pairs of answers are joined with their truth when it comes ([`SideBySide`]), and one sequential test
//! looks at the counts as often as one likes ([`Live`]).
//!
//! ```
//! use pawl_gate::Contender;
//! use pawl_gate::live::{LivePolicy, LiveVerdict, SideBySide, TrialKind};
//!
//! let policy = LivePolicy { minimum_requests: 100, ..LivePolicy::default() };
//! let mut trial = SideBySide::new(TrialKind::Shadow, 0.5, 10_000);
//! for request in 0..200 {
//!     let id = request.to_string();
//!     trial.add_answer(Contender::Challenger, &id, 0.9);
//!     trial.add_answer(Contender::Champion, &id, if request % 4 == 0 { 0.1 } else { 0.8 });
//!     trial.add_truth(&id, true);
//! }
//! assert_eq!(trial.look(&policy).look.verdict, LiveVerdict::Promote);
//! ```

mod compare;
mod trial;

pub use compare::{Live, LiveLook, LivePolicy, LiveVerdict};
pub use trial::{Agreement, BothCounts, SideBySide, TrialEvidence, TrialKind, TrialLook};
