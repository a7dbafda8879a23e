//! SageMaker's own events: endpoints, deployments, model packages, jobs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::DecodeError;
use super::json::Node;

/// The status of an endpoint. Events write `IN_SERVICE` where the API writes `InService`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// Being made for the first time.
    Creating,
    /// Moving to another config.
    Updating,
    /// Under maintenance by AWS: takes no update.
    SystemUpdating,
    /// Going back to the config before, by its guardrail.
    RollingBack,
    /// Serving.
    InService,
    /// Not taking requests.
    OutOfService,
    /// Being deleted.
    Deleting,
    /// Broken: only deletion works.
    Failed,
    /// Serving with a mixture of two configs.
    UpdateRollbackFailed,
    /// There is no such endpoint.
    Absent,
    /// A status that this version of Pawl does not know.
    Unknown,
}

impl EndpointStatus {
    /// As the API or an event writes it.
    pub fn parse(text: &str) -> Self {
        let plain: String = text.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
        match plain.as_str() {
            "creating" => Self::Creating,
            "updating" => Self::Updating,
            "systemupdating" => Self::SystemUpdating,
            "rollingback" => Self::RollingBack,
            "inservice" => Self::InService,
            "outofservice" => Self::OutOfService,
            "deleting" | "deleted" => Self::Deleting,
            "failed" => Self::Failed,
            "updaterollbackfailed" => Self::UpdateRollbackFailed,
            _ => Self::Unknown,
        }
    }
}

/// An endpoint that changed: a hint to describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointChange {
    /// The endpoint's ARN.
    pub arn: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// The config that the event names.
    pub config: Option<String>,
    /// The config of a deployment under way.
    pub pending_config: Option<String>,
    /// The status that the event names.
    pub status: EndpointStatus,
    /// Last modified, or the event's time.
    pub at: Timestamp,
}

impl EndpointChange {
    pub(super) fn from_detail(detail: Node<'_>, sent: Timestamp) -> Result<Self, DecodeError> {
        Ok(Self {
            arn: detail.need(&["EndpointArn"])?,
            endpoint: detail.need(&["EndpointName"])?,
            config: detail.text(&["EndpointConfigName"]),
            pending_config: detail.text(&["PendingDeploymentSummary.EndpointConfigName"]),
            status: EndpointStatus::parse(&detail.need(&["EndpointStatus"])?),
            at: detail.time(&["LastModifiedTime"])?.unwrap_or(sent),
        })
    }
}

/// What people or rules think of a model package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageApproval {
    /// May be deployed.
    Approved,
    /// Must not be deployed.
    Rejected,
    /// Nobody has decided.
    Pending,
}

/// A model package that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageChange {
    /// The package's ARN.
    pub arn: String,
    /// Its group, where it has one.
    pub group: Option<String>,
    /// The approval after the change.
    pub approval: PackageApproval,
    /// The description given with the approval.
    pub why: Option<String>,
    /// Last modified, or the event's time.
    pub at: Timestamp,
}

impl PackageChange {
    pub(super) fn from_detail(detail: Node<'_>, sent: Timestamp) -> Result<Self, DecodeError> {
        let field = "ModelApprovalStatus";
        let approval = match detail.text(&[field]).as_deref() {
            Some("Approved") => PackageApproval::Approved,
            Some("Rejected") => PackageApproval::Rejected,
            Some("PendingManualApproval") | None => PackageApproval::Pending,
            Some(_) => return Err(detail.invalid(&[field], "Approved, Rejected or PendingManualApproval")),
        };
        Ok(Self {
            arn: detail.need(&["ModelPackageArn"])?,
            group: detail.text(&["ModelPackageGroupName"]),
            approval,
            why: detail.text(&["ApprovalDescription"]),
            at: detail.time(&["LastModifiedTime", "CreationTime"])?.unwrap_or(sent),
        })
    }
}

/// Which kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Training.
    Training,
    /// Batch transform.
    Transform,
    /// Hyperparameter tuning.
    Tuning,
    /// Processing.
    Processing,
}

/// A job that changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChange {
    /// Which kind.
    pub kind: JobKind,
    /// The job's ARN.
    pub arn: String,
    /// The job's name.
    pub name: String,
    /// The status in SageMaker's words.
    pub status: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// Last modified, or the event's time.
    pub at: Timestamp,
}

impl JobChange {
    pub(super) fn from_detail(kind: JobKind, detail: Node<'_>, sent: Timestamp) -> Result<Self, DecodeError> {
        let prefix = match kind {
            JobKind::Training => "TrainingJob",
            JobKind::Transform => "TransformJob",
            JobKind::Tuning => "HyperParameterTuningJob",
            JobKind::Processing => "ProcessingJob",
        };
        let field = |name: &str| detail.need(&[&format!("{prefix}{name}")]);
        Ok(Self {
            kind,
            arn: field("Arn")?,
            name: field("Name")?,
            status: field("Status")?,
            failure: detail.text(&["FailureReason"]),
            at: detail.time(&["LastModifiedTime"])?.unwrap_or(sent),
        })
    }
}
