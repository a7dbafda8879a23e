//! Constraints on data: suggested from a profile, completed by a team's own rules, checked on a
//! batch. A row that breaks a row rule is quarantined; a batch with too many is quarantined whole.
//!
//! ```
//! use pawl_data::constraints::{self, Policy, Rule, Verdict};
//! use pawl_data::dataset::{Scanner, Schema};
//!
//! let policy = Policy::default();
//! let mut baseline = Scanner::new(&Schema::default());
//! baseline.feed(b"temp\n1\n2\n3\n", &mut ())?;
//! let constraints = constraints::suggest(&baseline.finish(&mut ())?.profile, &policy);
//!
//! let mut batch = Scanner::new(&Schema::default()).with_constraints(&constraints);
//! batch.feed(b"temp\n2\nhot\n", &mut ())?;
//! let validation = constraints::check(&batch.finish(&mut ())?, &constraints, &policy);
//! assert_eq!(validation.verdict, Verdict::Quarantined);
//! assert_eq!(validation.violations[0].rule, Rule::Type);
//! # Ok::<(), pawl_data::dataset::ScanError>(())
//! ```

mod batch;
mod check;
mod habits;
mod policy;
mod rule;
mod suggest;
mod tally;
#[cfg(test)]
mod tests;
mod validation;

use std::fmt;

pub use check::{check, check_at, swallowed_words};
pub use policy::{Across, ColumnPolicy, Policy, Range};
pub use rule::{Reason, Rule};
use serde::{Deserialize, Serialize};
pub use suggest::suggest;
pub use tally::{BinnedColumn, Broken, Odd, Oddity, Scan, Tally};
pub use validation::{Effect, Validation, Verdict, Violation};

use crate::profile::ColumnType;

/// The version of the [`Constraints`] document that this code writes.
pub const CONSTRAINTS_VERSION: u32 = 1;

/// What data must hold to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constraints {
    /// [`CONSTRAINTS_VERSION`] when it was written.
    pub version: u32,
    /// The rows an object may have, smallest and largest; outside is a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<(u64, u64)>,
    /// The most time steps in a row that may be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<u64>,
    /// One entry a column.
    pub columns: Vec<ColumnConstraints>,
    /// Columns that belong together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<Across>,
}

/// What one column must hold to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnConstraints {
    /// The column's name; a header without it is a broken schema.
    pub name: String,
    /// The type of its values; none where the baseline was mixed.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnType>,
    /// The type that most of its values had where not all did, and the least share of them; fewer is a
    /// warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mostly: Option<TypeShare>,
    /// The least share of rows with a value, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// Whether every row must have a value.
    #[serde(default)]
    pub required: bool,
    /// Whether no row had a value; a value is told.
    #[serde(default, skip_serializing_if = "is_false")]
    pub empty: bool,
    /// Whether some of the objects lacked the column; its absence is not told, and its completeness counts
    /// the rows without it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// The numbers allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The values allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Vec<String>>,
    /// How many characters a value may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Range>,
    /// The shape of every value: digits are one 9, capital letters one A, other letters one a, and every
    /// other character stands for itself. `A-9` fits `AB-1234`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The least share of values that must differ from each other, 0..=1; fewer is a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<f64>,
    /// The values that were usual; a batch with more than a tenth of others is told. Where only one was, any
    /// other is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<Vec<String>>,
    /// How old the newest time may be when the batch is checked, in seconds; older is a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freshness: Option<u64>,
    /// The most rows in time order that may repeat one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<u64>,
}

/// What is usual is not written.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out a reference
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A type, and a share of values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TypeShare {
    /// The type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// The share of the present values that fit it, 0..=1.
    pub share: f64,
}

impl fmt::Display for Constraints {
    /// A line a rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((least, most)) = self.rows {
            writeln!(f, "{least} to {most} rows in an object")?;
        }
        if let Some(gap) = self.gap {
            writeln!(f, "no more than {gap} time steps missing in a row")?;
        }
        for column in &self.columns {
            let mut rules = Vec::new();
            rules.extend(column.kind.map(|kind| format!("of type {}", kind.name())));
            let mostly =
                |TypeShare { kind, share }| format!("{:.1} % of type {}", share * 100.0, kind.name());
            rules.extend(column.mostly.map(mostly));
            rules.extend(column.required.then(|| "always a value".to_owned()));
            rules.extend(column.empty.then(|| "never a value".to_owned()));
            rules.extend(column.optional.then(|| "not in every object".to_owned()));
            let share = column.completeness.filter(|_| !column.required && !column.empty);
            rules.extend(share.map(|share| format!("a value in at least {:.1} % of rows", share * 100.0)));
            if let Some(Range { min, max }) = column.range {
                rules.extend(min.map(|min| format!("at least {min}")));
                rules.extend(max.map(|max| format!("at most {max}")));
            }
            if let Some(Range { min, max }) = column.length {
                rules.extend(min.map(|min| format!("at least {min} characters")));
                rules.extend(max.map(|max| format!("at most {max} characters")));
            }
            rules.extend(column.pattern.as_ref().map(|pattern| format!("shaped like {pattern}")));
            rules.extend(column.unique.map(|share| format!("{:.0} % of the values differ", share * 100.0)));
            rules.extend(column.usual.as_deref().map(|usual| match usual {
                [only] => format!("always {only}"),
                usual => format!("usually one of {}", usual.join(", ")),
            }));
            rules.extend(column.freshness.map(|age| format!("not older than {age} s")));
            rules.extend(column.domain.as_ref().map(|domain| format!("one of {}", domain.join(", "))));
            let stuck = |rows| format!("at most {rows} rows of one number in time order");
            rules.extend(column.stuck.map(stuck));
            writeln!(f, "{}: {}", column.name, rules.join("; "))?;
        }
        for rule in &self.across {
            writeln!(f, "{}: within {} of {}", rule.column, rule.within, rule.of)?;
        }
        Ok(())
    }
}

impl Constraints {
    /// The constraints of the column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnConstraints> {
        self.columns.iter().find(|column| column.name == name)
    }
}
