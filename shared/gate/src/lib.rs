//! The evaluation gate: may the challenger replace the champion?
//!
//! Both models answer the same holdout rows: with a score, a class or a number, by [`Task`]. [`PairReader`]
//! joins their two batch-transform outputs, [`Judge`] accumulates the rows and concludes with a
//! [`Judgement`]: tests with effect, interval and p-value, one reason a check, and a [`Verdict`]. Nothing
//! missing, NaN or too small can promote.
//!
//! The order of the algebra: shown harm or a broken floor rejects; then what cannot be known asks a
//! person; then "not better in anything" rejects; then a guard that is not shown to hold asks a person;
//! what remains, with at least one win, promotes. A first model is judged by its floors alone.
//!
//! ```
//! use pawl_gate::{Against, Judge, Judgement, PairReader, Policy, Contender, Verdict};
//!
//! type Fault = Box<dyn std::error::Error>;
//!
//! fn judge<'a>(
//!     policy: &Policy,
//!     mut challenger: &'a [u8],
//!     mut champion: &'a [u8],
//! ) -> Result<Judgement, Fault> {
//!     let mut judge = Judge::new(policy, Against::Champion, 7)?;
//!     let mut reader = PairReader::new(Against::Champion);
//!     while let Some(side) = reader.wants() {
//!         let source = match side {
//!             Contender::Challenger => &mut challenger,
//!             Contender::Champion => &mut champion,
//!         };
//!         // Here a caller awaits the next piece of that object; an empty one ends it.
//!         let (piece, rest) = source.split_at(source.len().min(65_536));
//!         *source = rest;
//!         match piece {
//!             [] => reader.end(side, &mut judge)?,
//!             piece => reader.push(side, piece, &mut judge)?,
//!         }
//!     }
//!     Ok(judge.finish())
//! }
//!
//! let policy = Policy::default();
//! let row = br#"{"row":"2012-08:1","label":1,"columns":{},"features":{},"SageMakerOutput":{"score":0.9}}"#;
//! let judgement = judge(&policy, row, row)?;
//! assert_eq!(judgement.verdict, Verdict::NeedsApproval); // one row decides nothing
//!
//! // Outputs that do not join are evidence of their own: a judgement that asks a person.
//! let fault = judge(&policy, row, b"{}").unwrap_err();
//! assert_eq!(Judgement::unusable(&policy, 7, &*fault).verdict, Verdict::NeedsApproval);
//! # Ok::<(), Fault>(())
//! ```

pub mod behaviour;
mod blocks;
pub mod convergence;
mod copies;
pub mod documents;
pub mod fairness;
mod findings;
mod holdout;
mod input;
mod judge;
mod judgement;
pub mod leakage;
pub mod live;
pub mod policy;
mod row;
mod service;
mod slices;
mod tally;
mod weigh;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

pub use findings::{
    BothMetrics, CalibrationBin, Check, Code, Confusion, Leak, Metrics, Reason, Sample, Test, TestName,
    Verdict, Weight, verdict,
};
pub use holdout::HoldoutUse;
pub use input::{
    ContainerOutput, JsonTableReader, MAX_BUFFERED, PairError, PairReader, ServedColumns, TableColumns,
    TableError, TableReader,
};
pub use judge::Judge;
pub use judgement::{ForceError, Forced, JudgedInput, Judgement, MIN_REASON, RULES_VERSION};
pub use policy::{Better, Metric, Policy, PolicyError, Task, Thresholds};
pub use row::classes;
pub use row::{
    Against, Classes, Contender, PairedRow, Response, Responses, RowPart, RowValue, Unfit, scalar,
};
pub use service::{Served, ServiceFinding};
pub use slices::SliceFinding;
