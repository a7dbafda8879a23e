//! Why data cannot be read at all. Rows that are merely wrong are quarantined instead.

/// Data that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// No byte, or no header row.
    #[error("the data is empty: it needs a header row that names the columns, or a JSON object a line")]
    Empty,
    /// The header row names no usable columns.
    #[error("line {line}: {reason}: {fix}")]
    Header {
        /// The line it stands on.
        line: u64,
        /// What is wrong with it.
        reason: String,
        /// What would be right.
        fix: &'static str,
    },
    /// One record is longer than the reader holds in memory.
    #[error(
        "line {line}: a record of more than {limit} bytes: a quote may be open, or this is no text of \
         records; \
         close the quote or split the record"
    )]
    RecordTooLong {
        /// The line the record starts on.
        line: u64,
        /// The bound, in bytes.
        limit: usize,
    },
}

impl ScanError {
    /// The same error, so many lines further down.
    pub(crate) fn behind(self, lines: u64) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Header { line, reason, fix } => Self::Header { line: line + lines, reason, fix },
            Self::RecordTooLong { line, limit } => Self::RecordTooLong { line: line + lines, limit },
        }
    }
}
