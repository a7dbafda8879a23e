//! What a run asks of a release: guard, observe, watch, abandon.

use pawl::documents::SPLIT;
use pawl::duration::Duration;
use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::jobs::Job;
use pawl::ledger::{Ending, Keys, Store};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::Pipeline;
use pawl::release::{ConfigName, Deploying, Deployment, Release, Reply, RollingBack, State};
use pawl::run;
use serde_json::{Value, json};

use crate::edge::{Clock, Edge, Services};
use crate::site::Site;

/// One run, and the release of its model at home under the run's own policy.
pub(crate) struct Run<'a, S: Store, A: Services, N: Notices> {
    site: Site<'a, S, A, N>,
    generation: Generation,
    /// The configuration that was frozen for the run.
    pipeline: Pipeline,
}

impl<'a, S: Store, A: Services, N: Notices> Run<'a, S, A, N> {
    pub(crate) async fn load(
        edge: &'a Edge<S, A, N>,
        model: &ModelName,
        generation: Generation,
        now: Clock<'a>,
    ) -> Result<Self, Fault> {
        let keys = Keys::new(model);
        let pipeline = run::frozen_pipeline(&edge.store, &keys, generation).await?;
        let site = Site::new(edge, keys, pipeline.release.clone(), now);
        Ok(Self { site, generation, pipeline })
    }

    /// May this challenger be deployed, and how?
    pub(crate) async fn guard(&self, name: &str, package: String) -> Result<Value, Fault> {
        let candidate = self.candidate(name, package).await?;
        let driver = self.site.driver();
        let answer = driver.guard(candidate).await?;
        let release = driver.load().await?;
        let serves = release.champion();
        let (answer, config, endpoint) = match answer {
            Reply::DeployCreate { config, .. } => {
                let request = self.site.owner().endpoint(config.clone());
                ("create", config, json!(request))
            }
            Reply::DeployUpdate { call } => {
                if let Some(serves) = serves {
                    // The state machine asks again while the update is refused.
                    self.site.make_way(serves.generation, self.generation).await?;
                }
                ("update", call.config.clone(), json!(call))
            }
            Reply::Wait | Reply::RollingBack => {
                let mut wait = self.next(&answer, &release, Duration::seconds(0));
                wait["answer"] = json!("wait");
                return Ok(wait);
            }
            Reply::Hold { message, .. } => return Ok(json!({ "answer": "hold", "reason": message })),
            other => return Ok(json!({ "answer": "hold", "reason": other.to_string() })),
        };
        let (stage, config) = self.config(name, &config, serves.and_then(|serves| serves.model.as_deref()));
        Ok(json!({
            "answer": answer,
            "stage": stage,
            "config": config,
            "endpoint": endpoint,
            "poll_seconds": self.site.policy.look_again(Duration::seconds(0)).as_secs(),
        }))
    }

    async fn candidate(&self, name: &str, package: String) -> Result<Deployment, Fault> {
        let (store, keys) = (&self.site.edge.store, &self.site.keys);
        let split = SPLIT.of(keys, self.generation).require(store).await?;
        let mut candidate = Deployment::new(self.generation, name);
        candidate.model = Some(name.to_owned());
        candidate.package = Some(package);
        candidate.dataset = Some(split.version);
        candidate.kind = self.pipeline.serve.kind;
        candidate.instances = self.pipeline.serve.instances();
        Ok(candidate)
    }

    /// How much of the traffic the challenger gets, and the endpoint config for that.
    fn config(&self, name: &str, config: &ConfigName, champion: Option<&str>) -> (&'static str, Value) {
        let edge = self.site.edge;
        let prefix = self.site.keys.run(self.generation);
        let job = Job {
            pipeline: &self.pipeline,
            generation: self.generation,
            name,
            bucket: &edge.bucket,
            run: &prefix,
            platform: &edge.platform,
        };
        match (&self.pipeline.release.trial, champion) {
            (Some(trial), Some(champion)) if config.0 != name => {
                ("trial", json!(job.trial_config(config, trial, champion)))
            }
            _ => ("all", json!(job.endpoint_config())),
        }
    }

    /// Has the endpoint arrived where it was sent?
    pub(crate) async fn observe(&self, config: ConfigName) -> Result<Value, Fault> {
        let driver = self.site.driver();
        let answer = driver.observe(self.generation, config).await?;
        Ok(self.next(&answer, &driver.load().await?, Duration::seconds(0)))
    }

    /// Is the bake over, or the trial, and was it healthy?
    pub(crate) async fn watch(&self, config: ConfigName) -> Result<Value, Fault> {
        let (driver, policy) = (self.site.driver(), &self.site.policy);
        let answer = driver.watch(self.generation, config).await?;
        let release = driver.load().await?;
        let serves = release.current.as_ref();
        let in_trial = policy.trial.as_ref().filter(|_| serves.is_some_and(|serves| serves.trial.is_some()));
        let longest = match (&answer, in_trial) {
            (Reply::NeedsApproval { .. }, _) => policy.decision,
            (_, Some(trial)) => trial.at_most(),
            (_, None) => Duration::seconds(policy.bake.as_secs() + policy.patience.as_secs()),
        };
        Ok(self.next(&answer, &release, longest))
    }

    /// The run could not deploy its challenger.
    pub(crate) async fn abandon(&self, reason: String) -> Result<Value, Fault> {
        let driver = self.site.driver();
        let answer = driver.report_failure(self.generation, reason).await?;
        Ok(self.next(&answer, &driver.load().await?, Duration::seconds(0)))
    }

    /// Where the state machine goes from here, and when it looks again: at a watch that may last so long, or
    /// at a move of traffic.
    fn next(&self, answer: &Reply, release: &Release, longest: Duration) -> Value {
        let policy = &self.site.policy;
        let pause = match (answer, &release.state) {
            (Reply::Wait | Reply::RollingBack, State::Deploying(Deploying { since, .. }))
            | (Reply::Wait | Reply::RollingBack, State::RollingBack(RollingBack { since, .. })) => {
                policy.look_again(self.site.since(*since))
            }
            _ => policy.look_every(longest),
        };
        json!({ "next": next(answer), "reason": answer.to_string(), "seconds": pause.as_secs() })
    }
}

/// Where the state machine goes from here.
fn next(answer: &Reply) -> Value {
    match answer {
        Reply::Wait | Reply::RollingBack => json!("wait"),
        Reply::KeepWatching { .. } | Reply::NeedsApproval { .. } => json!("watch"),
        Reply::GoOn => json!("deploy"),
        Reply::Healthy => json!(Ending::Promoted),
        Reply::RolledBack { .. } => json!(Ending::RolledBack),
        Reply::Unproven
        | Reply::Closed
        | Reply::Noted
        | Reply::Hold { .. }
        | Reply::DeployCreate { .. }
        | Reply::DeployUpdate { .. } => json!(Ending::Held),
    }
}
