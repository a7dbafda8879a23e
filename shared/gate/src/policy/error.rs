//! A policy that cannot be meant.

/// A policy that cannot be meant: the field, what it says, what it may say.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("gate.{field}: {found}; {fix}")]
pub struct PolicyError {
    /// The field's path inside the gate section.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub fix: &'static str,
}

impl PolicyError {
    /// Refuses a field: its path, what it says, what it may say.
    pub(crate) fn refuse(
        field: impl Into<String>,
        found: impl ToString,
        fix: &'static str,
    ) -> Result<(), Self> {
        Err(Self { field: field.into(), found: found.to_string(), fix })
    }
}
