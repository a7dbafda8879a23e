//! The release in one region while it is the region's turn: what the wave asks of it.

use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::jobs::{Job, Platform};
use pawl::ledger::Store;
use pawl::names::Generation;
use pawl::pipeline::Pipeline;
use pawl::release::{ConfigName, Deployment, Policy, Region, Reply, StateName, Wave, WaveNews};

use super::failed;
use crate::edge::Services;
use crate::site::Site;
use crate::upkeep::Way;

/// The release in one region, in its turn.
pub(super) struct RegionalRelease<'a, S: Store, A: Services, N: Notices> {
    site: Site<'a, S, A, N>,
    wave: &'a Wave,
    region: Region,
    /// The promoted run's, with the region's image.
    pipeline: Pipeline,
    /// The prefix of the run's evidence, which lies at home.
    run: String,
    platform: Platform,
}

impl<'a, S: Store, A: Services, N: Notices> RegionalRelease<'a, S, A, N> {
    pub(super) fn new(home: &Site<'a, S, A, N>, pipeline: &Pipeline, wave: &'a Wave, region: Region) -> Self {
        let mut pipeline = pipeline.clone();
        pipeline.train.image.clone_from(&region.image);
        // Key and network are home's; the region's bucket encrypts with its own.
        (pipeline.serve.vpc, pipeline.serve.kms_key) = (None, None);
        let platform = home.edge.platform.abroad();
        let run = home.keys.run(wave.generation);
        Self { site: home.in_region(&region.name), wave, region, pipeline, run, platform }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.site.policy
    }

    fn job(&self) -> Job<'_> {
        Job {
            pipeline: &self.pipeline,
            generation: self.wave.generation,
            name: &self.wave.name,
            bucket: &self.region.bucket,
            run: &self.run,
            platform: &self.platform,
        }
    }

    /// Makes package and model. What a call that died has made is found again.
    pub(super) async fn register(&self) -> Result<WaveNews, Fault> {
        match self.create_package_and_model().await {
            Ok(package) => Ok(WaveNews::Registered { region: self.region.name.clone(), package }),
            // The state machine tries it again.
            Err(fault @ (Fault::Unavailable(_) | Fault::Conflict(_))) => Err(fault),
            Err(fault) => Ok(failed(&self.region, fault.to_string())),
        }
    }

    async fn create_package_and_model(&self) -> Result<String, Fault> {
        let (job, sagemaker) = (self.job(), &self.site.services);
        let archive = format!("s3://{}/{}", self.region.bucket, self.site.keys.archive(&self.wave.name));
        sagemaker.create_package_group(&job.package_group()).await?;
        let request = job.package_in_region(&archive, self.wave.package.as_deref());
        let package = sagemaker.create_package(&request).await?;
        sagemaker.create_model(&job.model(&archive)).await?;
        package.ok_or_else(|| Fault::Refused("CreateModelPackage: no ARN was answered".to_owned()))
    }

    /// Asks the region's release, and creates or updates the endpoint; `None` while an older generation is
    /// under way there, or autoscaling is being taken off.
    pub(super) async fn deploy(&self) -> Result<Option<WaveNews>, Fault> {
        let (driver, generation) = (self.site.driver(), self.wave.generation);
        let release = driver.load().await?;
        match release.reply_to(generation) {
            // Not asked for yet, or the answer got lost.
            Reply::Closed | Reply::Wait => {}
            known => return Ok(Some(self.news_of(&known).unwrap_or_else(|| self.begun()))),
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
        let stop = self.wave.stops.iter().find(|stop| stop.region == self.region);
        candidate.package = stop.and_then(|stop| stop.package.clone());
        candidate.kind = self.pipeline.serve.kind;
        candidate.instances = self.pipeline.serve.instances();
        candidate
    }

    /// Creates or updates the endpoint; not yet, while autoscaling there is being taken off.
    async fn begin(&self, permission: &Reply, serves: Option<Generation>) -> Result<Way, Fault> {
        let sagemaker = &self.site.services;
        match permission {
            Reply::DeployCreate { config, .. } => {
                sagemaker.create_endpoint_config(&self.job().endpoint_config()).await?;
                let request = self.site.owner().endpoint(config.clone());
                sagemaker.create_endpoint(&request).await.map(|()| Way::Clear)
            }
            Reply::DeployUpdate { call } => {
                let way = match serves {
                    Some(from) => self.site.make_way(from, self.wave.generation).await?,
                    None => Way::Clear,
                };
                sagemaker.create_endpoint_config(&self.job().endpoint_config()).await?;
                match (sagemaker.update(call).await, way) {
                    // Busy with this very update, if an answer was lost; if not, the watch finds another
                    // config in service.
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
        let answer = self.site.driver().report_failure(self.wave.generation, reason.clone()).await?;
        Ok(match self.news_of(&answer) {
            None => self.begun(),
            Some(WaveNews::Failed { .. }) if answer == Reply::Closed => failed(&self.region, reason),
            Some(news) => news,
        })
    }

    /// Lets the region's release look at endpoint, alarms and traffic.
    pub(super) async fn watch(&self) -> Result<Reply, Fault> {
        let config = ConfigName(self.wave.name.clone());
        Ok(self.site.driver().watch(self.wave.generation, config).await?)
    }

    fn begun(&self) -> WaveNews {
        WaveNews::Begun { region: self.region.name.clone() }
    }

    /// What an answer of the region's release means for the wave; `None` while it is under way.
    pub(super) fn news_of(&self, answer: &Reply) -> Option<WaveNews> {
        match answer {
            Reply::Wait | Reply::RollingBack | Reply::KeepWatching { .. } | Reply::NeedsApproval { .. } => {
                None
            }
            Reply::Healthy => Some(WaveNews::Promoted { region: self.region.name.clone() }),
            answer => Some(failed(&self.region, answer.to_string())),
        }
    }
}
