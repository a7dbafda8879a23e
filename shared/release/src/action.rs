//! What a release does to the world: a closed set, each action safe to repeat.

use serde::{Deserialize, Deserializer, Serialize};

use crate::alarms::AlarmSpec;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::observation::{EndpointDescription, FleetComparison};
use crate::strategy::{DeploymentConfig, EndpointKind, InstanceCount};
use pawl_base::names::{ContentHash, Generation};
use pawl_ledger::events::{AlarmChange, AlarmState};
use pawl_ledger::notice::Severity;

/// What to do. Each action may be performed twice with the effect of once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// `PutMetricAlarm` for each, before a deployment is granted.
    PutAlarms {
        /// The alarms.
        alarms: Vec<AlarmSpec>,
    },
    /// Describe the endpoint; if it already serves the config or moves to it, nothing; else `UpdateEndpoint`
    /// with exactly this. Answers [`ActionResult::Done`], while another update runs [`ActionResult::Busy`],
    /// and [`ActionResult::Endpoint`] where the endpoint has failed or is absent, so that no update can be
    /// asked for.
    UpdateEndpoint {
        /// The call.
        call: UpdateCall,
    },
    /// Delete the failed endpoint and create it again with this config. Only for an endpoint whose status is
    /// `Failed` or that is absent. One that has this config already, in service or on its way, answers
    /// [`ActionResult::Done`]; any other [`ActionResult::Busy`].
    RecreateEndpoint {
        /// The endpoint.
        endpoint: String,
        /// The config.
        config: ConfigName,
    },
    /// Describe the endpoint. Answers [`ActionResult::Endpoint`]. An absent endpoint has the status `Absent`.
    DescribeEndpoint {
        /// The endpoint.
        endpoint: String,
    },
    /// Describe the endpoint until it serves this config. Answers [`ActionResult::Endpoint`].
    AwaitConfig {
        /// The endpoint.
        endpoint: String,
        /// The config.
        config: ConfigName,
    },
    /// Send a few real rows. Answers [`ActionResult::SmokePassed`] or [`ActionResult::SmokeFailed`].
    SmokeTest {
        /// The endpoint.
        endpoint: String,
        /// The config that is meant.
        config: ConfigName,
    },
    /// Read an alarm's state again before acting on it. Answers [`ActionResult::Alarm`].
    ReadAlarm {
        /// What was said.
        change: AlarmChange,
    },
    /// Compare the metrics of new and old fleet. Answers [`ActionResult::Fleets`].
    CompareFleets {
        /// The endpoint.
        endpoint: String,
        /// The new fleet's config.
        new: ConfigName,
        /// The old fleet's config.
        old: Option<ConfigName>,
        /// What was said.
        change: AlarmChange,
    },
    /// Set the model package to `Rejected` with this description.
    RejectPackage {
        /// The package's ARN.
        package: String,
        /// For a person.
        description: String,
    },
    /// Note in the dataset ledger that this version never trains again.
    QuarantineDataset {
        /// The version.
        dataset: ContentHash,
        /// Why.
        reason: String,
    },
    /// Tell the training ledger what became of a generation: it counts for the retraining breaker.
    RecordOutcome {
        /// Which run.
        generation: Generation,
        /// What became of it.
        outcome: ReleaseOutcome,
    },
    /// Order what is around the endpoint anew: autoscaling as this generation's pipeline asks, garbage
    /// collected.
    Upkeep {
        /// Which generation serves.
        generation: Generation,
    },
    /// Tell people.
    Notify {
        /// How loudly.
        severity: Severity,
        /// What happened, in plain words.
        message: String,
    },
}

/// What became of a generation's deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseOutcome {
    /// It serves and was proven good.
    Promoted,
    /// It was taken out.
    RolledBack,
    /// It never began.
    Abandoned,
    /// It was neither proven good nor rolled back by Pawl; a person was notified.
    Unproven,
}

/// `UpdateEndpoint`. A rollback's has no auto-rollback alarms: the alarm that still fires could otherwise
/// roll the rollback back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateCall {
    /// The endpoint.
    #[serde(rename = "EndpointName")]
    pub endpoint: String,
    /// The config.
    #[serde(rename = "EndpointConfigName")]
    pub config: ConfigName,
    /// Keeps what the old fleet has instead of what the new config says: only where autoscaling rules the
    /// number of instances, which would be lost otherwise.
    #[serde(rename = "RetainAllVariantProperties")]
    pub retain_all_variant_properties: bool,
    /// Which of these the new config rules nonetheless: without it a trial would keep the champion's weight.
    #[serde(
        rename = "ExcludeRetainedVariantProperties",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "supported",
        default
    )]
    pub exclude: Vec<VariantProperty>,
    /// How traffic moves; `ALL_AT_ONCE` for a rollback, nothing where SageMaker takes none: for a serverless
    /// endpoint, and where the variants before and after differ.
    #[serde(rename = "DeploymentConfig", skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentConfig>,
}

impl UpdateCall {
    /// The call that brings a config back.
    pub fn back_to(endpoint: &str, from: &Deployment, to: &Deployment) -> Self {
        Self::to(endpoint, from, to, DeploymentConfig::at_once())
    }

    /// The call that moves traffic from one config to another in this way.
    pub fn to(endpoint: &str, from: &Deployment, to: &Deployment, way: DeploymentConfig) -> Self {
        let instances = to.kind != EndpointKind::Serverless;
        let retains = instances && to.instances == InstanceCount::Kept;
        Self {
            endpoint: endpoint.to_owned(),
            config: to.config.clone(),
            retain_all_variant_properties: retains,
            exclude: if retains { vec![VariantProperty::DesiredWeight] } else { Vec::new() },
            deployment: (instances && !from.is_split() && !to.is_split()).then_some(way),
        }
    }
}

/// What a new config may rule though the old one's is kept; SageMaker's `VariantProperty`. Of
/// `DataCaptureConfig` its API says "not currently supported", so there is no word for it here:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VariantProperty.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "VariantPropertyType")]
pub enum VariantProperty {
    /// The share of the traffic.
    DesiredWeight,
}

/// A call that an earlier release has written down may name properties that are not sent any more.
fn supported<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<VariantProperty>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Named {
        Supported(VariantProperty),
        Other(serde::de::IgnoredAny),
    }
    let named = Vec::<Named>::deserialize(reader)?;
    Ok(named
        .into_iter()
        .filter_map(|named| match named {
            Named::Supported(property) => Some(property),
            Named::Other(_) => None,
        })
        .collect())
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum ActionResult {
    /// It is done, now or before.
    Done,
    /// The endpoint, as described.
    Endpoint {
        /// What was seen.
        look: EndpointDescription,
    },
    /// The alarm, as read.
    Alarm {
        /// Its state; `None` where the alarm no longer exists.
        state: Option<AlarmState>,
    },
    /// The two fleets, as compared.
    Fleets {
        /// What the comparison says.
        fleets: FleetComparison,
    },
    /// Real rows were answered.
    SmokePassed,
    /// They were not.
    SmokeFailed {
        /// What went wrong.
        reason: String,
    },
    /// The endpoint takes no update now: later.
    Busy,
    /// It failed in a way that may pass: throttled, timed out, 5xx.
    Retry {
        /// What was said.
        reason: String,
    },
    /// It was refused and will be again.
    Refused {
        /// What was said.
        reason: String,
    },
}

impl Action {
    /// Whether the action only records something or notifies people: it stays due whatever happens to the
    /// traffic.
    pub fn is_bookkeeping(&self) -> bool {
        matches!(
            self,
            Self::RejectPackage { .. }
                | Self::QuarantineDataset { .. }
                | Self::RecordOutcome { .. }
                | Self::Upkeep { .. }
                | Self::Notify { .. }
        )
    }

    /// Whether the action brings traffic back, or waits for it.
    pub fn brings_back(&self) -> bool {
        matches!(self, Self::UpdateEndpoint { .. } | Self::RecreateEndpoint { .. } | Self::AwaitConfig { .. })
    }

    /// The action's name, as in the record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PutAlarms { .. } => "put_alarms",
            Self::UpdateEndpoint { .. } => "update_endpoint",
            Self::RecreateEndpoint { .. } => "recreate_endpoint",
            Self::DescribeEndpoint { .. } => "describe_endpoint",
            Self::AwaitConfig { .. } => "await_config",
            Self::SmokeTest { .. } => "smoke_test",
            Self::ReadAlarm { .. } => "read_alarm",
            Self::CompareFleets { .. } => "compare_fleets",
            Self::RejectPackage { .. } => "reject_package",
            Self::QuarantineDataset { .. } => "quarantine_dataset",
            Self::RecordOutcome { .. } => "record_outcome",
            Self::Upkeep { .. } => "upkeep",
            Self::Notify { severity: Severity::Info, .. } => "notify",
            Self::Notify { severity: Severity::Page, .. } => "page",
        }
    }
}
