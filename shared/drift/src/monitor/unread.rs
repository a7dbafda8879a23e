//! Why a captured request could not be read.

/// Why a captured request could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The line is cut, or another program's.
    #[error("the line is not one of SageMaker's data capture")]
    Line,
    /// Requests are not captured.
    #[error("the request is not captured: set `CaptureMode` to Input and Output")]
    NoInput,
    /// Neither CSV, JSON nor base64.
    #[error("the payload has encoding {0:?}, where CSV, JSON and BASE64 are read")]
    Encoding(String),
    /// Base64 of something else than text.
    #[error("the payload is not text in UTF-8, as that of an image is not")]
    NoText,
    /// No rows that Pawl knows how to read.
    #[error("the request holds no rows in a form that is read: see \"Captured requests\" in docs/drift.md")]
    NoRows,
    /// A quote that does not close on its line.
    #[error("a quote in a line of CSV does not close")]
    OpenQuote,
    /// Not one answer for each row.
    #[error("{rows} rows were asked and {answers} answers given")]
    Answers {
        /// In the request.
        rows: usize,
        /// In the answer.
        answers: usize,
    },
}
