//! The forms that records of text come in.

/// How the records of data are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// RFC 4180, with a header row.
    #[default]
    Csv,
    /// An object a line; its leaves are columns by path (`a.b`), arrays are text.
    JsonLines,
}
