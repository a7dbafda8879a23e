//! Why a table cannot be judged.

use crate::row::Unfit;

/// Why a file cannot be judged. Lines count from 1, the header is line 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The header lacks a column.
    #[error("there is no column {column:?}; there are {header}")]
    MissingColumn {
        /// The column asked for.
        column: String,
        /// What there is.
        header: String,
    },
    /// A line is no JSON object.
    #[error("line {line} is no JSON object: {reason}")]
    NotAnObject {
        /// Which line.
        line: u64,
        /// What the JSON reader says.
        reason: String,
    },
    /// A record has more or fewer fields than the header.
    #[error("line {line} has {found} fields, the header has {expected}")]
    FieldCount {
        /// Which line.
        line: u64,
        /// Fields of the header.
        expected: usize,
        /// Fields of the record.
        found: usize,
    },
    /// A quoted field does not end before a separator.
    #[error("line {line}: a quoted field does not close before a separator: close or double the quote")]
    Quotes {
        /// Which line.
        line: u64,
    },
    /// A label or a prediction that the task cannot read.
    #[error("line {line}: {unfit}")]
    Unfit {
        /// Which line.
        line: u64,
        /// What is wrong with it.
        unfit: Unfit,
    },
    /// A record does not end.
    #[error("line {line}: a record of more than 16 MiB begins here: is a quote left open?")]
    TooLong {
        /// Where it begins.
        line: u64,
    },
    /// A field is no UTF-8.
    #[error("line {line}: {column} is not UTF-8 text")]
    NotText {
        /// Which line.
        line: u64,
        /// Which column.
        column: String,
    },
    /// The file is empty.
    #[error("the file is empty: there is no row to judge by")]
    Empty,
}
