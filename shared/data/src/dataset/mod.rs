//! Reading data: bytes in, accepted and quarantined rows and a profile out, in one pass.
//!
//! ```
//! use pawl_data::constraints::{self, Constraints, Policy, Verdict};
//! use pawl_data::dataset::{Reason, Record, Schema, Scanner, Sink};
//!
//! /// Keeps what a caller would write to its two outputs.
//! #[derive(Default)]
//! struct Rows {
//!     accepted: Vec<u8>,
//!     quarantined: Vec<String>,
//! }
//! impl Sink for Rows {
//!     fn header(&mut self, _names: &[String], raw: &[u8]) {
//!         self.accepted.extend_from_slice(raw);
//!         self.accepted.push(b'\n');
//!     }
//!     fn accepted(&mut self, record: &Record<'_>) {
//!         self.accepted.extend_from_slice(record.raw);
//!         self.accepted.push(b'\n');
//!     }
//!     fn quarantined(&mut self, record: &Record<'_>, reasons: &[Reason]) {
//!         self.quarantined.push(format!("line {}: {}", record.line, reasons[0]));
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::default();
//! let mut rows = Rows::default();
//! let mut first = Scanner::new(&Schema::default());
//! first.feed(b"temp,city\n1.5,Par", &mut rows)?; // chunks may end anywhere
//! first.feed(b"is\n2.5,Rome\n", &mut rows)?;
//! let mut baseline = first.finish(&mut rows)?; // a `Scan`: profile and counts; `merge` adds parts
//!
//! let constraints: Constraints = constraints::suggest(&baseline.profile, &policy);
//! let mut next = Scanner::new(&Schema::default()).with_constraints(&constraints);
//! next.feed(b"temp,city\n2.0,Rome\nhot,Rome\n", &mut rows)?;
//! let scan = next.finish(&mut rows)?;
//! let validation = constraints::check(&scan, &constraints, &policy);
//! assert_eq!(validation.verdict, Verdict::Quarantined); // half the rows are bad
//! assert_eq!(rows.quarantined.len(), 1);
//! baseline.merge(&scan);
//! assert_eq!(baseline.profile.rows, 3);
//! # Ok(())
//! # }
//! ```

mod boundary;
mod csv;
mod error;
mod field;
pub mod file;
mod format;
mod grouped;
mod header;
mod json;
mod label;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod odd_tests;
mod packed;
mod parts;
mod quotes;
mod ranges;
mod recode;
mod record;
mod rules;
mod scan;
mod schema;
mod separators;
mod sniff;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod unfold;
mod waiting;

pub use crate::constraints::{BinnedColumn, Broken, Odd, Oddity, Reason, Rule, Scan, Tally};
pub use csv::{RecordCut, cut};
pub use error::ScanError;
pub use field::{FieldKind, FieldSpan};
pub use format::Format;
pub use header::{Header, unique_names};
pub use label::{Label, Spelling};
pub use ranges::{ByteRange, RangeProgress, RangeScan, RangeScanner, Stitch};
pub use recode::Encoding;
pub use record::{Record, Sink};
pub use scan::Scanner;
pub use schema::{ColumnSpec, Schema, TimeOrder};
