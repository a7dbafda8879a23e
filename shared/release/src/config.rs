//! The name of an endpoint config.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an endpoint config. Never used twice: a new deployment needs a new one.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct ConfigName(pub String);

impl fmt::Display for ConfigName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ConfigName {
    /// The config of the trial before this one. No hyphen: the names of its alarms must not begin as this
    /// one's do; and no more than a letter, since SageMaker takes 63.
    pub(super) fn in_trial(&self) -> Self {
        Self(format!("{self}t"))
    }
}

impl From<&str> for ConfigName {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
