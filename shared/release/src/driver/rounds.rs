//! What runs and the reconciler ask of a release: each reads what the question needs, and hands it over as an
//! event.

use jiff::{SignedDuration, Timestamp};

use super::effects::Effects;
use super::error::DriverError;
use super::handle::{Driver, TRIES};
use super::store::ReleaseStore;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::event::{CandidateFailure, Event, GuardRequest};
use crate::observation::{EndpointDescription, EndpointObservation, Observer, TargetCheck, WatchReading};
use crate::record::Release;
use crate::reply::{HoldReason, Reply};
use crate::state::State;
use pawl_base::names::Generation;
use pawl_ledger::edge::Clock;
use pawl_ledger::events::{EndpointStatus, PackageApproval, PackageChange};

/// Over how long the traffic is counted before a trial.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl<S: ReleaseStore, E: Effects, C: Clock> Driver<'_, S, E, C> {
    /// A run asks to deploy.
    ///
    /// # Errors
    /// [`DriverError`]: something could not be read, or the record not be written. The run asks again.
    pub async fn guard(&self, candidate: Deployment) -> Result<Reply, DriverError> {
        // A fallback that is gone is removed from the record, and the next one is checked.
        for _ in 0..TRIES {
            let request = self.read_for_guard(candidate.clone()).await?;
            match self.handle(&Event::GuardRequested(request)).await? {
                Reply::Hold { reason: HoldReason::AskAgain, .. } => {}
                answer => return Ok(answer),
            }
        }
        Err(self.contended())
    }

    async fn read_for_guard(&self, candidate: Deployment) -> Result<GuardRequest, DriverError> {
        let release = self.load().await?;
        let look = self.look(&release).await?;
        let target = match release.fallback_of_next(self.policy) {
            None => TargetCheck::NotAsked,
            Some(target) => TargetCheck::Checked {
                config: target.config.clone(),
                found: self.effects.verify(&target).await?,
            },
        };
        let alarms = self.effects.alarms(&self.policy.alarms.further).await?;
        let defined = self.effects.definitions(&self.policy.alarms.further).await?;
        let traffic = match (&self.policy.trial, &release.current) {
            (Some(_), Some(current)) => Some(self.requests_per_second(current).await?),
            _ => None,
        };
        Ok(GuardRequest { candidate, look, target, alarms, defined, traffic })
    }

    /// The endpoint, and whose it is where the record does not say: it may have stood there before Pawl.
    async fn look(&self, release: &Release) -> Result<EndpointDescription, DriverError> {
        let mut look = self.effects.describe(self.endpoint()).await?;
        if release.current.is_none() && look.status == EndpointStatus::InService {
            look.origin = self.effects.origin(self.endpoint()).await?;
        }
        Ok(look)
    }

    /// Requests to a config, on average since it was activated, at most over a day.
    async fn requests_per_second(&self, config: &Deployment) -> Result<f64, DriverError> {
        let now = self.clock.now();
        let day = now.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
        let since = config.activated_at.map_or(day, |at| at.max(day));
        let requests = self.effects.requests(self.endpoint(), &config.config, since).await?;
        let seconds = now.duration_since(since).as_secs_f64();
        Ok(if seconds > 0.0 { requests as f64 / seconds } else { 0.0 })
    }

    /// A run reports that it could not begin its deployment. The endpoint decides whether that is so.
    ///
    /// # Errors
    /// As [`Driver::handle`].
    pub async fn report_failure(&self, generation: Generation, reason: String) -> Result<Reply, DriverError> {
        self.handle(&Event::CandidateFailed(CandidateFailure { generation, reason })).await
    }

    /// A run waits for its endpoint, after its update to this config, or its creation, was accepted.
    ///
    /// # Errors
    /// As [`Driver::handle`], or the endpoint could not be described.
    pub async fn observe(&self, generation: Generation, config: ConfigName) -> Result<Reply, DriverError> {
        self.observe_as(Observer::Run { generation, config }).await
    }

    async fn observe_as(&self, by: Observer) -> Result<Reply, DriverError> {
        let release = self.load().await?;
        let look = self.look(&release).await?;
        self.handle(&Event::EndpointObserved(EndpointObservation { look, by })).await
    }

    /// A run watches its config. Also answers for a run whose generation is over.
    ///
    /// # Errors
    /// As [`Driver::handle`], or endpoint, alarms or trial could not be read.
    pub async fn watch(&self, generation: Generation, config: ConfigName) -> Result<Reply, DriverError> {
        // Somebody may have moved the endpoint to another config by hand.
        self.observe_as(Observer::Run { generation, config }).await?;
        self.read_watched().await?;
        let release = self.load().await?;
        Ok(release.reply_to(generation))
    }

    async fn read_watched(&self) -> Result<(), DriverError> {
        let release = self.load().await?;
        let Some(current) = &release.current else { return Ok(()) };
        let alarms = self.effects.alarms(&current.alarms).await?;
        let requests = match &release.state {
            State::Watching(watching) => {
                self.effects.requests(self.endpoint(), &current.config, watching.since).await.ok()
            }
            // The alarms of what serves are read as well: an alarm's event may have been lost.
            State::Stable | State::CoolDown { .. } => None,
            State::Deploying(_) | State::RollingBack(_) => return Ok(()),
        };
        let trial = match (&release.state, &current.trial) {
            (State::Watching(_), Some(_)) => self.effects.trial(current).await?,
            _ => None,
        };
        let reading = WatchReading { config: current.config.clone(), alarms, requests, trial };
        self.handle(&Event::WatchTick(reading)).await.map(|_| ())
    }

    /// The reconciler's round: reads endpoint, alarms and registry again, so that a lost event heals.
    ///
    /// # Errors
    /// As [`Driver::handle`], or something could not be read. The next round tries again.
    pub async fn reconcile(&self) -> Result<Release, DriverError> {
        self.handle(&Event::Tick).await?;
        self.observe_as(Observer::Reconciler).await?;
        self.read_watched().await?;
        self.read_package().await?;
        self.load().await
    }

    /// The registry's event that a package was rejected may have been lost.
    async fn read_package(&self) -> Result<(), DriverError> {
        let release = self.load().await?;
        let package = release.subject().and_then(|subject| subject.package.clone());
        let Some(arn) = package.filter(|package| !release.rejected.contains(package)) else { return Ok(()) };
        if self.effects.approval(&arn).await? != Some(PackageApproval::Rejected) {
            return Ok(());
        }
        let (at, approval) = (self.clock.now(), PackageApproval::Rejected);
        let change = PackageChange { arn, group: None, approval, why: None, at };
        self.handle(&Event::Package(change)).await.map(|_| ())
    }
}
