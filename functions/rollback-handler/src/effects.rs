//! What a release does to AWS, and reads of it, at its [`Site`].

use std::fmt::Display;

use jiff::Timestamp;
use pawl::documents::{QUARANTINED_DATASET, QuarantinedDataset, RELEASED, Released, TRIAL};
use pawl::edge::Notices;
use pawl::events::{EndpointStatus, PackageApproval};
use pawl::fault::Fault;
use pawl::gate::live::TrialEvidence;
use pawl::ledger::{Store, is_gone};
use pawl::names::{ContentHash, Generation};
use pawl::notice::{NextStep, Notice, NoticeKind};
use pawl::release::alarms::AlarmSpec;
use pawl::release::{
    Action, ActionResult, AlarmReading, ConfigName, Deployment, Driver, Effects, EndpointDescription,
    EndpointOrigin, ReadError, ReleaseOutcome, Severity, TargetPresence, TrialReading, UpdateCall,
};
use pawl_sagemaker::{Asked, Standing};

use crate::edge::{Clock, Services};
use crate::site::Site;
use crate::upkeep::Way;
use crate::{metrics, smoke};

impl<S: Store, A: Services, N: Notices> Site<'_, S, A, N> {
    /// The driver of this release.
    pub(crate) fn driver(&self) -> Driver<'_, S, &Self, Clock<'_>> {
        Driver::new(&self.edge.store, self, self.now, self.keys.clone(), &self.policy, self.caller())
    }

    async fn act(&self, action: &Action) -> Result<ActionResult, Fault> {
        let services = &self.services;
        match action {
            Action::PutAlarms { alarms } => {
                for alarm in alarms {
                    services.put_alarm(alarm).await?;
                }
                Ok(ActionResult::Done)
            }
            Action::UpdateEndpoint { call } => self.update(call).await,
            Action::RecreateEndpoint { endpoint, config } => self.recreate(endpoint, config).await,
            Action::DescribeEndpoint { endpoint } | Action::AwaitConfig { endpoint, .. } => {
                Ok(ActionResult::Endpoint { look: self.look(endpoint).await? })
            }
            Action::SmokeTest { endpoint, config } => smoke::test(self, endpoint, config).await,
            Action::ReadAlarm { change } => {
                let read = services.alarms(std::slice::from_ref(&change.name)).await?;
                Ok(ActionResult::Alarm { state: read.first().map(|alarm| alarm.state) })
            }
            Action::CompareFleets { endpoint, new, old, .. } => {
                let limits = &self.policy.alarms;
                let fleets =
                    metrics::compare(services, limits, endpoint, new, old.as_ref(), (self.now)()).await?;
                Ok(ActionResult::Fleets { fleets })
            }
            Action::RejectPackage { package, description } => {
                services.reject(package, description).await.map(|()| ActionResult::Done)
            }
            Action::QuarantineDataset { dataset, reason } => self.quarantine(dataset, reason).await,
            Action::RecordOutcome { generation, outcome } => self.record_fate(*generation, *outcome).await,
            Action::Upkeep { generation } => {
                self.order_upkeep(*generation).await.map(|()| ActionResult::Done)
            }
            Action::Notify { severity, message } => self.notify(*severity, message).await,
        }
    }

    async fn update(&self, call: &UpdateCall) -> Result<ActionResult, Fault> {
        let look = self.look(&call.endpoint).await?;
        match look.status {
            EndpointStatus::InService if look.config.as_ref() == Some(&call.config) => {
                return Ok(ActionResult::Done);
            }
            EndpointStatus::Failed | EndpointStatus::Absent => return Ok(ActionResult::Endpoint { look }),
            _ => {}
        }
        let way = self.make_way_back(&call.config).await?;
        match (self.services.update(call).await, way) {
            (Ok(Asked::Begun), _) => Ok(ActionResult::Done),
            (Ok(Asked::Busy), _) => Ok(ActionResult::Busy),
            // The answer to a first try was lost, and the second met what the first had done.
            (Err(Fault::Refused(_)), _) if self.serves(&call.config).await? => Ok(ActionResult::Done),
            (Err(Fault::Refused(reason)), Way::Clearing) => Ok(ActionResult::Retry { reason }),
            (Err(fault), _) => Err(fault),
        }
    }

    /// The way back may lead to another instance type.
    async fn make_way_back(&self, to: &ConfigName) -> Result<Way, Fault> {
        let Some(release) = self.release().await? else { return Ok(Way::Clear) };
        match (&release.current, release.good_with(to)) {
            (Some(from), Some(to)) => self.make_way(from.generation, to.generation).await,
            _ => Ok(Way::Clear),
        }
    }

    async fn recreate(&self, endpoint: &str, config: &ConfigName) -> Result<ActionResult, Fault> {
        match self.services.describe(endpoint).await? {
            // The answer to an earlier call may have been lost: it is there, or on its way.
            (EndpointStatus::Creating | EndpointStatus::InService, Some(found)) if found == *config => {
                Ok(ActionResult::Done)
            }
            (EndpointStatus::Failed, found) => {
                self.may_recreate(endpoint, found.as_ref()).await?;
                self.services.delete(endpoint).await?;
                // Deleting takes a while; creating comes with the next try.
                Ok(ActionResult::Busy)
            }
            (EndpointStatus::Absent, _) => {
                let request = self.owner().endpoint(config.clone());
                self.services.create_endpoint(&request).await.map(|()| ActionResult::Done)
            }
            _ => Ok(ActionResult::Busy),
        }
    }

    /// An endpoint is deleted only where this release has put its config there, or its tags name this stack.
    async fn may_recreate(&self, endpoint: &str, serving: Option<&ConfigName>) -> Result<(), Fault> {
        let release = self.release().await?;
        if serving.zip(release.as_ref()).is_some_and(|(config, release)| release.knows(config))
            || self.owner().owns(&self.services.endpoint_tags(endpoint).await?)
        {
            return Ok(());
        }
        Err(Fault::Refused(format!("the endpoint {endpoint} has failed, and is not this stack's to delete")))
    }

    /// The record itself stops the training; this is the note that a person finds beside the quarantined
    /// rows.
    async fn quarantine(&self, dataset: &ContentHash, reason: &str) -> Result<ActionResult, Fault> {
        let (version, reason) = (dataset.clone(), reason.to_owned());
        let note = QuarantinedDataset { dataset: version, reason, at: (self.now)() };
        QUARANTINED_DATASET.of(&self.keys, dataset).write_once(&self.edge.store, &note).await?;
        Ok(ActionResult::Done)
    }

    async fn record_fate(&self, generation: Generation, fate: ReleaseOutcome) -> Result<ActionResult, Fault> {
        let released = Released { generation, outcome: fate, at: (self.now)() };
        RELEASED.of(&self.keys, &generation).write_once(&self.edge.store, &released).await?;
        if fate == ReleaseOutcome::Promoted && self.keys.region().is_none() {
            self.begin_wave(generation).await?;
        }
        Ok(ActionResult::Done)
    }

    async fn notify(&self, severity: Severity, message: &str) -> Result<ActionResult, Fault> {
        let model = self.keys.model();
        let place = self.keys.region().map_or(String::new(), |region| format!(" in {region}"));
        // The record's messages begin with the endpoint, which has the model's name.
        let what = message.strip_prefix(&format!("{model}: ")).unwrap_or(message);
        let asked = match severity {
            Severity::Info => None,
            Severity::Page => Some(NextStep {
                what: "Look at the endpoint and decide.".to_owned(),
                by: None,
                commands: vec![format!("pawl status {model}"), format!("pawl history {model}")],
            }),
        };
        let notice = Notice {
            severity,
            model: Some(model.clone()),
            region: self.keys.region().cloned(),
            asked,
            evidence: Some(self.keys.trail()),
            ..Notice::new(NoticeKind::Release, format!("{model}{place}: {what}"), what)
        };
        self.edge.notices.notify(&notice).await?;
        Ok(ActionResult::Done)
    }

    async fn look(&self, endpoint: &str) -> Result<EndpointDescription, Fault> {
        let at = (self.now)();
        let (status, config) = self.services.describe(endpoint).await?;
        Ok(EndpointDescription { status, config, at, origin: EndpointOrigin::NotAsked })
    }

    /// Whether the endpoint is in service with this config.
    async fn serves(&self, config: &ConfigName) -> Result<bool, Fault> {
        let (status, serving) = self.services.describe(self.keys.model().as_str()).await?;
        Ok(status == EndpointStatus::InService && serving.as_ref() == Some(config))
    }

    /// What lies elsewhere, in a further region, was copied there by its release and is that bucket's to
    /// keep.
    async fn verify_archives(&self, archives: &[String]) -> Result<TargetPresence, Fault> {
        for archive in archives {
            if is_gone(&self.edge.store, &self.edge.bucket, archive).await? {
                return Ok(TargetPresence::Missing { what: archive.clone() });
            }
        }
        Ok(TargetPresence::Present)
    }
}

fn unread<E: Display>(what: &'static str) -> impl Fn(E) -> ReadError {
    move |error| ReadError { what, reason: error.to_string() }
}

impl<S: Store, A: Services, N: Notices> Effects for &Site<'_, S, A, N> {
    async fn perform(&self, action: &Action) -> ActionResult {
        match self.act(action).await {
            Ok(outcome) => outcome,
            Err(fault @ (Fault::Unavailable(_) | Fault::Conflict(_))) => {
                ActionResult::Retry { reason: fault.to_string() }
            }
            Err(fault) => ActionResult::Refused { reason: fault.to_string() },
        }
    }

    async fn describe(&self, endpoint: &str) -> Result<EndpointDescription, ReadError> {
        self.look(endpoint).await.map_err(unread("endpoint"))
    }

    async fn origin(&self, endpoint: &str) -> Result<EndpointOrigin, ReadError> {
        let tags = self.services.endpoint_tags(endpoint).await.map_err(unread("the endpoint's tags"))?;
        Ok(if self.owner().owns(&tags) { EndpointOrigin::Ours } else { EndpointOrigin::Foreign })
    }

    async fn verify(&self, target: &Deployment) -> Result<TargetPresence, ReadError> {
        let unread = unread("endpoint config");
        match self.services.verify(&target.config).await.map_err(&unread)? {
            Standing::Missing { what } => Ok(TargetPresence::Missing { what }),
            Standing::On { archives } => self.verify_archives(&archives).await.map_err(unread),
        }
    }

    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmReading>, ReadError> {
        self.services.alarms(names).await.map_err(unread("alarms"))
    }

    async fn definitions(&self, names: &[String]) -> Result<Vec<AlarmSpec>, ReadError> {
        self.services.definitions(names).await.map_err(unread("alarm definitions"))
    }

    async fn trial(&self, trial: &Deployment) -> Result<Option<TrialReading>, ReadError> {
        let read = TRIAL.of(&self.keys, trial.generation).read(&self.edge.store).await;
        let found = read.map_err(|e| unread("trial")(Fault::from(e)))?;
        let of_this_config = found.filter(|evidence| evidence.config == trial.config.0);
        Ok(of_this_config.map(|TrialEvidence { came_to, .. }| TrialReading {
            verdict: came_to.look.verdict,
            reason: came_to.reason,
        }))
    }

    async fn approval(&self, package: &str) -> Result<Option<PackageApproval>, ReadError> {
        self.services.approval(package).await.map_err(unread("model package"))
    }

    async fn requests(
        &self,
        endpoint: &str,
        config: &ConfigName,
        since: Timestamp,
    ) -> Result<u64, ReadError> {
        let requests = metrics::requests(&self.services, endpoint, config, since, (self.now)()).await;
        requests.map_err(unread("requests"))
    }
}
