//! Why a `pipeline.yaml` cannot be used.

/// Why a `pipeline.yaml` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipelineError {
    /// It is no YAML of the right shape: the message names line, column and field.
    #[error("pipeline.yaml: {0}")]
    Unreadable(String),
    /// A section has a value that cannot work: the section's own words.
    #[error("pipeline.yaml: {0}")]
    BadSection(String),
    /// A field has a value that cannot work.
    #[error("pipeline.yaml: {field} is {found}: {fix}")]
    BadField {
        /// The field's path, such as `split.holdout_objects`.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What would be right.
        fix: &'static str,
    },
}

/// Refuses a field: what stands there, and what would be right.
pub(super) fn refuse<T>(
    field: &'static str,
    found: impl Into<String>,
    fix: &'static str,
) -> Result<T, PipelineError> {
    Err(PipelineError::BadField { field, found: found.into(), fix })
}

/// The words of a section's own check.
pub(super) fn section(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::BadSection(error.to_string())
}
