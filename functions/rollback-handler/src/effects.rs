//! What a release does to the world, through AWS.

use std::fmt::Display;

use jiff::Timestamp;
use pawl::duration::Duration;
use pawl::events::{AlarmState, ApprovalStatus, EndpointStatus};
use pawl::fault::Fault;
use pawl::gate::live::TrialEvidence;
use pawl::ledger::{Keys, is_gone, read, write_once};
use pawl::names::ModelName;
use pawl::release::alarms::AlarmSpec;
use pawl::release::{
    Action, ActionResult, AlarmReading, Caller, ConfigName, Deployment, Driver, Effects, EndpointDescription,
    Policy, ReadError, Release, ReleaseOutcome, Severity, TargetPresence, TrialReading,
};
use pawl_aws::{S3Store, cloudwatch};
use pawl_sagemaker::{Asked, Standing};
use serde_json::json;

use crate::upkeep::{self, Way};
use crate::world::World;
use crate::{metrics, regions, smoke};

/// Longer than the function's time limit of 45 s: while one call may still act, no other does. Shorter than the minute after which Lambda
/// gives a failed event again: it would meet the dead call's lease, and give up.
const LEASE: Duration = Duration::seconds(50);

/// The world as one release acts on it: a model's at home, or in a further region.
pub(crate) struct Effector<'a> {
    world: &'a World,
    keys: Keys,
    policy: &'a Policy,
}

/// A driver that acts on AWS.
pub(crate) type ReleaseDriver<'a> = Driver<'a, S3Store, Effector<'a>, fn() -> Timestamp>;

/// The driver of one release: a model's at home, or in a further region.
pub(crate) fn driver<'a>(world: &'a World, keys: Keys, policy: &'a Policy) -> ReleaseDriver<'a> {
    let effects = Effector { world, keys: keys.clone(), policy };
    let caller = Caller { id: world.holder(), lease: LEASE };
    Driver::new(&world.store, effects, Timestamp::now, keys, policy, caller)
}

impl Effector<'_> {
    fn model(&self) -> &ModelName {
        self.keys.model()
    }

    async fn act(&self, action: &Action) -> Result<ActionResult, Fault> {
        let world = self.world;
        match action {
            Action::PutAlarms { alarms } => {
                for alarm in alarms {
                    world.put_alarm(alarm).await?;
                }
                Ok(ActionResult::Done)
            }
            Action::UpdateEndpoint { call } => {
                let look = self.look(&call.endpoint).await?;
                match look.status {
                    EndpointStatus::InService if look.config.as_ref() == Some(&call.config) => {
                        return Ok(ActionResult::Done);
                    }
                    EndpointStatus::Failed | EndpointStatus::Absent => {
                        return Ok(ActionResult::Endpoint { look });
                    }
                    _ => {}
                }
                let way = self.make_way(&call.config).await?;
                match (world.sagemaker.update(call).await, way) {
                    (Ok(begun), _) => Ok(asked(begun)),
                    // The answer to a first try was lost, and the second met what the first had done.
                    (Err(Fault::Refused(_)), _) if self.serves(&call.config).await? => Ok(ActionResult::Done),
                    (Err(Fault::Refused(reason)), Way::Clearing) => Ok(ActionResult::Retry { reason }),
                    (Err(fault), _) => Err(fault),
                }
            }
            Action::RecreateEndpoint { endpoint, config } => self.recreate(endpoint, config).await,
            Action::DescribeEndpoint { endpoint } | Action::AwaitConfig { endpoint, .. } => {
                Ok(ActionResult::Endpoint { look: self.look(endpoint).await? })
            }
            Action::SmokeTest { endpoint, config } => smoke::test(world, &self.keys, endpoint, config).await,
            Action::ReadAlarm { change } => {
                let read = metrics::alarms(world, std::slice::from_ref(&change.name)).await?;
                Ok(ActionResult::Alarm { state: read.first().map(|alarm| alarm.state) })
            }
            Action::CompareFleets { endpoint, new, old, .. } => {
                let fleets =
                    metrics::compare(world, &self.policy.alarms, endpoint, new, old.as_ref()).await?;
                Ok(ActionResult::Fleets { fleets })
            }
            Action::RejectPackage { package, description } => {
                world.sagemaker.reject(package, description).await?;
                Ok(ActionResult::Done)
            }
            Action::QuarantineDataset { dataset, reason } => {
                // The record itself stops the training; this is the note that a person finds beside the quarantined rows.
                let key = self.keys.quarantined_dataset(dataset);
                let note = json!({ "dataset": dataset, "reason": reason, "at": Timestamp::now() });
                write_once(&world.store, &key, &note).await?;
                Ok(ActionResult::Done)
            }
            Action::RecordOutcome { generation, outcome } => {
                let key = self.keys.outcome(*generation);
                let note = json!({ "generation": generation, "outcome": outcome, "at": Timestamp::now() });
                write_once(&world.store, &key, &note).await?;
                if *outcome == ReleaseOutcome::Promoted && self.keys.region().is_none() {
                    regions::begin(world, &self.keys, *generation).await?;
                }
                Ok(ActionResult::Done)
            }
            Action::Upkeep { generation } => {
                upkeep::order(world, &self.keys, *generation).await?;
                Ok(ActionResult::Done)
            }
            Action::Notify { severity, message } => {
                let loud = match severity {
                    Severity::Info => "",
                    Severity::Page => "needs a person: ",
                };
                let place = self.keys.region().map_or(String::new(), |region| format!(" in {region}"));
                world.topic.notify(&format!("Pawl: {loud}{}{place}", self.model()), message).await?;
                Ok(ActionResult::Done)
            }
        }
    }

    /// The way back may lead to another instance type.
    async fn make_way(&self, to: &ConfigName) -> Result<Way, Fault> {
        let release = read::<Release>(&self.world.store, &self.keys.release()).await?;
        let Some((release, _)) = release else { return Ok(Way::Clear) };
        match (&release.current, release.good_with(to)) {
            (Some(from), Some(to)) => {
                upkeep::make_way(self.world, &self.keys, from.generation, to.generation).await
            }
            _ => Ok(Way::Clear),
        }
    }

    async fn look(&self, endpoint: &str) -> Result<EndpointDescription, Fault> {
        let at = Timestamp::now();
        let (status, config) = self.world.sagemaker.describe(endpoint).await?;
        Ok(EndpointDescription { status, config, at })
    }

    /// Whether the endpoint is in service with this config.
    async fn serves(&self, config: &ConfigName) -> Result<bool, Fault> {
        let (status, serving) = self.world.sagemaker.describe(self.model().as_str()).await?;
        Ok(status == EndpointStatus::InService && serving.as_ref() == Some(config))
    }

    /// What lies elsewhere, in a further region, was copied there by its release and is that bucket's to keep.
    async fn verify_archives(&self, archives: &[String]) -> Result<TargetPresence, Fault> {
        for archive in archives {
            if is_gone(&self.world.store, self.world.store.bucket(), archive).await? {
                return Ok(TargetPresence::Missing { what: archive.clone() });
            }
        }
        Ok(TargetPresence::Present)
    }

    async fn recreate(&self, endpoint: &str, config: &ConfigName) -> Result<ActionResult, Fault> {
        match self.world.sagemaker.describe(endpoint).await? {
            // The answer to an earlier call may have been lost: it is there, or on its way.
            (EndpointStatus::Creating | EndpointStatus::InService, Some(found)) if found == *config => {
                Ok(ActionResult::Done)
            }
            (EndpointStatus::Failed, _) => {
                self.world.sagemaker.delete(endpoint).await?;
                // Deleting takes a while; creating comes with the next try.
                Ok(ActionResult::Busy)
            }
            (EndpointStatus::Absent, _) => {
                self.world.sagemaker.create(endpoint, config).await?;
                Ok(ActionResult::Done)
            }
            _ => Ok(ActionResult::Busy),
        }
    }
}

fn asked(asked: Asked) -> ActionResult {
    match asked {
        Asked::Begun => ActionResult::Done,
        Asked::Busy => ActionResult::Busy,
    }
}

fn unread(what: &'static str) -> impl Fn(Fault) -> ReadError {
    move |fault: Fault| ReadError { what, reason: reason(&fault) }
}

fn reason(fault: &impl Display) -> String {
    fault.to_string()
}

impl Effects for Effector<'_> {
    async fn perform(&self, action: &Action) -> ActionResult {
        match self.act(action).await {
            Ok(outcome) => outcome,
            Err(fault @ (Fault::Unavailable(_) | Fault::Conflict(_))) => {
                ActionResult::Retry { reason: reason(&fault) }
            }
            Err(fault) => ActionResult::Refused { reason: reason(&fault) },
        }
    }

    async fn describe(&self, endpoint: &str) -> Result<EndpointDescription, ReadError> {
        self.look(endpoint).await.map_err(unread("endpoint"))
    }

    async fn verify(&self, target: &Deployment) -> Result<TargetPresence, ReadError> {
        let unread = unread("endpoint config");
        match self.world.sagemaker.verify(&target.config).await.map_err(&unread)? {
            Standing::Missing { what } => Ok(TargetPresence::Missing { what }),
            Standing::On { archives } => self.verify_archives(&archives).await.map_err(unread),
        }
    }

    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmReading>, ReadError> {
        metrics::alarms(self.world, names).await.map_err(unread("alarms"))
    }

    async fn definitions(&self, names: &[String]) -> Result<Vec<AlarmSpec>, ReadError> {
        metrics::definitions(self.world, names).await.map_err(unread("alarm definitions"))
    }

    async fn trial(&self, trial: &Deployment) -> Result<Option<TrialReading>, ReadError> {
        let key = self.keys.evidence(trial.generation, "trial.json");
        let read = read::<TrialEvidence>(&self.world.store, &key).await;
        let found = read.map_err(|e| unread("trial")(e.into()))?.map(|(evidence, _)| evidence);
        let own = found.filter(|evidence| evidence.config == trial.config.0);
        Ok(own.map(|TrialEvidence { came_to, .. }| TrialReading {
            verdict: came_to.look.verdict,
            reason: came_to.reason,
        }))
    }

    async fn approval(&self, package: &str) -> Result<Option<ApprovalStatus>, ReadError> {
        self.world.sagemaker.approval(package).await.map_err(unread("model package"))
    }

    async fn requests(
        &self,
        endpoint: &str,
        config: &ConfigName,
        since: Timestamp,
    ) -> Result<u64, ReadError> {
        metrics::requests(self.world, endpoint, config, since).await.map_err(unread("requests"))
    }
}

/// An alarm's state in Pawl's words. One that the SDK does not know yet is no proof of health.
pub(crate) fn alarm_state(state: Option<&cloudwatch::types::StateValue>) -> AlarmState {
    use cloudwatch::types::StateValue;
    match state {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        _ => AlarmState::InsufficientData,
    }
}
