//! One region in its turn: what the wave asks of it.

use pawl::fault::Fault;
use pawl::ledger::Keys;
use pawl::names::Generation;
use pawl::pipeline::Pipeline;
use pawl::pipeline::jobs::Job;
use pawl::release::{ConfigName, Deployment, Policy, Region, Reply, StateName, Wave, WaveNews};
use pawl::run;
use pawl_aws::{Setting, Settings};

use super::failed;
use crate::effects::{ReleaseDriver, driver};
use crate::upkeep::{self, Way};
use crate::world::World;

/// One region in its turn.
pub(super) struct There<'a> {
    world: World,
    wave: &'a Wave,
    region: Region,
    /// The promoted run's, with the region's image.
    pipeline: Pipeline,
    pub(super) policy: Policy,
    /// The keys of the region's release.
    keys: Keys,
    /// The prefix of the run's evidence.
    run: String,
    role: String,
}

impl<'a> There<'a> {
    pub(super) async fn new(
        world: &World,
        keys: &Keys,
        wave: &'a Wave,
        region: Region,
    ) -> Result<Self, Fault> {
        let mut pipeline = run::frozen_pipeline(&world.store, keys, wave.generation).await?;
        pipeline.train.image.clone_from(&region.image);
        Ok(Self {
            world: world.in_region(&region.name),
            wave,
            policy: pipeline.release.in_region(),
            pipeline,
            keys: keys.in_region(&region.name),
            run: keys.run(wave.generation),
            role: Settings.get(Setting::SageMakerRole)?,
            region,
        })
    }

    fn job(&self) -> Job<'_> {
        Job {
            pipeline: &self.pipeline,
            generation: self.wave.generation,
            name: &self.wave.name,
            bucket: &self.region.bucket,
            run: &self.run,
            role: &self.role,
        }
    }

    fn driver(&self) -> ReleaseDriver<'_> {
        driver(&self.world, self.keys.clone(), &self.policy)
    }

    /// Makes package and model. What a call that died has made is found again.
    pub(super) async fn register(&self) -> Result<WaveNews, Fault> {
        match self.package().await {
            Ok(package) => Ok(WaveNews::Registered { region: self.region.name.clone(), package }),
            // The state machine tries it again.
            Err(fault @ (Fault::Unavailable(_) | Fault::Conflict(_))) => Err(fault),
            Err(fault) => Ok(failed(&self.region, fault.to_string())),
        }
    }

    async fn package(&self) -> Result<String, Fault> {
        let (job, sagemaker) = (self.job(), &self.world.sagemaker);
        let archive = format!("s3://{}/{}", self.region.bucket, self.keys.archive(&self.wave.name));
        sagemaker.create_as("CreateModelPackageGroup", &job.package_group()).await?;
        let request = job.package_in_region(&archive, self.wave.package.as_deref());
        let package = sagemaker.create_as("CreateModelPackage", &request).await?;
        sagemaker.create_as("CreateModel", &job.model(&archive)).await?;
        package.ok_or_else(|| Fault::Refused("CreateModelPackage: no ARN was answered".to_owned()))
    }

    /// Asks the region's release, and creates or updates the endpoint; `None` while an older generation is under way there, or
    /// autoscaling is being taken off.
    pub(super) async fn deploy(&self) -> Result<Option<WaveNews>, Fault> {
        let (driver, generation) = (self.driver(), self.wave.generation);
        let release = driver.load().await?;
        match release.reply_to(generation) {
            // Not asked for yet, or the answer got lost.
            Reply::Closed | Reply::Wait => {}
            known => return Ok(Some(self.ended(&known).unwrap_or_else(|| self.begun()))),
        }
        let resting = matches!(release.state.name(), StateName::Stable | StateName::CoolDown);
        match release.subject() {
            Some(other) if !resting && other.generation != generation => {
                driver.watch(other.generation, other.config.clone()).await?;
                return Ok(None);
            }
            _ => {}
        }
        let serves = release.champion().map(|champion| champion.generation);
        let begun = match driver.guard(self.candidate()).await? {
            Reply::Hold { message, .. } => return Ok(Some(failed(&self.region, message))),
            answer => self.begin(&answer, serves).await,
        };
        match begun {
            Ok(Way::Clear) => Ok(Some(self.begun())),
            Ok(Way::Clearing) => Ok(None),
            Err(fault @ (Fault::Unavailable(_) | Fault::Conflict(_))) => Err(fault),
            Err(fault) => self.withdraw(fault.to_string()).await.map(Some),
        }
    }

    /// The same deployment as at home; the data it was trained on is judged there.
    fn candidate(&self) -> Deployment {
        let mut candidate = Deployment::new(self.wave.generation, self.wave.name.as_str());
        candidate.model = Some(self.wave.name.clone());
        let own = self.wave.stops.iter().find(|stop| stop.region == self.region);
        candidate.package = own.and_then(|stop| stop.package.clone());
        candidate.kind = self.pipeline.serve.kind;
        candidate
    }

    /// Creates or updates the endpoint; not yet, while autoscaling there is being taken off.
    async fn begin(&self, permission: &Reply, serves: Option<Generation>) -> Result<Way, Fault> {
        let sagemaker = &self.world.sagemaker;
        match permission {
            Reply::DeployCreate { endpoint, config } => {
                sagemaker.create_as("CreateEndpointConfig", &self.job().endpoint_config()).await?;
                sagemaker.create(endpoint, config).await.map(|()| Way::Clear)
            }
            Reply::DeployUpdate { call } => {
                let way = match serves {
                    Some(from) => {
                        upkeep::make_way(&self.world, &self.keys, from, self.wave.generation).await?
                    }
                    None => Way::Clear,
                };
                sagemaker.create_as("CreateEndpointConfig", &self.job().endpoint_config()).await?;
                match (sagemaker.update(call).await, way) {
                    // Busy with this very update, if an answer was lost; if not, the watch finds another config in service.
                    (Ok(_), _) => Ok(Way::Clear),
                    (Err(Fault::Refused(_)), Way::Clearing) => Ok(Way::Clearing),
                    (Err(fault), _) => Err(fault),
                }
            }
            // It was begun before.
            _ => Ok(Way::Clear),
        }
    }

    /// Tells the region's release that nothing comes; the endpoint decides whether that is so.
    pub(super) async fn withdraw(&self, reason: String) -> Result<WaveNews, Fault> {
        let answer = self.driver().report_failure(self.wave.generation, reason.clone()).await?;
        Ok(match self.ended(&answer) {
            None => self.begun(),
            Some(WaveNews::Failed { .. }) if answer == Reply::Closed => failed(&self.region, reason),
            Some(ended) => ended,
        })
    }

    /// Lets the region's release look at endpoint, alarms and traffic.
    pub(super) async fn watch(&self) -> Result<Reply, Fault> {
        let config = ConfigName(self.wave.name.clone());
        Ok(self.driver().watch(self.wave.generation, config).await?)
    }

    fn begun(&self) -> WaveNews {
        WaveNews::Begun { region: self.region.name.clone() }
    }

    /// What an answer of the region's release means for the wave; `None` while it is under way.
    pub(super) fn ended(&self, answer: &Reply) -> Option<WaveNews> {
        match answer {
            Reply::Wait | Reply::RollingBack | Reply::KeepWatching { .. } | Reply::NeedsApproval { .. } => {
                None
            }
            Reply::Healthy => Some(WaveNews::Promoted { region: self.region.name.clone() }),
            answer => Some(failed(&self.region, answer.to_string())),
        }
    }
}
