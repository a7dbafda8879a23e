//! Live monitoring: what the endpoint was asked and answered since the last look, against the champion's
//! baseline, and late truth against what was expected of it.
//!
//! ```
//! use pawl_drift::monitor::answers;
//!
//! let line = br#"{"captureData": {"endpointOutput": {"data": "0.9", "encoding": "CSV"}},
//!     "eventMetadata": {"eventId": "a"}}"#.map(|byte| if byte == b'\n' { b' ' } else { byte });
//! let mut seen = Vec::new();
//! let unreadable = answers(&line, |id, score| seen.push((id.to_owned(), score)));
//! assert_eq!((seen, unreadable), (vec![("a".to_owned(), 0.9)], 0));
//! ```

mod capture;
mod document;
mod line;
mod metrics;
mod output;
mod prediction;
mod row;
mod truth;
mod unread;

pub use capture::{CaptureReader, Captured, PREDICTION, answers};
pub use document::{Expected, Monitor, MonitoringReport, Policy, Publish, Readable};
pub use metrics::{Datum, data};
pub use prediction::{ScoredColumns, answered, usable};
pub use truth::{told_groups, truths};
pub use unread::Unread;
