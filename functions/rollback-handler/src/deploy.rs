//! What a run asks of a release: guard, observe, watch, abandon.

use pawl::duration::Duration;
use pawl::fault::Fault;
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::{Ending, Keys};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::jobs::Job;
use pawl::release::{ConfigName, Deployment, Policy, Reply};
use pawl::run;
use serde_json::{Value, json};

use crate::effects::driver;
use crate::upkeep;
use crate::world::World;

/// May this challenger be deployed, and how?
pub(crate) async fn guard(
    world: &World,
    model: &ModelName,
    generation: Generation,
    name: &str,
    package: String,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let pipeline = run::frozen_pipeline(&world.store, &keys, generation).await?;
    let split: DatasetSplit = run::evidence(&world.store, &keys, generation, "split.json").await?;
    let mut candidate = Deployment::new(generation, name);
    candidate.model = Some(name.to_owned());
    candidate.package = Some(package);
    candidate.dataset = Some(split.version);
    candidate.kind = pipeline.serve.kind;
    let driver = driver(world, keys.clone(), &pipeline.release);
    let answer = driver.guard(candidate).await?;
    let release = driver.load().await?;
    let serves = release.champion();
    let (answer, config, endpoint) = match answer {
        Reply::DeployCreate { endpoint, config } => {
            let request = json!({ "EndpointName": endpoint, "EndpointConfigName": config });
            ("create", config, request)
        }
        Reply::DeployUpdate { call } => {
            if let Some(serves) = serves {
                // The state machine asks again while the update is refused.
                upkeep::make_way(world, &keys, serves.generation, generation).await?;
            }
            ("update", call.config.clone(), json!(call))
        }
        Reply::Wait | Reply::RollingBack => {
            let mut wait = next(&answer, &pipeline.release, Duration::seconds(0));
            wait["answer"] = json!("wait");
            return Ok(wait);
        }
        Reply::Hold { message, .. } => return Ok(json!({ "answer": "hold", "reason": message })),
        other => return Ok(json!({ "answer": "hold", "reason": other.to_string() })),
    };
    let prefix = keys.run(generation);
    let job =
        Job { pipeline: &pipeline, generation, name, bucket: world.store.bucket(), run: &prefix, role: "" };
    let champion = serves.and_then(|serves| serves.model.as_deref());
    let (stage, request) = match (&pipeline.release.trial, champion) {
        (Some(trial), Some(champion)) if config.0 != name => {
            ("trial", job.trial_config(&config, trial, champion))
        }
        _ => ("all", job.endpoint_config()),
    };
    Ok(json!({
        "answer": answer,
        "stage": stage,
        "config": request,
        "endpoint": endpoint,
        "poll_seconds": pipeline.release.look_every(Duration::seconds(0)).as_secs(),
    }))
}

/// Has the endpoint arrived where it was sent?
pub(crate) async fn observe(
    world: &World,
    model: &ModelName,
    generation: Generation,
    config: ConfigName,
) -> Result<Value, Fault> {
    let policy = frozen_policy(world, model, generation).await?;
    let answer = driver(world, Keys::new(model), &policy).observe(generation, config).await?;
    Ok(next(&answer, &policy, Duration::seconds(0)))
}

/// Is the bake over, or the trial, and was it healthy?
pub(crate) async fn watch(
    world: &World,
    model: &ModelName,
    generation: Generation,
    config: ConfigName,
) -> Result<Value, Fault> {
    let policy = frozen_policy(world, model, generation).await?;
    let driver = driver(world, Keys::new(model), &policy);
    let answer = driver.watch(generation, config).await?;
    let serves = driver.load().await?.current;
    let in_trial = policy.trial.as_ref().filter(|_| serves.is_some_and(|serves| serves.trial.is_some()));
    let longest = match (&answer, in_trial) {
        (Reply::NeedsApproval { .. }, _) => policy.decision,
        (_, Some(trial)) => trial.at_most(),
        (_, None) => policy.bake.max(policy.patience),
    };
    Ok(next(&answer, &policy, longest))
}

/// The run could not deploy its challenger.
pub(crate) async fn abandon(
    world: &World,
    model: &ModelName,
    generation: Generation,
    reason: String,
) -> Result<Value, Fault> {
    let policy = frozen_policy(world, model, generation).await?;
    let answer = driver(world, Keys::new(model), &policy).report_failure(generation, reason).await?;
    Ok(next(&answer, &policy, Duration::seconds(0)))
}

async fn frozen_policy(world: &World, model: &ModelName, generation: Generation) -> Result<Policy, Fault> {
    Ok(run::frozen_pipeline(&world.store, &Keys::new(model), generation).await?.release)
}

/// Where the state machine goes from here, and when it looks again at a phase that may last so long.
fn next(answer: &Reply, policy: &Policy, longest: Duration) -> Value {
    let next = match answer {
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
    };
    json!({ "next": next, "reason": answer.to_string(), "seconds": policy.look_every(longest).as_secs() })
}
