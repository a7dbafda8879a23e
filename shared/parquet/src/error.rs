//! Why a Parquet file cannot be read.

use std::fmt;

/// A Parquet file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// The bytes cannot be fetched.
    #[error(
        "cannot read {length} bytes at byte {at}: {reason}: look at the file's permissions, or try again"
    )]
    Read {
        /// Where, in bytes from the beginning of the file.
        at: u64,
        /// How many bytes were wanted.
        length: u64,
        /// What the reader said.
        reason: String,
    },
    /// It does not end as a Parquet file does.
    #[error("no Parquet file: {reason}: give a whole Parquet file, or name another format")]
    NotParquet {
        /// What is wrong.
        reason: String,
    },
    /// It is encrypted.
    #[error("the file is encrypted, which is not supported: write it without encryption")]
    Encrypted,
    /// The footer does not add up.
    #[error("the footer is broken: {reason}: write the file again")]
    Footer {
        /// What is wrong.
        reason: String,
    },
    /// More than is held in memory.
    #[error("{what} of {size}, more than {limit}: {fix}")]
    TooLarge {
        /// What is too large, and where.
        what: String,
        /// Its size as the file declares it.
        size: u64,
        /// The bound.
        limit: u64,
        /// What to do.
        fix: &'static str,
    },
    /// A row group that the file does not have.
    #[error("row group {wanted} is not in the file, which has {row_groups}: plan the file again")]
    NoRowGroup {
        /// The row group asked for, from 0.
        wanted: usize,
        /// How many there are.
        row_groups: usize,
    },
    /// A type, codec or encoding that is not read.
    #[error("{place}: {what} is not supported: {fix}")]
    Unsupported {
        /// Where.
        place: FileLocation,
        /// What.
        what: String,
        /// What to do.
        fix: &'static str,
    },
    /// Rows that cannot be judged.
    #[error("its rows cannot be judged: {0}")]
    Rows(#[from] pawl_data::dataset::ScanError),
    /// A column chunk that does not add up.
    #[error("{place}: {reason}: write the file again")]
    Broken {
        /// Where.
        place: FileLocation,
        /// What is wrong.
        reason: String,
    },
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    /// The column.
    pub column: String,
    /// The row group, from 0.
    pub row_group: usize,
    /// The byte, from the beginning of the file.
    pub byte: u64,
}

impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {:?}, row group {}, byte {}", self.column, self.row_group, self.byte)
    }
}

impl FileLocation {
    /// The page or chunk at this place is broken.
    pub(crate) fn broken(&self, reason: impl Into<String>) -> ParquetError {
        ParquetError::Broken { place: self.clone(), reason: reason.into() }
    }

    /// It holds what is not read.
    pub(crate) fn unsupported(&self, what: impl Into<String>, fix: &'static str) -> ParquetError {
        ParquetError::Unsupported { place: self.clone(), what: what.into(), fix }
    }
}
