//! Every persisted document: its type, its name and key, the version of its schema, and who writes and reads
//! it.
//!
//! The documents of the ledger and of a release stand in their crates and are named here again, so that a
//! caller needs this module alone. `docs/documents.md` holds the table of all, which a test writes from these
//! constants.
//!
//! ```
//! use pawl::documents::{DECISION, TRAINING};
//! use pawl::ledger::{Keys, Memory};
//! use pawl::names::{Generation, ModelName};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! let (store, keys) = (Memory::default(), Keys::new(&ModelName::try_from("bikes".to_owned())?));
//! TRAINING.of(&keys).update(&store, |training| training.promoted()).await?;
//! let decision = DECISION.of(&keys, Generation(7));
//! assert_eq!(decision.key(), "runs/bikes/000007/decision.json");
//! assert!(decision.read(&store).await?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod decision;
mod models;
mod monitoring;
mod operator;
mod partition;
mod profiled;
mod request;
mod smoke;
#[cfg(test)]
mod tests;
mod trial;
mod validation;

pub use pawl_ledger::documents::*;
pub use pawl_release::documents::*;

pub use batch::*;
pub use decision::{Choice, DECISION, Decision};
pub use models::*;
pub use monitoring::*;
pub use operator::{Act, Answered, NOTE, NOTE_PREFIX, OperatorNote, PersonAnswer, QUESTION, Question};
pub use partition::{CALLS, Call, PARTITIONS, Partition, Piece};
pub use profiled::{Found, PROFILED, PROFILED_PART, Profiled};
pub use request::{Concern, REQUEST, Request, RequestKey, RequestedAct, UserId};
pub use smoke::{Awaited, SMOKE, SmokeTest};
pub use trial::{TRIAL_MEMORY, TrialMemory};
pub use validation::{Judged, VALIDATION};
