//! A promoted model's way through further regions. The wave says whose turn it is and what is to be done; this does it, with the
//! region's clients. The release there is the same as at home: record, driver, alarms, watch.

mod there;

use jiff::Timestamp;
use pawl::events::{Operator, Verb};
use pawl::fault::Fault;
use pawl::ledger::{Condition, Ending, Keys, RunOutcome, Store, read, update, write};
use pawl::names::{Generation, ModelName, RegionName};
use pawl::release::{Event, Policy, Region, Release, Reply, Wave, WaveNews, WaveOrder};
use pawl::run;
use serde_json::{Value, json};

use crate::effects::driver;
use crate::world::World;
use there::There;

/// More steps than one turn takes: each region has six.
const MOST_STEPS: usize = 200;

/// Begins the wave of a generation that was promoted at home, where its pipeline names regions.
pub(crate) async fn begin(world: &World, keys: &Keys, generation: Generation) -> Result<(), Fault> {
    let regions = match run::frozen_pipeline(&world.store, keys, generation).await {
        Ok(pipeline) => pipeline.release.regions,
        // No run made this config.
        Err(Fault::NotFound(_)) => return Ok(()),
        Err(fault) => return Err(fault),
    };
    let home = read::<Release>(&world.store, &keys.release()).await?.map(|(release, _)| release);
    let promoted = home.and_then(|home| home.good.into_iter().find(|good| good.generation == generation));
    let Some(promoted) = promoted.filter(|_| !regions.is_empty()) else { return Ok(()) };
    let missing = || Fault::NotFound(format!("the archive of {}: no region can get it", promoted.config));
    let model = promoted.model.as_deref().ok_or_else(missing)?;
    let archive = world.sagemaker.archive(model).await?.ok_or_else(missing)?;
    let wave = Wave::new(&promoted, archive, &regions, Timestamp::now());
    let begin = |stands: &mut Option<Wave>| {
        if stands.as_ref().is_none_or(|older| older.generation < generation) {
            *stands = Some(wave.clone());
        }
    };
    update(&world.store, &keys.wave(), begin).await?;
    order(world, keys, generation).await
}

/// Starts the state machine.
async fn order(world: &World, keys: &Keys, generation: Generation) -> Result<(), Fault> {
    let order = json!({ "model": keys.model(), "generation": generation, "at": Timestamp::now() });
    write(&world.store, &keys.wave_order(generation), &order, Condition::Always).await?;
    Ok(())
}

/// One turn of the state machine: takes its news in and does what follows, as far as it can be done now.
pub(crate) async fn turn(
    world: &World,
    model: &ModelName,
    generation: Generation,
    news: WaveNews,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let mut news = in_words(news);
    let home = read::<Release>(&world.store, &keys.release()).await?.map(|(release, _)| release);
    let home = home.unwrap_or_else(|| Release::new(model.to_string()));
    if let Some(reason) = home.against_wave(generation) {
        let stopped = step(world, &keys, generation, &WaveNews::Stop { reason }).await?;
        let policy = run::frozen_pipeline(&world.store, &keys, generation).await?.release;
        for stop in stopped.iter().flat_map(|(wave, _)| &wave.stops) {
            follow_home(world, &keys, &home, &stop.region.name, &policy).await?;
        }
    }
    for _ in 0..MOST_STEPS {
        let Some((wave, order)) = step(world, &keys, generation, &news).await? else { break };
        let there = |region| There::new(world, &keys, &wave, region);
        news = match order {
            WaveOrder::Copy(region) if world.is_in(&region.name) => {
                failed(&region, format!("{} is home: name further regions only", region.name))
            }
            WaveOrder::Copy(region) => {
                let key = keys.archive(&wave.name);
                let copy = json!({ "from": wave.artifact, "region": region.name, "bucket": region.bucket, "key": key });
                return Ok(json!({ "next": "copy", "copy": copy }));
            }
            WaveOrder::Register(region) => there(region).await?.register().await?,
            WaveOrder::Deploy(region) => {
                let there = there(region).await?;
                match there.deploy().await? {
                    Some(news) => news,
                    None => return Ok(wait(&there.policy, &Reply::Wait)),
                }
            }
            WaveOrder::Withdraw(region) => {
                there(region).await?.withdraw("the wave was stopped before it began".to_owned()).await?
            }
            WaveOrder::Watch(region) => {
                let there = there(region).await?;
                let answer = there.watch().await?;
                match there.ended(&answer) {
                    Some(news) => news,
                    None => return Ok(wait(&there.policy, &answer)),
                }
            }
            WaveOrder::Tell(message) => {
                let how = if wave.stopped.is_some() { "stopped" } else { "promoted" };
                let subject = format!("Pawl: {model} run {generation} {how} in further regions");
                world.topic.notify(&subject, &message).await?;
                WaveNews::Told
            }
            WaveOrder::Nothing => break,
        };
    }
    Ok(json!({ "next": "over" }))
}

/// Step Functions hands over a whole document as the cause of a failure.
fn in_words(news: WaveNews) -> WaveNews {
    match news {
        WaveNews::Failed { region, reason } => {
            let outcome = RunOutcome { code: Ending::Failed, reason, state: None, error: None };
            WaveNews::Failed { region, reason: outcome.in_words().reason }
        }
        news => news,
    }
}

/// When the state machine looks again.
fn wait(policy: &Policy, answer: &Reply) -> Value {
    let longest = match answer {
        Reply::NeedsApproval { .. } => policy.decision,
        _ => policy.bake.max(policy.patience),
    };
    json!({ "next": "wait", "seconds": policy.look_every(longest).as_secs() })
}

/// Takes news in; `None` where another generation's wave stands there, or none.
async fn step(
    world: &World,
    keys: &Keys,
    generation: Generation,
    news: &WaveNews,
) -> Result<Option<(Wave, WaveOrder)>, Fault> {
    let take = |stands: &mut Option<Wave>| {
        let wave = stands.as_mut().filter(|wave| wave.generation == generation)?;
        let (next, order) = wave.step(news, Timestamp::now());
        *wave = next;
        Some(order)
    };
    let (wave, order) = update(&world.store, &keys.wave(), take).await?;
    Ok(wave.zip(order))
}

fn failed(region: &Region, reason: String) -> WaveNews {
    WaveNews::Failed { region: region.name.clone(), reason }
}

/// The regions of the newest wave, which the round visits next. A wave that nobody looks after is ordered again.
pub(crate) async fn to_visit(world: &World, keys: &Keys) -> Result<Vec<RegionName>, Fault> {
    let Some((Some(wave), _)) = read::<Option<Wave>>(&world.store, &keys.wave()).await? else {
        return Ok(Vec::new());
    };
    if wave.is_overdue(Timestamp::now()) {
        order(world, keys, wave.generation).await?;
    }
    Ok(wave.stops.into_iter().map(|stop| stop.region.name).collect())
}

/// Looks after the release in one region.
pub(crate) async fn look_after(
    world: &World,
    keys: &Keys,
    home: &Release,
    region: &RegionName,
    policy: &Policy,
) -> Result<(), Fault> {
    let there = keys.in_region(region);
    if world.store.get(&there.release()).await?.is_none() {
        return Ok(());
    }
    follow_home(world, keys, home, region, policy).await?;
    let (world, policy) = (world.in_region(region), policy.in_region());
    driver(&world, there, &policy).reconcile().await?;
    Ok(())
}

/// What home has taken back goes back in the region too: once for each config, as if a person had asked.
async fn follow_home(
    world: &World,
    keys: &Keys,
    home: &Release,
    region: &RegionName,
    policy: &Policy,
) -> Result<(), Fault> {
    let there = keys.in_region(region);
    let release = read::<Release>(&world.store, &there.release()).await?.map(|(release, _)| release);
    let taken = release.as_ref().and_then(Release::subject).filter(|subject| home.has_taken_back(subject));
    let Some(taken) = taken else { return Ok(()) };
    let operator = Operator {
        verb: Verb::Rollback,
        who: "pawl".to_owned(),
        why: format!("{} was taken back at home", taken.config),
        model: None,
        region: Some(region.clone()),
        at: None,
        key: format!("operator:home:{}", taken.config),
    };
    let (world, policy) = (world.in_region(region), policy.in_region());
    driver(&world, there, &policy).handle(&Event::Operator(operator)).await?;
    Ok(())
}
