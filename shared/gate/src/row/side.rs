//! The two models that are compared, and whether there are two.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contender {
    /// The model that wants to serve.
    Challenger,
    /// The model that serves.
    Champion,
}

impl Contender {
    /// The word in names, keys and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Challenger => "challenger",
            Self::Champion => "champion",
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether there is a champion to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Two outputs, joined.
    Champion,
    /// The first model of its name: floors decide.
    Nobody,
}

impl Against {
    /// The challenger's value minus the champion's; a first model's own value.
    pub(crate) fn change(self, challenger: f64, champion: impl FnOnce() -> f64) -> f64 {
        match self {
            Self::Champion => challenger - champion(),
            Self::Nobody => challenger,
        }
    }
}
