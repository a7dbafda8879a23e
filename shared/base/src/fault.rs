//! Why a step failed, in the few kinds that a state machine tells apart by name.
//!
//! ```
//! use pawl_base::fault::Fault;
//!
//! let fault = Fault::NotFound("runs/7/split.json".to_owned());
//! assert_eq!(fault.name(), "Pawl.NotFound");
//! assert_eq!(fault.to_string(), "not found: runs/7/split.json");
//! ```

/// A failed step. The names ([`Fault::name`]) are stable: `retraining.asl.json` retries and catches by them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// `pipeline.yaml` or the function's environment is wrong; a person must mend it.
    #[error("configuration: {0}")]
    BadConfig(String),
    /// What came in cannot be used.
    #[error("input: {0}")]
    BadInput(String),
    /// A document or resource that must exist does not.
    #[error("not found: {0}")]
    NotFound(String),
    /// Others wrote the same document again and again. Trying later helps.
    #[error("conflict: {0}")]
    Conflict(String),
    /// A service did not answer, or throttled. Trying again helps.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A service refused. Trying again does not help.
    #[error("refused: {0}")]
    Refused(String),
}

impl Fault {
    /// The error type that Step Functions sees.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BadConfig(_) => "Pawl.BadConfig",
            Self::BadInput(_) => "Pawl.BadInput",
            Self::NotFound(_) => "Pawl.NotFound",
            Self::Conflict(_) => "Pawl.Conflict",
            Self::Unavailable(_) => "Pawl.Unavailable",
            Self::Refused(_) => "Pawl.Refused",
        }
    }
}
