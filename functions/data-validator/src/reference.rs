//! What a batch is compared with, frozen before its rows stream by, so that they are counted exactly.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use pawl::dataset::{Scanner, Schema};
use pawl::drift::{BaselineError, BaselineRule, Period, select};
use pawl::fault::Fault;
use pawl::ledger::dataset::Known;
use pawl::ledger::{Dataset, Keys, Manifest, Object, read, write_once};
use pawl::names::Generation;
use pawl::pipeline::Pipeline;
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;
use pawl::release::Release;
use pawl::run;

use crate::edge::Edge;
use crate::profile::{Found, Looked};

/// Freezes the reference, and names its key. Without a champion, or without anything to compare with, there is none.
pub(crate) async fn freeze(
    edge: &Edge,
    keys: &Keys,
    generation: Generation,
    pipeline: &Pipeline,
    manifest: &Manifest,
) -> Result<Option<String>, Fault> {
    let release = read::<Release>(&edge.store, &keys.release()).await?;
    let Some(champion) = release.and_then(|(release, _)| release.current) else { return Ok(None) };
    let Some(object) = manifest.batch.first() else { return Ok(None) };
    let earlier = match pipeline.compare.with {
        BaselineRule::Champion => None,
        rule => chosen(edge, keys, &pipeline.data.schema, object, rule).await?,
    };
    let reference = match earlier {
        Some(ids) => Baseline::freeze(&merged(edge, keys, &ids).await?),
        // Where no earlier object fits the rule, the champion's own training data is the next best.
        None => run::evidence(&edge.store, keys, champion.generation, "trained_on.json").await?,
    };
    let key = keys.evidence(generation, "reference.json");
    write_once(&edge.store, &key, &reference).await?;
    Ok(Some(key))
}

/// The merged profile of these objects.
pub(crate) async fn merged(edge: &Edge, keys: &Keys, ids: &[String]) -> Result<Profile, Fault> {
    let mut all = Profile::default();
    for id in ids {
        let key = keys.profile(id);
        let (looked, _): (Looked, _) = read(&edge.store, &key).await?.ok_or(Fault::NotFound(key))?;
        if let Found::Scan(scan) = looked.found {
            all.merge(&scan.profile);
        }
    }
    Ok(all)
}

/// The ids of the earlier accepted objects that the rule chooses for a batch that begins with this object.
async fn chosen(
    edge: &Edge,
    keys: &Keys,
    schema: &Schema,
    object: &Object,
    rule: BaselineRule,
) -> Result<Option<Vec<String>>, Fault> {
    let Some(first) = first_day(edge, schema, object).await? else { return Ok(None) };
    let known = read::<Dataset>(&edge.store, &keys.dataset()).await?;
    let dataset = known.map(|(dataset, _)| dataset).unwrap_or_default();
    let usable = dataset.known.iter().filter(|known| dataset.accepts(&known.object.id));
    let periods: Vec<Period> = usable.filter_map(period).collect();
    let batch = Period { object: object.id.clone(), first, last: first };
    match select(&periods, &batch, rule) {
        Ok(chosen) => Ok(Some(chosen.into_iter().map(|period| period.object.clone()).collect())),
        Err(BaselineError::NoneFits { .. } | BaselineError::Champion) => Ok(None),
        Err(e @ BaselineError::Backwards { .. }) => Err(Fault::BadInput(e.to_string())),
    }
}

fn period(known: &Known) -> Option<Period> {
    Some(Period { object: known.object.id.clone(), first: day(known.since?), last: day(known.until?) })
}

fn day(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
}

/// The day of the object's first rows. What cannot be read here is refused, with its reason, by the pass over it.
async fn first_day(edge: &Edge, schema: &Schema, object: &Object) -> Result<Option<Date>, Fault> {
    let mut body = match edge.objects.open(object).await {
        Ok(body) => body,
        Err(Fault::NotFound(_)) => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut scanner = Scanner::new(schema);
    let Some(Ok(head)) = body.next().await else { return Ok(None) };
    let scan = scanner.feed(&head, &mut ()).and_then(|()| scanner.finish(&mut ()));
    let time = scan.ok().and_then(|scan| scan.profile.time).and_then(|time| time.first);
    Ok(time.and_then(|seconds| Timestamp::from_second(seconds).ok()).map(day))
}
