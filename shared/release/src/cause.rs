//! Why traffic goes back.

use std::fmt;

use serde::{Deserialize, Serialize};

use pawl_ledger::events::EndpointStatus;

/// Why traffic goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Cause {
    /// An alarm of the config.
    Alarm {
        /// The alarm's name.
        alarm: String,
    },
    /// An alarm that changed three times or more within 15 minutes.
    Flapping {
        /// The alarm's name.
        alarm: String,
    },
    /// SageMaker's guardrail had rolled back by itself.
    Guardrail,
    /// Real rows were not answered.
    SmokeTest {
        /// What went wrong.
        reason: String,
    },
    /// The endpoint broke.
    EndpointFailed {
        /// Its status.
        status: EndpointStatus,
    },
    /// The trial showed that the challenger is worse.
    Trial {
        /// What it showed, in plain words.
        reason: String,
    },
    /// The trial was over, and its run did not go on.
    NotDeployed {
        /// Why, in plain words.
        reason: String,
    },
    /// Nobody decided in time about a config that could not be proven good.
    Unproven,
    /// A person rejected the model package.
    PackageRejected,
    /// A person asked.
    Operator {
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
}

impl Cause {
    /// Whether the data that the model was trained on is suspect as well. Where a model had `served_well`, an
    /// alarm says that the world has changed since, not that its data was bad; a person may say so.
    pub fn blames_data(&self, served_well: bool) -> bool {
        match self {
            Self::EndpointFailed { .. } | Self::Unproven | Self::NotDeployed { .. } => false,
            Self::Alarm { .. } | Self::Flapping { .. } => !served_well,
            Self::Guardrail
            | Self::SmokeTest { .. }
            | Self::Trial { .. }
            | Self::PackageRejected
            | Self::Operator { .. } => true,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { alarm } => write!(f, "alarm {alarm}"),
            Self::Flapping { alarm } => write!(f, "alarm {alarm} changed three times within 15 minutes"),
            Self::Guardrail => f.write_str("SageMaker's guardrail rolled it back"),
            Self::SmokeTest { reason } => write!(f, "real rows were not answered: {reason}"),
            Self::EndpointFailed { status } => write!(f, "the endpoint's status became {status:?}"),
            Self::Trial { reason } => write!(f, "the trial showed that it is worse: {reason}"),
            Self::NotDeployed { reason } => write!(f, "the trial was over and it was not deployed: {reason}"),
            Self::Unproven => {
                f.write_str("nobody decided in time about a config that could not be proven good")
            }
            Self::PackageRejected => f.write_str("a person rejected the model package"),
            Self::Operator { who, why } => write!(f, "{who} asked: {why}"),
        }
    }
}
