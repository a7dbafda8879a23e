//! Why two transform outputs cannot be judged.

use crate::row::{Contender, Unfit};

/// Why two outputs cannot be judged. Lines count from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PairError {
    /// A line is no JSON object of the expected form.
    #[error(
        "line {line} of the {side}'s output cannot be read: {reason}; the transform must write JSON Lines \
         with its input joined (JoinSource: Input)"
    )]
    NotAnOutputLine {
        /// Whose output.
        side: Contender,
        /// Which line.
        line: u64,
        /// What the JSON reader says.
        reason: String,
    },
    /// A line holds the input row, but no prediction for it.
    #[error(
        "line {line} of the {side}'s output (row {row:?}) has no prediction in SageMakerOutput; let the \
         container answer each line with {{\"score\": number}}, or {{\"predicted_label\": class}}"
    )]
    MissingOutput {
        /// Whose output.
        side: Contender,
        /// Which line.
        line: u64,
        /// Which row.
        row: String,
    },
    /// A label or a prediction that the task cannot read.
    #[error("line {line} of the outputs (row {row:?}): {unfit}")]
    Unfit {
        /// Which line.
        line: u64,
        /// Which row.
        row: String,
        /// What is wrong with it.
        unfit: Unfit,
    },
    /// The two outputs hold different rows at one line.
    #[error(
        "line {line} is row {challenger:?} for the challenger and row {champion:?} for the champion; \
         transform the same holdout with both models"
    )]
    RowsDiffer {
        /// Which line.
        line: u64,
        /// The challenger's row id.
        challenger: String,
        /// The champion's row id.
        champion: String,
    },
    /// The two outputs hold different labels for one row.
    #[error("line {line} (row {row:?}) has one label for the challenger and another for the champion")]
    LabelsDiffer {
        /// Which line.
        line: u64,
        /// Which row.
        row: String,
    },
    /// A line lacks a column that the policy needs.
    #[error(
        "line {line} of the {side}'s output (row {row:?}) has no column {column:?}, which the gate's policy \
         names; list it among the columns that the gate needs in pipeline.yaml"
    )]
    MissingColumn {
        /// Whose output.
        side: Contender,
        /// Which line.
        line: u64,
        /// Which row.
        row: String,
        /// Which column.
        column: String,
    },
    /// One output ends before the other.
    #[error("the {side}'s output ends after {lines} lines, the other goes on; is the transform complete?")]
    Shorter {
        /// Whose output is short.
        side: Contender,
        /// Its lines.
        lines: u64,
    },
    /// More is buffered than the reader may hold.
    #[error(
        "line {line} of the {side}'s output would need more than 16 MiB of memory: either the line is too \
         long, or bytes were pushed although `wants` named the other side"
    )]
    TooMuchBuffered {
        /// Whose output.
        side: Contender,
        /// The line that is not complete or not joined yet.
        line: u64,
    },
}
