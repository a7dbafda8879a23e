//! A promoted model's way through further regions. The wave says whose turn it is and what is to be done;
//! this does it, with the region's clients. The release there is the same as at home: record, driver,
//! alarms, watch.

mod regional;

use pawl::documents::WAVE;
use pawl::duration::Duration;
use pawl::edge::Notices;
use pawl::events::{Operator, Verb};
use pawl::fault::Fault;
use pawl::ledger::{Ending, Keys, RunOutcome, Store};
use pawl::names::{Generation, ModelName, RegionName};
use pawl::notice::{Notice, NoticeKind};
use pawl::pipeline::Pipeline;
use pawl::release::{Event, Policy, Region, Release, Reply, Wave, WaveNews, WaveStep};
use pawl::run;
use serde_json::{Value, json};

use crate::edge::{Clock, Edge, Services};
use crate::site::Site;
use regional::RegionalRelease;

/// More steps than one turn takes: each region has six.
const MOST_STEPS: usize = 200;

/// What follows from an order of the wave.
enum Next {
    /// The wave goes on with this news.
    News(WaveNews),
    /// The state machine acts or waits, and comes back.
    Answer(Value),
}

/// One turn of the state machine: takes its news in and does what follows, as far as it can be done now.
pub(crate) async fn turn<S: Store, A: Services, N: Notices>(
    edge: &Edge<S, A, N>,
    model: &ModelName,
    generation: Generation,
    news: WaveNews,
    now: Clock<'_>,
) -> Result<Value, Fault> {
    let keys = Keys::new(model);
    let mut news = in_words(news);
    let wave = WAVE.of(&keys).read(&edge.store).await?.flatten();
    if wave.is_none_or(|wave| wave.generation != generation) {
        return Ok(over());
    }
    let pipeline = run::frozen_pipeline(&edge.store, &keys, generation).await?;
    let home = Site::new(edge, keys, pipeline.release.clone(), now);
    let record = home.release().await?.unwrap_or_else(|| Release::new(model.to_string()));
    if let Some(reason) = record.against_wave(generation) {
        let stopped = home.step_wave(generation, &WaveNews::Stop { reason }).await?;
        for stop in stopped.iter().flat_map(|(wave, _)| &wave.stops) {
            follow_home(&home, &record, &stop.region.name).await?;
        }
    }
    for _ in 0..MOST_STEPS {
        let Some((wave, order)) = home.step_wave(generation, &news).await? else { break };
        if order == WaveStep::Nothing {
            break;
        }
        news = match carry_out(&home, &pipeline, &wave, order).await? {
            Next::News(news) => news,
            Next::Answer(answer) => return Ok(answer),
        };
    }
    Ok(over())
}

/// The state machine ends.
fn over() -> Value {
    json!({ "next": "over" })
}

/// Carries out one order of the wave.
async fn carry_out<S: Store, A: Services, N: Notices>(
    home: &Site<'_, S, A, N>,
    pipeline: &Pipeline,
    wave: &Wave,
    order: WaveStep,
) -> Result<Next, Fault> {
    let regional = |region| RegionalRelease::new(home, pipeline, wave, region);
    Ok(Next::News(match order {
        WaveStep::Copy(region) if home.services.is_in(&region.name) => {
            failed(&region, format!("{} is home: name further regions only", region.name))
        }
        WaveStep::Copy(region) => return Ok(Next::Answer(copy(&home.keys, wave, &region))),
        WaveStep::Register(region) => regional(region).register().await?,
        WaveStep::Deploy(region) => {
            let regional = regional(region);
            match regional.deploy().await? {
                Some(news) => news,
                None => return Ok(Next::Answer(wait(regional.policy(), &Reply::Wait))),
            }
        }
        WaveStep::Withdraw(region) => {
            regional(region).withdraw("the wave was stopped before it began".to_owned()).await?
        }
        WaveStep::Watch(region) => {
            let regional = regional(region);
            let answer = regional.watch().await?;
            match regional.news_of(&answer) {
                Some(news) => news,
                None => return Ok(Next::Answer(wait(regional.policy(), &answer))),
            }
        }
        WaveStep::Tell(message) => {
            let how = if wave.stopped.is_some() { "stopped" } else { "promoted" };
            let (model, generation) = (home.keys.model(), wave.generation);
            let headline = format!("{model} run {generation} {how} in further regions");
            let notice = Notice {
                model: Some(model.clone()),
                generation: Some(generation),
                verdict: Some(how),
                evidence: Some(home.keys.run(generation)),
                ..Notice::new(NoticeKind::Regions, headline, message)
            };
            home.edge.notices.notify(&notice).await?;
            WaveNews::Told
        }
        WaveStep::Nothing => WaveNews::Nothing,
    }))
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

/// The state machine copies the archive.
fn copy(keys: &Keys, wave: &Wave, region: &Region) -> Value {
    let copy = json!({
        "from": wave.artifact,
        "region": region.name,
        "bucket": region.bucket,
        "key": keys.archive(&wave.name),
    });
    json!({ "next": "copy", "copy": copy })
}

/// When the state machine looks again.
fn wait(policy: &Policy, answer: &Reply) -> Value {
    let longest: Duration = match answer {
        Reply::NeedsApproval { .. } => policy.decision,
        _ => policy.bake.max(policy.patience),
    };
    json!({ "next": "wait", "seconds": policy.look_every(longest).as_secs() })
}

fn failed(region: &Region, reason: String) -> WaveNews {
    WaveNews::Failed { region: region.name.clone(), reason }
}

/// The regions of the newest wave, which the round visits next. A wave that nobody looks after is ordered
/// again.
pub(crate) async fn to_visit<S: Store, A: Services, N: Notices>(
    home: &Site<'_, S, A, N>,
) -> Result<Vec<RegionName>, Fault> {
    let wave = WAVE.of(&home.keys).read(&home.edge.store).await?.flatten();
    let Some(wave) = wave else { return Ok(Vec::new()) };
    if wave.is_overdue((home.now)()) {
        home.order_wave(wave.generation).await?;
    }
    Ok(wave.stops.into_iter().map(|stop| stop.region.name).collect())
}

/// Looks after the release in one region. `record` is that of home.
pub(crate) async fn look_after<S: Store, A: Services, N: Notices>(
    home: &Site<'_, S, A, N>,
    record: &Release,
    region: &RegionName,
) -> Result<(), Fault> {
    let there = home.in_region(region);
    if there.release().await?.is_none() {
        return Ok(());
    }
    follow_home(home, record, region).await?;
    there.driver().reconcile().await?;
    Ok(())
}

/// What home has taken back goes back in the region too: once for each config, as if a person had asked.
async fn follow_home<S: Store, A: Services, N: Notices>(
    home: &Site<'_, S, A, N>,
    record: &Release,
    region: &RegionName,
) -> Result<(), Fault> {
    let there = home.in_region(region);
    let release = there.release().await?;
    let subject = release.as_ref().and_then(Release::subject);
    let Some(taken) = subject.filter(|subject| record.has_taken_back(subject)) else { return Ok(()) };
    let operator = Operator {
        verb: Verb::Rollback,
        who: "pawl".to_owned(),
        why: format!("{} was taken back at home", taken.config),
        model: None,
        region: Some(region.clone()),
        at: None,
        key: format!("operator:home:{}", taken.config),
    };
    there.driver().handle(&Event::Operator(operator)).await?;
    Ok(())
}
