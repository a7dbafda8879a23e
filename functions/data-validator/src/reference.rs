//! What a batch is compared with, frozen before its rows stream by, so that they are counted exactly.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use pawl::dataset::file::Content;
use pawl::dataset::{Scanner, Schema};
use pawl::documents::{DATASET, Found, PROFILED, Profiled, REFERENCE, RELEASE, TRAINED_ON};
use pawl::drift::{BaselineError, BaselineRule, ComparedWith, NoEarlier, Period, Reference, select};
use pawl::fault::Fault;
use pawl::ledger::dataset::KnownObject;
use pawl::ledger::{Keys, Manifest, Object, Store, at_once};
use pawl::names::Generation;
use pawl::pipeline::Pipeline;
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;
use pawl_parquet::{ParquetFile, Plan};

use crate::edge::{Data, Edge};
use crate::parts::{on_a_thread, open_head};
use crate::source::Source;

/// Freezes the reference, and names its key. Without a champion, or without anything to compare with, there
/// is none.
pub(crate) async fn freeze(
    edge: &Edge<impl Store, impl Data>,
    keys: &Keys,
    generation: Generation,
    pipeline: &Pipeline,
    manifest: &Manifest,
) -> Result<Option<String>, Fault> {
    let release = RELEASE.of(keys).read(&edge.store).await?;
    let Some(champion) = release.and_then(|release| release.champion().cloned()) else {
        return Ok(None);
    };
    if manifest.batch.is_empty() {
        return Ok(None);
    }
    let run = champion.generation;
    let earlier = match pipeline.compare.with {
        BaselineRule::Champion => Err(ComparedWith::Champion(run)),
        rule => match chosen(edge, keys, &pipeline.data.schema, &manifest.batch, rule).await? {
            Chosen::Earlier(ids) => Ok((ComparedWith::Earlier { rule, objects: ids.len() }, ids)),
            // The champion's own training data is the next best.
            Chosen::None(why) => Err(ComparedWith::ChampionInstead { champion: run, rule, why }),
        },
    };
    let (compared_with, baseline) = match earlier {
        Ok((it, ids)) => (it, Baseline::freeze(&merged(&edge.store, keys, &ids).await?)),
        Err(it) => (it, TRAINED_ON.of(keys, run).require(&edge.store).await?),
    };
    let reference = Reference { baseline, compared_with: Some(compared_with) };
    let document = REFERENCE.of(keys, generation);
    document.write_once(&edge.store, &reference).await?;
    Ok(Some(document.into_key()))
}

/// The merged profile of these objects.
pub(crate) async fn merged(store: &impl Store, keys: &Keys, ids: &[String]) -> Result<Profile, Fault> {
    let mut all = Profile::default();
    let read = ids.iter().map(|id| async { PROFILED.of(keys, id).require(store).await });
    let merge = |profiled: Profiled| {
        if let Found::Scan(scan) = profiled.found {
            all.merge(&scan.profile);
        }
    };
    at_once::each(read, merge).await?;
    Ok(all)
}

/// What a rule chose for a batch.
enum Chosen {
    /// Earlier accepted objects, by their ids: at least one.
    Earlier(Vec<String>),
    /// None, and why.
    None(NoEarlier),
}

impl Chosen {
    fn of(ids: Vec<String>) -> Self {
        if ids.is_empty() { Self::None(NoEarlier::NoneFits) } else { Self::Earlier(ids) }
    }
}

/// The earlier accepted objects that the rule chooses for a batch.
async fn chosen(
    edge: &Edge<impl Store, impl Data>,
    keys: &Keys,
    schema: &Schema,
    batch: &[Object],
    rule: BaselineRule,
) -> Result<Chosen, Fault> {
    let dataset = DATASET.of(keys).read(&edge.store).await?.unwrap_or_default();
    let usable = dataset.accepted();
    if let (BaselineRule::Rolling { objects }, None) = (rule, &schema.time) {
        // Without a time the newest are those that came last.
        let newest: Vec<String> = usable.rev().take(objects).map(|known| known.object.id.clone()).collect();
        return Ok(Chosen::of(newest));
    }
    let Some(batch) = period_of_batch(edge, schema, batch).await? else {
        return Ok(Chosen::None(NoEarlier::NoDay));
    };
    let periods: Vec<Period> = usable.filter_map(period).collect();
    match select(&periods, &batch, rule) {
        Ok(chosen) => Ok(Chosen::of(chosen.into_iter().map(|period| period.object.clone()).collect())),
        Err(BaselineError::NoneFits { .. } | BaselineError::Champion) => {
            Ok(Chosen::None(NoEarlier::NoneFits))
        }
        Err(e @ BaselineError::Backwards { .. }) => Err(Fault::BadInput(e.to_string())),
    }
}

/// From the first day of the batch's earliest object to the first day of its latest, read from the
/// beginning of each.
async fn period_of_batch(
    edge: &Edge<impl Store, impl Data>,
    schema: &Schema,
    batch: &[Object],
) -> Result<Option<Period>, Fault> {
    let mut all: Option<Period> = None;
    let dated = batch.iter().take(MOST_DATED);
    let days = at_once::all(dated.clone().map(|object| first_day(edge, schema, object))).await?;
    for (object, day) in dated.zip(days) {
        let Some(day) = day else { continue };
        let (first, last) = all.map_or((day, day), |it| (it.first.min(day), it.last.max(day)));
        all = Some(Period { object: object.id.clone(), first, last });
    }
    Ok(all)
}

/// The most objects of a batch that are opened to learn its days.
const MOST_DATED: usize = 50;

fn period(known: &KnownObject) -> Option<Period> {
    Some(Period { object: known.object.id.clone(), first: day(known.since?), last: day(known.until?) })
}

fn day(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
}

/// The day of the object's first rows. What cannot be read here is refused, with its reason, by the pass
/// over it.
async fn first_day(
    edge: &Edge<impl Store, impl Data>,
    schema: &Schema,
    object: &Object,
) -> Result<Option<Date>, Fault> {
    let (source, schema) = (Source::new(&edge.objects, object), schema.clone());
    let (time, fault) = on_a_thread(move || (first_time(&source, &schema), source.fault())).await?;
    match fault {
        Some(fault) if !matches!(fault, Fault::NotFound(_)) => Err(fault),
        _ => Ok(time.and_then(|seconds| Timestamp::from_second(seconds).ok()).map(day)),
    }
}

fn first_time(source: &Source<impl Data>, schema: &Schema) -> Option<i64> {
    let head = open_head(source, schema).ok()?;
    let scan = match head.kind {
        Content::Records(format) => {
            // The last record may be cut short: its time is not asked for.
            let mut scanner = Scanner::of(format, schema);
            let whole = head.head.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            scanner.feed(head.head.get(..whole)?, &mut ()).ok()?;
            scanner.finish(&mut ()).ok()?
        }
        Content::Profile => return None,
        Content::Parquet => {
            let file = ParquetFile::open(source.clone()).ok()?;
            let plan = Plan { row_groups: Some(0..1), schema: Some(schema), ..Plan::default() };
            pawl_parquet::scan(&file, &plan, &mut ()).ok()?
        }
    };
    scan.profile.time?.first
}
