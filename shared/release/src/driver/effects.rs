//! What a release does to AWS, and reads of it.

use std::future::Future;

use jiff::Timestamp;

use crate::action::{Action, ActionResult};
use crate::alarms::AlarmSpec;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::observation::{AlarmReading, EndpointDescription, EndpointOrigin, TargetPresence, TrialReading};
use pawl_ledger::events::PackageApproval;

/// What a release does to AWS, and reads of it. The driver owns one; it is chosen at compile time and needs
/// no SDK.
pub trait Effects: Sync {
    /// Performs an action; see [`Action`] for what each answers. May be called again for the same action.
    fn perform(&self, action: &Action) -> impl Future<Output = ActionResult> + Send;
    /// Describes the endpoint. The time of the description is read before the question is sent.
    fn describe(&self, endpoint: &str)
    -> impl Future<Output = Result<EndpointDescription, ReadError>> + Send;
    /// Whose the endpoint is, as its tags say.
    fn origin(&self, endpoint: &str) -> impl Future<Output = Result<EndpointOrigin, ReadError>> + Send;
    /// Whether the config of a deployment, its models and their archives still exist.
    fn verify(&self, target: &Deployment) -> impl Future<Output = Result<TargetPresence, ReadError>> + Send;
    /// The alarms of these names, as far as they exist.
    fn alarms(&self, names: &[String]) -> impl Future<Output = Result<Vec<AlarmReading>, ReadError>> + Send;
    /// The definitions of these alarms, as far as they exist and judge one metric: no metric maths, no
    /// composites.
    fn definitions(&self, names: &[String])
    -> impl Future<Output = Result<Vec<AlarmSpec>, ReadError>> + Send;
    /// What the comparison of champion and challenger in a trial says by now; `None` before the first
    /// comparison.
    fn trial(
        &self,
        trial: &Deployment,
    ) -> impl Future<Output = Result<Option<TrialReading>, ReadError>> + Send;
    /// The approval of a model package in the registry; `None` where the package is gone.
    fn approval(
        &self,
        package: &str,
    ) -> impl Future<Output = Result<Option<PackageApproval>, ReadError>> + Send;
    /// How many requests the config has answered since then.
    fn requests(
        &self,
        endpoint: &str,
        config: &ConfigName,
        since: Timestamp,
    ) -> impl Future<Output = Result<u64, ReadError>> + Send;
}

/// Something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} could not be read: {reason}")]
pub struct ReadError {
    /// What, for example `endpoint`.
    pub what: &'static str,
    /// What the service said.
    pub reason: String,
}
